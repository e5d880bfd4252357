"""Elementary functions for vectorized loops, in float32 and float64.

Numba calls the C library's for every number by itself. These are series after a reduction of the
range, within a few units in the last place of torch's; NaN stays NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from coevo.compiled.compilation import compiled

__all__ = ["cross_entropy", "sigmoid", "tanh"]

Numbers = NDArray[Any]


@intrinsic
def _power_of_two(_: Any, exponent: Any, like: Any) -> Any:
    """2 to a whole number, in the type of ``like``, made of the bits of its exponent."""
    bits, bias, shift = (32, 127, 23) if like == types.float32 else (64, 1023, 52)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(bits)
        number = arguments[0]
        if bits > number.type.width:
            number = builder.sext(number, whole)
        biased = builder.shl(builder.add(number, whole(bias)), whole(shift))
        return builder.bitcast(biased, target.get_value_type(signature.return_type))

    return like(exponent, like), generate


def _exponential(x: float) -> tuple[float, float]:
    """``scale`` and ``rest`` for x <= 0, with exp(x) = scale + scale * rest."""
    raise NotImplementedError


# Exactly as written: a sum in another order would lose the digits that it is cut up for.
@overload(_exponential, jit_options={"fastmath": {"contract"}, "error_model": "numpy"})
def _exponential_of(x: Any) -> Any:
    single = x == types.float32
    real, terms, least = (np.float32, 7, -126.0) if single else (np.float64, 13, -1022.0)
    lowest, smallest, half = real(math.log(2) * (least + 0.5)), real(least), real(0.5)
    to_base_2 = real(1 / math.log(2))
    # log(2) in two parts, the first of so few digits that its multiples are exact.
    high = real(0.693359375) if single else real(0.6931471803691238)
    low = real(-2.12194440054690583e-4) if single else real(1.9082149292705877e-10)
    series = tuple(real(1 / math.factorial(k)) for k in range(terms, 0, -1))

    def implementation(x: Any) -> Any:
        bounded = lowest if x < lowest else x
        place = bounded * to_base_2 - half
        exponent = np.int32(place if place > smallest else smallest)
        rest = (bounded - real(exponent) * high) - real(exponent) * low
        total = series[0]
        for factor in series[1:]:
            total = total * rest + factor
        return _power_of_two(exponent, half), total * rest  # type: ignore[call-arg]  # numba gives the first

    return implementation


@compiled
def sigmoid(values: Numbers, images: Numbers, count: int) -> None:
    """``1 / (1 + exp(-values))`` of the first numbers, into ``images``, which may be the same."""
    one, zero = values.dtype.type(1), values.dtype.type(0)
    for j in range(count):
        x = values[j]
        scale, rest = _exponential(-abs(x))
        power = scale * rest + scale
        images[j] = (one if x >= zero else power) / (one + power)


@compiled
def tanh(values: Numbers, count: int) -> None:
    """Hyperbolic tangent of the first numbers, in place."""
    zero, one, two = values.dtype.type(0), values.dtype.type(1), values.dtype.type(2)
    for j in range(count):
        x = values[j]
        scale, rest = _exponential(-two * abs(x))
        less_one = scale * rest + (scale - one)
        ratio = less_one / (two + less_one)
        values[j] = -ratio if x >= zero else ratio


@compiled
def cross_entropy(outputs: Numbers, target: Numbers) -> Any:
    """Cross-entropy of a sigmoid's outputs with targets in [0, 1], summed up.

    That is ``max(x, 0) - x * target + log(1 + exp(-abs(x)))``.

    Args:
        outputs: ``[at least width]``, before the sigmoid.
        target: ``[width]``.
    """
    zero, one, two = outputs.dtype.type(0), outputs.dtype.type(1), outputs.dtype.type(2)
    base, bound = outputs.dtype.type(math.log(2)), outputs.dtype.type(math.sqrt(2) - 1)
    total = zero
    for j in range(target.shape[0]):
        x = outputs[j]
        scale, rest = _exponential(-abs(x))
        power = scale * rest + scale
        # Above the root of 2, the logarithm of the half: the series then needs few terms.
        halved = power > bound
        less_one = (power - one) / two if halved else power
        ratio = less_one / (two + less_one)
        square = ratio * ratio
        series = zero
        for k in range(9, -1, -1):
            series = series * square + two / outputs.dtype.type(2 * k + 1)
        logarithm = ratio * series + (base if halved else zero)
        total += (x if x > zero else zero) - x * target[j] + logarithm
    return total
