"""Magnitude pruning: Han et al., NeurIPS 2015 (arXiv 1506.02626)."""

from __future__ import annotations

from torch import Tensor

from operators.pruning import scoring
from operators.types import Layer

__all__ = ["magnitude"]


@scoring(invariances=["weight_scale", "output_scale", "output_shift"])
def magnitude(layer: Layer) -> Tensor:
    """Removes the weights nearest to zero.

    A unit counts the magnitudes of all its weights (Li et al., ICLR 2017, arXiv 1608.08710).
    """
    return layer.weights.abs()
