"""Schedules that each break one law and keep the others."""

from __future__ import annotations

from itertools import count
from math import inf, nan

from operators import Schedule, ScheduleFactory

__all__ = ["BROKEN"]


def goes_above_1(horizon: int, level: float = 1.0) -> Schedule:
    return lambda generation: 1.5 * level


def falls_below_0_after_the_end(horizon: int, level: float = 1.0) -> Schedule:
    return lambda generation: level if generation < horizon else -level


def says_nothing(horizon: int, level: float = 1.0) -> Schedule:
    return lambda generation: None  # type: ignore[arg-type, return-value]  # wrong on purpose


def is_not_a_number(horizon: int, level: float = 1.0) -> Schedule:
    return lambda generation: nan


def fails_before_the_first_generation(horizon: int, level: float = 1.0) -> Schedule:
    def schedule(generation: int) -> float:
        if generation < 0:
            raise ValueError("too early")
        return level

    return schedule


def divides_by_0(horizon: int, level: float = 1.0) -> Schedule:
    last = horizon - 1
    return lambda generation: level * min(max(generation, 0), last) / last


def takes_no_level(horizon: int) -> Schedule:
    return lambda generation: 1.0


_calls = count()


def depends_on_the_call(horizon: int, level: float = 1.0) -> Schedule:
    return lambda generation: level if next(_calls) % 2 else 0.0


def depends_on_the_order(horizon: int, level: float = 1.0) -> Schedule:
    """The highest generation that it was asked for."""
    seen = [0]

    def schedule(generation: int) -> float:
        seen.append(min(generation, horizon - 1))
        return level * max(seen) / horizon

    return schedule


def depends_on_the_generation_before(horizon: int, level: float = 1.0) -> Schedule:
    """The level, unless it is asked for an earlier generation than the last time."""
    before = [inf]

    def schedule(generation: int) -> float:
        falling = generation < before[0]
        before[0] = generation
        return 0.0 if falling else level

    return schedule


def depends_on_the_making(horizon: int, level: float = 1.0) -> Schedule:
    made = next(_calls)
    return lambda generation: level if made % 2 else 0.0


def goes_on_rising(horizon: int, level: float = 1.0) -> Schedule:
    return lambda generation: level * max(generation, 0) / (max(generation, 0) + horizon)


def begins_before_the_first_generation(horizon: int, level: float = 1.0) -> Schedule:
    return lambda generation: level if -2 <= generation < horizon else 0.0


BROKEN: dict[str, list[ScheduleFactory]] = {
    "stays between 0 and 1": [
        goes_above_1,
        falls_below_0_after_the_end,
        says_nothing,
        is_not_a_number,
        fails_before_the_first_generation,
        takes_no_level,
    ],
    "works for one generation": [divides_by_0],
    "depends on the generation alone": [
        depends_on_the_call,
        depends_on_the_order,
        depends_on_the_generation_before,
        depends_on_the_making,
    ],
    "is constant outside its horizon": [goes_on_rising, begins_before_the_first_generation],
}
"""By the law that each is to break."""
