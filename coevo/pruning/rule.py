"""One entry of ``[[pruning]]``, ready to act: what goes, where, when and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from coevo.layers import PrunableLayer
from coevo.roles import RoleName
from operators import NEEDS, Need, PruningOperator, Quota, ReachSparsity, RegrowBy, RemoveShare
from operators.groups import Structure

__all__ = [
    "ActivationsName",
    "CasesName",
    "MasksName",
    "PruningRule",
    "Scales",
    "Scope",
    "Timing",
]

Scope: TypeAlias = Literal["unit", "tensor", "layer", "network", "pair"]
MasksName: TypeAlias = Literal["hard", "soft"]
CasesName: TypeAlias = Literal["training", "test"]
ActivationsName: TypeAlias = Literal["now", "training"]
Scales: TypeAlias = Literal["probability", "amount"]


@dataclass(frozen=True)
class Timing:
    """When a rule acts, and how much it removes.

    Attributes:
        intensities: one per generation, in [0, 1]: the probability of an event, or the share of
            its amount that it removes (``scales``); for a target, the share of it that is to be
            reached by then, which never falls.
        sparsity: the target that is reached in the end; None where events remove an amount.
        probability: of an event, where intensities are of the amount.
        amount: share of the kept weights that an event removes.
        scales: what the intensities are of, where there is no target.
        again: whether to act where the target has not moved since the generation before,
            because it may have been missed, or weights may have come back by themselves.
    """

    intensities: tuple[float, ...]
    sparsity: float | None = None
    probability: float = 1.0
    amount: float = 0.1
    scales: Scales = "probability"
    again: bool = False

    def at(self, generation: int) -> tuple[float, Quota] | None:
        """The probability of an event and its quota; None where nothing can happen.

        Args:
            generation: from 0; nothing happens after the last one that there is an intensity of.

        Examples:
            >>> Timing((0.0, 0.5, 0.5), sparsity=0.9).at(1)
            (1.0, ReachSparsity(sparsity=0.45))
            >>> Timing((0.0, 0.5, 0.5), sparsity=0.9).at(2)
            >>> Timing((0.0, 0.5), amount=0.1).at(1)
            (0.5, RemoveShare(share=0.1))
        """
        if generation >= len(self.intensities):
            return None
        intensity = self.intensities[generation]
        if self.sparsity is not None:
            before = self.intensities[generation - 1] if generation else 0.0
            moved = intensity > before or (self.again and intensity > 0)
            return (1.0, ReachSparsity(self.sparsity * intensity)) if moved else None
        if self.scales == "probability":
            probability, amount = intensity, self.amount
        else:
            probability, amount = self.probability, self.amount * intensity
        return (probability, RemoveShare(amount)) if probability > 0 and amount > 0 else None


@dataclass(frozen=True)
class PruningRule:
    """Which weights of which networks an operator may remove, and when.

    Attributes:
        operator: decides.
        layers: of each role that it acts on.
        timing: when, and how much.
        scope: which weights share an amount and are ranked together: those of a ``unit``, of a
            ``tensor`` (weights and biases by themselves), of a ``layer``, of all layers of a
            ``network``, or of both networks of a ``pair``.
        structure: ``unit`` removes whole units.
        masks: ``hard``: what is removed stays exactly zero. ``soft``: it is set to zero once.
        bias: whether biases can go.
        rows: of the training split, that the operator looks at.
        cases: the split that these rows are from.
        activations: what activations are of: the networks as they are ``now``, or as they went
            through ``training`` in this generation.
        regrow: where as many weights come back as were removed; None for nowhere.
        bears_nan: promises that the operator scores what is not a number as not a number, and
            raises nothing; otherwise it is shown finite numbers in the place of those.
        number: its place among the entries of its variant, which names its random numbers.
        cells: those that it is about: all cells of the worlds of its variant.
    """

    operator: PruningOperator
    layers: Mapping[RoleName, tuple[PrunableLayer, ...]]
    timing: Timing
    scope: Scope = "layer"
    structure: Structure = "weight"
    masks: MasksName = "hard"
    bias: bool = False
    rows: int = 256
    cases: CasesName = "training"
    activations: ActivationsName = "now"
    regrow: RegrowBy | None = None
    bears_nan: bool = False
    number: int = 0
    cells: slice = field(default_factory=lambda: slice(None))

    @property
    def needs(self) -> frozenset[Need]:
        """What has to be computed before it acts."""
        own = self.operator.needs & frozenset(NEEDS)
        return own | {"gradients"} if self.regrow == "gradient" else own

    @property
    def with_bias(self) -> bool:
        """Whether biases are among the weights: those of whole units always are."""
        return self.bias or self.structure == "unit"

    def names(self, role: RoleName) -> list[str]:
        """The tensors of a role that it can change."""
        found = []
        for layer in self.layers.get(role, ()):
            found.append(layer.weight)
            if self.with_bias and layer.bias is not None:
                found.append(layer.bias)
        return found
