"""Hypothesis strategies for what operators and schedules are given, for tests of your own.

They make small things with the hard cases in them: ties, zeros of both signs, equal rows, empty
and full masks, units with nothing left, one cell, quotas of 0, of all that is kept and of more.
"""

from operators.laws.strategies.draws import HashedDraws
from operators.laws.strategies.grids import GridValues, grids
from operators.laws.strategies.layers import layers
from operators.laws.strategies.schedules import ChosenSchedule, horizons, levels, schedules
from operators.laws.strategies.tensors import activations, masks, quotas, weights

__all__ = [
    "layers",
    "masks",
    "weights",
    "activations",
    "quotas",
    "HashedDraws",
    "schedules",
    "horizons",
    "levels",
    "ChosenSchedule",
    "grids",
    "GridValues",
]
