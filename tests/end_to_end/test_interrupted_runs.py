"""Ctrl-C ends a run after the generation, with a checkpoint; pressed again, at once."""

from __future__ import annotations

import re
import shlex
import signal
import time
from pathlib import Path

import pytest

from tests.end_to_end.experiments import assert_same_run, checkpoints_of
from tests.end_to_end.warm import Warm, cold

ASKED = "coevo: stopping after this generation; press Ctrl-C again to stop at once"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_generation_and_the_run_goes_on_bitwise(
    sent: signal.Signals, warm: Warm, experiment: Path, finished: Path, seventh: int, tmp_path: Path
) -> None:
    directory = tmp_path / "my run"
    trap = {"calls": [seventh], "signal": sent}
    ended = warm.run("run", experiment, "--out", directory, trap=trap)
    assert ended.code == 130, ended.err
    assert ended.out == ""
    asked, empty, last = ended.err.strip().splitlines()
    assert (asked, empty) == (ASKED, "")
    found = re.fullmatch(r"coevo: stopped after generation (\d+); go on with: coevo (.*)", last)
    assert found is not None, last
    assert checkpoints_of(directory)[-1] == int(found[1]) == 7
    assert not (directory / "result.json").exists()
    ended = warm.run(*shlex.split(found[2]))
    assert ended.err == f"coevo: going on after generation {found[1]} of 24\n"
    assert ended.code == 0
    assert_same_run(directory, finished)


def test_a_second_signal_ends_it_at_once(
    warm: Warm, experiment: Path, finished: Path, seventh: int, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    trap = {"calls": [seventh, seventh + 50], "signal": signal.SIGINT}
    ended = warm.run("run", experiment, "--out", directory, trap=trap)
    assert ended.code == 130, ended.err
    command = f"coevo resume {directory}"
    assert ended.err.splitlines()[-1] == (
        f"coevo: stopped at once; go on from the last checkpoint with: {command}"
    )
    assert checkpoints_of(directory) == [2, 4, 6]
    assert warm.run(*command.split()[1:]).code == 0
    assert_same_run(directory, finished)


def test_before_the_first_generation_one_signal_is_enough(
    warm: Warm, experiment: Path, finished: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    trap = {"calls": [10], "signal": signal.SIGINT}
    ended = warm.run("run", experiment, "--out", directory, trap=trap)
    assert ended.code == 130
    assert ended.err.strip() == "coevo: stopped at once, before a generation was complete"
    assert warm.run("resume", directory).code == 0
    assert_same_run(directory, finished)


def test_a_signal_while_a_module_of_the_user_runs_is_no_fault_of_the_module(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "slow_networks.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\ndef build(shape, latent): ...\n"
    )
    factory = "slow_networks:build"
    (tmp_path / "slow.toml").write_text(
        f'[network]\nencoder = "{factory}"\ndecoder = "{factory}"\n'
        f'[task]\ndataset = "npz"\n[data]\nfile = "{archive}"\n'
    )
    ended = warm.run("run", tmp_path / "slow.toml", directory=tmp_path)
    assert ended.code == 130
    assert ended.err.strip() == "coevo: stopped at once, before a generation was complete"
    assert not (tmp_path / "runs").exists()


def test_a_person_presses_ctrl_c(experiment: Path, tmp_path: Path) -> None:
    process = cold(
        "run", experiment, "--set", "generations=100000", "--out", "run", directory=tmp_path
    )
    while process.poll() is None and not checkpoints_of(tmp_path / "run"):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    newest = checkpoints_of(tmp_path / "run")[-1]
    last = f"coevo: stopped after generation {newest}; go on with: coevo resume run"
    assert err.strip().splitlines() == [ASKED, "", last]
