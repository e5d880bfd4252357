"""Killed at any instant and resumed, a study ends as if nothing had happened (contract C2)."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.end_to_end.experiments import PRUNING
from tests.end_to_end.studies import (
    assert_same_study,
    memory_between,
    without_time,
    write_study,
)
from tests.end_to_end.warm import Ended, Warm

KILLS = 12
CHANGES: dict[str, Any] = {
    "generations": 4,
    "dtype": "float32",
    "checkpoint.every": 2,
    "pruning": [
        {"sparsity": 0.5, "schedule": "cubic"},
        {**PRUNING[1], "regrow": "random", "probability": 0.7},
    ],
    # Three stacks: two of a shape that memory cuts up, one of another.
    "engine": {"threads": 1, "cells_per_chunk": 3},
    "sweep": {
        "replicates": 2,
        "pruning.operator": ["uniform", "wanda"],
        "variants": [
            {"name": "none", "pruning": []},
            {"name": "big", "pruning": [], "grid.rows": 3},
        ],
    },
}
EXTENDED = ["--set", "replicates=3", "--set", "sweep.'pruning.operator'=['wanda', 'magnitude']"]


@dataclass(frozen=True)
class Uninterrupted:
    """A study, and what a process does in it."""

    file: Path
    directory: Path
    calls: int
    steps: int


@pytest.fixture(scope="module")
def whole(warm: Warm, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    place = tmp_path_factory.mktemp("whole")
    plan = write_study(place / "plan.toml", archive, CHANGES)
    three, six = (
        warm.run("run", plan, "--dry-run", "--json", "--set", f"replicates={n}").document
        for n in (1, 2)
    )
    memory = memory_between(*(one["stacks"][0]["memory_bytes"] for one in (three, six)))
    engine = {**CHANGES["engine"], "memory": memory}
    file = write_study(place / "waves.toml", archive, {**CHANGES, "engine": engine})
    ended = warm.run("run", file, "--out", place / "study", count=place / "counts")
    assert ended.code == 0, ended.err
    assert len(ended.err.splitlines()) == 3, "there are not three stacks"
    counts = json.loads((place / "counts").read_text("utf-8"))
    return Uninterrupted(file, place / "study", counts["calls"][-1], counts["steps"])


@pytest.fixture(scope="module")
def extended(warm: Warm, whole: Uninterrupted) -> Uninterrupted:
    """The study with another operator and one seed more, extended without interruption."""
    directory = shutil.copytree(whole.directory, whole.directory.with_name("extended"))
    counts = directory.with_name("extended.json")
    assert warm.run("resume", directory, *EXTENDED, count=counts).code == 0
    found = json.loads(counts.read_text("utf-8"))
    return Uninterrupted(whole.file, directory, found["calls"][-1], found["steps"])


def assert_ended_alike(warm: Warm, directory: Path, other: Path) -> None:
    assert list(directory.rglob(".tmp-*")) == []
    assert not (directory / "packing.json").exists()
    assert_same_study(directory, other)
    tables = [table_of(warm, place) for place in (directory, other)]
    assert tables[0] == tables[1]


def table_of(warm: Warm, directory: Path) -> object:
    """What ``coevo compare`` makes of a study, but for its name and the time it took."""
    ended = warm.run("compare", directory.name, "--json", directory=directory.parent)
    assert ended.code == 0, ended.err
    text = json.dumps(without_time(ended.document))
    return json.loads(text.replace(f'"{directory.name}"', '"study"'))


def test_killed_a_dozen_times_it_ends_bitwise_as_if_nothing_had_happened(
    warm: Warm, whole: Uninterrupted, tmp_path: Path
) -> None:
    directory, random, half_written = tmp_path / "study", Random(2), 0
    for kill in range(KILLS):
        trap = {"calls": [random.randrange(whole.calls // 6) + 1]}
        if kill % 2:
            trap = {"steps": [random.randrange(whole.steps // 6) + 1]}
        ended = warm.begin_or_resume(whole.file, directory, trap=trap)
        assert ended.code == -signal.SIGKILL, (trap, ended)
        half_written += len(list(directory.rglob(".tmp-*")))
    assert half_written > 0, "choose another seed: no kill hit a file that was being written"
    ended = warm.begin_or_resume(whole.file, directory)
    assert ended.code == 0, ended.err
    assert_ended_alike(warm, directory, whole.directory)


def killed_at_steps(steps: range, start: Callable[[dict[str, Any]], Ended]) -> int:
    """Kill a process before one of its steps on the disk, then the next before another, ...

    Returns:
        How many were killed before one ended well.
    """
    for number, step in enumerate(steps):
        trap = {"steps": [step]}
        ended = start(trap)
        if ended.code == 0:
            return number
        assert ended.code == -signal.SIGKILL, (trap, ended)
    return len(steps)


def test_killed_while_it_describes_its_stacks_it_goes_on_with_the_same(
    warm: Warm, whole: Uninterrupted, tmp_path: Path
) -> None:
    """Before the first generation study.json, packing.json and every stack.json are written."""
    directory, seen = tmp_path / "study", set[tuple[bool, ...]]()

    def start(trap: dict[str, Any]) -> Ended:
        ended = warm.begin_or_resume(whole.file, directory, trap=trap)
        seen.add(
            (
                *((directory / f"{name}.json").exists() for name in ("study", "packing")),
                (directory / "experiment.toml").exists(),
                *((directory / f"stacks/00{n}/stack.json").exists() for n in (1, 2, 3)),
            )
        )
        return ended

    assert killed_at_steps(range(1, 45, 2), start) > 20
    assert len(seen) >= 5, seen
    assert warm.begin_or_resume(whole.file, directory).code == 0
    assert_ended_alike(warm, directory, whole.directory)


def test_killed_while_it_is_extended_it_goes_on_with_the_same(
    warm: Warm, whole: Uninterrupted, extended: Uninterrupted, tmp_path: Path
) -> None:
    directory = shutil.copytree(whole.directory, tmp_path / "study")

    def start(trap: dict[str, Any]) -> Ended:
        return warm.run("resume", directory, *EXTENDED, trap=trap)

    assert killed_at_steps(range(1, 45, 3), start) > 10
    assert warm.run("resume", directory, *EXTENDED).code == 0
    assert_ended_alike(warm, directory, extended.directory)


def test_killed_while_it_writes_its_results_it_ends_with_the_same(
    warm: Warm, whole: Uninterrupted, tmp_path: Path
) -> None:
    directory = shutil.copytree(whole.directory, tmp_path / "study")
    for name in ("result.json", "stacks/003/result.json"):
        (directory / name).unlink()
    shutil.rmtree(directory / "stacks" / "003" / "best")

    def start(trap: dict[str, Any]) -> Ended:
        return warm.run("resume", directory, trap=trap)

    assert killed_at_steps(range(1, 60, 3), start) > 5
    assert warm.run("resume", directory).code == 0
    assert_ended_alike(warm, directory, whole.directory)
