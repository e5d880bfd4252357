"""Hypothesis strategy for schedules of all names, with their options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from operators.schedules import SCHEDULES, Schedule

__all__ = ["ChosenSchedule", "horizons", "levels", "schedules"]

_OPTIONS: Mapping[str, Mapping[str, SearchStrategy[Any]]] = MappingProxyType(
    {
        "exponential": {"steepness": st.sampled_from([2.0, 0.125, 1.0, 8.0, 100.0])},
        "final_n": {"share": st.sampled_from([0.25, 0.125, 0.3, 0.5, 0.9, 1.0])},
        "population": {"divisor": st.integers(1, 9)},
        "periodic": {"every": st.integers(1, 12)},
    }
)


@dataclass(frozen=True)
class ChosenSchedule:
    """A schedule by its name.

    Attributes:
        name: one of `operators.SCHEDULES`.
        horizon: generations that it is stretched over, >= 1.
        level: what its intensity is at most, in [0, 1].
        options: of its factory.
    """

    name: str
    horizon: int
    level: float
    options: Mapping[str, Any]

    def build(self) -> Schedule:
        """The schedule itself."""
        return SCHEDULES[self.name](self.horizon, self.level, **self.options)


def horizons(least: int = 1) -> SearchStrategy[int]:
    """Numbers of generations: mostly few, sometimes some hundred.

    Args:
        least: >= 1.
    """
    return st.one_of(st.integers(least, least + 11), st.integers(least, 500))


def levels() -> SearchStrategy[float]:
    """Levels in [0, 1]: the ends, and what is exact or rounded in between."""
    return st.one_of(st.sampled_from([1.0, 0.0, 0.5, 0.1]), st.floats(0, 1, width=32))


@st.composite
def schedules(draw: DrawFn) -> ChosenSchedule:
    """Schedules of all names, horizons, levels and options; those of one generation included."""
    name = draw(st.sampled_from(sorted(SCHEDULES)))
    options = draw(st.fixed_dictionaries({}, optional=dict(_OPTIONS.get(name, {}))))
    return ChosenSchedule(name, draw(horizons()), draw(levels()), options)
