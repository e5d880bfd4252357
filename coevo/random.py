"""Random numbers that depend on where they are used, never on when.

A number is a function of (seed, cell, generation, purpose, position): not of call order,
device, stacking of worlds, chunking or rank. The two words of a Philox key are the halves of the
seed, low first; those of its counter are block of 4 positions, cell, generation, purpose hash.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from coevo.errors import CoevoError
from coevo.keys import WORLD, Key, require_within
from coevo.philox import fractions, normals, tiles, words

__all__ = [
    "WORLD",
    "Key",
    "bits",
    "uniform",
    "normal",
    "integers",
    "permutation",
    "choice",
    "torch_seed",
]

_VALUES = (1 << 31) - 1


def bits(key: Key, shape: Sequence[int], *, start: int = 0) -> Tensor:
    """Draw 32 random bits per number.

    Every other draw is made of these, number by number: a draw with ``start=0`` followed by
    one that starts where it ended is one long draw. Streams are 2^34 numbers long.

    Args:
        key: of the streams to draw from.
        shape: of what each stream draws.
        start: position of the first number.

    Returns:
        ``[streams, *shape]`` int64 in [0, 2^32).

    Raises:
        CoevoError: a position is negative or past the end of the stream.
    """
    return _draw(key, shape, start, torch.int64, lambda w: w)


def uniform(
    key: Key,
    shape: Sequence[int],
    *,
    low: float = 0.0,
    high: float = 1.0,
    dtype: torch.dtype = torch.float32,
    start: int = 0,
) -> Tensor:
    """Draw uniformly from ``[low, high)``.

    A number is a multiple of 2^-24, which float32 and float64 both hold exactly, scaled in
    float64 and rounded once: in [0, 1) both draw the same, elsewhere they differ by rounding.

    Args:
        key: of the streams to draw from.
        shape: of what each stream draws.
        low: the smallest value.
        high: above the largest value.
        dtype: float32 or float64.
        start: position of the first number, see `bits`.

    Returns:
        ``[streams, *shape]`` of ``dtype``, never ``high``, whatever the rounding.

    Raises:
        CoevoError: no number of the dtype in the range, or another dtype, or as in `bits`.
    """
    _require_float(dtype)
    if not (math.isfinite(high - low) and low < high):
        raise CoevoError(f"low, high: got {low}, {high}; give finite numbers, low below high")
    if (low, high) == (0.0, 1.0):
        return _draw(key, shape, start, dtype, lambda w: fractions(w, dtype))
    smallest, largest = _bounds(low, high, dtype)

    def scaled(w: Tensor) -> Tensor:
        exact = fractions(w, torch.float64).mul_(high - low).add_(low)
        return exact.to(dtype).clamp_(smallest, largest)

    return _draw(key, shape, start, dtype, scaled)


def normal(
    key: Key,
    shape: Sequence[int],
    *,
    mean: float = 0.0,
    standard_deviation: float = 1.0,
    dtype: torch.dtype = torch.float32,
    start: int = 0,
) -> Tensor:
    """Draw from a normal distribution, by the method of Box and Muller.

    Computed in float64 by operations that are exactly rounded, then rounded to ``dtype``: the
    same bits on every device. No number is further than 6.77 standard deviations from the mean.

    Args:
        key: of the streams to draw from.
        shape: of what each stream draws.
        mean: finite.
        standard_deviation: finite, not negative.
        dtype: float32 or float64.
        start: position of the first number, see `bits`.

    Returns:
        ``[streams, *shape]`` of ``dtype``.

    Raises:
        CoevoError: mean or deviation out of range, or another dtype, or as in `bits`.
    """
    _require_float(dtype)
    if not (math.isfinite(mean) and math.isfinite(standard_deviation) and standard_deviation >= 0):
        raise CoevoError(
            f"mean, standard_deviation: got {mean}, {standard_deviation}; "
            "give finite numbers, the second not negative"
        )
    return _draw(key, shape, start, dtype, lambda w: normals(w).mul_(standard_deviation).add_(mean))


def integers(key: Key, shape: Sequence[int], high: int, *, low: int = 0, start: int = 0) -> Tensor:
    """Draw whole numbers from ``[low, high)``.

    A word times ``high - low``, without its low 32 bits (Lemire 2019, without the rejection):
    a value's probability is off by less than 2^-32, relatively ``(high - low) / 2^32``.

    Args:
        key: of the streams to draw from.
        shape: of what each stream draws.
        high: above the largest value; ``high - low`` is in [1, 2^31].
        low: the smallest value.
        start: position of the first number, see `bits`.

    Returns:
        ``[streams, *shape]`` int64.

    Raises:
        CoevoError: there are no or too many values, or as in `bits`.
    """
    if not 1 <= high - low <= 1 << 31:
        raise CoevoError(f"low, high: got {low}, {high}; give from 1 to 2^31 values, low first")
    span = high - low
    return _draw(
        key, shape, start, torch.int64, lambda w: w.mul_(span).bitwise_right_shift_(32).add_(low)
    )


def permutation(key: Key, n: int) -> Tensor:
    """Shuffle 0 .. n - 1, by sorting one word per value; equal words keep their order.

    Args:
        key: of the streams to draw from.
        n: in [0, 2^31].

    Returns:
        ``[streams, n]`` int64.

    Raises:
        CoevoError: n is out of range.

    Examples:
        >>> permutation(Key.for_worlds(torch.tensor([1, 2])), 4)
        tensor([[0, 1, 3, 2],
                [1, 3, 2, 0]])
    """
    return _sortable(key, n).sort(dim=1).values.bitwise_and_(_VALUES)


def choice(key: Key, n: int, k: int) -> Tensor:
    """Choose k of 0 .. n - 1 without replacement: the first k of the `permutation`.

    Args:
        key: of the streams to draw from.
        n: in [0, 2^31].
        k: in [0, n].

    Returns:
        ``[streams, k]`` int64.

    Raises:
        CoevoError: n or k is out of range.
    """
    require_within("k", k, n + 1)
    lowest = _sortable(key, n).topk(k, dim=1, largest=False, sorted=True)
    return lowest.values.bitwise_and_(_VALUES)


def torch_seed(key: Key) -> list[int]:
    """One seed in [0, 2^63) per stream, for a `torch.Generator`; the host waits for the device."""
    high, low = bits(key, (2,)).unbind(1)
    seeds: list[int] = ((high << 31) | (low >> 1)).tolist()
    return seeds


def _sortable(key: Key, n: int) -> Tensor:
    """``[streams, n]`` int64: a word, and the value it is drawn for in the low 31 bits."""
    require_within("n", n, _VALUES + 2)
    values = torch.arange(n, device=key.seeds.device)
    return bits(key, (n,)).bitwise_left_shift_(31).bitwise_or_(values)


def _draw(
    key: Key,
    shape: Sequence[int],
    start: int,
    dtype: torch.dtype,
    convert: Callable[[Tensor], Tensor],
) -> Tensor:
    """Draw tile by tile; ``convert`` turns words into numbers and may overwrite them."""
    numbers = math.prod(shape)
    end = start + numbers
    require_within("start", start, (1 << 34) - numbers + 1)
    upper, device = (key.generation, key.purpose_word), key.seeds.device
    result = torch.empty((key.streams, numbers), dtype=dtype, device=device)
    for rows, blocks in tiles(key.streams, range(start // 4, -(-end // 4)), device):
        tile = convert(words(key.seeds[rows], key.cells[rows], upper, blocks))
        offset = 4 * blocks.start
        low, high = max(start, offset), min(end, offset + tile.shape[1])
        result[rows, low - start : high - start] = tile[:, low - offset : high - offset]
    return result.view(key.streams, *shape)


def _require_float(dtype: torch.dtype) -> None:
    if dtype not in (torch.float32, torch.float64):
        raise CoevoError(f"dtype: got {dtype}; give torch.float32 or torch.float64")


def _bounds(low: float, high: float, dtype: torch.dtype) -> tuple[float, float]:
    """The smallest and largest number of the dtype in ``[low, high)``."""
    lowest, highest = torch.tensor([low, high], dtype=torch.float64).to(dtype)
    infinity = torch.tensor(math.inf, dtype=dtype)
    smallest = lowest.nextafter(infinity) if float(lowest) < low else lowest
    largest = highest.nextafter(-infinity) if float(highest) >= high else highest
    if smallest > largest:
        raise CoevoError(f"low, high: got {low}, {high}; {dtype} has no number between")
    return float(smallest), float(largest)
