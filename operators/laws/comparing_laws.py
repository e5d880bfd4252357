"""Laws that compare what an operator makes of the same weights in two layers."""

from __future__ import annotations

from operators.laws.case import Operator
from operators.laws.comparison import (
    require_equal_treatment,
    require_ignorance_of_removed,
    require_refusal_of_nan,
    require_repetition,
)
from operators.laws.decision import on_weights
from operators.laws.law import Law
from operators.laws.mask_laws import FORM
from operators.laws.trial import Trial

__all__ = ["COMPARABLE", "COMPARING_LAWS"]


def repeats_itself(trial: Trial) -> None:
    """The same layer gives the same masks: again at once, and after a call on another layer."""
    require_repetition(trial, on_weights)


def ignores_values_under_removed_weights(trial: Trial) -> None:
    """What stands where a weight was removed, its gradient and origin included, decides nothing."""
    require_ignorance_of_removed(trial, on_weights, trial.decision)


def treats_cells_alike(trial: Trial) -> None:
    """Operating on chosen cells, reordered or repeated, is choosing from what was operated on."""
    require_equal_treatment(trial, on_weights, trial.decision)


def refuses_what_is_not_a_number(trial: Trial) -> None:
    """NaN among what decides is a ValueError: at a kept weight, or in statistics of the data."""
    require_refusal_of_nan(trial, on_weights)


_REPEATS: Law[Operator, Trial] = Law(repeats_itself, (FORM,))
COMPARABLE = (FORM, _REPEATS)
"""What must hold before two results of an operator can be compared."""
COMPARING_LAWS: tuple[Law[Operator, Trial], ...] = (
    _REPEATS,
    Law(ignores_values_under_removed_weights, COMPARABLE),
    Law(treats_cells_alike, COMPARABLE),
    Law(refuses_what_is_not_a_number, COMPARABLE),
)
