"""The pruning operators that come along, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from operators.conjunctive import conjunctive, conjunctive_score
from operators.magnitude import magnitude
from operators.movement import movement
from operators.pruning import ScoringOperator
from operators.saliency import saliency
from operators.uniform import uniform
from operators.variance import variance, variance_probability, variance_sampled
from operators.wanda import wanda

__all__ = ["OPERATORS"]

OPERATORS: Mapping[str, ScoringOperator] = MappingProxyType(
    {
        "uniform": uniform,
        "magnitude": magnitude,
        "variance": variance,
        "variance_probability": variance_probability,
        "variance_sampled": variance_sampled,
        "conjunctive": conjunctive,
        "conjunctive_score": conjunctive_score,
        "wanda": wanda,
        "saliency": saliency,
        "movement": movement,
    }
)
