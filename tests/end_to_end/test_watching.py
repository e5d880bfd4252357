"""A run is watched from another process: in the terminal, as a document and as a page."""

from __future__ import annotations

import fcntl
import http.client
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import coevo
from tests.end_to_end.experiments import assert_same_run
from tests.end_to_end.test_output import ESCAPES
from tests.end_to_end.warm import ONE_THREAD, Warm

COEVO = Path(sys.executable).with_name("coevo")
LONGEST = 60.0


def until(happens: Callable[[], bool]) -> None:
    """Wait for something that happens within a minute."""
    end = time.monotonic() + LONGEST
    while not happens():
        assert time.monotonic() < end, "does not happen"
        time.sleep(0.02)


def heeding_ctrl_c() -> None:
    """What is started in the background of a shell would not: it ignores SIGINT from there on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def frames_of(
    directory: Path,
    sent: Callable[[], Any] | None = None,
    waiting: threading.Event | None = None,
) -> tuple[int, str]:
    """Watch on a terminal; exit code, and what was to be seen.

    Args:
        directory: to watch.
        sent: called once a frame is there; ``SIGINT`` follows.
        waiting: set once it waits for a run that is not there.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, **ONE_THREAD, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [COEVO, "watch", directory, "--every", "0.1"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        preexec_fn=heeding_ctrl_c,
    )
    os.close(slave)
    seen = bytearray()

    def read() -> None:
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:  # the command has ended
                return
            seen.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    if waiting is not None:
        until(lambda: b"not started" in seen)
        waiting.set()
    if sent is not None:
        until(lambda: b"generation" in seen)
        sent()
        process.send_signal(signal.SIGINT)
    code = process.wait(LONGEST)
    reader.join()
    os.close(master)
    return code, ESCAPES.sub("", seen.decode("utf-8", "replace"))


def test_a_run_is_watched_to_its_end_and_ends_as_if_nobody_had_looked(
    warm: Warm, experiment: Path, finished: Path, tmp_path: Path
) -> None:
    directory, seen, waiting = tmp_path / "run", [], threading.Event()
    first = threading.Thread(target=lambda: seen.append(frames_of(directory, waiting=waiting)))
    first.start()  # before there is anything to see
    assert waiting.wait(LONGEST)
    warm.start("run", experiment, "--out", directory)
    first.join()
    assert warm.wait().code == 0
    assert_same_run(directory, finished)
    [(code, text)] = seen
    assert code == 0
    assert "not started" in text
    last = text[text.rindex("generation 24 of 24") :]
    assert f"see {directory}/report.html" in "".join(last.split("\r\n"))
    assert "best validation mse 0." in last
    assert "torus in generation 24" in last
    names = {path.name for path in directory.iterdir()}
    assert names == {path.name for path in finished.iterdir()}


def test_ctrl_c_ends_the_watching_alone(
    warm: Warm, experiment: Path, finished: Path, seventh: int, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    trap = {"calls": [seventh], "signal": signal.SIGSTOP}
    pid = warm.start("run", experiment, "--out", directory, trap=trap)
    until(lambda: coevo.look(directory)["stacks"][:1] != [] and is_stopped(pid))
    found = coevo.look(directory)
    assert (found["status"], found["process"]) == ("running", True)
    [stack] = found["stacks"]
    # The last checkpoint is of the sixth generation; the file beside it may be a bit older.
    assert stack["recorded"] == stack["generation"] == 6
    assert (directory / "progress.json").exists()
    code, text = frames_of(directory, sent=lambda: None)
    assert code == 0
    assert "running" in text
    assert "Traceback" not in text
    os.kill(pid, signal.SIGCONT)
    assert warm.wait().code == 0
    assert_same_run(directory, finished)


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "T"


def test_one_frame_and_one_document_of_a_finished_run(
    warm: Warm, finished: Path, tmp_path: Path
) -> None:
    frame = warm.run("watch", finished, "--once")
    assert (frame.code, frame.err) == (0, "")
    assert frame.out.splitlines()[0].endswith(" complete")
    assert warm.run("watch", finished).out == frame.out
    ended = warm.run("watch", finished, "--json", "--world", 1)
    assert (ended.code, ended.err) == (0, "")
    document = ended.document
    assert (document["status"], document["kind"], document["process"]) == ("complete", "run", False)
    assert document["torus"]["seed"] == 4
    before = {**coevo.look(finished, world=1), "time": document["time"]}
    assert document == before


def test_what_does_not_go_together_is_refused(warm: Warm, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for arguments, message in (
        ([finished, "--port", 8000], "--port: goes only with --serve; leave it out"),
        ([finished, "--serve", "--json"], "--json: does not go with --serve; leave it out"),
        ([finished, "--serve", "--world", 0], "--world: does not go with --serve; leave it out"),
        ([finished, "--every", 0], "--every: 0.0 is not a time; give at least 0.1 seconds"),
        ([tmp_path], f"{tmp_path}: holds no experiment.toml, so it is neither a run nor a study; "),
    ):
        ended = warm.run("watch", *arguments)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith(f"coevo: {message}"), ended.err


@pytest.mark.slow
def test_the_report_is_served_until_ctrl_c(finished: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(finished, tmp_path / "run")
    before = (copy / "report.html").read_bytes()
    process = subprocess.Popen(
        [COEVO, "watch", copy, "--serve", "--every", "0.2"],
        env=os.environ | ONE_THREAD,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeding_ctrl_c,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("http://127.0.0.1:")
    connection = http.client.HTTPConnection(
        url.removeprefix("http://").rstrip("/"), timeout=LONGEST
    )
    connection.request("GET", "/")
    page = connection.getresponse().read().decode("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert 'id="report-data"' in page
    assert "data-version" in page
    connection.close()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LONGEST)
    assert (process.returncode, out, err) == (0, "", "")
    assert (copy / "report.html").read_bytes() == before
