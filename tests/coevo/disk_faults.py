"""Failures and crashes at every step that a function takes on the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

STEPS = ("replace", "fsync", "mkdir", "unlink", "rmdir")


@contextmanager
def watched(before: Callable[[str, tuple[object, ...]], None]) -> Iterator[None]:
    """Call `before` with name and arguments before each step on the disk."""
    busy = False

    def wrap(name: str, step: Callable[..., object]) -> Callable[..., object]:
        def watching(*arguments: object, **options: object) -> object:
            nonlocal busy
            if not busy:
                busy = True
                try:
                    before(name, arguments)
                finally:
                    busy = False
            return step(*arguments, **options)

        return watching

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, wrap(name, getattr(os, name)))
        yield


def steps_of(action: Callable[[], object]) -> list[str]:
    """The names of the steps that an action takes."""
    steps: list[str] = []
    with watched(lambda name, _: steps.append(name)):
        action()
    return steps


def fail_at(number: int, error: BaseException, action: Callable[[], object]) -> None:
    """Run an action whose step `number` (from 0) raises `error`."""
    count = -1

    def before(name: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise error

    with watched(before):
        action()


def power_failures(directory: Path, place: Path, action: Callable[[], object]) -> list[Path]:
    """What is on the disk if power fails before each step of an action, and after the last.

    Files that were not forced to the disk lose the second half of their content.

    Args:
        directory: what the action works on.
        place: where the copies go.
        action: takes steps on the disk.
    """
    safe = {path.stat().st_ino for path in directory.rglob("*") if path.is_file()}
    copies: list[Path] = []

    def before(name: str, arguments: tuple[object, ...]) -> None:
        copy = place / str(len(copies))
        shutil.copytree(directory, copy)
        for path in directory.rglob("*"):
            if path.is_file() and path.stat().st_ino not in safe:
                os.truncate(copy / path.relative_to(directory), path.stat().st_size // 2)
        copies.append(copy)
        if name == "fsync" and isinstance(arguments[0], int):
            safe.add(os.fstat(arguments[0]).st_ino)

    with watched(before):
        action()
    before("end", ())
    return copies
