"""Laws that compare what an operator makes of two layers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import nan

import torch
from torch import Tensor

from operators.laws.case import PER_WEIGHT, Case, Operator, masks_left
from operators.laws.evidence import Evidence
from operators.laws.law import BrokenLawError, Law
from operators.laws.mask_laws import FORM
from operators.laws.trial import Trial
from operators.pruning import Invariance, ScoringOperator
from operators.selection import lowest

__all__ = ["COMPARING_LAWS"]


def repeats_itself(trial: Trial) -> None:
    """The same layer gives the same masks: again at once, and after a call on another layer."""
    operator, case = trial.operator, trial.case
    first = masks_left(operator, case)
    _require_equal(masks_left(operator, case), first, "decides otherwise when asked again", case)
    masks_left(operator, case.replaced(weights=-case.layer.weights))
    last = masks_left(operator, case)
    _require_equal(last, first, "decides otherwise after a call on another layer", case)


def ignores_values_under_removed_weights(trial: Trial) -> None:
    """What stands where a weight was removed, its gradient and origin included, decides nothing."""
    message = "depends on values under removed weights"
    _require_same(trial, _under_removed(trial), message)


def treats_cells_alike(trial: Trial) -> None:
    """Operating on chosen cells, reordered or repeated, is choosing from what was operated on."""
    case, ids = trial.case, list(trial.chosen)
    got = masks_left(trial.operator, case.select(ids))
    chosen = {"cells chosen": torch.tensor(ids)}
    _require_equal(got, trial.left[ids], "decides otherwise in other company", case, chosen)


def refuses_what_is_not_a_number(trial: Trial) -> None:
    """NaN among what decides is a ValueError: at a kept weight, or in statistics of the data."""
    operator, case = trial.operator, trial.case
    found = _place(case, trial.place)
    if found is None:
        return
    name, place = found
    spoiled = case.replaced(**{name: _put(case.numbers[name], place, nan)})
    own = spoiled.copy()
    try:
        operator(own.layer, own.quota)
    except ValueError:
        return
    except Exception as error:
        message = f"raises {type(error).__name__}, not ValueError, for NaN in {name}: {error}"
        raise BrokenLawError(message, spoiled.evidence) from error
    small, large = (
        masks_left(operator, case.replaced(**{name: _put(case.numbers[name], place, value)}))
        for value in (0.0, 64.0)
    )
    if not small.equal(large):
        evidence = {**spoiled.evidence, "with 0 there": small, "with 64 there": large}
        raise BrokenLawError(f"takes NaN in {name} for a number, where a number decides", evidence)


def scores_units_by_the_same_laws(trial: Trial) -> None:
    """As many units go as are to, whatever other cells and removed weights there are."""
    operator, case = trial.operator, trial.case
    assert isinstance(operator, ScoringOperator)
    first = _units_left(operator, case)
    kept = case.layer.masks.any(2)
    missed = (kept & ~first).sum(1) != case.quota.minimum(kept.sum(1))
    if operator.exact and missed.any():
        raise BrokenLawError("does not meet quotas of units", {**case.evidence, "got": first})
    changed = case.replaced(**_under_removed(trial))
    evidence = {f"other {name}": tensor for name, tensor in _under_removed(trial).items()}
    got = _units_left(operator, changed)
    _require_equal(got, first, "depends on values under removed weights", case, evidence)
    evidence = {"cells chosen": torch.tensor(trial.chosen)}
    got = _units_left(operator, case.select(trial.chosen))
    _require_equal(got, first[trial.chosen], "decides otherwise in other company", case, evidence)


def ignores_the_scale_of_weights(trial: Trial) -> None:
    """All weights of a cell times a positive number: the same go."""
    _require_scale_free(trial, "weights")


def ignores_the_scale_of_outputs(trial: Trial) -> None:
    """All outputs of a cell times a positive number: the same weights go."""
    _require_scale_free(trial, "outputs")


def ignores_the_scale_of_gradients(trial: Trial) -> None:
    """All gradients of a cell times a positive number: the same weights go."""
    _require_scale_free(trial, "gradients")


def ignores_a_shift_of_outputs(trial: Trial) -> None:
    """All outputs of a cell plus the same number: the same weights go."""
    case = trial.case
    outputs = case.layer.outputs
    if outputs is None:
        return
    # Units differ by a power of two or not at all, so that rounding decides between none of them.
    sizes = torch.tensor([[1.0, 0.0, 4.0, 1.0], [1.0, 16.0, 4.0, 0.0], [1.0, 1.0, 0.25, 4.0]])
    units = sizes[: len(outputs), : outputs.shape[2]].unsqueeze(1).unsqueeze(3)
    like = replace(trial, case=case.replaced(outputs=outputs[:, :, :1] * units))
    shift = trial.shift.view(-1, 1, 1, 1)
    changed = {"outputs": outputs[:, :, :1] * units + shift}
    _require_same(like, changed, "depends on a shift of all outputs")


def _under_removed(trial: Trial) -> dict[str, Tensor]:
    """Other numbers where a weight was removed, the same elsewhere."""
    return {
        name: tensor.where(trial.case.layer.masks, 64 * trial.others)
        for name, tensor in trial.case.numbers.items()
        if name in PER_WEIGHT
    }


def _units_left(operator: ScoringOperator, case: Case) -> Tensor:
    """Which units are left when as many as the quota go, of those that have weights."""
    own, kept = case.copy(), case.layer.masks.any(2)
    try:
        scores = operator.unit_scores(own.layer)
    except Exception as error:
        message = f"raises {type(error).__name__} for units: {error}"
        raise BrokenLawError(message, case.evidence) from error
    if scores.shape != kept.shape:
        message = f"scores {list(scores.shape)} for units that are {list(kept.shape)}"
        raise BrokenLawError(message, case.evidence)
    return kept & ~lowest(scores, kept, case.quota)


def _require_scale_free(trial: Trial, name: str) -> None:
    case = trial.case
    if name not in case.numbers:
        return
    tensor = case.numbers[name]
    changed = {name: tensor * trial.scale.view(-1, *[1] * (tensor.dim() - 1))}
    _require_same(trial, changed, f"depends on the scale of all {name}")


def _require_same(trial: Trial, changed: dict[str, Tensor], message: str) -> None:
    """Ask for the same masks when some numbers are changed."""
    case = trial.case
    got = masks_left(trial.operator, case.replaced(**changed))
    others = {f"other {name}": tensor for name, tensor in changed.items()}
    _require_equal(got, trial.left, message, case, others)


def _require_equal(
    got: Tensor,
    expected: Tensor,
    message: str,
    case: Case,
    more: dict[str, Tensor] | None = None,
) -> None:
    if not got.equal(expected):
        evidence: dict[str, Evidence] = {**case.evidence, **(more or {})}
        raise BrokenLawError(message, {**evidence, "expected": expected, "got": got})


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


def _unless_declared(invariance: Invariance, operator: Operator) -> str:
    if invariance in operator.invariances:
        return ""
    return f"it does not claim this with invariances=[{invariance!r}]"


def _unless_for_units(operator: Operator) -> str:
    if isinstance(operator, ScoringOperator) and operator.of_units is not None:
        return ""
    return "it has no function of_units"


def _declared(invariance: Invariance) -> partial[str]:
    return partial(_unless_declared, invariance)


_REPEATS: Law[Operator, Trial] = Law(repeats_itself, (FORM,))
_BOTH = (FORM, _REPEATS)
COMPARING_LAWS: tuple[Law[Operator, Trial], ...] = (
    _REPEATS,
    Law(ignores_values_under_removed_weights, _BOTH),
    Law(treats_cells_alike, _BOTH),
    Law(refuses_what_is_not_a_number, _BOTH),
    Law(scores_units_by_the_same_laws, _BOTH, _unless_for_units),
    Law(ignores_the_scale_of_weights, _BOTH, _declared("weight_scale")),
    Law(ignores_the_scale_of_outputs, _BOTH, _declared("output_scale")),
    Law(ignores_a_shift_of_outputs, _BOTH, _declared("output_shift")),
    Law(ignores_the_scale_of_gradients, _BOTH, _declared("gradient_scale")),
)
