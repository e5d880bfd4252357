"""What a run or study is doing, found out from its files again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from coevo.errors import CoevoError
from coevo.watching.documents import finite, read_document, seconds_saved, whole
from coevo.watching.lock_holder import is_worked_on
from coevo.watching.pace import Pace, pace_of
from coevo.watching.plan import Plan, Stack, read_plan
from coevo.watching.recorded import Recorded, RecordReader, TorusCells

__all__ = ["StackState", "Status", "View", "Watcher"]

Status: TypeAlias = Literal[
    "not started", "starting", "waiting", "running", "interrupted", "failed", "complete"
]

_TRIES = 3
_PAUSE = 0.05  # seconds after which files that others rewrite belong together again


@dataclass(frozen=True)
class StackState:
    """One stack at one moment.

    Attributes:
        stack: what it is to compute.
        status: ``waiting`` until it has begun.
        recorded: what its records say.
        progress: ``progress.json``, or None.
        result: ``result.json``, or None.
        failure: why it ended without a result, or None.
        seconds: spent on it; None where nothing says so.
    """

    stack: Stack
    status: Status
    recorded: Recorded
    progress: Mapping[str, Any] | None
    result: Mapping[str, Any] | None
    failure: str | None
    seconds: float | None

    @property
    def generation(self) -> int:
        """The last one that is known to be over."""
        ended = whole(self.result, "generations") if self.status == "complete" else 0
        return max(self.recorded.last, whole(self.progress, "generation"), ended)

    @property
    def pace(self) -> Pace | None:
        """How fast it is at the moment; None where it does not run, or nothing says so."""
        began = (self.progress or {}).get("began")
        if self.status != "running" or self.progress is None or not isinstance(began, dict):
            return None
        own = [
            (whole(place, "generation"), finite(place, "time") or 0.0)
            for place in (began, self.progress)
        ]
        return pace_of([*self.recorded.marks, *own], own[0][1])


@dataclass(frozen=True)
class View:
    """A run or study at one moment.

    Attributes:
        directory: of it.
        now: the moment, in seconds since 1970.
        working: whether a process works on it; None where this system does not tell.
        status: of all of it.
        plan: what is to be computed; None before it has begun.
        stacks: in order.
    """

    directory: Path
    now: float
    working: bool | None
    status: Status
    plan: Plan | None
    stacks: tuple[StackState, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing is going to happen by itself any more."""
        return self.status in ("interrupted", "failed", "complete")

    @property
    def metric(self) -> str:
        """The metric in which everything is compared: the loss of the first stack."""
        return self.stacks[0].stack.loss if self.stacks else "mse"

    @property
    def seconds(self) -> float | None:
        """Spent so far, on all stacks; None where nothing says so."""
        known = [stack.seconds for stack in self.stacks if stack.seconds is not None]
        return sum(known) if known else None

    @property
    def left(self) -> float | None:
        """Seconds until the end at the present speed; None where it is not known.

        Stacks that wait are taken to be as fast per cell as the one that runs.
        """
        running = next((stack for stack in self.stacks if stack.pace is not None), None)
        if self.plan is None or running is None or running.pace is None:
            return None
        own = running.pace.left(running.stack.generations, self.now)
        per_cell = running.pace.seconds / max(1, running.stack.cells)
        waiting = [s.stack for s in self.stacks if s.status == "waiting"]
        return own + per_cell * sum(stack.cells * stack.generations for stack in waiting)


class Watcher:
    """Looks at a directory again and again, and remembers what cannot change.

    Args:
        directory: of a run or study; may not be there yet.
        clock: tells the time, in seconds since 1970.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self.directory = directory
        self._clock = clock
        self._readers: dict[tuple[Path, str, int], RecordReader] = {}

    def look(self) -> View:
        """See how things are.

        Raises:
            CoevoError: the directory is of something else, or its files are damaged.
        """
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE)
            try:
                view = self._look()
            except CoevoError:
                # Perhaps only replaced in this moment.
                if attempt == _TRIES - 1:
                    raise
                continue
            # What ends or begins meanwhile is neither interrupted nor complete.
            if is_worked_on(self.directory) == view.working:
                break
        return view

    def torus(self, stack: int, world: int, view: View) -> TorusCells | None:
        """One world of a view at its last measurement; None where there is none."""
        found = view.stacks[stack].stack
        return self._reader(found, view.metric).torus(world, found.rows, found.columns)

    def _look(self) -> View:
        now, working = self._clock(), is_worked_on(self.directory)
        plan = read_plan(self.directory)
        if plan is None:
            status: Status = "starting" if working else "not started"
            return View(self.directory, now, working, status, None, ())
        stacks: list[StackState] = []
        for stack in plan.stacks:
            before = any(found.status == "running" for found in stacks)
            loss = plan.stacks[0].loss
            here = bool(working is not False and not before)
            stacks.append(_stack_state(stack, self._reader(stack, loss), now, here=here))
        whole_status = _status(stacks, working=working)
        return View(self.directory, now, working, whole_status, plan, tuple(stacks))

    def _reader(self, stack: Stack, loss: str) -> RecordReader:
        key = stack.path, loss, len(stack.worlds)
        if key not in self._readers:
            self._readers[key] = RecordReader(stack.path / "records", loss, len(stack.worlds))
        return self._readers[key]


def _stack_state(stack: Stack, reader: RecordReader, now: float, *, here: bool) -> StackState:
    """One stack; ``here`` tells whether a process may be at work on it."""
    # Before the records: what it tells of may then be recorded, and not the other way round.
    progress = read_document(stack.path / "progress.json")
    result = read_document(stack.path / "result.json")
    failure = read_document(stack.path / "failure.json")
    recorded = reader.refresh()
    status = _stack_status(stack, recorded, (progress, result, failure), here=here)
    error = str((failure or {}).get("error", "")) if status == "failed" and failure else None
    state = StackState(stack, status, recorded, progress, result, error, None)
    seconds = _seconds(state, now)
    return StackState(stack, status, recorded, progress, result, error, seconds)


def _stack_status(
    stack: Stack,
    recorded: Recorded,
    documents: Sequence[Mapping[str, Any] | None],
    *,
    here: bool,
) -> Status:
    progress, result, failure = documents
    if here and progress is not None:
        return "running"
    if result is not None and _is_final(stack, result, recorded):
        return "failed" if result.get("status") == "failed" else "complete"
    if failure is not None:
        return "failed"
    if here:
        return "running"
    return "interrupted" if recorded.last or progress is not None else "waiting"


def _is_final(stack: Stack, result: Mapping[str, Any], recorded: Recorded) -> bool:
    """Whether a result is of all generations, not of an end that was put off later."""
    stopped = bool(len(recorded.stopped_at)) and bool(np.all(recorded.stopped_at > 0))
    return whole(result, "generations") >= stack.generations or stopped


def _seconds(state: StackState, now: float) -> float | None:
    if state.status == "complete":
        return finite(state.result, "seconds")
    told, since = finite(state.progress, "seconds"), finite(state.progress, "time")
    if state.status == "running" and told is not None and since is not None:
        return told + max(0.0, now - since)
    return seconds_saved(state.stack.path / "checkpoints")


def _status(stacks: Sequence[StackState], *, working: bool | None) -> Status:
    found = {stack.status for stack in stacks}
    unfinished = bool(found & {"running", "interrupted", "waiting"}) or not stacks
    if working or (working is None and unfinished):
        return "running"
    if unfinished:
        return "failed" if "failed" in found else "interrupted"
    return "failed" if "failed" in found else "complete"
