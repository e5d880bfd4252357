"""Judges operators and schedules by their laws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias, TypeVar

from operators.laws.case import Operator
from operators.laws.comparing_laws import COMPARING_LAWS
from operators.laws.court import Court
from operators.laws.intensity_laws import INTENSITY_LAWS, Course, courses
from operators.laws.invariance_laws import INVARIANCE_LAWS
from operators.laws.law import BrokenLawError, Law, Verdict
from operators.laws.mask_laws import MASK_LAWS
from operators.laws.reduction import smaller_trials
from operators.laws.trial import Trial, trials
from operators.laws.unit_laws import UNIT_LAWS
from operators.pruning import as_operator
from operators.schedules import ScheduleFactory

__all__ = [
    "OPERATOR_LAWS",
    "SCHEDULE_LAWS",
    "check_operator",
    "check_schedule",
    "judge_of_operators",
    "judge_of_schedules",
]

OPERATOR_LAWS = (*MASK_LAWS, *COMPARING_LAWS, *UNIT_LAWS, *INVARIANCE_LAWS)
"""The laws of pruning operators, in the order in which they are judged."""
SCHEDULE_LAWS = INTENSITY_LAWS
"""The laws of schedules, in the order in which they are judged."""

_Subject = TypeVar("_Subject")
_Example = TypeVar("_Example")
_Judge: TypeAlias = Callable[[Law[_Subject, _Example]], Verdict]


def check_operator(operator: object, *, examples: int = 200) -> list[Verdict]:
    """Judge a pruning operator by all laws.

    The same examples are tried every time.

    Args:
        operator: made by `operators.scoring` or `operators.masking`, or a plain function from
            a layer and quotas to masks; options are bound by its method ``bound``.
        examples: for each law, >= 1.

    Returns:
        One verdict for each law, in the order of `OPERATOR_LAWS`.

    Raises:
        ValueError: it is not an operator.

    Examples:
        >>> from operators import prune_lowest
        >>> def at_most_one(layer, quota):
        ...     return prune_lowest(layer.weights, layer.masks, quota.clamp(max=1))
        >>> for verdict in check_operator(at_most_one):
        ...     if verdict.outcome == "fails":
        ...         print(verdict.law)
        removes its quota
        removes everything at amount 1
    """
    return list(map(judge_of_operators(as_operator(operator), examples), OPERATOR_LAWS))


def check_schedule(factory: ScheduleFactory, *, examples: int = 200) -> list[Verdict]:
    """Judge a schedule by all laws.

    The same examples are tried every time.

    Args:
        factory: ``(horizon, level)`` to a schedule; `functools.partial` binds its options.
        examples: for each law, >= 1.

    Returns:
        One verdict for each law, in the order of `SCHEDULE_LAWS`.

    Examples:
        >>> def ever_rising(horizon, level=1.0):
        ...     return lambda generation: level * abs(generation) / (1 + abs(generation))
        >>> print(check_schedule(ever_rising)[-1])
        is constant outside its horizon: fails: changes outside its horizon
        horizon     2
        level       1
        generation  -2
        expected    0.5
        got         0.666667
    """
    return list(map(judge_of_schedules(factory, examples), SCHEDULE_LAWS))


def judge_of_operators(operator: Operator, examples: int) -> _Judge[Operator, Trial]:
    """A function from the laws of operators to verdicts on one of them."""
    return _judge_of(Court(operator, trials(operator), smaller_trials, examples), OPERATOR_LAWS)


def judge_of_schedules(factory: ScheduleFactory, examples: int) -> _Judge[ScheduleFactory, Course]:
    """A function from the laws of schedules to verdicts on one of them."""
    return _judge_of(Court(factory, courses(factory), lambda _: (), examples), SCHEDULE_LAWS)


def _judge_of(
    court: Court[_Subject, _Example], laws: Sequence[Law[_Subject, _Example]]
) -> _Judge[_Subject, _Example]:
    @cache
    def broken() -> dict[Law[_Subject, _Example], BrokenLawError]:
        return court.broken([law for law in laws if not law.exempt(court.subject)])

    @cache
    def judge(law: Law[_Subject, _Example]) -> Verdict:
        reason = law.exempt(court.subject)
        if reason:
            return Verdict(law.name, "does not apply", reason)
        for first in law.after:
            if judge(first).outcome != "holds":
                return Verdict(law.name, "not judged", f"it rests on {first.name!r}")
        if law not in broken():
            return Verdict(law.name, "holds")
        smallest = court.smallest(law) or broken()[law]
        return Verdict(law.name, "fails", smallest.message, smallest.counterexample)

    return judge
