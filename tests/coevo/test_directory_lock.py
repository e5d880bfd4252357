"""One process at a time works in a directory."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coevo.errors import CoevoError
from coevo.files import directory_lock


class Crash(BaseException):
    """Not an Exception, so that no handler mistakes it for a failure it knows."""


HOLDER = """
import sys, time
from pathlib import Path
from coevo.files import directory_lock
with directory_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_is_refused_until_the_holder_ends_or_is_killed(tmp_path: Path) -> None:
    for end in ("orderly", "killed"):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(CoevoError) as caught, directory_lock(tmp_path):
                pass
            assert str(caught.value) == (
                f"{tmp_path}: another process is running here; wait for it or stop it"
            )
            if end == "killed":
                holder.send_signal(signal.SIGKILL)
            else:
                holder.communicate("\n")
        assert holder.returncode == (-signal.SIGKILL if end == "killed" else 0)
        with directory_lock(tmp_path):
            pass


def test_the_lock_is_exclusive_within_a_process_and_free_after_an_exception(
    tmp_path: Path,
) -> None:
    def lock(*, then: type[BaseException] | None = None) -> None:
        with directory_lock(tmp_path):
            if then is not None:
                raise then

    with directory_lock(tmp_path), pytest.raises(CoevoError, match="another process"):
        lock()
    with pytest.raises(Crash):
        lock(then=Crash)
    lock()


def test_a_directory_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(CoevoError, match="missing: cannot be written"),
        directory_lock(tmp_path / "missing"),
    ):
        pass
