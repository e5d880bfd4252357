"""First-order saliency: SNIP, Lee et al., ICLR 2019 (arXiv 1810.02340); Molchanov et al., CVPR
2019 (arXiv 1906.10771)."""  # noqa: D205, D209 - one citation, too long for a line

from __future__ import annotations

from torch import Tensor

from operators.pruning import scoring
from operators.types import Layer

__all__ = ["saliency"]


@scoring(needs=["gradients"], invariances=["weight_scale", "gradient_scale"])
def saliency(layer: Layer) -> Tensor:
    """Removes the weights whose removal changes the loss least, to first order: |w * dL/dw|."""
    return (layer.weights * layer.need("gradients")).abs()
