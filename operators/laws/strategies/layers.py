"""Hypothesis strategy for whole layers, as operators see them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from operators.laws.strategies.draws import HashedDraws
from operators.laws.strategies.dyadic import Shape, dyadic, size_of
from operators.laws.strategies.tensors import (
    LARGEST,
    MOST_CASES,
    MOST_POSITIONS,
    WIDEST,
    mask_bytes,
    masks_from,
)
from operators.types import NEEDS, Layer, Need

__all__ = ["layer_bytes", "layer_from", "layers"]

_OUTPUTS: Shape = (LARGEST[0], MOST_CASES, LARGEST[1], MOST_POSITIONS)
_HEAD = 10  # bytes for sizes, and for what draws and numbers are like
_LEVELS = (1 << 24, 4)


def layers(*, needs: Iterable[Need] = NEEDS) -> SearchStrategy[Layer]:
    """Layers of up to 3 cells, 4 units and 5 inputs, with the hard cases of all their parts.

    Among them are layers of one cell, one unit or one input, units and cells with nothing left,
    and draws in which ties and zeros are common. A few have up to 10 inputs, of 2 units. Some
    are of float64, all but their draws, which are float32 as in experiments. Selecting cells
    selects their draws: these are functions of a seed, the cell, the purpose and the position.

    Args:
        needs: what the layers have beside weights, masks and draws.

    Returns:
        `operators.Layer`; statistics that are not asked for are None.
    """
    asked = frozenset(needs)
    size = layer_bytes(asked)
    return st.binary(min_size=size, max_size=size).map(partial(layer_from, needs=asked))


@cache
def layer_bytes(needs: frozenset[Need]) -> int:
    """How many bytes `layer_from` makes a layer of."""
    return sum(_sizes(needs).values())


def layer_from(data: bytes, needs: frozenset[Need]) -> Layer:
    """A layer for bytes; those of all 0 give one weight of 0 that is kept.

    Args:
        data: `layer_bytes` many.
        needs: what the layer has beside weights, masks and draws.
    """
    parts, start = {}, 0
    for name, size in _sizes(needs).items():
        parts[name] = data[start : start + size]
        start += size
    head = parts.pop("head")
    most = WIDEST if head[8] % 8 == 7 else LARGEST
    sizes = zip(head, (*most, MOST_CASES, MOST_POSITIONS), strict=False)
    cells, units, inputs, cases, positions = (1 + byte % limit for byte, limit in sizes)
    shape = cells, units, inputs
    shapes = {
        "outputs": (cells, cases, units, positions),
        "input_rms": (cells, units if head[5] % 2 else 1, inputs),
    }
    masks = masks_from(parts.pop("masks"), most, shape)
    limits = {"outputs": _OUTPUTS}
    found = {
        name: dyadic(part, limits.get(name, most), shapes.get(name, shape))
        for name, part in parts.items()
    }
    if "input_rms" in found:
        found["input_rms"].abs_()
    if head[9] % 4 == 3:
        found = {name: tensor.double() for name, tensor in found.items()}
    draws = HashedDraws(head[6], tuple(range(cells)), _LEVELS[head[7] % 4 == 1])
    return Layer(masks=masks, draws=draws, **found)


@cache
def _sizes(needs: frozenset[Need]) -> dict[str, int]:
    """Bytes of each part, in their order."""
    numbers = ("weights", *(name for name in NEEDS if name in needs))
    tensors = {name: size_of(_OUTPUTS if name == "outputs" else LARGEST) for name in numbers}
    return {"head": _HEAD, "masks": mask_bytes(LARGEST), **tensors}
