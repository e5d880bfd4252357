"""Products of weights with the rows of a batch, and the steps that they lead to.

A layer's weights are ``[rows, width]``, of its inputs and outputs the rows are
the fewer, so that the loops over the width are long. ``short`` holds what belongs to the rows,
``[batch, rows]``, ``long`` what belongs to the width, ``[batch, width]``. Rows of a batch are taken
`BATCH_BLOCK` at once, rows of weights `ROW_BLOCK`, so that what was loaded is used several times;
the caller fills up with zeros.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

from coevo.compiled.compilation import compiled
from coevo.compiled.conventions import BATCH_BLOCK, ROW_BLOCK

__all__ = ["Step", "descend", "dots", "sums"]

Numbers = NDArray[Any]


class Step(NamedTuple):
    """How a weight moves: ``weight * kept - rate * move(gradient + decay * weight)``.

    Attributes:
        algorithm: the place in `coevo.compiled.conventions.ALGORITHMS`: a move is the slope, its sign,
            or, as in the first step of Adam, ``slope / (abs(slope) + epsilon)``.
        rate: learning rate.
        kept: 1, but for decoupled weight decay.
        decay: weight decay in the gradient.
        epsilon: see above.
    """

    algorithm: int
    rate: float
    kept: float
    decay: float
    epsilon: float


@compiled
def dots(weights: Numbers, long: Numbers, short: Numbers) -> None:
    """``short[b, r] = sum over j of weights[r, j] * long[b, j]``."""
    rows, width = weights.shape
    zero = weights.dtype.type(0)
    for b in range(0, long.shape[0], BATCH_BLOCK):
        x0, x1, x2, x3, x4 = long[b], long[b + 1], long[b + 2], long[b + 3], long[b + 4]
        for r in range(0, rows, ROW_BLOCK):
            w0, w1 = weights[r], weights[r + 1]
            p0, p1, p2, p3, p4 = zero, zero, zero, zero, zero
            q0, q1, q2, q3, q4 = zero, zero, zero, zero, zero
            for j in range(width):
                p, q = w0[j], w1[j]
                p0, q0 = p0 + p * x0[j], q0 + q * x0[j]
                p1, q1 = p1 + p * x1[j], q1 + q * x1[j]
                p2, q2 = p2 + p * x2[j], q2 + q * x2[j]
                p3, q3 = p3 + p * x3[j], q3 + q * x3[j]
                p4, q4 = p4 + p * x4[j], q4 + q * x4[j]
            short[b, r], short[b, r + 1] = p0, q0
            short[b + 1, r], short[b + 1, r + 1] = p1, q1
            short[b + 2, r], short[b + 2, r + 1] = p2, q2
            short[b + 3, r], short[b + 3, r + 1] = p3, q3
            short[b + 4, r], short[b + 4, r + 1] = p4, q4


@compiled
def sums(weights: Numbers, short: Numbers, long: Numbers) -> None:
    """``long[b, j] = sum over r of short[b, r] * weights[r, j]``."""
    rows, width = weights.shape
    for b in range(long.shape[0]):
        row = long[b]
        for j in range(width):
            row[j] = 0
    for b in range(0, long.shape[0], BATCH_BLOCK):
        x0, x1, x2, x3, x4 = long[b], long[b + 1], long[b + 2], long[b + 3], long[b + 4]
        for r in range(0, rows, ROW_BLOCK):
            w0, w1 = weights[r], weights[r + 1]
            p0, q0 = short[b, r], short[b, r + 1]
            p1, q1 = short[b + 1, r], short[b + 1, r + 1]
            p2, q2 = short[b + 2, r], short[b + 2, r + 1]
            p3, q3 = short[b + 3, r], short[b + 3, r + 1]
            p4, q4 = short[b + 4, r], short[b + 4, r + 1]
            for j in range(width):
                p, q = w0[j], w1[j]
                x0[j] += p0 * p + q0 * q
                x1[j] += p1 * p + q1 * q
                x2[j] += p2 * p + q2 * q
                x3[j] += p3 * p + q3 * q
                x4[j] += p4 * p + q4 * q


@compiled
def descend(
    weights: Numbers, short: Numbers, long: Numbers, spare: Numbers, rows: int, step: Step
) -> None:
    """Move every weight; its gradient is ``sum over b of short[b, r] * long[b, j]``.

    Args:
        weights: ``[at least rows, width]``; changed.
        short: as above.
        long: likewise.
        spare: ``[at least width]``; overwritten.
        rows: how many rows are weights; the others are zeros and stay so.
        step: how to move.
    """
    last = long.shape[0] - BATCH_BLOCK
    for r in range(rows):
        row, column = weights[r], short[:, r]
        if last > 0 or r == 0:
            _sum_up(column, long, last, spare, len(row))
        _move(row, _block(column, last), _block(long, last), spare, step)


@compiled
def _sum_up(column: Numbers, long: Numbers, last: int, spare: Numbers, width: int) -> None:
    """A row's gradient, without the last block of the batch."""
    for j in range(width):
        spare[j] = 0
    for b in range(0, last, BATCH_BLOCK):
        factors, others = _block(column, b), _block(long, b)
        for j in range(width):
            spare[j] += _product(factors, others, j)


@compiled
def _move(row: Numbers, factors: Any, others: Any, spare: Numbers, step: Step) -> None:
    """Move a row of weights; the last block of the batch goes into the move at once."""
    zero, one = row.dtype.type(0), row.dtype.type(1)
    rate, decay, kept, epsilon = step.rate, step.decay, step.kept, step.epsilon
    if step.algorithm == 2:
        for j in range(len(row)):
            slope = spare[j] + _product(factors, others, j) + decay * row[j]
            row[j] = row[j] * kept - rate * slope / (abs(slope) + epsilon)
    elif step.algorithm == 1:
        for j in range(len(row)):
            slope = spare[j] + _product(factors, others, j) + decay * row[j]
            # What is neither above nor below zero is zero or NaN, and stays so.
            sign = one if slope > zero else (-one if slope < zero else slope)
            row[j] = row[j] * kept - rate * sign
    else:
        for j in range(len(row)):
            slope = spare[j] + _product(factors, others, j) + decay * row[j]
            row[j] = row[j] * kept - rate * slope


@compiled
def _block(rows: Numbers, b: int) -> Any:
    """One block of the batch, as a tuple."""
    return rows[b], rows[b + 1], rows[b + 2], rows[b + 3], rows[b + 4]


@compiled
def _product(factors: Any, rows: Any, j: int) -> Any:
    f0, f1, f2, f3, f4 = factors
    x0, x1, x2, x3, x4 = rows
    return f0 * x0[j] + f1 * x1[j] + f2 * x2[j] + f3 * x3[j] + f4 * x4[j]
