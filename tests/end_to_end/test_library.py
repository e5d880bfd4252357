"""What the commands do, called from Python."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import coevo
from tests.end_to_end.experiments import (
    CELLS,
    GENERATIONS,
    WORLDS,
    assert_same_run,
    checkpoints_of,
    write_experiment,
)
from tests.end_to_end.warm import ONE_THREAD, ROOT


@pytest.fixture(scope="module")
def ran(experiment: Path, tmp_path_factory: pytest.TempPathFactory) -> coevo.Run:
    return coevo.run(coevo.load_experiment(experiment), tmp_path_factory.mktemp("ran") / "run")


def test_it_is_what_the_command_does(ran: coevo.Run, finished: Path) -> None:
    assert_same_run(ran.directory, finished)


def test_a_run_gives_records_and_the_best_pairing(ran: coevo.Run) -> None:
    assert len(ran.records()) == GENERATIONS * WORLDS * CELLS
    encoder, decoder = ran.best()
    outputs = decoder(encoder(torch.zeros(5, 1, 4, 4)))
    assert outputs.shape == (5, 1, 4, 4)
    assert ran.test == ran.outcome["best"]["test"]
    assert all(map(math.isfinite, ran.test.values()))


def test_who_looks_on_is_told_of_every_generation(
    experiment: Path, finished: Path, tmp_path: Path
) -> None:
    seen: list[coevo.Progress] = []
    said: list[str] = []

    def stop() -> bool:
        return seen[-1].generation == 5

    hooks = coevo.Hooks(watch=seen.append, stop=stop, say=said.append)
    with pytest.raises(coevo.Interrupted) as caught:
        coevo.run(experiment, tmp_path / "run", hooks=hooks)
    assert (caught.value.directory, caught.value.generation) == (tmp_path / "run", 5)
    assert checkpoints_of(tmp_path / "run") == [2, 4, 5]
    assert said == []
    again = coevo.resume(tmp_path / "run", hooks=coevo.Hooks(watch=seen.append, say=said.append))
    assert said == ["going on after generation 5 of 24"]
    assert [progress.generation for progress in seen] == list(range(1, GENERATIONS + 1))
    assert {progress.generations for progress in seen} == {GENERATIONS}
    assert {progress.stopped_worlds for progress in seen} == {0}
    records = again.records()
    for progress in seen:
        losses = records.filter(generation=progress.generation)["validation_mse"]
        assert progress.best_loss == losses.min()
    assert_same_run(again.directory, finished)


def test_losses_that_are_not_measured_are_nan(archive: Path, tmp_path: Path) -> None:
    changes = {"generations": 4, "evaluation.every": 3}
    experiment = write_experiment(tmp_path / "rarely.toml", archive, changes)
    seen: list[coevo.Progress] = []
    ran = coevo.run(experiment, tmp_path / "run", hooks=coevo.Hooks(watch=seen.append))
    assert [math.isnan(progress.best_loss) for progress in seen] == [True, True, False, True]
    assert ran.outcome["status"] == "complete"


def test_changes_of_an_experiment_that_is_checked_are_refused(
    experiment: Path, tmp_path: Path
) -> None:
    checked = coevo.load_experiment(experiment)
    with pytest.raises(coevo.CoevoError, match=r"overrides: \['seed=4'\] would change"):
        coevo.run(checked, tmp_path / "run", overrides=["seed=4"])
    assert list(tmp_path.iterdir()) == []


def test_the_environment_says_what_was_used(ran: coevo.Run) -> None:
    environment = json.loads((ran.directory / "environment.json").read_text("utf-8"))
    assert environment["threads"] == 1
    assert environment["device"] == "cpu"
    assert environment["torch"] == torch.__version__
    assert "source_folder" not in environment


def test_threads_and_determinism_are_as_before(archive: Path, tmp_path: Path) -> None:
    experiment = write_experiment(tmp_path / "one.toml", archive, {"generations": 1})
    torch.set_num_threads(2)
    torch.set_deterministic_debug_mode("warn")
    before = torch.get_rng_state()
    coevo.run(experiment, tmp_path / "run")
    assert torch.get_num_threads() == 2
    assert torch.get_deterministic_debug_mode() == 1
    assert torch.equal(torch.get_rng_state(), before)


def test_a_run_imports_no_compiler(experiment: Path, tmp_path: Path) -> None:
    """It would cost every start more than a second."""
    program = (
        "import coevo, sys\n"
        f"coevo.run({str(experiment)!r}, {str(tmp_path / 'run')!r}, overrides=['generations=1'])\n"
        "assert not {'sympy', 'torch._inductor', 'torch._dynamo'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=ONE_THREAD, check=True)
