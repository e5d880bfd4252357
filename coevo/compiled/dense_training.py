"""All gradient steps of dense pairings, one cell after the other.

All steps of a cell are taken while the caches of one core hold its weights, and no gradient of a
whole layer is ever in memory. A cell is computed by itself, so that its result depends on no other.

Biases are weights of one more input, which is 1. Whatever is shorter than the loops want ends in
zeros, and stays zero: rows of a batch, rows and width of weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coevo.compiled.compilation import cached, compiled
from coevo.compiled.conventions import BATCH_BLOCK
from coevo.compiled.layers import Objective, activate, differentiate, through
from coevo.compiled.products import Step, descend, dots, sums

__all__ = ["Data", "Networks", "Rule", "train"]

Numbers = NDArray[Any]


class Networks(NamedTuple):
    """Pairings to train, in place.

    The layout of weights is that of `coevo.optimizers.dense_layout`.

    Attributes:
        weights: ``[n, numbers]`` float32 or float64.
        masks: of the same shape, bool, False where a weight is removed; ``[n, 0]`` without any.
        layers: ``[layers, 7]`` int64: inputs, outputs, where the weights begin, rows, width,
            whether there is a bias, and the place in
            `coevo.compiled.conventions.ACTIVATIONS`.
    """

    weights: Numbers
    masks: Numbers
    layers: Numbers


class Data(NamedTuple):
    """What they train on.

    Attributes:
        inputs: ``[rows, inputs]``.
        targets: ``[rows, outputs]``.
        indices: ``[n, steps, batch]`` int64, the rows of every step.
        objective: the loss.
    """

    inputs: Numbers
    targets: Numbers
    indices: Numbers
    objective: Objective


class Rule(NamedTuple):
    """How weights move: see `coevo.compiled.products.Step`. All numbers are of their type.

    Attributes:
        algorithm: as there.
        rates: ``[n]``, of each network.
        kept: ``[n]``, likewise.
        decay: of all networks.
        epsilon: likewise.
    """

    algorithm: int
    rates: Numbers
    kept: Numbers
    decay: float
    epsilon: float


class _Scratch(NamedTuple):
    values: Numbers  # [layers + 1, batch, width]: inputs of every layer, then outputs of the last
    slopes: Numbers  # the loss's derivatives in them, likewise
    spare: Numbers  # [width]


@cached
def train(networks: Networks, data: Data, rule: Rule, losses: Numbers) -> None:
    """Take all steps.

    Args:
        networks: changed in place.
        data: left as it is.
        rule: likewise.
        losses: ``[n]`` float64; the sum over steps of the loss before the step is added.
    """
    layers = networks.layers
    scratch = _scratch(networks, data.indices.shape[2])
    for n in range(len(networks.weights)):
        weights = networks.weights[n]
        step = Step(rule.algorithm, rule.rates[n], rule.kept[n], rule.decay, rule.epsilon)
        for rows in data.indices[n]:
            _forward(scratch, weights, layers, data.inputs, rows)
            losses[n] += differentiate(
                scratch.values[-1],
                scratch.slopes[-1],
                data.targets,
                rows,
                scratch.spare,
                data.objective,
            )
            _backward(scratch, weights, networks.masks[n], layers, len(rows), step)


@compiled
def _scratch(networks: Networks, batch: int) -> _Scratch:
    layers, kind = networks.layers, networks.weights.dtype
    width = 0
    for i in range(len(layers)):
        # Of a layer that is not wide, rows are the larger number where its inputs are few.
        width = max(width, layers[i, 3], layers[i, 4])
    blocks = (batch + BATCH_BLOCK - 1) // BATCH_BLOCK
    room = (len(layers) + 1, blocks * BATCH_BLOCK, width)
    return _Scratch(np.zeros(room, kind), np.zeros(room, kind), np.zeros(width, kind))


@compiled
def _matrix(numbers: Numbers, layers: Numbers, i: int) -> Numbers:
    """View one layer's part of a row of weights or masks: ``[rows, width]``."""
    rows, width = layers[i, 3], layers[i, 4]
    return numbers[layers[i, 2] : layers[i, 2] + rows * width].reshape((rows, width))


@compiled
def _is_wide(layers: Numbers, i: int) -> Any:
    return layers[i, 0] >= layers[i, 1]


@compiled
def _forward(
    scratch: _Scratch, weights: Numbers, layers: Numbers, inputs: Numbers, rows: Numbers
) -> None:
    batch = len(rows)
    for b in range(batch):
        row, place = inputs[rows[b]], scratch.values[0, b]
        for j in range(len(row)):
            place[j] = row[j]
    for i in range(len(layers)):
        matrix = _matrix(weights, layers, i)
        before, after = scratch.values[i], scratch.values[i + 1]
        for b in range(batch):  # the input of the bias: without one, its weights stay zero
            before[b, layers[i, 0]] = layers[i, 5]
        if _is_wide(layers, i):
            dots(matrix, before, after)
        else:
            sums(matrix, before, after)
        activate(after, batch, layers[i, 1], layers[i, 6])


@compiled
def _backward(
    scratch: _Scratch, weights: Numbers, masks: Numbers, layers: Numbers, batch: int, step: Step
) -> None:
    for i in range(len(layers) - 1, -1, -1):
        inputs, outputs = layers[i, 0], layers[i, 1]
        matrix = _matrix(weights, layers, i)
        before, slopes = scratch.values[i], scratch.slopes[i + 1]
        through(slopes, scratch.values[i + 1], batch, outputs, layers[i, 6])
        if i > 0:  # with the weights as they were
            if _is_wide(layers, i):
                sums(matrix, slopes, scratch.slopes[i])
            else:
                dots(matrix, slopes, scratch.slopes[i])
            for b in range(batch):  # the input of the bias is no output of a layer
                scratch.slopes[i, b, inputs] = 0
        if _is_wide(layers, i):
            descend(matrix, slopes, before, scratch.spare, outputs, step)
        else:
            descend(matrix, before, slopes, scratch.spare, inputs + 1, step)
        if len(masks) > 0:
            _mask(matrix, _matrix(masks, layers, i))


@compiled
def _mask(weights: Numbers, masks: Numbers) -> None:
    zero = weights.dtype.type(0)
    for r in range(weights.shape[0]):
        row, kept = weights[r], masks[r]
        for j in range(weights.shape[1]):
            row[j] = row[j] if kept[j] else zero
