"""Killed at any instant and resumed, a run ends as if nothing had happened (contract C2)."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.end_to_end.experiments import (
    GENERATIONS,
    assert_same_run,
    checkpoints_of,
    write_experiment,
)
from tests.end_to_end.warm import Warm, cold

KILLS = 10
# Disk steps of a resumed process until its second checkpoint is complete, about.
STEPS = 70


@dataclass(frozen=True)
class Uninterrupted:
    experiment: Path
    directory: Path
    calls: int
    """Calls of built-in functions in one generation, about."""


@pytest.fixture(scope="module", params=[0, 2], ids=["whole", "in chunks of 2 cells"])
def uninterrupted(
    request: pytest.FixtureRequest,
    warm: Warm,
    archive: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Uninterrupted:
    place = tmp_path_factory.mktemp("uninterrupted")
    changes = {"engine.cells_per_chunk": request.param}
    experiment = write_experiment(place / "waves.toml", archive, changes)
    ended = warm.run("run", experiment, "--out", place / "run", count=place / "counts")
    assert ended.code == 0, ended.err
    calls = json.loads((place / "counts").read_text("utf-8"))["calls"]
    assert len(calls) == GENERATIONS
    return Uninterrupted(experiment, place / "run", calls[-2] // (GENERATIONS - 1))


@pytest.mark.parametrize("seed", [1])
def test_killed_ten_times_and_resumed_ten_times_it_ends_bitwise_the_same(
    seed: int, warm: Warm, uninterrupted: Uninterrupted, tmp_path: Path
) -> None:
    directory, random = tmp_path / "run", Random(seed)
    for kill in range(KILLS):
        trap = {"calls": random.randrange(1, 4 * uninterrupted.calls)}
        if kill % 2:
            trap = {"steps": random.randrange(1, STEPS)}
        arguments = ["run", uninterrupted.experiment, "--out", directory]
        if (directory / "experiment.toml").exists():
            arguments = ["resume", directory]
        ended = warm.run(*arguments, trap=trap)
        assert ended.code == -signal.SIGKILL, (trap, ended)
    ended = warm.run("resume", directory)
    assert ended.code == 0, ended.err
    assert_same_run(directory, uninterrupted.directory)
