"""Every schedule keeps all laws, and each law is broken by a schedule that keeps the others."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from operators import SCHEDULES, Schedule, ScheduleFactory
from operators.laws import SCHEDULE_LAWS, Verdict, check_schedule
from operators.laws.intensity_laws import Course
from operators.laws.strategies import ChosenSchedule, schedules
from tests.operators.broken_schedules import BROKEN

CASES = [(law, factory) for law, several in BROKEN.items() for factory in several]
LAWS = {law.name: law for law in SCHEDULE_LAWS}


def failing(factory: ScheduleFactory) -> list[Verdict]:
    return [verdict for verdict in check_schedule(factory) if verdict.outcome == "fails"]


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_keep_the_laws(name: str) -> None:
    verdicts = check_schedule(SCHEDULES[name])
    assert [v.law for v in verdicts] == list(LAWS)
    assert [str(v) for v in verdicts if v.outcome != "holds"] == []
    assert inspect.signature(check_schedule).parameters["examples"].default == 200


@given(chosen=schedules())
def test_schedules_keep_the_laws_with_all_options(chosen: ChosenSchedule) -> None:
    factory = partial(SCHEDULES[chosen.name], **chosen.options)
    for law in SCHEDULE_LAWS:
        law.check(Course(factory, max(chosen.horizon, 2), chosen.level))


@pytest.mark.parametrize(("law", "factory"), CASES, ids=[f.__name__ for _, f in CASES])
def test_a_broken_schedule_fails_the_law_that_is_meant_for_it(
    law: str, factory: ScheduleFactory
) -> None:
    verdicts = check_schedule(factory)
    assert [verdict.law for verdict in verdicts if verdict.outcome == "fails"] == [law]
    for verdict in verdicts:
        rests = [first.name for first in LAWS[verdict.law].after]
        assert (verdict.outcome == "not judged") == (law in rests)


def test_every_law_is_broken_by_some_schedule() -> None:
    assert BROKEN.keys() == LAWS.keys()


def test_counterexamples_are_as_small_as_can_be() -> None:
    def late(horizon: int, level: float = 1.0) -> Schedule:
        return lambda generation: level * (generation > 4)

    (verdict,) = failing(late)
    assert str(verdict) == (
        "is constant outside its horizon: fails: changes outside its horizon\n"
        "horizon     2\nlevel       1\ngeneration  1002\nexpected    0\ngot         1"
    )


def test_what_a_schedule_raises_is_told() -> None:
    def hasty(horizon: int, level: float = 1.0) -> Schedule:
        return lambda generation: 1 / max(generation, 0)

    (verdict,) = failing(hasty)
    assert str(verdict) == (
        "stays between 0 and 1: fails: raises ZeroDivisionError: division by zero\n"
        "horizon     2\nlevel       1\ngeneration  -1000"
    )


def test_whatever_float_makes_a_number_is_one() -> None:
    def tensors(horizon: int, level: float = 1.0) -> Any:
        import torch

        return lambda generation: torch.tensor(level)

    assert failing(tensors) == []
