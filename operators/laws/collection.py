"""Laws as tests that pytest collects, for test files of your own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from operators.laws.judging import (
    OPERATOR_LAWS,
    SCHEDULE_LAWS,
    judge_of_operators,
    judge_of_schedules,
)
from operators.laws.law import Law, Verdict
from operators.pruning import as_operator
from operators.schedules import ScheduleFactory

__all__ = ["operator_laws", "schedule_laws"]

_Subject = TypeVar("_Subject")
_Example = TypeVar("_Example")
_Test: TypeAlias = Callable[..., None]


def operator_laws(operator: object, *, examples: int = 200) -> _Test:
    """A test function for pytest with one case for each law that applies to an operator.

    Two lines are a test file::

        from operators.laws import operator_laws
        test_my_operator = operator_laws(my_operator)

    Args:
        operator: as for `check_operator`.
        examples: for each law, >= 1.

    Raises:
        ValueError: it is not an operator.
    """
    subject = as_operator(operator)
    return _test_of(subject, OPERATOR_LAWS, judge_of_operators(subject, examples))


def schedule_laws(factory: ScheduleFactory, *, examples: int = 200) -> _Test:
    """A test function for pytest with one case for each law of schedules.

    Args:
        factory: as for `check_schedule`.
        examples: for each law, >= 1.
    """
    return _test_of(factory, SCHEDULE_LAWS, judge_of_schedules(factory, examples))


def _test_of(
    subject: _Subject,
    laws: Sequence[Law[_Subject, _Example]],
    judge: Callable[[Law[_Subject, _Example]], Verdict],
) -> _Test:
    import pytest

    asked = [law for law in laws if not law.exempt(subject)]
    names = [law.name.replace(" ", "_") for law in asked]

    @pytest.mark.parametrize("law", asked, ids=names)
    def test(law: Law[_Subject, _Example]) -> None:
        verdict = judge(law)
        if verdict.outcome == "not judged":
            pytest.skip(str(verdict))
        if verdict.outcome == "fails":
            pytest.fail(str(verdict), pytrace=False)

    return test
