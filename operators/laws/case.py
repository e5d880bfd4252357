"""What an operator is given, and what it makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from operators.laws.evidence import Evidence
from operators.laws.law import BrokenLawError
from operators.pruning import MaskingOperator, ScoringOperator
from operators.types import NEEDS, Layer

__all__ = ["Case", "Operator", "PER_WEIGHT", "masks_left", "operate"]

Operator: TypeAlias = ScoringOperator | MaskingOperator

PER_WEIGHT = ("weights", "gradients", "origins")
"""What of a layer has a number for each weight."""


@dataclass(frozen=True)
class Case:
    """A layer and quotas: what an operator is given.

    Attributes:
        layer: of any cells.
        quota: ``[cells]`` int64 >= 0.
    """

    layer: Layer
    quota: Tensor

    @property
    def kept(self) -> Tensor:
        """How many weights each cell has left: ``[cells]`` int64."""
        return self.layer.masks.flatten(1).sum(1)

    @property
    def numbers(self) -> dict[str, Tensor]:
        """Weights and statistics by their names."""
        names = ("weights", *NEEDS)
        found = {name: getattr(self.layer, name) for name in names}
        return {name: tensor for name, tensor in found.items() if tensor is not None}

    @property
    def evidence(self) -> dict[str, Evidence]:
        """All that there is to be seen of it; statistics that are all 0 are left out."""
        seen = {n: t for n, t in self.numbers.items() if n == "weights" or t.any()}
        return {"quota": self.quota, "masks": self.layer.masks, **seen}

    def copy(self) -> Case:
        """The same in other tensors, so that what an operator does to one is not seen here."""
        numbers = {name: tensor.clone() for name, tensor in self.numbers.items()}
        layer = Layer(masks=self.layer.masks.clone(), draws=self.layer.draws, **numbers)
        return Case(layer, self.quota.clone())

    def select(self, ids: Sequence[int]) -> Case:
        """Some of the cells, in any order, also repeatedly."""
        chosen = list(ids)
        draws = self.layer.draws
        layer = Layer(
            masks=self.layer.masks[chosen],
            draws=lambda purpose, shape: draws(purpose, shape)[chosen],
            **{name: tensor[chosen] for name, tensor in self.numbers.items()},
        )
        return Case(layer, self.quota[chosen])

    def replaced(self, **numbers: Tensor) -> Case:
        """With other weights or statistics."""
        layer = Layer(masks=self.layer.masks, draws=self.layer.draws, **self.numbers | numbers)
        return Case(layer, self.quota)


def masks_left(operator: Operator, case: Case) -> Tensor:
    """Operate on a copy.

    Returns:
        ``[cells, units, inputs]`` bool.

    Raises:
        BrokenLawError: as for `operate`.
    """
    return operate(operator, case.copy())


def operate(operator: Operator, case: Case) -> Tensor:
    """Operate on the very tensors of a case.

    Returns:
        ``[cells, units, inputs]`` bool.

    Raises:
        BrokenLawError: the operator fails, or what it returns is not of the form of masks.
    """
    try:
        found: object = operator(case.layer, case.quota)
    except Exception as error:
        raise BrokenLawError(f"raises {type(error).__name__}: {error}", case.evidence) from error
    masks = case.layer.masks
    if not isinstance(found, Tensor):
        raise BrokenLawError(f"returns {type(found).__name__}, not masks", case.evidence)
    if (found.shape, found.dtype, found.device) != (masks.shape, masks.dtype, masks.device):
        raise BrokenLawError(
            f"returns {_form(found)} for masks that are {_form(masks)}",
            {**case.evidence, "got": _form(found)},
        )
    return found


def _form(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)} on {tensor.device}"
