"""The law of functions that score units."""

from __future__ import annotations

from operators.laws.case import Operator, require_unchanged
from operators.laws.comparing_laws import COMPARABLE
from operators.laws.comparison import (
    require_equal_treatment,
    require_ignorance_of_removed,
    require_refusal_of_nan,
    require_repetition,
)
from operators.laws.decision import on_units
from operators.laws.law import BrokenLawError, Law
from operators.laws.trial import Trial
from operators.pruning import ScoringOperator

__all__ = ["UNIT_LAWS"]


def scores_units_by_the_same_laws(trial: Trial) -> None:
    """Scores of units meet quotas of units, and keep the laws that scores of weights keep."""
    case = trial.case
    own = case.copy()
    first = on_units(trial.operator, own)
    missed = (first.kept & ~first.left).sum(1) != case.quota.minimum(first.kept.sum(1))
    if trial.operator.exact and missed.any():
        raise BrokenLawError("does not meet quotas of units", {**case.evidence, "got": first.left})
    require_unchanged(case, own)
    require_repetition(trial, on_units)
    require_ignorance_of_removed(trial, on_units, first)
    require_equal_treatment(trial, on_units, first)
    require_refusal_of_nan(trial, on_units)


def _unless_for_units(operator: Operator) -> str:
    if isinstance(operator, ScoringOperator) and operator.of_units is not None:
        return ""
    return "it has no function of_units"


UNIT_LAWS: tuple[Law[Operator, Trial], ...] = (
    Law(scores_units_by_the_same_laws, COMPARABLE, _unless_for_units),
)
