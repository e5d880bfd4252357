"""Brings genes of mutants within bounds, by the rules of `operators.bounds`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coevo.compiled.compilation import compiled
from coevo.compiled.philox import Stream, block

__all__ = ["Limits", "limit"]

Numbers = NDArray[Any]


class Limits(NamedTuple):
    """Bounds of genes.

    Attributes:
        low: ``[genes]``, of the genomes' type.
        high: likewise.
        alike: whether they are the same for all genes; as many as a chunk has are then enough.
        rule: the place in `operators.bounds.BOUND_RULES`.
    """

    low: Numbers
    high: Numbers
    alike: bool
    rule: int


@compiled
def limit(limits: Limits, stream: Stream, start: int, target: Numbers, mutant: Numbers) -> None:
    """Bring some genes of a mutant within bounds.

    Args:
        limits: of all genes.
        stream: for genes that are drawn anew, one number for each gene.
        start: the first gene.
        target: ``[genes of the chunk]``.
        mutant: of the same shape; changed.
    """
    begin = 0 if limits.alike else start
    low = limits.low[begin : begin + len(mutant)]
    high = limits.high[begin : begin + len(mutant)]
    if limits.rule == 1:
        _go_halfway(low, high, target, mutant)
    elif limits.rule == 2:
        for j in range(len(mutant)):
            value, bottom, top = mutant[j], low[j], high[j]
            value = bottom if value < bottom else value
            mutant[j] = top if value > top else value
    elif limits.rule == 3:
        _reflect(low, high, mutant)
    else:
        _redraw(low, high, stream, start, mutant)


@compiled
def _go_halfway(low: Numbers, high: Numbers, target: Numbers, mutant: Numbers) -> None:
    two = mutant.dtype.type(2)
    for j in range(len(mutant)):
        value, bottom, top = mutant[j], low[j], high[j]
        below, above = (bottom + target[j]) / two, (top + target[j]) / two
        mutant[j] = below if value < bottom else (above if value > top else value)


@compiled
def _reflect(low: Numbers, high: Numbers, mutant: Numbers) -> None:
    for j in range(len(mutant)):
        value, bottom, top = mutant[j], low[j], high[j]
        up, down = bottom + (bottom - value), top - (value - top)
        up, down = (top if up > top else up), (bottom if down < bottom else down)
        mutant[j] = up if value < bottom else (down if value > top else value)


@compiled
def _redraw(low: Numbers, high: Numbers, stream: Stream, start: int, mutant: Numbers) -> None:
    for j in range(len(mutant)):
        value, bottom, top = mutant[j], low[j], high[j]
        if value < bottom or value > top:
            gene = start + j
            word = block(stream, np.uint64(gene // 4))[gene % 4] & np.uint64(0xFFFFFFFF)
            fraction = mutant.dtype.type(word >> np.uint64(8)) * mutant.dtype.type(2.0**-24)
            value = bottom + fraction * (top - bottom)
            mutant[j] = top if value > top else value
