"""Words of Philox4x32-10 in compiled loops, the same as those of `coevo.philox`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coevo.compiled.compilation import compiled, inlined

__all__ = ["Stream", "block", "fill"]

Numbers = NDArray[Any]

_MULTIPLIER_0, _MULTIPLIER_2 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_TWICE_WEYL_0, _TWICE_WEYL_1 = np.uint64(2 * 0x9E3779B9), np.uint64(2 * 0xBB67AE85)
_MASK, _BITS = np.uint64(0xFFFFFFFF), np.uint64(32)


class Stream(NamedTuple):
    """One stream of words; all are uint64, and below 2^32 but for the seed.

    Attributes:
        seed: whose halves are the key, low first.
        cell: second word of the counter.
        generation: third.
        purpose: fourth.
    """

    seed: Any
    cell: Any
    generation: Any
    purpose: Any


@inlined
def _two_rounds(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Words may have more than 32 bits, which do not count."""
    even, odd = (c2 & _MASK) * _MULTIPLIER_2, (c0 & _MASK) * _MULTIPLIER_0
    d0, d2 = (even >> _BITS) ^ c1 ^ k0, (odd >> _BITS) ^ c3 ^ k1
    next_even, next_odd = (d2 & _MASK) * _MULTIPLIER_2, (d0 & _MASK) * _MULTIPLIER_0
    e0 = (next_even >> _BITS) ^ even ^ (k0 + _WEYL_0)
    e2 = (next_odd >> _BITS) ^ odd ^ (k1 + _WEYL_1)
    return e0, next_even, e2, next_odd


@inlined
def block(stream: Stream, number: Any) -> Any:
    """Four words at once, right in the low 32 bits of uint64 only."""
    k0, k1 = stream.seed & _MASK, stream.seed >> _BITS
    c0, c1, c2, c3 = number, stream.cell, stream.generation, stream.purpose
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    k0, k1 = k0 + _TWICE_WEYL_0, k1 + _TWICE_WEYL_1
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    k0, k1 = k0 + _TWICE_WEYL_0, k1 + _TWICE_WEYL_1
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    k0, k1 = k0 + _TWICE_WEYL_0, k1 + _TWICE_WEYL_1
    c0, c1, c2, c3 = _two_rounds(c0, c1, c2, c3, k0, k1)
    k0, k1 = k0 + _TWICE_WEYL_0, k1 + _TWICE_WEYL_1
    return _two_rounds(c0, c1, c2, c3, k0, k1)


@compiled
def fill(words: Numbers, stream: Stream, first: int, count: int) -> None:
    """Write blocks of a stream.

    Args:
        words: ``[at least 4 * (count + 3)]`` uint32; overwritten, a little beyond those blocks.
        stream: to draw from.
        first: number of the first block.
        count: how many.
    """
    for b in range((count + 3) // 4 * 4):  # no rest that is not vectorized
        w0, w1, w2, w3 = block(stream, np.uint64(first) + np.uint64(b))
        words[4 * b] = np.uint32(w0)
        words[4 * b + 1] = np.uint32(w1)
        words[4 * b + 2] = np.uint32(w2)
        words[4 * b + 3] = np.uint32(w3)
