"""Operators whose scores of weights keep all laws, and whose scores of units break one."""

from __future__ import annotations

from itertools import count

from torch import Tensor

from operators import MaskingOperator, ScoringOperator, scoring
from operators.types import Layer

_calls = count()


def _units_by_removed_values(layer: Layer) -> Tensor:
    return layer.weights.abs().sum(2)


@scoring(of_units=_units_by_removed_values)
def reads_removed_values_for_units(layer: Layer) -> Tensor:
    return layer.weights.abs()


def _units_by_all_cells(layer: Layer) -> Tensor:
    kept = layer.weights.where(layer.masks, 0.0).sum(2)
    return (kept - kept.sum(0)).abs()


@scoring(of_units=_units_by_all_cells)
def leaks_between_cells_for_units(layer: Layer) -> Tensor:
    return layer.weights.abs()


def _units_by_the_largest_of_all_cells(layer: Layer) -> Tensor:
    kept = layer.weights.abs().where(layer.masks, 0.0).sum(2)
    return kept / kept.amax().clamp(min=2.0**-20)


@scoring(of_units=_units_by_the_largest_of_all_cells)
def divides_units_by_the_largest_of_all_cells(layer: Layer) -> Tensor:
    return layer.weights.abs()


def _units_by_changed_weights(layer: Layer) -> Tensor:
    return layer.weights.abs_().where(layer.masks, 0.0).sum(2)


@scoring(of_units=_units_by_changed_weights)
def changes_weights_for_units(layer: Layer) -> Tensor:
    return layer.weights.abs()


def _units_in_turn(layer: Layer) -> Tensor:
    sign = 1 if next(_calls) % 2 else -1
    return sign * layer.weights.where(layer.masks, 0.0).sum(2)


@scoring(of_units=_units_in_turn)
def takes_units_in_turn(layer: Layer) -> Tensor:
    return layer.weights.abs()


def _units_without_nan(layer: Layer) -> Tensor:
    return layer.weights.abs().nan_to_num(nan=0.0).where(layer.masks, 0.0).sum(2)


@scoring(of_units=_units_without_nan)
def takes_nan_for_zero_in_units(layer: Layer) -> Tensor:
    return layer.weights.abs()


def _weights_for_units(layer: Layer) -> Tensor:
    return layer.weights


@scoring(of_units=_weights_for_units)
def scores_weights_for_units(layer: Layer) -> Tensor:
    return layer.weights.abs()


BROKEN_FOR_UNITS: list[ScoringOperator | MaskingOperator] = [
    reads_removed_values_for_units,
    leaks_between_cells_for_units,
    divides_units_by_the_largest_of_all_cells,
    changes_weights_for_units,
    takes_units_in_turn,
    takes_nan_for_zero_in_units,
    scores_weights_for_units,
]
