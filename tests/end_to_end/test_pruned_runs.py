"""Runs with pruning: what is recorded, and another number of generations to end with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars
import pytest

import coevo
from tests.end_to_end.experiments import (
    GENERATIONS,
    PRUNING,
    assert_same_run,
    records_of,
    state_of,
    write_experiment,
)
from tests.end_to_end.test_horizon import files
from tests.end_to_end.warm import Warm

SIX = ("--set", "generations=6")


@pytest.fixture(scope="module")
def pruned(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment that is pruned by entries with an end, and by one that has none."""
    place = tmp_path_factory.mktemp("pruned") / "pruned.toml"
    ended = [{**entry, "end": 5} for entry in PRUNING[::2]]
    return write_experiment(place, archive, {"generations": 12, "pruning": [*ended, PRUNING[1]]})


def with_entry(archive: Path, place: Path, **entry: Any) -> Path:
    return write_experiment(place, archive, {"generations": 4, "pruning": [{"end": 2}, entry]})


def test_four_generations_and_then_twelve_are_twelve(
    warm: Warm, pruned: Path, tmp_path: Path
) -> None:
    longer, whole = tmp_path / "longer", tmp_path / "whole"
    assert warm.run("run", pruned, "--out", longer, *SIX).code == 0
    so_far = coevo.read_records(longer / "records")
    assert (so_far["pruning_events"] > 0).any()
    ended = warm.run("resume", longer, "--generations", 12)
    assert ended.err == "coevo: going on after generation 6 of 12\n"
    assert warm.run("run", pruned, "--out", whole).code == 0
    assert_same_run(longer, whole)
    assert (longer / "experiment.toml").read_bytes() == (whole / "experiment.toml").read_bytes()
    records = coevo.read_records(longer / "records")
    assert records.filter(polars.col("generation") <= 6).equals(so_far)


def stretched(number: int, name: str, generations: int) -> str:
    return (
        f"pruning[{number}].schedule: '{name}' is stretched over the 4 generations of the run, and "
        f"{generations} would change what it was so far; give pruning[{number}].end = 4 in "
        "experiment.toml, and it ends there"
    )


def test_a_horizon_that_changes_schedules_is_refused_and_nothing_changes(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    pruning = [
        {"end": 2, "schedule": "decrease"},
        {"schedule": "exponential"},
        {"schedule": "cubic", "sparsity": 0.5, "begin": 2},
        {"schedule": "increase", "end": 4},
        {"schedule": "fixed", "begin": 3},
        {"schedule": "periodic", "every": 2},
    ]
    changes = {"generations": 4, "pruning": pruning, "checkpoint.every": 1}
    run = tmp_path / "run"
    warm.run("run", write_experiment(tmp_path / "p.toml", archive, changes), "--out", run)
    for generation in (4, 3):
        shutil.rmtree(run / "checkpoints" / f"{generation:08d}")
    before = files(run)
    refusals = {
        8: [stretched(1, "exponential", 8), stretched(2, "cubic", 8)],
        3: [
            stretched(1, "exponential", 3),
            stretched(2, "cubic", 3),
            "pruning[3].end: 4 is after the last of 3 generations; give 4 or more",
            "pruning[4].begin: 3 is not before the end of the run at 3; give more",
        ],
    }
    for generations, reasons in refusals.items():
        ended = warm.run("resume", run, "--generations", generations)
        lines = "\n".join(reasons)
        assert (ended.code, ended.out, ended.err) == (2, "", f"coevo: {lines}\n")
        assert files(run) == before
    assert warm.run("resume", run, "--generations", 4).code == 0


def test_a_schedule_of_ones_own_counts_as_stretched(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("def wave(horizon, level=1.0):\n    return lambda t: level\n")
    experiment = with_entry(archive, tmp_path / "pruned.toml", schedule="mine:wave")
    run = tmp_path / "run"
    assert warm.run("run", experiment, "--out", run).code == 0
    ended = warm.run("resume", run, "--generations", 8, "--trust")
    assert ended.code == 2
    assert "pruning[1].schedule: 'mine:wave' is stretched" in ended.err
    assert warm.run("resume", run, "--generations", 4, "--trust").code == 0


def test_the_advice_that_a_refusal_gives_helps(warm: Warm, archive: Path, tmp_path: Path) -> None:
    target = {"schedule": "cubic", "sparsity": 0.5, "operator": "magnitude", "scope": "network"}
    experiment = with_entry(archive, tmp_path / "pruned.toml", **target)
    run = tmp_path / "run"
    assert warm.run("run", experiment, "--out", run).code == 0
    so_far = records_of(run)
    assert warm.run("resume", run, "--generations", 6).code == 2
    file = run / "experiment.toml"
    text = file.read_text("utf-8")
    assert text.count('schedule = "cubic"') == 1
    file.write_text(text.replace('schedule = "cubic"', 'schedule = "cubic"\nend = 4'), "utf-8")
    assert warm.run("resume", run, "--generations", 6).code == 0
    records = coevo.read_records(run / "records")
    first = records.filter(polars.col("generation") <= 4)
    for name, (_, values) in so_far.items():
        assert first[name].to_numpy().tobytes() == values, name
    reached = records.filter(polars.col("generation") >= 4)["encoder_sparsity"]
    assert reached.min() == pytest.approx(0.5, abs=0.01)


def test_a_run_without_pruning_is_stored_as_before_and_cannot_be_pruned_later(
    warm: Warm, finished: Path, tmp_path: Path
) -> None:
    assert not [name for name in state_of(finished) if "masks" in name or "origins" in name]
    copy = shutil.copytree(finished, tmp_path / "run")
    file = copy / "experiment.toml"
    file.write_text(file.read_text("utf-8") + "\n[[pruning]]\namount = 0.2\n", "utf-8")
    ended = warm.run("resume", copy)
    assert ended.code == 2
    assert "optimizer or pruning have been changed; change them back" in ended.err


def test_records_tell_what_was_pruned(warm: Warm, archive: Path, tmp_path: Path) -> None:
    experiment = write_experiment(tmp_path / "p.toml", archive, {"pruning": PRUNING})
    assert warm.run("run", experiment, "--out", tmp_path / "run").code == 0
    records = coevo.read_records(tmp_path / "run" / "records")
    last = records.filter(polars.col("generation") == GENERATIONS)
    total = 16 * 6 + 6 * 3
    for role, named in (("encoder", ("1", "3")), ("decoder", ("0", "2"))):
        assert (last[f"{role}_sparsity"] >= round(0.6 * total) / total - 1e-12).all()
        layers = [name for name in records.columns if name.startswith(f"{role}_sparsity.")]
        assert layers == [f"{role}_sparsity.{name}" for name in named]
    assert last["encoder_sparsity"].to_list() == [round(0.6 * total) / total] * len(last)
    events = records.group_by("generation").agg(polars.col("pruning_events").max())
    assert sorted(events["pruning_events"].unique().to_list()) == [1, 2, 3]
