"""From the schedule of an entry of ``[[pruning]]`` to one intensity per generation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from coevo.catalog import SCHEDULE_KEYS
from coevo.errors import CoevoError
from coevo.problems import told
from coevo.pruning.rule import Timing
from coevo.pruning_table import PruningTable
from coevo.user_code import (
    Sources,
    check_options,
    load_named,
    option_refusal,
    origin,
)
from operators import SCHEDULES, ScheduleFactory
from operators.options import options_of

__all__ = ["pruning_timing"]

_FALLING = ("decrease", "decrease_published", "cosine_decay")
"""Schedules of ours that end at 0 where they reach for a sparsity."""


def pruning_timing(
    entry: PruningTable,
    key: str,
    generations: int,
    neighbors: int,
    sources: Sources,
    *,
    exact: bool,
) -> Timing:
    """When an entry acts, and how much it removes.

    Args:
        entry: of ``[[pruning]]``.
        key: where it stands, as ``pruning[0]``.
        generations: of the run.
        neighbors: cells of a neighborhood.
        sources: for code of the user's own.
        exact: whether the entry's operator meets its quotas.

    Raises:
        CoevoError: the schedule cannot be loaded, refuses an option, leaves [0, 1], never rises
            above 0 where it has a sparsity to reach, or has periods longer than its window.
    """
    level = 1.0
    if entry.sparsity is None and entry.scales == "probability":
        level = entry.probability
    factory, options = _schedule(entry, key, neighbors, sources)
    end = generations if entry.end is None else entry.end
    _check_period(entry, key, end - entry.begin)
    values = _intensities(factory, options, end - entry.begin, level, key, entry.schedule)
    if entry.sparsity is not None:
        values = _rising(values, key, entry.schedule)
    before = (0.0,) * entry.begin
    after = (values[-1],) * (generations - end) if entry.sparsity is not None else ()
    return Timing(
        (*before, *values, *after),
        sparsity=entry.sparsity,
        probability=entry.probability,
        amount=entry.amount,
        scales=entry.scales,
        again=entry.masks == "soft" or not exact,
    )


def _schedule(
    entry: PruningTable, key: str, neighbors: int, sources: Sources
) -> tuple[ScheduleFactory, dict[str, Any]]:
    name, where = entry.schedule, f"{key}.schedule"
    if name in SCHEDULES:
        options = {k: getattr(entry, k) for k in SCHEDULE_KEYS[name]}
        if "divisor" in options and options["divisor"] is None:
            options["divisor"] = neighbors
        return SCHEDULES[name], options
    found = load_named("schedules", where, name, sources)
    if not callable(found):
        raise CoevoError(f"{where}: {name!r} is a {type(found).__name__}; give a function")
    what, own = origin("schedules", name), dict(entry.schedule_options)
    check_options(found, own, f"{key}.schedule_options", what, before=2)
    return found, own


def _intensities(
    factory: Callable[..., Any],
    options: Mapping[str, Any],
    horizon: int,
    level: float,
    key: str,
    name: str,
) -> tuple[float, ...]:
    what = f"{key}.schedule: {origin('schedules', name)}"
    try:
        schedule = factory(horizon, level, **options)
        values = tuple(float(schedule(generation)) for generation in range(horizon))
    except Exception as error:
        refused = option_refusal(error, {*options_of(factory, before=2).needed, *options})
        said = f"{key}.schedule_options.{refused}" if refused else ""
        raise CoevoError(said or f"{what} fails: {told(error)}; mend it") from error
    for generation, value in enumerate(values):
        if not 0.0 <= value <= 1.0:
            fix = "mend it" if math.isnan(value) else "clamp it"
            raise CoevoError(
                f"{what} gives {value} in its generation {generation}; intensities are in [0, 1]; "
                f"{fix}"
            )
    return values


def _check_period(entry: PruningTable, key: str, window: int) -> None:
    """Refuse periods of which none ends."""
    if entry.schedule != "periodic" or entry.every <= window:
        return
    effect = "nothing is pruned" if entry.sparsity is None else "no sparsity is reached"
    length, fix = (
        ("1 generation", "1") if window == 1 else (f"{window} generations", f"{window} or less")
    )
    raise CoevoError(
        f"{key}.every: {entry.every} is longer than the window of {length}, so that {effect}; "
        f"give {fix}"
    )


def _rising(values: tuple[float, ...], key: str, name: str) -> tuple[float, ...]:
    """The largest value so far, as a share of the largest of all."""
    top = max(values)
    if top <= 0:
        does, fix = "never rises above 0", "use another"
        if name in _FALLING and len(values) == 1:
            does = "ends at 0 in its window of 1 generation"
            fix = "use a longer window or another schedule"
        what = f"{key}.schedule: {origin('schedules', name)}"
        raise CoevoError(f"{what} {does}, so that no sparsity is reached; {fix}")
    reached, result = 0.0, []
    for value in values:
        reached = max(reached, value)
        result.append(reached / top)
    return tuple(result)
