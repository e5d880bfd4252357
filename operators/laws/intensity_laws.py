"""Laws about schedules, given by their factories: ``(horizon, level, **options)``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from operators.laws.evidence import Evidence
from operators.laws.law import BrokenLawError, Law
from operators.laws.strategies.schedules import horizons, levels
from operators.schedules import Schedule, ScheduleFactory

__all__ = ["INTENSITY_LAWS", "Course", "courses"]

_FAR = 1000


@dataclass(frozen=True)
class Course:
    """What a factory is given.

    Attributes:
        factory: on trial.
        horizon: generations, >= 2; one alone has a law of its own.
        level: in [0, 1].
    """

    factory: ScheduleFactory
    horizon: int
    level: float

    @property
    def evidence(self) -> dict[str, Evidence]:
        """All that there is to be seen of it."""
        return {"horizon": self.horizon, "level": self.level}


def courses(factory: ScheduleFactory) -> SearchStrategy[Course]:
    """Examples for a schedule."""
    return st.builds(Course, st.just(factory), horizons(least=2), levels())


def stays_between_0_and_1(course: Course) -> None:
    """Every intensity is a number in [0, 1], also before the first generation and after the last."""
    _require_intensities(course)


def works_for_one_generation(course: Course) -> None:
    """Where the horizon is 1, intensities are numbers in [0, 1] too."""
    _require_intensities(replace(course, horizon=1))


def depends_on_the_generation_alone(course: Course) -> None:
    """Asked again, in another order, or made anew, a schedule says the same."""
    schedule, generations = _built(course), _generations(course.horizon)
    first = _values(schedule, generations, course)
    for how, values in (
        ("when asked again", _values(schedule, generations, course)),
        ("in another order", _values(schedule, generations[::-1], course)[::-1]),
        ("when made anew", _values(_built(course), generations, course)),
    ):
        for generation, expected, got in zip(generations, first, values, strict=True):
            _require_equal(f"says something else {how}", course, generation, expected, got)


def is_constant_outside_its_horizon(course: Course) -> None:
    """All generations before the first are alike, and so are all after the last."""
    schedule, end = _built(course), course.horizon
    for generations in ((-1, -2, -_FAR), (end, end + 1, end + _FAR)):
        expected, *others = _values(schedule, generations, course)
        for generation, got in zip(generations[1:], others, strict=True):
            _require_equal("changes outside its horizon", course, generation, expected, got)


def _generations(horizon: int) -> Sequence[int]:
    return (-_FAR, *range(-2, horizon + 2), horizon + _FAR)


def _require_intensities(course: Course) -> None:
    generations = _generations(course.horizon)
    values = _values(_built(course), generations, course)
    for generation, value in zip(generations, values, strict=True):
        if not 0 <= value <= 1:
            evidence = {**course.evidence, "generation": generation, "got": value}
            raise BrokenLawError("gives something that is not in [0, 1]", evidence)


def _require_equal(
    message: str, course: Course, generation: int, expected: float, got: float
) -> None:
    if got != expected:
        evidence = {**course.evidence, "generation": generation, "expected": expected, "got": got}
        raise BrokenLawError(message, evidence)


def _built(course: Course) -> Schedule:
    try:
        return course.factory(course.horizon, course.level)
    except Exception as error:
        raise BrokenLawError(f"raises {type(error).__name__}: {error}", course.evidence) from error


def _values(schedule: Schedule, generations: Iterable[int], course: Course) -> list[float]:
    values = []
    for generation in generations:
        try:
            values.append(float(schedule(generation)))
        except Exception as error:
            message = f"raises {type(error).__name__}: {error}"
            evidence = {**course.evidence, "generation": generation}
            raise BrokenLawError(message, evidence) from error
    return values


_IN_RANGE: Law[ScheduleFactory, Course] = Law(stays_between_0_and_1)
_ALONE = Law(depends_on_the_generation_alone, (_IN_RANGE,))
INTENSITY_LAWS: tuple[Law[ScheduleFactory, Course], ...] = (
    _IN_RANGE,
    Law(works_for_one_generation, (_IN_RANGE,)),
    _ALONE,
    Law(is_constant_outside_its_horizon, (_IN_RANGE, _ALONE)),
)
