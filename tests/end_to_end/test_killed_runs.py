"""Killed at any instant and resumed, a run ends as if nothing had happened (contract C2)."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from coevo import checkpoint
from tests.end_to_end.experiments import (
    GENERATIONS,
    PRUNING,
    assert_same_run,
    write_experiment,
)
from tests.end_to_end.warm import Warm, cold

KILLS = 12


@dataclass(frozen=True)
class Uninterrupted:
    """A run, and about what a process does in one generation of it."""

    experiment: Path
    directory: Path
    calls: int
    steps: int


CHANGES: dict[str, dict[str, Any]] = {
    "whole": {"engine.cells_per_chunk": 0},
    "in chunks of 2 cells": {"engine.cells_per_chunk": 2},
    "pruned in chunks of 4 cells": {"engine.cells_per_chunk": 4, "pruning": PRUNING},
}


@pytest.fixture(scope="module", params=CHANGES.values(), ids=list(CHANGES))
def uninterrupted(
    request: pytest.FixtureRequest,
    warm: Warm,
    archive: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Uninterrupted:
    place = tmp_path_factory.mktemp("uninterrupted")
    experiment = write_experiment(place / "waves.toml", archive, request.param)
    ended = warm.run("run", experiment, "--out", place / "run", count=place / "counts")
    assert ended.code == 0, ended.err
    counts = json.loads((place / "counts").read_text("utf-8"))
    assert len(counts["calls"]) == GENERATIONS
    calls = counts["calls"][-2] // (GENERATIONS - 1)
    return Uninterrupted(experiment, place / "run", calls, counts["steps"] // GENERATIONS)


def test_killed_a_dozen_times_it_ends_bitwise_as_if_nothing_had_happened(
    warm: Warm, uninterrupted: Uninterrupted, tmp_path: Path
) -> None:
    directory, random, half_written = tmp_path / "run", Random(1), 0
    for kill in range(KILLS):
        trap = {"calls": [random.randrange(4 * uninterrupted.calls) + 1]}
        if kill % 2:
            trap = {"steps": [random.randrange(6 * uninterrupted.steps) + 1]}
        ended = warm.begin_or_resume(uninterrupted.experiment, directory, trap=trap)
        assert ended.code == -signal.SIGKILL, (trap, ended)
        half_written += len(leftovers(directory))
    assert half_written > 0, "choose another seed: no kill hit a file that was being written"
    ended = warm.run("resume", directory)
    assert ended.code == 0, ended.err
    assert_same_run(directory, uninterrupted.directory)
    assert leftovers(directory) == []


@pytest.mark.parametrize("steps", range(1, 11))
def test_killed_while_it_begins_it_can_begin_again(
    steps: int, warm: Warm, experiment: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "runs" / "mine"
    command = ["run", experiment, "--out", directory, "--set", "generations=1"]
    assert warm.run(*command, trap={"steps": [steps]}).code == -signal.SIGKILL
    if (directory / "experiment.toml").exists():
        command = ["resume", directory]
    else:
        refused = warm.run("resume", directory)
        assert (refused.code, "not a run directory" in refused.err) == (2, True)
    ended = warm.run(*command)
    assert ended.code == 0, ended.err
    assert leftovers(tmp_path) == []


def test_killed_from_outside_it_is_resumed_by_a_new_interpreter(
    warm: Warm, experiment: Path, finished: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    process = cold("run", experiment, "--out", directory, directory=tmp_path)
    while process.poll() is None and not being_saved(directory / "checkpoints", 4):
        pass
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    process = cold("resume", directory, directory=tmp_path)
    while process.poll() is None and not being_saved(directory / "checkpoints", 14):
        pass
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert warm.run("resume", directory).code == 0
    assert_same_run(directory, finished)


def leftovers(directory: Path) -> list[Path]:
    return list(directory.rglob(".tmp-*"))


def being_saved(checkpoints: Path, generation: int) -> bool:
    """Whether a later checkpoint is half written, or it is high time."""
    saved = checkpoint.generations(checkpoints)
    if not saved or saved[-1] < generation:
        return False
    return saved[-1] >= generation + 4 or any(
        path.name.startswith(".tmp-") for path in checkpoints.iterdir()
    )
