"""Operators that are right for one layer, and wrong by a factor where layers are ranked together."""

from __future__ import annotations

from itertools import count

from torch import Tensor

from operators import scoring
from operators.types import Layer

_calls = count()


@scoring()
def divides_by_the_largest_of_all_cells(layer: Layer) -> Tensor:
    largest = layer.weights.abs().where(layer.masks, 0.0).amax()
    return layer.weights.abs() / largest.clamp(min=2.0**-20)


@scoring(needs=["outputs"], per="unit")
def divides_by_the_loudest_of_all_cells(layer: Layer) -> Tensor:
    loudest = layer.need("outputs").abs().amax((1, 3))
    return loudest / loudest.amax().clamp(min=2.0**-20)


@scoring()
def scales_by_a_count_of_calls(layer: Layer) -> Tensor:
    return layer.weights.abs() * 2.0 ** (next(_calls) % 8)


@scoring()
def divides_by_removed_values(layer: Layer) -> Tensor:
    sizes = layer.weights.abs()
    return sizes / sizes.amax((1, 2), keepdim=True).clamp(min=2.0**-20)


@scoring(needs=["outputs"])
def takes_nan_for_no_factor(layer: Layer) -> Tensor:
    loudest = layer.need("outputs").abs().nan_to_num(nan=0.0).amax((1, 2, 3))
    return layer.weights.abs() * loudest.view(-1, 1, 1)
