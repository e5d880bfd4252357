"""Experiments that start from trained pairs or from ancestors: interrupted, and without them."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

import coevo
from coevo.horizon import with_horizon
from tests.end_to_end.experiments import assert_same_run, checkpoints_of, write_experiment
from tests.end_to_end.studies import assert_same_study, stacks_of, write_study
from tests.end_to_end.warm import Warm

GENERATIONS = 4
SHORT: dict[str, Any] = {"generations": GENERATIONS, "checkpoint.every": GENERATIONS}
ISOLATED: dict[str, Any] = {
    "start.ancestor_generations": 3,
    "start.isolated_generations": 2,
    "optimizer.learning_rate_spread": 3.0,
    "optimizer.weight_decay": 0.01,
    "optimizer.weight_decay_spread": 3.0,
}


@pytest.fixture
def pairs(finished: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A run and an export, which can be taken away."""
    run = shutil.copytree(finished, tmp_path / "pairs" / "run")
    exported = coevo.export(run, "safetensors", out=tmp_path / "pairs" / "exported").directory
    return run, exported


def started(archive: Path, folder: Path, changes: dict[str, Any]) -> Path:
    return write_experiment(folder / "started.toml", archive, {**SHORT, **changes})


def test_killed_before_the_first_checkpoint_it_needs_the_trained_pairs_no_more(
    pairs: tuple[Path, Path], warm: Warm, archive: Path, tmp_path: Path
) -> None:
    changes = {"start.pairs": [str(place) for place in pairs]}
    file, counts = started(archive, tmp_path, changes), tmp_path / "counts"
    assert warm.run("run", file, "--out", tmp_path / "whole", count=counts).code == 0
    calls = json.loads(counts.read_text("utf-8"))["calls"]
    trap = {"calls": [calls[1] + 100]}
    killed = warm.run("run", file, "--out", tmp_path / "killed", trap=trap)
    assert killed.code == -signal.SIGKILL
    assert checkpoints_of(tmp_path / "killed") == []
    shutil.rmtree(pairs[0].parent)
    assert warm.run("resume", tmp_path / "killed").code == 0
    assert_same_run(tmp_path / "killed", tmp_path / "whole")
    again = warm.run("resume", tmp_path / "whole", "--generations", GENERATIONS + 1)
    assert (again.code, checkpoints_of(tmp_path / "whole")[-1]) == (0, GENERATIONS + 1)
    refused = warm.run("run", file, "--out", tmp_path / "another")
    assert (refused.code, refused.err) == (
        2,
        f"coevo: start.pairs[0]: {pairs[0]}: no such directory; give the directory of a run, a "
        "study or an export as safetensors\n",
    )
    assert not (tmp_path / "another").exists()


@pytest.mark.parametrize("steps", range(1, 28))
def test_killed_while_it_begins_it_can_begin_again(
    steps: int, finished: Path, warm: Warm, archive: Path, tmp_path: Path
) -> None:
    changes = {"generations": 1, "start.pairs": [str(finished)]}
    directory, file = tmp_path / "run", started(archive, tmp_path, changes)
    command = ["run", file, "--out", directory]
    assert warm.run(*command, trap={"steps": [steps]}).code == -signal.SIGKILL
    if (directory / "experiment.toml").exists():
        command = ["resume", directory]
    assert warm.run(*command).code == 0
    assert [path.name for path in directory.rglob(".tmp-*")] == []
    copies = sorted(path.name for path in directory.glob("start/*/*"))
    assert copies == ["decoder.safetensors", "encoder.safetensors", "pair.json"]


@pytest.mark.parametrize("generation", range(GENERATIONS + 3))
def test_killed_among_ancestors_or_after_it_ends_the_same(
    generation: int, warm: Warm, archive: Path, tmp_path: Path
) -> None:
    file, counts = started(archive, tmp_path, ISOLATED), tmp_path / "counts"
    assert warm.run("run", file, "--out", tmp_path / "whole", count=counts).code == 0
    calls = json.loads(counts.read_text("utf-8"))["calls"]
    assert len(calls) == GENERATIONS + 3
    trap = {"calls": [calls[generation] - 200]}
    killed = warm.run("run", file, "--out", tmp_path / "killed", trap=trap)
    assert killed.code == -signal.SIGKILL
    assert warm.run("resume", tmp_path / "killed").code == 0
    assert_same_run(tmp_path / "killed", tmp_path / "whole")


