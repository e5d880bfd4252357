"""Laws about the masks that an operator leaves."""

from __future__ import annotations

from torch import Tensor

from operators.laws.case import Case, Operator, require_unchanged
from operators.laws.decision import on_weights
from operators.laws.law import BrokenLawError, Law
from operators.laws.trial import Trial

__all__ = ["FORM", "MASK_LAWS"]


def keeps_shape_dtype_and_device(trial: Trial) -> None:
    """Masks come back as bool, in the shape and on the device of those that went in."""
    assert trial.left.dtype == trial.case.layer.masks.dtype, "or it is broken already"


def never_regrows(trial: Trial) -> None:
    """A weight that was removed before stays removed."""
    case, left = trial.case, trial.left
    grown = (left & ~case.layer.masks).flatten(1).any(1)
    _refuse(grown, "keeps weights that were removed before", case, left)


def removes_its_quota(trial: Trial) -> None:
    """As many kept weights go as the quota says; at most as many, if that is all it promises."""
    case, left = trial.case, trial.left
    removed, exact = _removed(case, left), trial.operator.exact
    # The ends of the range have laws of their own.
    judged = (case.quota > 0) & (case.quota < case.kept)
    wrong = removed != case.quota if exact else removed > case.quota
    wanted = "another number than its quota" if exact else "more than its quota"
    _refuse(judged & wrong, f"removes {wanted}", case, left)


def removes_nothing_at_amount_0(trial: Trial) -> None:
    """Cells whose quota is 0 keep all that they have."""
    case, left = trial.case, trial.left
    wrong = (case.quota == 0) & (_removed(case, left) > 0)
    _refuse(wrong, "removes weights where its quota is 0", case, left)


def removes_everything_at_amount_1(trial: Trial) -> None:
    """Cells whose quota is all that they have, or more, keep nothing."""
    case, left = trial.case, trial.left
    wrong = (case.quota >= case.kept) & (_removed(case, left) < case.kept)
    _refuse(wrong, "keeps weights where its quota is all of them", case, left)


def leaves_its_inputs_alone(trial: Trial) -> None:
    """Weights, masks, statistics and quotas are the same after the call as before."""
    case = trial.case
    own = case.copy()
    on_weights(trial.operator, own)
    require_unchanged(case, own)


def _removed(case: Case, left: Tensor) -> Tensor:
    """How many of its kept weights each cell loses; what regrows does not count."""
    return (case.layer.masks & ~left).flatten(1).sum(1)


def _refuse(wrong: Tensor, message: str, case: Case, left: Tensor) -> None:
    """Break the law where a cell is wrong: ``[cells]`` bool."""
    if wrong.any():
        cell = int(wrong.int().argmax())
        raise BrokenLawError(f"{message}, in cell {cell}", {**case.evidence, "got": left})


def _if_exact(operator: Operator) -> str:
    return "" if operator.exact else "it promises no more than to remove at most its quota"


FORM: Law[Operator, Trial] = Law(keeps_shape_dtype_and_device)
MASK_LAWS: tuple[Law[Operator, Trial], ...] = (
    FORM,
    Law(never_regrows, (FORM,)),
    Law(removes_its_quota, (FORM,)),
    Law(removes_nothing_at_amount_0, (FORM,)),
    Law(removes_everything_at_amount_1, (FORM,), _if_exact),
    Law(leaves_its_inputs_alone, (FORM,)),
)
