"""Two processes never work in one directory."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

import coevo
from coevo.files import directory_lock
from tests.end_to_end.experiments import assert_same_run
from tests.end_to_end.warm import Warm


def test_the_second_is_refused(warm: Warm, finished: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(finished, tmp_path / "run")
    with directory_lock(copy):
        ended = warm.run("resume", copy)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"coevo: {copy}: another process is running here; wait for it or stop it\n"


def test_while_a_run_computes_it_can_be_neither_resumed_nor_replaced(
    warm: Warm, experiment: Path, finished: Path, seventh: int, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    trap = {"calls": [seventh], "signal": signal.SIGSTOP}
    pid = warm.start("run", experiment, "--out", directory, trap=trap)
    wait_until_stopped(pid)
    with pytest.raises(coevo.CoevoError, match="another process is running here"):
        coevo.resume(directory)
    with pytest.raises(coevo.CoevoError, match="exists already; choose another directory"):
        coevo.run(experiment, directory)
    os.kill(pid, signal.SIGCONT)
    ended = warm.wait()
    assert ended.code == 0, ended.err
    assert_same_run(directory, finished)


def wait_until_stopped(pid: int) -> None:
    """Wait for a process that is not a child of this one."""
    while Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "T":
        pass
