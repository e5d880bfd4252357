"""What a view says in words: the lines above the plots."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from datetime import timedelta

from coevo.interruption import resume_command
from coevo.reporting.numbers import percent, plural
from coevo.watching.choice import Shown, best_of, lowest_so_far
from coevo.watching.recorded import TorusCells
from coevo.watching.state import StackState, View

__all__ = [
    "advice",
    "best_line",
    "loss_text",
    "notes",
    "printable",
    "progress_share",
    "subtitle",
    "times",
    "title",
]

_MOST_NAMED = 3


def printable(text: str) -> str:
    r"""A text without characters that would move the cursor or change colors.

    Examples:
        >>> printable("digits\x1b[2J\nnoisy")
        'digits [2J noisy'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def loss_text(loss: float) -> str:
    """A loss as the command line writes it, and small ones with their exponent.

    Examples:
        >>> loss_text(0.0123456), loss_text(4.5e-7)
        ('0.01235', '4.50e-07')
    """
    return f"{loss:.5f}" if loss == 0 or abs(loss) >= 1e-3 else f"{loss:.2e}"


def title(view: View) -> str:
    """The experiment's description, or the name of the directory."""
    description = view.plan.description if view.plan is not None else ""
    return printable(description.strip() or view.directory.resolve().name or str(view.directory))


def subtitle(view: View) -> str:
    """Directory, variants, seeds, the stack at work, and the torus."""
    parts = [printable(str(view.directory))]
    if view.plan is None:
        return parts[0]
    if view.plan.study:
        variants = plural(len(view.plan.variants), "variant")
        parts.append(f"{variants} x {plural(len(view.plan.seeds), 'seed')}")
    else:
        parts.append(plural(len(view.plan.seeds), "world"))
    if view.plan.study and view.stacks:
        begun = [n for n, s in enumerate(view.stacks, 1) if s.status != "waiting"]
        parts.append(f"stack {max(begun, default=1)} of {len(view.stacks)}")
    if view.stacks:
        stack = view.stacks[_at_work(view)].stack
        parts.append(f"{stack.rows} x {stack.columns} torus")
    return " · ".join(parts)


def progress_share(view: View) -> tuple[str, float]:
    """Where it is in words, and how much of all generations is over, from 0 to 1."""
    if not view.stacks:
        return "nothing computed yet", 0.0
    state = view.stacks[_at_work(view)]
    words = f"generation {state.generation} of {state.stack.generations}"
    planned = sum(stack.stack.generations * stack.stack.cells for stack in view.stacks)
    return words, sum(map(_over, view.stacks)) / max(1, planned)


def times(view: View) -> str:
    """How long it took, and how long it will take."""
    parts = [] if view.seconds is None else [f"{_clock(view.seconds)} spent"]
    if view.status == "running":
        left = view.left
        parts.append("time left not known yet" if left is None else f"{_clock(left)} left")
    return ", ".join(parts)


def best_line(view: View, torus: tuple[Shown, TorusCells] | None) -> str:
    """The best validation loss now, whose it is, and the lowest so far."""
    best, lowest, told = best_of(view), lowest_so_far(view), _told(view)
    if best is None or lowest is None:
        if told is None:
            return "no validation loss is recorded yet"
        return f"best validation {view.metric} {loss_text(told)}"
    place = best.name
    if torus is not None and torus[0] == best and torus[1].best is not None:
        place += ", row {}, column {}".format(*torus[1].best)
    if told is not None:
        place = f"generation {view.stacks[0].generation}"
    loss = best.loss if told is None else told
    line = f"best validation {view.metric} {loss_text(loss)} ({place})"
    return printable(f"{line}, lowest so far {loss_text(min(lowest, loss))}")


def notes(view: View, shown: Shown | None) -> list[str]:
    """Worlds that stopped, sparsity, stacks that failed, and what to do."""
    lines = []
    stopped = _stopped(view)
    if stopped:
        worlds = sum(len(stack.stack.worlds) for stack in view.stacks)
        named = ", ".join(f"{name} in generation {at}" for name, at in stopped[:_MOST_NAMED])
        more = ", ..." if len(stopped) > _MOST_NAMED else ""
        lines.append(f"{len(stopped)} of {plural(worlds, 'world')} stopped: {named}{more}")
    if shown is not None:
        own = view.stacks[shown.stack].recorded.sparsity.items()
        shares = [(role, float(values[shown.world])) for role, values in own]
        known = [f"{role} {percent(share)}" for role, share in shares if math.isfinite(share)]
        if known:
            lines.append(f"sparsity of {shown.name}: {', '.join(known)}")
    failed = [stack for stack in view.stacks if stack.failure]
    lines += [f"stack {stack.stack.path.name} failed: {stack.failure}" for stack in failed]
    if view.plan is not None and view.plan.study:
        found = Counter(stack.status for stack in view.stacks)
        lines.append("stacks: " + ", ".join(f"{n} {status}" for status, n in found.items()))
    return [printable(line) for line in lines]


def advice(view: View) -> str:
    """What one may do, in the present state; empty where there is nothing."""
    directory = shlex.quote(str(view.directory))
    if view.status == "not started":
        return f"nothing is in {directory} yet"
    if view.status == "starting":
        return "the experiment is being prepared"
    if view.status == "interrupted":
        return f"no process works on it; go on with: {resume_command(view.directory)}"
    if view.status == "failed" and any(stack.failure for stack in view.stacks):
        return f"stacks that failed are tried again by: {resume_command(view.directory)}"
    if view.status in ("complete", "failed"):
        return f"see {directory}/report.html"
    if view.working is None:
        return "whether a process works on it cannot be told on this system"
    return ""


def _at_work(view: View) -> int:
    """The stack that runs, or else the last that has begun."""
    begun = [0]
    for position, stack in enumerate(view.stacks):
        if stack.status == "running":
            return position
        if stack.status != "waiting":
            begun.append(position)
    return begun[-1]


def _over(state: StackState) -> int:
    """Generations of cells that need no more computing."""
    stack = state.stack
    over = stack.generations if state.status == "complete" else state.generation
    return min(over, stack.generations) * stack.cells


def _told(view: View) -> float | None:
    """The best loss between two checkpoints, where a run without variants tells one."""
    if view.plan is None or view.plan.study or not view.stacks or not view.stacks[0].progress:
        return None
    state, told = view.stacks[0], view.stacks[0].progress.get("best_loss")
    newer = state.status == "running" and state.generation > state.recorded.last
    return told if newer and isinstance(told, float) else None


def _stopped(view: View) -> list[tuple[str, int]]:
    return [
        (
            f"{variant}, seed {seed}" if variant else f"seed {seed}",
            int(stack.recorded.stopped_at[n]),
        )
        for stack in view.stacks
        for n, (variant, seed) in enumerate(stack.stack.worlds)
        if stack.recorded.stopped_at[n]
    ]


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds.

    Examples:
        >>> _clock(75.2)
        '0:01:15'
    """
    return str(timedelta(seconds=round(seconds)))
