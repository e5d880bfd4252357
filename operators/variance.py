"""Guided by the variance of activations: Jorgensen et al., GECCO 2025 (arXiv 2505.05138).

The published text removes units whose activations vary little; the published code removes those
that vary most. Both are offered, and ``low`` is the default.
"""

from __future__ import annotations

from math import inf
from typing import Literal, TypeAlias

from torch import Tensor

from operators.pruning import scoring
from operators.types import Layer

__all__ = ["Remove", "variance", "variance_probability", "variance_sampled"]

Remove: TypeAlias = Literal["low", "high"]

# Leaves a chance to units that are never to go, so that any quota can be met.
_SMALLEST = 1e-6


def _deviation(layer: Layer) -> Tensor:
    """Standard deviation of every unit over cases and positions: ``[cells, units]``."""
    outputs = layer.need("outputs")
    # From the first one on, so that a unit that does not vary has exactly 0, and a shift of all
    # does not change the order of units.
    return (outputs - outputs[:, :1, :, :1]).std((1, 3), correction=0)


def _removal_probability(layer: Layer, remove: Remove) -> Tensor:
    """The deviation between the lowest (0) and the highest (1) of the layer, or the reverse.

    ``[cells, units]``; 0 for all where all vary equally, not a number for all where one
    deviation is none.
    """
    deviation = _deviation(layer)
    low, high = deviation.amin(1, keepdim=True), deviation.amax(1, keepdim=True)
    share = (deviation - low) / (high - low)
    probability = share if remove == "high" else 1.0 - share
    return probability.masked_fill(high == low, 0.0)


@scoring(
    needs=["outputs"], per="unit", invariances=["weight_scale", "output_scale", "output_shift"]
)
def variance(layer: Layer, *, remove: Remove = "low") -> Tensor:
    """Removes weights into the units whose activations vary least (or most).

    Weights into the same unit are equal and go in order of position.
    """
    deviation = _deviation(layer)
    return deviation if remove == "low" else -deviation


def _probable_units(layer: Layer, *, remove: Remove = "low") -> Tensor:
    drawn = layer.draws("variance units", layer.weights.shape[1:2])
    return _probably(_removal_probability(layer, remove), drawn)


@scoring(needs=["outputs"], of_units=_probable_units, exact=False)
def variance_probability(layer: Layer, *, remove: Remove = "low") -> Tensor:
    """Removes each weight with a probability that grows with its unit's variance (or falls).

    As published: the probability of the unit that varies least is 0 and of the one that varies
    most is 1, for ``remove = "high"``; where all vary equally, nothing goes. At most the quota
    is removed.
    """
    drawn = layer.draws("variance", layer.weights.shape[1:])
    return _probably(_removal_probability(layer, remove).unsqueeze(2), drawn)


def _probably(probability: Tensor, drawn: Tensor) -> Tensor:
    """Below infinity with a probability; the more so, the clearer the draw."""
    margin = drawn - probability
    return margin.masked_fill(margin >= 0, inf)


def _sampled_units(layer: Layer, *, remove: Remove = "low") -> Tensor:
    drawn = layer.draws("variance units", layer.weights.shape[1:2])
    return _sampled(_removal_probability(layer, remove), drawn)


@scoring(needs=["outputs"], of_units=_sampled_units)
def variance_sampled(layer: Layer, *, remove: Remove = "low") -> Tensor:
    """Draws exactly the quota, each weight as probable as `variance_probability` says.

    Without replacement, by the method of Efraimidis & Spirakis (2006).
    """
    drawn = layer.draws("variance", layer.weights.shape[1:])
    return _sampled(_removal_probability(layer, remove).unsqueeze(2), drawn)


def _sampled(probability: Tensor, drawn: Tensor) -> Tensor:
    return -(1.0 - drawn).double().log() / (probability + _SMALLEST)
