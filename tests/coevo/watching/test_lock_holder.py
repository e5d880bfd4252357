"""Whether a process works in a directory, without ever being in its way."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coevo.files import directory_lock
from coevo.watching.lock_holder import is_worked_on

HOLDER = """
import sys
from pathlib import Path
from coevo.files import directory_lock
with directory_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_another_process_is_seen_until_it_ends(tmp_path: Path) -> None:
    assert is_worked_on(tmp_path) is False
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert is_worked_on(tmp_path) is True
        process.kill()
        process.communicate()
    assert is_worked_on(tmp_path) is False
    assert (tmp_path / ".lock").exists()


def test_looking_never_takes_the_lock_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with directory_lock(tmp_path):
        pass
    ended = threading.Event()
    looks: list[bool | None] = []

    def look() -> None:
        while not ended.is_set():
            looks.append(is_worked_on(tmp_path))

    onlookers = [threading.Thread(target=look) for _ in range(2)]
    for onlooker in onlookers:
        onlooker.start()
    try:
        for _ in range(200):
            with directory_lock(tmp_path):  # refuses where anybody else has it
                pass
    finally:
        ended.set()
        for onlooker in onlookers:
            onlooker.join()
    assert len(looks) > 10
    monkeypatch.setattr(fcntl, "flock", lambda *_: pytest.fail("touches the lock"))
    assert is_worked_on(tmp_path) is False


def test_who_waits_or_locks_something_else_does_not_count(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    lock.touch()
    found = lock.stat()
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    other = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino + 1}"

    def told(*lines: str) -> bool | None:
        (tmp_path / "locks").write_text("".join(f"{line}\n" for line in lines), "ascii")
        return is_worked_on(tmp_path, tmp_path)

    assert told() is False
    assert told(f"1: -> FLOCK  ADVISORY  WRITE 7 {place} 0 EOF") is False
    assert told(f"1: FLOCK  ADVISORY  READ 7 {place} 0 EOF") is False
    assert told(f"1: POSIX  ADVISORY  WRITE 7 {place} 0 EOF") is False
    assert told(f"1: FLOCK  ADVISORY  WRITE 7 {other} 0 EOF", "", "2: nonsense") is False
    assert told(f"1: FLOCK  ADVISORY  WRITE 7 {place} 0 EOF") is True


@pytest.mark.parametrize("locked", [True, False])
def test_a_file_system_that_names_another_device_is_seen_through(
    locked: bool, tmp_path: Path
) -> None:
    """As with overlays and subvolumes: the open files of who holds any lock tell."""
    lock = tmp_path / ".lock"
    lock.touch()
    files, descriptions = (tmp_path / "7" / name for name in ("fd", "fdinfo"))
    for folder in (files, descriptions):
        folder.mkdir(parents=True)
    (files / "3").symlink_to(lock)
    (files / "4").symlink_to(tmp_path / "gone")
    mark = "lock:\t1: FLOCK  ADVISORY  WRITE 7 00:2a:1 0 EOF\n" if locked else ""
    (descriptions / "3").write_text(f"pos:\t0\n{mark}", "ascii")
    (tmp_path / "locks").write_text("1: FLOCK  ADVISORY  WRITE 7 00:2a:1 0 EOF\n", "ascii")
    assert is_worked_on(tmp_path, tmp_path) is locked


def test_a_system_that_does_not_tell_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    assert is_worked_on(tmp_path, tmp_path / "no-processes") is None