def test_a_checkpoint_takes_the_place_of_ancestors(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    file, counts = started(archive, tmp_path, ISOLATED), tmp_path / "counts"
    directory = tmp_path / "run"
    assert warm.run("run", file, "--out", directory).code == 0
    longer = warm.run("resume", directory, "--generations", GENERATIONS + 2, count=counts)
    assert longer.code == 0
    assert len(json.loads(counts.read_text("utf-8"))["calls"]) == 2


def test_it_cannot_end_before_cells_stop_being_isolated(archive: Path, tmp_path: Path) -> None:
    file = started(archive, tmp_path, ISOLATED)
    experiment = coevo.load_experiment(file, ["start.isolated_generations=3"])
    with pytest.raises(coevo.CoevoError) as caught:
        with_horizon(experiment, 2, 1)
    assert str(caught.value) == (
        "start.isolated_generations: 3 is more than 2 generations; give 3 or more"
    )
    assert with_horizon(experiment, 3, 1).generations == 3


def test_it_says_that_ancestors_train_first(archive: Path, tmp_path: Path) -> None:
    said: list[str] = []
    file = started(archive, tmp_path, ISOLATED)
    coevo.run(file, tmp_path / "run", hooks=coevo.Hooks(say=said.append))
    assert said == ["one pairing of each world trains alone for 3 generations first"]


def test_a_study_goes_on_and_grows_without_the_trained_pairs(
    pairs: tuple[Path, Path], archive: Path, tmp_path: Path
) -> None:
    starts = [[str(pairs[0])], [str(pairs[1])]]
    names = {"name": ["run", "exported"], "start.pairs": starts}
    changes = {"pruning": [], "sweep": {"replicates": 1, "zip": [names]}}
    file = write_study(tmp_path / "study.toml", archive, changes)
    whole, directory = tmp_path / "whole", tmp_path / "study"
    coevo.run(file, whole)
    seen: list[coevo.Progress] = []

    def stop() -> bool:
        return (seen[-1].stack, seen[-1].generation) == (1, 2)

    with pytest.raises(coevo.Interrupted):
        coevo.run(file, directory, hooks=coevo.Hooks(watch=seen.append, stop=stop))
    shutil.rmtree(pairs[0].parent)
    coevo.resume(directory)
    assert_same_study(directory, whole)
    coevo.resume(directory, overrides=["replicates=2"])
    assert [len(stack.worlds()) for stack in stacks_of(directory)] == [1, 1, 1, 1]
    before = len(list(directory.glob("start/*")))
    more = [f"sweep.variants=[{{name='gone', 'start.pairs'=['{pairs[0]}/x']}}]"]
    with pytest.raises(coevo.CoevoError, match=r"'gone': start\.pairs\[0\]: .*: no such directory"):
        coevo.resume(directory, overrides=more)
    assert (before, len(list(directory.glob("start/*")))) == (2, 2)


def test_a_study_that_has_begun_needs_the_trained_pairs_no_more(
    finished: Path, archive: Path, tmp_path: Path
) -> None:
    places = [shutil.copytree(finished, tmp_path / name) for name in ("one", "other")]
    starts = {"name": ["one", "other"], "start.pairs": [[str(place)] for place in places]}
    changes = {"pruning": [], "sweep": {"replicates": 1, "zip": [starts]}}

    def take_away(progress: coevo.Progress) -> None:
        if (progress.stack, progress.generation) == (1, 1):
            shutil.rmtree(places[1])

    file, directory = write_study(tmp_path / "study.toml", archive, changes), tmp_path / "study"
    coevo.run(file, directory, hooks=coevo.Hooks(watch=take_away))
    assert [(stack.finished, stack.failure) for stack in stacks_of(directory)] == [(True, None)] * 2
