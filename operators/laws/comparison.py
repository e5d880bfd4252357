"""Compares what an operator makes of two layers: of its weights, and in the same way of its units.

Where the operator scores, scores are compared beside what is left, because other layers may be
ranked together with this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

import torch
from torch import Tensor

from operators.laws.case import PER_WEIGHT, Case
from operators.laws.decision import Decide, Decision
from operators.laws.evidence import Evidence
from operators.laws.law import BrokenLawError
from operators.laws.trial import Trial

__all__ = [
    "require_equal_treatment",
    "require_ignorance_of_removed",
    "require_refusal_of_nan",
    "require_repetition",
]

_ROUNDING = 1e-5
"""Of the largest score in a cell."""


def require_repetition(trial: Trial, decide: Decide) -> None:
    """Ask for the same again: at once, and after a call on another layer."""
    operator, case = trial.operator, trial.case
    # Not the decision of the trial: between the two there must be no other call.
    first = decide(operator, case.copy())
    again = decide(operator, case.copy())
    _require_equal(again, first, "decides otherwise when asked again", case.evidence)
    decide(operator, case.replaced(weights=-case.layer.weights).copy())
    last = decide(operator, case.copy())
    message = "decides otherwise after a call on another layer"
    _require_equal(last, first, message, case.evidence)


def require_ignorance_of_removed(trial: Trial, decide: Decide, expected: Decision) -> None:
    """Ask for the same with other numbers where a weight was removed."""
    case = trial.case
    changed = {
        name: tensor.where(case.layer.masks, 64 * trial.others)
        for name, tensor in case.numbers.items()
        if name in PER_WEIGHT
    }
    got = decide(trial.operator, case.replaced(**changed).copy())
    others = {f"other {name}": tensor for name, tensor in changed.items()}
    message = "depends on values under removed weights"
    _require_equal(got, expected, message, {**case.evidence, **others})


def require_equal_treatment(trial: Trial, decide: Decide, expected: Decision) -> None:
    """Ask for the same in some of the cells by themselves."""
    case, ids = trial.case, list(trial.chosen)
    got = decide(trial.operator, case.select(ids))
    evidence = {**case.evidence, "cells chosen": torch.tensor(ids)}
    message = "decides otherwise in other company"
    _require_equal(got, expected.select(ids), message, evidence)


def require_refusal_of_nan(trial: Trial, decide: Decide) -> None:
    """Ask for a ValueError where a number that decides is NaN."""
    operator, case = trial.operator, trial.case
    found = _place(case, trial.place)
    if found is None:
        return
    name, place = found
    spoiled = case.replaced(**{name: _put(case.numbers[name], place, nan)})
    try:
        decide(operator, spoiled.copy())
    except BrokenLawError as error:
        cause = error.__cause__
        if isinstance(cause, ValueError):
            return
        if cause is None:
            raise
        message = f"raises {type(cause).__name__}, not ValueError, for NaN in {name}: {cause}"
        raise BrokenLawError(message, spoiled.evidence) from error
    small, large = (
        decide(operator, case.replaced(**{name: _put(case.numbers[name], place, value)}).copy())
        for value in (0.0, 64.0)
    )
    message = f"takes NaN in {name} for a number, where a number decides"
    _require_equal(large, small, message, spoiled.evidence, ("with 0 there", "with 64 there"))


def _require_equal(
    got: Decision,
    expected: Decision,
    message: str,
    evidence: Mapping[str, Evidence],
    names: tuple[str, str] = ("expected", "got"),
) -> None:
    one, other = names
    if not got.left.equal(expected.left):
        raise BrokenLawError(message, {**evidence, one: expected.left, other: got.left})
    first, second = expected.scores_kept, got.scores_kept
    if first is not None and second is not None and not _alike(first, second):
        scores = {f"scores {one}": first, f"scores {other}": second}
        raise BrokenLawError(f"{message}, where layers are ranked together", {**evidence, **scores})


def _alike(scores: Tensor, others: Tensor) -> bool:
    """Whether scores are equal, but for rounding, which may depend on the number of cells."""
    sizes = scores.masked_fill(scores.isinf(), 0.0).flatten(1).abs().amax(1)
    near = (scores - others).abs() <= _ROUNDING * sizes.view(-1, *[1] * (scores.dim() - 1))
    return bool(((scores == others) | near).all())


def _place(case: Case, number: int) -> tuple[str, int] | None:
    """A name and the position of a number that may decide; None where the name has none."""
    names = sorted(case.numbers, reverse=True)  # weights first
    name, number = names[number % len(names)], number // len(names)
    masks = case.layer.masks.flatten()
    places = masks.nonzero().flatten() if name in PER_WEIGHT else range(case.numbers[name].numel())
    return (name, int(places[number % len(places)])) if len(places) else None


def _put(tensor: Tensor, place: int, value: float) -> Tensor:
    changed = tensor.clone()
    changed.view(-1)[place] = value
    return changed
