"""Solution concepts: what a network is worth, given its losses with all its partners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from torch import Tensor

__all__ = ["CONCEPTS", "SolutionConcept", "best", "mean", "worst"]

SolutionConcept: TypeAlias = Callable[[Tensor], Tensor]
"""From losses ``[..., partners]`` to one value ``[...]``; lower is better."""


def best(losses: Tensor) -> Tensor:
    """The loss with the best partner: ``[..., partners]`` to ``[...]``."""
    return losses.amin(-1)


def mean(losses: Tensor) -> Tensor:
    """The mean loss over all partners: ``[..., partners]`` to ``[...]``."""
    return losses.mean(-1)


def worst(losses: Tensor) -> Tensor:
    """The loss with the worst partner: ``[..., partners]`` to ``[...]``."""
    return losses.amax(-1)


CONCEPTS: Mapping[str, SolutionConcept] = MappingProxyType(
    {"best": best, "mean": mean, "worst": worst}
)
