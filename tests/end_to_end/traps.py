"""Sends signals to the own process at instants that can be repeated: before the n-th step it takes.

The file system's steps show what a crash leaves on the disk, and calls of built-in functions
(every torch operation is one) reach all other instants.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

STEPS = ("replace", "fsync", "mkdir", "unlink", "rmdir")


def arm(trap: Mapping[str, Any], count: str | None) -> Callable[[], None]:
    """Set a trap, and count what one could be set on.

    Args:
        trap: ``steps`` are the numbers of disk steps, from 1, before which a signal is sent;
            ``calls`` likewise of calls of built-in functions, from the first generation on;
            ``signal`` is the signal, by default ``SIGKILL``.
        count: file that the counts are written to.

    Returns:
        What ends the watching.
    """
    number = trap.get("signal", signal.SIGKILL)
    steps = _watch_steps(trap.get("steps", ()), number)
    calls = _watch_calls(trap.get("calls", ()), number) if "calls" in trap or count else []

    def disarm() -> None:
        sys.setprofile(None)
        if count:
            Path(count).write_text(json.dumps({"steps": steps[0], "calls": calls}), "utf-8")

    return disarm


def _watch_steps(numbers: Sequence[int], sent: int) -> list[int]:
    taken = [0]

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*arguments: Any, **options: Any) -> Any:
            taken[0] += 1
            if taken[0] in numbers:
                os.kill(os.getpid(), sent)
            return step(*arguments, **options)

        return watching

    for name in STEPS:
        setattr(os, name, watched(getattr(os, name)))
    return taken


def _watch_calls(numbers: Sequence[int], sent: int) -> list[int]:
    """The number of calls until the end of each generation; that of the last goes on."""
    from coevo.engine import Engine

    generation = Engine.advance.__code__
    calls: list[int] = []

    def watch(frame: FrameType, event: str, argument: object) -> None:
        if event == "c_call" and calls:
            calls[-1] += 1
            if calls[-1] in numbers:
                os.kill(os.getpid(), sent)
        elif event == "call" and frame.f_code is generation:
            calls.append(calls[-1] if calls else 0)

    sys.setprofile(watch)
    return calls
