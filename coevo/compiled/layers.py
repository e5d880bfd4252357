"""Activations and losses of dense layers, with their derivatives, for the rows of a batch."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from coevo.compiled.compilation import compiled
from coevo.compiled.functions import cross_entropy, sigmoid, tanh

__all__ = ["Objective", "activate", "differentiate", "through"]

Numbers = NDArray[Any]


class Objective(NamedTuple):
    """What is to be small.

    Attributes:
        metric: the place in `coevo.compiled.conventions.METRICS`.
        squashed: whether a sigmoid turns outputs into images; always so with ``bce``.
    """

    metric: int
    squashed: bool


@compiled
def activate(rows: Numbers, batch: int, width: int, activation: int) -> None:
    """Apply an activation, in place.

    Args:
        rows: ``[at least batch, at least width]``.
        batch: rows that count; the others stay as they are.
        width: likewise.
        activation: the place in `coevo.compiled.conventions.ACTIVATIONS`.
    """
    zero = rows.dtype.type(0)
    for b in range(batch):
        row = rows[b]
        if activation == 1:
            for j in range(width):
                row[j] = zero if row[j] < zero else row[j]
        elif activation == 2:
            sigmoid(row, row, width)
        elif activation == 3:
            tanh(row, width)


@compiled
def through(slopes: Numbers, rows: Numbers, batch: int, width: int, activation: int) -> None:
    """Turn the derivative in an activation's outputs into that in its inputs, in place."""
    zero, one = rows.dtype.type(0), rows.dtype.type(1)
    for b in range(batch):
        row, slope = rows[b], slopes[b]
        if activation == 1:
            for j in range(width):
                slope[j] = zero if row[j] <= zero else slope[j]
        elif activation == 2:
            for j in range(width):
                slope[j] *= row[j] * (one - row[j])
        elif activation == 3:
            for j in range(width):
                slope[j] *= one - row[j] * row[j]


@compiled
def differentiate(
    outputs: Numbers,
    slopes: Numbers,
    targets: Numbers,
    rows: Numbers,
    spare: Numbers,
    objective: Objective,
) -> Any:
    """Mean error of a batch.

    Args:
        outputs: ``[at least batch, at least width]``.
        slopes: likewise; overwritten with the derivative of the error in the outputs.
        targets: ``[any, width]``.
        rows: ``[batch]`` int64, the rows of the targets.
        spare: ``[at least width]``; overwritten.
        objective: says which error.
    """
    factor = outputs.dtype.type(1 / (len(rows) * targets.shape[1]))
    total = 0.0
    for b in range(len(rows)):
        total += _row_errors(outputs[b], targets[rows[b]], slopes[b], spare, factor, objective)
    return total / (len(rows) * targets.shape[1])


@compiled
def _row_errors(
    outputs: Numbers,
    target: Numbers,
    slopes: Numbers,
    images: Numbers,
    factor: Any,
    objective: Objective,
) -> Any:
    """Sum of a row's errors; the derivative is multiplied by ``factor``."""
    if objective.squashed:
        sigmoid(outputs, images, len(target))
    else:
        for j in range(len(target)):
            images[j] = outputs[j]
    if objective.metric == 2:  # the sigmoid's derivative cancels
        for j in range(len(target)):
            slopes[j] = factor * (images[j] - target[j])
        return cross_entropy(outputs, target)
    total = _distances(images, target, slopes, factor, objective.metric)
    if objective.squashed:
        one = outputs.dtype.type(1)
        for j in range(len(target)):
            slopes[j] *= images[j] * (one - images[j])
    return total


@compiled
def _distances(images: Numbers, target: Numbers, slopes: Numbers, factor: Any, metric: int) -> Any:
    """Sum of a row's squared or absolute errors, and its derivative in the images."""
    zero, two = images.dtype.type(0), images.dtype.type(2)
    total = zero
    if metric == 0:
        for j in range(len(target)):
            error = images[j] - target[j]
            total += error * error
            slopes[j] = two * factor * error
    else:
        for j in range(len(target)):
            error = images[j] - target[j]
            total += abs(error)
            # What is neither above nor below zero is zero or NaN, and stays so.
            slopes[j] = factor if error > zero else (-factor if error < zero else error)
    return total
