"""Philox4x32-10 words, and real numbers made of them, with the same bits on every device.

The generator is that of Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as
easy as 1, 2, 3" (https://doi.org/10.1145/2063384.2063405): ten rounds of a keyed bijection
of a counter, so that any number can be had without those before it. A word is an unsigned
32-bit value held in an int64. Who owns which counter is decided in `coevo.random`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["fractions", "normals", "tiles", "words"]

_ROUNDS = 10
_WEYL_STEPS = (0x9E3779B9, 0xBB67AE85)
# Tensors without dimensions: torch takes them faster than Python numbers, on any device.
_MULTIPLIER_0 = torch.tensor(0xD2511F53, device="cpu")
_MULTIPLIER_2 = torch.tensor(0xCD9E8D57, device="cpu")
_WORD_MASK = torch.tensor(0xFFFFFFFF, device="cpu")
_WORD_BITS = torch.tensor(32, device="cpu")

# Bits of the float64 just above the root of 1/2, as in the logarithm of FreeBSD's libm.
_ROOT_HALF_BITS = 0x3FE6A09E00000000
_FRACTION_BITS = 52
_LOGARITHM_OF_2 = 0.6931471805599453
# Series of log((1 + x) / (1 - x)) / x in x^2 for |x| < 0.172, of sin(x) / x and of cos(x) in
# x^2 for |x| <= pi / 4, each as long as float64 can tell.
_LOGARITHM = tuple(2 / (2 * k + 1) for k in range(10))
_SINE = tuple((-1) ** k / math.factorial(2 * k + 1) for k in range(9))
_COSINE = tuple((-1) ** k / math.factorial(2 * k) for k in range(10))


def tiles(streams: int, blocks: range, device: torch.device) -> Iterator[tuple[slice, range]]:
    """Cut streams times blocks into parts that the caches hold, or that fill a GPU."""
    limit = 1 << 15 if device.type == "cpu" else 1 << 20
    width = max(1, min(limit, len(blocks)))
    height = limit // width
    for stream in range(0, streams, height):
        for block in range(0, len(blocks), width):
            yield slice(stream, stream + height), blocks[block : block + width]


def words(seeds: Tensor, cells: Tensor, upper: tuple[int, int], blocks: range) -> Tensor:
    """Compute consecutive blocks of four words for many streams at once.

    Args:
        seeds: ``[streams]`` int64, whose 64 bits are the two words of the key, low word first.
        cells: ``[streams]`` int64 in [0, 2^32), the second word of the counter.
        upper: third and fourth word of the counter, in [0, 2^32).
        blocks: values in [0, 2^32) of the first word of the counter, without gaps.

    Returns:
        ``[streams, 4 * blocks]`` int64 in [0, 2^32).

    Examples:
        >>> zero = torch.zeros(1, dtype=torch.int64)
        >>> [f"{word:08x}" for word in words(zero, zero, (0, 0), range(1))[0].tolist()]
        ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    device, streams = seeds.device, seeds.shape[0]
    # Rows hold words 0 and 2 of the counter in `even`, 1 and 3 in `odd`.
    even = torch.empty((2, streams, len(blocks)), dtype=torch.int64, device=device)
    odd, products = torch.empty_like(even), torch.empty_like(even)
    even[0] = torch.arange(blocks.start, blocks.stop, device=device)
    even[1].fill_(upper[0])
    odd[0] = cells[:, None]
    odd[1].fill_(upper[1])
    word_0, word_2 = even.unbind(0)
    for round_keys in _round_keys(seeds).unbind(0):
        torch.mul(word_2, _MULTIPLIER_2, out=products[0])
        torch.mul(word_0, _MULTIPLIER_0, out=products[1])
        torch.bitwise_right_shift(products, _WORD_BITS, out=even)
        # The mask also clears the sign that was shifted in and what `odd` holds above a word.
        even.bitwise_xor_(odd).bitwise_xor_(round_keys).bitwise_and_(_WORD_MASK)
        odd, products = products, odd
    result = torch.empty((streams, len(blocks), 2, 2), dtype=torch.int64, device=device)
    by_row = result.permute(2, 0, 1, 3)
    by_row[..., 0] = even
    torch.bitwise_and(odd, _WORD_MASK, out=by_row[..., 1])
    return result.view(streams, 4 * len(blocks))


def _round_keys(seeds: Tensor) -> Tensor:
    """``[rounds, 2, streams, 1]`` int64, right in the low 32 bits only."""
    rounds = torch.arange(_ROUNDS, device=seeds.device)[:, None]
    low = seeds + rounds * _WEYL_STEPS[0]
    high = (seeds >> _WORD_BITS) + rounds * _WEYL_STEPS[1]
    return torch.stack((low, high), dim=1)[..., None]


def fractions(drawn: Tensor, dtype: torch.dtype) -> Tensor:
    """Turn words, which are overwritten, into multiples of 2^-24 in [0, 1), exactly."""
    return drawn.bitwise_right_shift_(8).to(dtype).mul_(2.0**-24)


def normals(pairs: Tensor) -> Tensor:
    """Turn pairs of words into pairs of standard normal numbers (Box and Muller 1958).

    The first word of a pair gives the radius, the second the angle: its two highest bits are
    the signs of the pair, the others the angle within a quadrant. Logarithm, sine and cosine
    are series of additions and multiplications, which IEEE 754 rounds alike everywhere; those
    of torch may differ in the last place between devices, processors and builds.

    Args:
        pairs: ``[streams, even]`` int64 in [0, 2^32).

    Returns:
        ``[streams, even]`` float64, at most 6.77 from zero.
    """
    radius_words, angle_words = pairs.view(*pairs.shape[:-1], -1, 2).unbind(-1)
    radius = _minus_logarithm(radius_words).sqrt_()
    # An angle from -pi / 4 to pi / 4 off the diagonal of the quadrant; never on an axis.
    angle = (angle_words & ((1 << 30) - 1)).to(torch.float64)
    angle.add_(0.5 - (1 << 29)).mul_(math.pi / (1 << 31))
    square = angle.square()
    sine = _polynomial(square, _SINE).mul_(angle).mul_(radius)
    cosine = _polynomial(square, _COSINE).mul_(radius)
    signs = ((angle_words << shift).view(torch.float64) for shift in (33, 32))
    across, along = (cosine - sine).copysign_(next(signs)), (cosine + sine).copysign_(next(signs))
    return torch.stack((across, along), dim=-1).view(pairs.shape)


def _minus_logarithm(radius_words: Tensor) -> Tensor:
    """``-log((word + 1/2) / 2^32)``, positive, in float64."""
    bits = (radius_words * 2 + 1).to(torch.float64).view(torch.int64)
    exponent = (bits - _ROOT_HALF_BITS).bitwise_right_shift_(_FRACTION_BITS)
    fraction = (bits - (exponent << _FRACTION_BITS)).view(torch.float64)
    ratio = (fraction - 1).div_(fraction + 1)
    series = _polynomial(ratio.square(), _LOGARITHM).mul_(ratio)
    return (33 - exponent).to(torch.float64).mul_(_LOGARITHM_OF_2).sub_(series)


def _polynomial(x: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    """Horner's rule, in steps that no device fuses."""
    result = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result.mul_(x).add_(coefficient)
    return result
