"""Command lines in processes that start at once; see `warm_server`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


@dataclass(frozen=True)
class Ended:
    """How a command line ended.

    Attributes:
        code: exit code, or minus the number of the signal that ended it.
        out: standard output.
        err: standard error; empty where it was a terminal.
    """

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it is."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


class Warm:
    """Runs ``coevo`` command lines one after the other, each in a process of its own."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._paths: dict[str, Path] = {}
        self._orders = 0
        self._running: int | None = None
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.warm_server"],
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def run(self, *arguments: object, **options: Any) -> Ended:
        """Run a command line to its end; `start` says what the options are."""
        self.start(*arguments, **options)
        return self.wait()

    def start(
        self,
        *arguments: object,
        directory: Path | None = None,
        trap: Mapping[str, Any] | None = None,
        count: Path | None = None,
        terminal: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> int:
        """Start a command line; one at a time.

        Args:
            arguments: what follows ``coevo``.
            directory: where it runs.
            trap: which signals it sends to itself, and when; see `traps.arm`.
            count: file for the counts of what a trap could be set on.
            terminal: path of a terminal for standard error.
            environment: variables to set.

        Returns:
            The number of its process.
        """
        self._abandon()
        self._orders += 1
        files = {name: self._scratch / f"{self._orders}.{name}" for name in ("stdout", "stderr")}
        self._paths = files
        order = {
            "arguments": [str(argument) for argument in arguments],
            "directory": str(directory or self._scratch),
            "trap": dict(trap or {}),
            "count": str(count) if count else None,
            "environment": dict(environment or {}),
            "stdout": str(files["stdout"]),
            "stderr": terminal or str(files["stderr"]),
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        self._running = int(self._answer())
        return self._running

    def begin_or_resume(self, file: Path, directory: Path, **options: Any) -> Ended:
        """Go on with what is in a directory, or begin it there; options as for `start`."""
        if (directory / "experiment.toml").exists():
            return self.run("resume", directory, **options)
        return self.run("run", file, "--out", directory, **options)

    def wait(self) -> Ended:
        """How the command line that was started ends."""
        code = os.waitstatus_to_exitcode(int(self._answer()))
        self._running = None
        texts = [path.read_text("utf-8") if path.exists() else "" for path in self._paths.values()]
        return Ended(code, *texts)

    def close(self) -> None:
        """End the server."""
        self._abandon()
        self._server.communicate()

    def _abandon(self) -> None:
        """Kill what a test that failed has left running, or stopped."""
        if self._running is not None:
            os.kill(self._running, signal.SIGKILL)
            self.wait()

    def _answer(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()


def cold(*arguments: object, directory: Path) -> subprocess.Popen[str]:
    """Start ``coevo`` as a user does: a new interpreter."""
    return subprocess.Popen(
        [Path(sys.executable).with_name("coevo"), *map(str, arguments)],
        cwd=directory,
        env=os.environ | ONE_THREAD,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
