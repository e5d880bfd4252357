"""Schedules: when pruning happens, and how strongly.

A schedule is a plain function from a generation to an intensity. Factories take the horizon, the
number of generations that the schedule is stretched over, then the level that its intensity is
at most. Before the first generation and after the last a schedule is constant. Where there is
only one generation, it is the last one: schedules that rise are at the end of their rise, those
that fall at the end of their fall.

Where no other source is given: Jorgensen et al., GECCO 2025 (arXiv 2505.05138).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, exp, pi
from types import MappingProxyType
from typing import TypeAlias

__all__ = [
    "ANY_HORIZON",
    "SCHEDULES",
    "Schedule",
    "ScheduleFactory",
    "cosine",
    "cosine_decay",
    "cubic",
    "decrease",
    "decrease_published",
    "exponential",
    "final_n",
    "fixed",
    "increase",
    "one_shot",
    "periodic",
    "population",
    "prune_after",
]

Schedule: TypeAlias = Callable[[int], float]
"""From a generation, counted from 0, to an intensity in [0, 1]."""
ScheduleFactory: TypeAlias = Callable[..., Schedule]
"""``(horizon, level, **options)`` to a schedule: horizon >= 1 generations, level in [0, 1]."""


def _progress(generation: int, horizon: int) -> float:
    """0 in the first generation, 1 in the last."""
    last = horizon - 1
    return 1.0 if last == 0 else min(max(generation, 0), last) / last


def fixed(horizon: int, level: float = 1.0) -> Schedule:
    """The level in every generation.

    Examples:
        >>> fixed(10, 0.5)(3)
        0.5
    """
    del horizon
    return lambda generation: level


def increase(horizon: int, level: float = 1.0) -> Schedule:
    """Rises in a straight line from 0 to the level.

    Examples:
        >>> [increase(5, 0.5)(t) for t in (0, 2, 4, 99)]
        [0.0, 0.25, 0.5, 0.5]
    """
    return lambda generation: level * _progress(generation, horizon)


def decrease(horizon: int, level: float = 1.0) -> Schedule:
    """Falls in a straight line from the level to 0.

    Examples:
        >>> [decrease(5, 0.5)(t) for t in (0, 2, 4)]
        [0.5, 0.25, 0.0]
    """
    return lambda generation: level * (1.0 - _progress(generation, horizon))


def decrease_published(horizon: int, level: float = 1.0) -> Schedule:
    """Falls in a straight line from 1, whatever the level, to 1 minus the level, as published.

    Examples:
        >>> [decrease_published(5, 0.1)(t) for t in (0, 4)]
        [1.0, 0.9]
    """
    return lambda generation: 1.0 - level * _progress(generation, horizon)


def exponential(horizon: int, level: float = 1.0, *, steepness: float = 2.0) -> Schedule:
    """Rises from 0, ever more slowly, to ``1 - exp(-steepness)`` of the level.

    Args:
        horizon: in generations.
        level: of a rise without end.
        steepness: > 0; published is 2, with which it ends at 0.865 of the level.

    Examples:
        >>> round(exponential(400, 0.5)(399), 4)
        0.4323
    """
    return lambda generation: level * (1.0 - exp(-steepness * _progress(generation, horizon)))


def final_n(horizon: int, level: float = 1.0, *, share: float = 0.25) -> Schedule:
    """0 until the last share of the generations, then the level.

    Examples:
        >>> [final_n(400, 0.5)(t) for t in (299, 300, 399)]
        [0.0, 0.5, 0.5]
    """
    return lambda generation: level if _progress(generation, horizon) >= 1.0 - share else 0.0


def population(horizon: int, level: float = 1.0, *, divisor: int = 1) -> Schedule:
    """Rises in a straight line from 0 to the level divided by a number of networks.

    Args:
        horizon: in generations.
        level: to be divided.
        divisor: >= 1; published is the number of cells in a neighborhood.

    Examples:
        >>> population(5, 0.6, divisor=2)(4)
        0.3
    """
    return lambda generation: level * _progress(generation, horizon) / divisor


def prune_after(horizon: int, level: float = 1.0) -> Schedule:
    """The level in the last generation, 0 before: pruning without training afterwards.

    Examples:
        >>> [prune_after(400)(t) for t in (398, 399)]
        [0.0, 1.0]
    """
    return lambda generation: level if _progress(generation, horizon) >= 1.0 else 0.0


def one_shot(horizon: int, level: float = 1.0) -> Schedule:
    """The level in the first generation, 0 afterwards.

    Examples:
        >>> [one_shot(9)(t) for t in (0, 1)]
        [1.0, 0.0]
    """
    del horizon
    return lambda generation: level if generation <= 0 else 0.0


def periodic(horizon: int, level: float = 1.0, *, every: int = 10) -> Schedule:
    """The level at the end of every period of generations, 0 in between.

    Args:
        horizon: in generations.
        level: of the generations that end a period.
        every: generations of a period, >= 1.

    Examples:
        >>> [t for t in range(9) if periodic(9, every=4)(t)]
        [3, 7]
    """
    last = horizon - 1
    return lambda generation: level if (min(max(generation, 0), last) + 1) % every == 0 else 0.0


def cosine(horizon: int, level: float = 1.0) -> Schedule:
    """Rises from 0 to the level along half a wave, slowly at both ends.

    Examples:
        >>> [round(cosine(5)(t), 3) for t in range(5)]
        [0.0, 0.146, 0.5, 0.854, 1.0]
    """
    return lambda generation: level * (1.0 - cos(pi * _progress(generation, horizon))) / 2.0


def cosine_decay(horizon: int, level: float = 1.0) -> Schedule:
    """Falls from the level to 0 along half a wave: RigL, Evci et al., ICML 2020.

    Examples:
        >>> [round(cosine_decay(5, 0.3)(t), 3) for t in (0, 2, 4)]
        [0.3, 0.15, 0.0]
    """
    return lambda generation: level * (1.0 + cos(pi * _progress(generation, horizon))) / 2.0


def cubic(horizon: int, level: float = 1.0) -> Schedule:
    """Rises from 0 to the level, fast at first: Zhu & Gupta 2017 (arXiv 1710.01878), eq. 1.

    Differs from the paper: it begins at 0 and moves in every generation.

    Examples:
        >>> [round(cubic(3, 0.8)(t), 3) for t in range(3)]
        [0.0, 0.7, 0.8]
    """
    return lambda generation: level * (1.0 - (1.0 - _progress(generation, horizon)) ** 3)


SCHEDULES: Mapping[str, ScheduleFactory] = MappingProxyType(
    {
        "fixed": fixed,
        "increase": increase,
        "decrease": decrease,
        "decrease_published": decrease_published,
        "exponential": exponential,
        "final_n": final_n,
        "population": population,
        "prune_after": prune_after,
        "one_shot": one_shot,
        "periodic": periodic,
        "cosine": cosine,
        "cosine_decay": cosine_decay,
        "cubic": cubic,
    }
)

ANY_HORIZON = frozenset({"fixed", "one_shot", "periodic"})
"""Schedules that say the same whatever the horizon is."""
