"""From the schedule of an entry of ``[[pruning]]`` to one intensity per generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from coevo.catalog import SCHEDULE_KEYS
from coevo.errors import CoevoError
from coevo.pruning.rule import Timing
from coevo.pruning_table import PruningTable
from coevo.user_code import Sources, check_options, load_named, origin
from operators import SCHEDULES, ScheduleFactory

__all__ = ["pruning_timing"]


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
        CoevoError: the schedule cannot be loaded, leaves [0, 1], or never rises above 0 where it
            has a sparsity to reach.
    """
    level = 1.0
    if entry.sparsity is None and entry.scales == "probability":
        level = entry.probability
    factory, options = _schedule(entry, key, neighbors, sources)
    end = generations if entry.end is None else entry.end
    what = f"{key}.schedule: {origin('schedules', entry.schedule)}"
    values = _intensities(factory, options, end - entry.begin, level, what)
    if entry.sparsity is not None:
        values = _rising(values, what)
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
    what: str,
) -> tuple[float, ...]:
    try:
        schedule = factory(horizon, level, **options)
        values = tuple(float(schedule(generation)) for generation in range(horizon))
    except Exception as error:
        raise CoevoError(f"{what} fails: {type(error).__name__}: {error}; mend it") from error
    for generation, value in enumerate(values):
        if not 0.0 <= value <= 1.0:
            raise CoevoError(
                f"{what} gives {value} in its generation {generation}; intensities are in [0, 1]"
            )
    return values


def _rising(values: tuple[float, ...], what: str) -> tuple[float, ...]:
    """The largest value so far, as a share of the largest of all."""
    top = max(values)
    if top <= 0:
        raise CoevoError(f"{what} never rises above 0, so that no sparsity is reached; use another")
    reached, result = 0.0, []
    for value in values:
        reached = max(reached, value)
        result.append(reached / top)
    return tuple(result)
