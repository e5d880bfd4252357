"""Weights and activations: Sun et al., ICLR 2024 (arXiv 2306.11695)."""

from __future__ import annotations

from torch import Tensor

from operators.pruning import scoring
from operators.types import Layer

__all__ = ["wanda"]


@scoring(needs=["input_rms"], invariances=["weight_scale"])
def wanda(layer: Layer) -> Tensor:
    """Removes the weights that carry the least: magnitude times the norm of the input.

    The paper ranks each unit's weights by themselves: that is ``scope = "unit"``. Differs from
    the paper: the norm is divided by the root of the number of rows and positions, so that
    layers with more positions do not weigh more where layers are ranked together.
    """
    return layer.weights.abs() * layer.need("input_rms")
