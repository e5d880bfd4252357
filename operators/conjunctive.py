"""Guided by quiet units: Jorgensen et al., GECCO 2025 (arXiv 2505.05138).

A unit is quiet on a case where its activation, scaled so that the lowest of the layer on that
case is 0 and the highest is 1, is below a threshold. Differs from the paper: cases are rows of
the training split (the published code reads the test split; ``cases = "test"`` of an experiment
does too), and a feature map is quiet where all its positions are.
"""

from __future__ import annotations

from math import inf

from torch import Tensor

from operators.pruning import scoring
from operators.types import Layer

__all__ = ["conjunctive", "conjunctive_score"]


def _levels(layer: Layer) -> Tensor:
    """How loud each unit is on each case: ``[cells, cases, units]``, from 0 to 1.

    1 for all where they are equal, because none of them is quieter than the others.
    """
    outputs = layer.need("outputs")
    loudest = outputs.amax(3)
    low = outputs.amin((2, 3)).unsqueeze(2)
    high = loudest.amax(2, keepdim=True)
    level = (loudest - low) / (high - low)
    return level.masked_fill(high == low, 1.0)


@scoring(needs=["outputs"], per="unit", invariances=["weight_scale"])
def conjunctive_score(layer: Layer) -> Tensor:
    """Removes weights into the units that are quietest where they are loudest, over all cases.

    What `conjunctive` removes with the threshold that meets the quota. Weights into the same
    unit are equal and go in order of position.
    """
    return _levels(layer).amax(1)


@scoring(needs=["outputs"], per="unit", exact=False, invariances=["weight_scale"])
def conjunctive(layer: Layer, *, threshold: float = 0.1, early_stop: bool = False) -> Tensor:
    """Removes weights into the units that are quiet on every one of the cases.

    At most the quota is removed, the quietest units first.

    Args:
        layer: its outputs are read.
        threshold: below which a unit is quiet, in (0, 1].
        early_stop: as published: cases are gone through in order, and as soon as one unit or
            none is left, that is the result.
    """
    levels = _levels(layer)
    quiet = (levels < threshold).int().cumprod(1)
    last = quiet.shape[1] - 1
    if early_stop:
        undecided = (quiet.sum(2) > 1).int().cumprod(1).sum(1).clamp(max=last)
        chosen = quiet.gather(1, undecided.view(-1, 1, 1).expand(-1, 1, quiet.shape[2]))[:, 0]
    else:
        chosen = quiet[:, last]
    # A NaN is not quiet, but no sound answer either: it reaches the scores.
    loudness = levels.amax(1)
    return loudness.masked_fill((chosen == 0) & ~loudness.isnan(), inf)
