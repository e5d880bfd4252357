"""Kills the own process at an instant that can be repeated: before the n-th step it takes."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

STEPS = ("replace", "fsync", "mkdir", "unlink", "rmdir")


def arm(trap: dict[str, int] | None, count: str | None) -> Callable[[], None]:
    """Set a trap, or count what one could be set on.

    Args:
        trap: ``{"steps": n}`` kills before the n-th step on the disk, ``{"calls": n}`` before
            the n-th call of a built-in function (every torch operation is one) from the first
            generation on.
        count: file that the counts are written to.

    Returns:
        What ends the watching.
    """
    trap = trap or {}
    if "steps" in trap or count:
        steps = _watch_steps(trap.get("steps"))
    if "calls" in trap or count:
        calls = _watch_calls(trap.get("calls"))

    def disarm() -> None:
        sys.setprofile(None)
        if count:
            Path(count).write_text(json.dumps({"steps": steps[0], "calls": calls}), "utf-8")

    return disarm


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _watch_steps(deadly: int | None) -> list[int]:
    taken = [0]

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*arguments: Any, **options: Any) -> Any:
            taken[0] += 1
            if taken[0] == deadly:
                _die()
            return step(*arguments, **options)

        return watching

    for name in STEPS:
        setattr(os, name, watched(getattr(os, name)))
    return taken


def _watch_calls(deadly: int | None) -> list[int]:
    """The number of calls at the start of each generation, and (last) in all."""
    from coevo.engine import Engine

    generation = Engine.advance.__code__
    calls: list[int] = []

    def watch(frame: FrameType, event: str, argument: object) -> None:
        if event == "c_call" and calls:
            calls[-1] += 1
            if calls[-1] == deadly:
                _die()
        elif event == "call" and frame.f_code is generation:
            calls.append(calls[-1] if calls else 0)

    sys.setprofile(watch)
    return calls
