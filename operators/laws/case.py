"""What an operator is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from operators.laws.evidence import Evidence
from operators.laws.law import BrokenLawError
from operators.pruning import MaskingOperator, ScoringOperator
from operators.types import NEEDS, Layer

__all__ = ["Case", "Operator", "PER_WEIGHT", "require_unchanged"]

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
        """All that there is to be seen of it; statistics that are all 0 are left out.

        The type of numbers is told where it is not the usual one.
        """
        seen: dict[str, Evidence] = {"quota": self.quota, "masks": self.layer.masks}
        dtype = self.layer.weights.dtype
        if dtype != torch.float32:
            seen["dtype"] = str(dtype).removeprefix("torch.")
        return seen | {n: t for n, t in self.numbers.items() if n == "weights" or t.any()}

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


def require_unchanged(case: Case, own: Case) -> None:
    """Ask that a copy of a case is still what it was copied from.

    Raises:
        BrokenLawError: a tensor of it differs.
    """
    before = {"quota": case.quota, "masks": case.layer.masks, **case.numbers}
    after = {"quota": own.quota, "masks": own.layer.masks, **own.numbers}
    for name, tensor in before.items():
        if not tensor.equal(after[name]):
            evidence = {**case.evidence, f"{name} after": after[name]}
            raise BrokenLawError(f"changes {name}", evidence)
