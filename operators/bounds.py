"""What becomes of a mutant's genes that are out of bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

__all__ = ["BOUND_RULES", "BoundRule", "Bounds"]

BoundRule: TypeAlias = Literal["none", "midpoint", "clip", "reflect", "redraw"]

BOUND_RULES: tuple[BoundRule, ...] = get_args(BoundRule)


@dataclass(frozen=True, eq=False)
class Bounds:
    """Bounds of genes, and a rule for those outside. NaN stays as it is.

    Attributes:
        low: ``[genes]`` float or a number, the smallest value.
        high: ``[genes]`` float or a number, the largest value, not below ``low``.
        rule: ``midpoint`` halves the way from the target's gene to the bound (L-SHADE); ``clip``
            takes the bound; ``reflect`` mirrors at the bound, no further than to the other one;
            ``redraw`` draws anew between the bounds, which are finite (SaDE); ``none`` leaves everything.

    Raises:
        ValueError: there is no such rule.

    Examples:
        >>> mutants, targets = torch.tensor([[-3.0, 0.5, 9.0]]), torch.tensor([[0.0, 0.2, 0.4]])
        >>> Bounds(-1.0, 1.0).mended(mutants, targets)
        tensor([[-0.5000,  0.5000,  0.7000]])
    """

    low: Tensor | float
    high: Tensor | float
    rule: BoundRule = "midpoint"

    def __post_init__(self) -> None:
        if self.rule not in BOUND_RULES:
            raise ValueError(f"rule: {self.rule!r} is not one of {', '.join(BOUND_RULES)}")

    def genes(self, part: slice) -> Bounds:
        """The bounds of some of the genes."""
        low, high = (
            bound[part] if isinstance(bound, Tensor) and bound.ndim else bound
            for bound in (self.low, self.high)
        )
        return replace(self, low=low, high=high)

    def like(self, genomes: Tensor) -> tuple[Tensor, Tensor]:
        """Low and high as ``[genes]`` tensors of the genomes' type, on their device."""
        low, high = (
            bound.to(genomes)
            if isinstance(bound, Tensor)
            else torch.full((), bound, dtype=genomes.dtype, device=genomes.device)
            for bound in (self.low, self.high)
        )
        genes = genomes.shape[-1:]
        return low.expand(genes), high.expand(genes)

    def mended(self, mutants: Tensor, targets: Tensor, uniforms: Tensor | None = None) -> Tensor:
        """Bring genes within bounds.

        Args:
            mutants: ``[n, genes]`` float.
            targets: ``[n, genes]`` float, within bounds.
            uniforms: ``[n, genes]`` float in [0, 1), which ``redraw`` alone reads.

        Returns:
            ``[n, genes]``, ``mutants`` where they are within bounds.

        Raises:
            ValueError: genes are to be drawn anew, and no numbers are given.
        """
        if self.rule == "none":
            return mutants
        low, high = self.like(mutants)
        if self.rule == "clip":
            return mutants.clamp(low, high)
        if self.rule == "redraw":
            if uniforms is None:
                raise ValueError("uniforms: none are given; rule 'redraw' needs [n, genes]")
            below = above = (low + uniforms * (high - low)).minimum(high)
        elif self.rule == "reflect":
            below = (low + (low - mutants)).clamp(low, high)
            above = (high - (mutants - high)).clamp(low, high)
        else:
            below, above = (low + targets) / 2, (high + targets) / 2
        return below.where(mutants < low, above.where(mutants > high, mutants))
