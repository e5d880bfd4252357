"""Laws about what an operator claims not to depend on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from operators.laws.case import Operator
from operators.laws.comparing_laws import COMPARABLE
from operators.laws.decision import on_weights
from operators.laws.evidence import Evidence
from operators.laws.law import BrokenLawError, Law
from operators.laws.trial import Trial
from operators.pruning import Invariance

__all__ = ["INVARIANCE_LAWS"]


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
    _require_same_left(like, changed, "depends on a shift of all outputs")


def _require_scale_free(trial: Trial, name: str) -> None:
    case = trial.case
    if name not in case.numbers:
        return
    tensor = case.numbers[name]
    changed = {name: tensor * trial.scale.view(-1, *[1] * (tensor.dim() - 1))}
    _require_same_left(trial, changed, f"depends on the scale of all {name}")


def _require_same_left(trial: Trial, changed: dict[str, Tensor], message: str) -> None:
    """Ask for the same masks when some numbers are changed; scores may change with them."""
    case = trial.case
    got = on_weights(trial.operator, case.replaced(**changed).copy()).left
    if not got.equal(trial.left):
        others: dict[str, Evidence] = {f"other {name}": t for name, t in changed.items()}
        more = {**others, "expected": trial.left, "got": got}
        raise BrokenLawError(message, {**case.evidence, **more})


def _unless_declared(invariance: Invariance, operator: Operator) -> str:
    if invariance in operator.invariances:
        return ""
    return f"it does not claim this with invariances=[{invariance!r}]"


def _declared(invariance: Invariance) -> partial[str]:
    return partial(_unless_declared, invariance)


INVARIANCE_LAWS: tuple[Law[Operator, Trial], ...] = (
    Law(ignores_the_scale_of_weights, COMPARABLE, _declared("weight_scale")),
    Law(ignores_the_scale_of_outputs, COMPARABLE, _declared("output_scale")),
    Law(ignores_a_shift_of_outputs, COMPARABLE, _declared("output_shift")),
    Law(ignores_the_scale_of_gradients, COMPARABLE, _declared("gradient_scale")),
)
