"""What a command says: to a person, to a file, and to a program."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import termios
import threading
from pathlib import Path

import pytest

from tests.end_to_end.experiments import GENERATIONS
from tests.end_to_end.warm import Ended, Warm

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def on_a_terminal(warm: Warm, *arguments: object) -> tuple[Ended, str]:
    """Run with standard error on a terminal, and what was to be seen there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    seen = bytearray()

    def watch() -> None:
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:  # the last one has closed the terminal
                return
            seen.extend(data)

    watcher = threading.Thread(target=watch)
    watcher.start()
    environment = {"TERM": "xterm-256color"}
    warm.start(*arguments, terminal=os.ttyname(slave), environment=environment)
    ended = warm.wait()
    os.close(slave)
    watcher.join()
    os.close(master)
    return ended, ESCAPES.sub("", seen.decode("utf-8"))


def test_a_terminal_shows_generation_loss_and_time_left(
    warm: Warm, experiment: Path, tmp_path: Path
) -> None:
    ended, seen = on_a_terminal(warm, "run", experiment, "--out", tmp_path / "run")
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 2
    line = re.compile(
        r"generation +(\d+)/24 [^\r]*best validation loss (0\.\d{5}|) [^\r]*(-:--:--|0:00:\d\d)"
    )
    shown = line.findall(seen)
    assert int(shown[0][0]) < GENERATIONS
    assert shown[-1][0] == str(GENERATIONS)
    assert shown[-1][2] == "0:00:00"
    records = json.loads((tmp_path / "run" / "result.json").read_text("utf-8"))
    assert shown[-1][1] == f"{records['best']['validation']['mse']:.5f}"


def test_a_terminal_shows_no_bar_beside_json(warm: Warm, finished: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(finished, tmp_path / "run")
    ended, seen = on_a_terminal(warm, "resume", copy, "--json")
    assert (ended.code, seen) == (0, "")
    assert ended.document["status"] == "complete"


def test_without_a_terminal_there_are_two_lines(
    warm: Warm, experiment: Path, tmp_path: Path
) -> None:
    ended = warm.run("run", experiment, "--out", "out", directory=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    best, report = ended.out.splitlines()
    figure = r"\d\.\d{5}"
    assert re.fullmatch(
        r"best pairing \(chosen on validation rows\): row [012], column [012] of the world with "
        rf"seed [34]; on test rows mse {figure}  l1 {figure}  bce {figure}",
        best,
    )
    assert report == "coevo: out/report.html"
    assert (tmp_path / "out" / "report.html").is_file()


def test_json_is_one_document_and_nothing_else(
    warm: Warm, experiment: Path, tmp_path: Path
) -> None:
    ended = warm.run("run", experiment, "--set", "generations=2", "--json", directory=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    directory = Path("runs") / "waves-001"
    result = json.loads((tmp_path / directory / "result.json").read_text("utf-8"))
    assert ended.document == {"directory": str(directory), **result}
    again = warm.run("resume", directory, "--json", directory=tmp_path)
    assert (again.code, again.err) == (0, "")
    assert again.document.keys() == ended.document.keys()
    report = warm.run("report", directory, "--json", directory=tmp_path)
    assert (report.code, report.err) == (0, "")
    assert report.document == {"report": str(directory / "report.html")}
    second = warm.run("run", experiment, "--set", "generations=1", "--json", directory=tmp_path)
    assert second.document["directory"] == str(Path("runs") / "waves-002")


def test_json_leaves_standard_output_alone_when_something_is_wrong(warm: Warm) -> None:
    ended = warm.run("run", "no-such-preset", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("coevo: no-such-preset: no such file or preset; ")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_names_every_command(arguments: list[str], warm: Warm) -> None:
    ended = warm.run(*arguments)
    assert (ended.code, ended.err) == (0 if arguments else 2, "")
    for command in ("run", "resume", "report", "export", "list"):
        assert f"│ {command} " in ended.out


def test_the_report_of_an_unfinished_run(
    warm: Warm, experiment: Path, seventh: int, tmp_path: Path
) -> None:
    trap = {"calls": [seventh]}
    warm.run("run", experiment, "--out", tmp_path / "run", trap=trap)
    assert not (tmp_path / "run" / "result.json").exists()
    ended = warm.run("report", tmp_path / "run")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{tmp_path}/run/report.html\n"
    assert "Not finished" in (tmp_path / "run" / "report.html").read_text("utf-8")
