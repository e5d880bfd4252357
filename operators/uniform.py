"""Random removal: the control that every guided operator is compared with."""

from __future__ import annotations

from torch import Tensor

from operators.pruning import scoring
from operators.types import Layer

__all__ = ["uniform"]


def _of_units(layer: Layer) -> Tensor:
    return layer.draws("uniform units", layer.weights.shape[1:2])


@scoring(of_units=_of_units, invariances=["weight_scale", "output_scale", "output_shift"])
def uniform(layer: Layer) -> Tensor:
    """Removes weights at random, all with the same probability.

    Numbers are multiples of 2^-24; the few equal ones among them are taken in order of position.
    """
    return layer.draws("uniform", layer.weights.shape[1:])
