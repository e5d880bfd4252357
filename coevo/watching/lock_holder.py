"""Whether a process works in a directory, found out without touching its lock.

To try the lock, even for an instant, could make a run that is just starting believe that
another one is there. So the kernel is asked who holds it: Linux lists all locks, and the open
files of every process that belongs to the same user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["is_worked_on"]

_PROCESSES = Path("/proc")


def is_worked_on(directory: Path, processes: Path = _PROCESSES) -> bool | None:
    """Whether a process holds the lock of a directory.

    Args:
        directory: of a run or study.
        processes: where the kernel tells of processes.

    Returns:
        None where this system does not tell.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     is_worked_on(Path(path))
        False
    """
    try:
        lock = (directory / ".lock").stat()
    except OSError:
        return False
    try:
        lines = (processes / "locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for process, place in _held(lines):
        if place == _place(lock) or _has_open(processes / process / "fd", lock):
            return True
    return False


def _held(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Process and place of each exclusive ``flock`` that is held, not waited for."""
    for line in lines:
        # 7: FLOCK  ADVISORY  WRITE 4711 fe:00:2212125 0 EOF
        words = line.split()
        if words[1:2] == ["FLOCK"] and words[3:4] == ["WRITE"] and len(words) > 5:
            yield words[4], words[5]


def _place(file: os.stat_result) -> str:
    device = file.st_dev
    return f"{os.major(device):02x}:{os.minor(device):02x}:{file.st_ino}"


def _has_open(files: Path, lock: os.stat_result) -> bool:
    """Whether a process that holds a lock has this one open.

    File systems of several layers tell the kernel another device than they tell us.
    """
    try:
        for file in files.iterdir():
            if _is_same(file, lock) and _is_locked(files.with_name("fdinfo") / file.name):
                return True
    except OSError:
        pass  # it has ended, or is another user's
    return False


def _is_same(file: Path, lock: os.stat_result) -> bool:
    try:
        return os.path.samestat(file.stat(), lock)
    except OSError:
        return False


def _is_locked(description: Path) -> bool:
    return "FLOCK" in description.read_text(encoding="ascii")
