"""scripts/setup makes .venv when it has to, mends it when it can, and else does nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / "scripts" / "setup"

# Stands in for Python: makes a .venv of the right form, and keeps a list of what it was asked.
PYTHON = """#!/usr/bin/env bash
case "$*" in
  "-c import sys"*) exit {too_old} ;;
  "-c import ensurepip"*) exit {without_venv} ;;
  --version) echo "Python {version}" ;;
  -ISc*) echo "python {version}" ;;
  "-m venv "*) echo venv >>"{log}"; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip install"*) echo pip >>"{log}"; exit {pip} ;;
esac
"""


class Checkout:
    """A directory with scripts/setup in it, and a world in which only one Python is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.commands, self.log = folder / "commands", folder / "log"
        (self.folder / "scripts").mkdir(parents=True)
        shutil.copy(SETUP, self.folder / "scripts")
        self.commands.mkdir()
        for command in ("bash", "env", "dirname", "cat", "cksum", "rm", "mv", "cp", "mkdir"):
            (self.commands / command).symlink_to(str(shutil.which(command)))
        self.write("constraints.txt", "torch==2.13.0\n")
        self.write("pyproject.toml", "[project]\n")
        self.python()

    def python(
        self,
        name: str = "python3",
        *,
        version: str = "3.11.7",
        too_old: int = 0,
        without_venv: int = 0,
        pip: int = 0,
    ) -> None:
        text = PYTHON.format(
            log=self.log, version=version, too_old=too_old, without_venv=without_venv, pip=pip
        )
        (self.commands / name).write_text(text)
        (self.commands / name).chmod(0o755)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def setup(self, *, status: int = 0) -> list[str]:
        """Run scripts/setup; what it asked Python to do, or what it says where it fails."""
        self.log.write_text("")
        found = subprocess.run(
            [str(self.folder / "scripts" / "setup")],
            cwd="/",
            env={"PATH": str(self.commands)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == status, found.stderr
        assert found.stdout == ""
        done = self.log.read_text().split()
        assert done or status or not found.stderr, "says something though it did nothing"
        return found.stderr.splitlines() if status else done


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def ready(checkout: Checkout) -> Checkout:
    checkout.setup()
    return checkout


def test_makes_it_once(checkout: Checkout) -> None:
    assert checkout.setup() == ["venv", "pip"]
    assert checkout.setup() == []


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_installs_changed_requirements_into_it(ready: Checkout, name: str) -> None:
    ready.write(name, "changed\n")
    assert ready.setup() == ["pip"]
    assert ready.setup() == []


def test_makes_it_anew_in_another_place(ready: Checkout) -> None:
    moved = ready.folder.with_name("moved")
    ready.folder.rename(moved)
    ready.folder = moved
    assert ready.setup() == ["venv", "pip"]
    assert ready.setup() == []


def test_makes_it_anew_for_another_python(ready: Checkout) -> None:
    ready.python(version="3.12.1")
    shutil.copy(ready.commands / "python3", ready.folder / ".venv" / "bin" / "python")
    assert ready.setup() == ["venv", "pip"]


def test_makes_it_anew_when_its_python_is_gone(ready: Checkout) -> None:
    (ready.folder / ".venv" / "bin" / "python").unlink()
    assert ready.setup() == ["venv", "pip"]


def test_makes_it_anew_when_the_last_time_was_interrupted(checkout: Checkout) -> None:
    checkout.python(pip=7)
    assert "run scripts/setup again" in checkout.setup(status=1)[-1]
    (checkout.folder / ".venv" / "half").touch()
    checkout.python()
    assert checkout.setup() == ["venv", "pip"]
    assert not (checkout.folder / ".venv" / "half").exists()


def test_an_interrupted_change_is_no_success(ready: Checkout) -> None:
    ready.write("constraints.txt", "torch==99\n")
    python = ready.folder / ".venv" / "bin" / "python"
    working = python.read_text()
    python.write_text(working.replace("exit 0 ;;\nesac", "exit 1 ;;\nesac"))
    ready.setup(status=1)
    python.write_text(working)
    ready.write("constraints.txt", "torch==2.13.0\n")
    assert ready.setup() == ["venv", "pip"]


def test_takes_the_newest_python(checkout: Checkout) -> None:
    checkout.python("python3.12", version="3.12.1")
    checkout.setup()
    made = checkout.folder / ".venv" / "made-for"
    assert made.read_text().splitlines()[0] == "python 3.12.1"


def test_passes_over_a_python_without_venv(checkout: Checkout) -> None:
    checkout.python("python3.13", version="3.13.0", without_venv=1)
    assert checkout.setup() == ["venv", "pip"]
    made = checkout.folder / ".venv" / "made-for"
    assert made.read_text().splitlines()[0] == "python 3.11.7"


def test_says_that_python_is_too_old(checkout: Checkout) -> None:
    checkout.python(version="3.9.2", too_old=1)
    needs, why = checkout.setup(status=1)
    assert needs.startswith("setup: needs Python 3.11 or newer with venv and pip")
    assert why == f"setup: {checkout.commands / 'python3'} is Python 3.9.2"


def test_says_that_venv_is_missing(checkout: Checkout) -> None:
    checkout.python(without_venv=1)
    assert "python3 has no venv or no pip" in checkout.setup(status=1)[1]


def test_says_that_there_is_no_python(checkout: Checkout) -> None:
    (checkout.commands / "python3").unlink()
    assert checkout.setup(status=1)[1] == "setup: there is no python3 on PATH"


def test_keeps_what_is_there_when_no_python_fits(ready: Checkout) -> None:
    ready.python(too_old=1)
    (ready.folder / ".venv" / "made-for").unlink()
    ready.setup(status=1)
    assert (ready.folder / ".venv" / "bin" / "python").exists()


@pytest.mark.skipif(shutil.which("flock") is None, reason="no flock on this machine")
def test_two_at_once_make_it_once(checkout: Checkout) -> None:
    (checkout.commands / "flock").symlink_to(str(shutil.which("flock")))
    command, environment = [str(checkout.folder / "scripts" / "setup")], os.environ.copy()
    environment["PATH"] = str(checkout.commands)
    both = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    for process in both:
        process.communicate()
    assert checkout.log.read_text().split() == ["venv", "pip"]
