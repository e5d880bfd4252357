"""Runs that several files look at, and a process that runs command lines quickly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import coevo
from tests.end_to_end.experiments import write_archive, write_experiment
from tests.end_to_end.studies import write_study
from tests.end_to_end.warm import Warm


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    process = Warm(tmp_path_factory.mktemp("warm"))
    yield process
    process.close()


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("data") / "waves.npz")


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Path:
    """Two worlds of 3 x 3 cells, 24 generations, a checkpoint after every second one."""
    return write_experiment(tmp_path_factory.mktemp("experiment") / "waves.toml", archive)


@pytest.fixture(scope="session")
def finished(warm: Warm, experiment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiment, run without interruption. Read it only."""
    directory = tmp_path_factory.mktemp("finished") / "waves"
    counts = directory.with_name("counts.json")
    ended = warm.run("run", experiment, "--out", directory, count=counts)
    assert (ended.code, ended.err) == (0, "")
    return directory


@pytest.fixture(scope="session")
def seventh(finished: Path) -> int:
    """A call of a built-in function, as `traps` count them, early in the seventh generation."""
    counts = json.loads(finished.with_name("counts.json").read_text("utf-8"))
    before, after = counts["calls"][5:7]
    assert after - before > 400
    return int(before) + 100


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Path:
    """Four variants of two worlds each, in two stacks, 3 generations."""
    return write_study(tmp_path_factory.mktemp("study") / "waves.toml", archive)


@pytest.fixture(scope="session")
def whole_study(study: Path) -> coevo.Run:
    """The study, run without interruption. Read it only."""
    return coevo.run(study, study.with_name("whole"))


@pytest.fixture
def study_copy(whole_study: coevo.Run, tmp_path: Path) -> Path:
    """The finished study, to be changed."""
    return shutil.copytree(whole_study.directory, tmp_path / "copy")
