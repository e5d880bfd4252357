"""Movement pruning: Sanh et al., NeurIPS 2020 (arXiv 2005.07683).

Differs from the paper: its score adds up ``-rate * dL/dw * w`` over the steps of gradient
descent, which is ``w dw``. Along the path that a weight really took, whatever moved it, that sum
is ``(w_now^2 - w_begin^2) / 2``, and no sum has to be kept.
"""

from __future__ import annotations

from torch import Tensor

from operators.pruning import scoring
from operators.types import Layer

__all__ = ["movement"]


@scoring(needs=["origins"])
def movement(layer: Layer) -> Tensor:
    """Removes the weights that moved towards zero most since the network began."""
    return (layer.weights.square() - layer.need("origins").square()) / 2
