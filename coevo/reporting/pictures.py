"""Samples as small PNG images that stand in the page itself."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from coevo.stored_files import Samples

__all__ = ["Picture", "Row", "black_and_white", "nearly_square", "picture", "rows_of_pictures"]

Floats: TypeAlias = npt.NDArray[np.float64]

MOST_ROWS = 12
_MOST_CHARACTERS = 250_000
_LONGEST_SIDE = 96


@dataclass(frozen=True)
class Picture:
    """One PNG image.

    Attributes:
        source: a data URI.
        width: pixels of the image.
        height: pixels of the image.
    """

    source: str
    width: int
    height: int


@dataclass(frozen=True)
class Row:
    """One sample.

    Attributes:
        input: None where it is the target itself.
        target: what the output should be.
        output: the reconstruction.
        error: mean squared difference of output and target.
    """

    input: Picture | None
    target: Picture
    output: Picture
    error: float


def rows_of_pictures(samples: Samples) -> list[Row]:
    """The first samples, as many as a small page can hold, and at least one.

    Args:
        samples: ``inputs``, ``targets`` and ``outputs``, each ``[n, ...]``.
    """
    inputs, targets, outputs = samples["inputs"], samples["targets"], samples["outputs"]
    same = inputs.shape == targets.shape and np.allclose(inputs, targets, atol=1e-6)
    low, high = black_and_white(targets)
    rows: list[Row] = []
    characters = 0
    for index in range(min(MOST_ROWS, len(targets))):
        target, output = targets[index], outputs[index]
        row = Row(
            None if same else picture(inputs[index], low, high),
            picture(target, low, high),
            picture(output, low, high),
            float(np.mean((output - target) ** 2)),
        )
        characters += sum(len(one.source) for one in (row.input, row.target, row.output) if one)
        if rows and characters > _MOST_CHARACTERS:
            break
        rows.append(row)
    return rows


def black_and_white(targets: Floats) -> tuple[float, float]:
    """What black and white mean in all pictures: 0 and 1 wherever the targets stay within."""
    finite = targets[np.isfinite(targets)]
    return float(finite.min(initial=0)), float(finite.max(initial=1))


def nearly_square(values: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """A vector as the most nearly square grid.

    Args:
        values: ``[n]``.

    Returns:
        ``[height, width]`` values, and True where one of them stands: the last places are
        empty where `n` has no two similar divisors.

    Examples:
        >>> nearly_square(np.arange(6.0))[0].tolist()
        [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
        >>> nearly_square(np.arange(7.0))[1].tolist()
        [[True, True, True], [True, True, True], [True, False, False]]
    """
    n = len(values)
    root = math.isqrt(n)
    height = next(height for height in range(root, 0, -1) if n % height == 0)
    if n > 4 * height * height:
        height = math.ceil(n / math.ceil(math.sqrt(n)))
    width = math.ceil(n / height)
    filled = (np.arange(height * width) < n).reshape(height, width)
    return np.pad(values, (0, height * width - n)).reshape(height, width), filled


def picture(sample: Floats, low: float, high: float) -> Picture:
    """One sample as an image.

    Args:
        sample: of any shape; what is no image is drawn as the most nearly square grid.
        low: the value that is black.
        high: the value that is white.
    """
    from PIL import Image

    filled = None
    if sample.ndim == 3 and sample.shape[0] in (1, 3):
        pixels = np.moveaxis(sample, 0, -1)
    elif sample.ndim == 2:
        pixels = sample[..., None]
    else:
        values, filled = nearly_square(sample.reshape(-1))
        pixels = values[..., None]
    scaled = np.nan_to_num(np.clip((pixels - low) / (high - low), 0, 1))
    levels = np.round(scaled * 255).astype(np.uint8)
    if filled is not None and not filled.all():
        levels = np.concatenate([levels, np.uint8(255) * filled[..., None]], axis=2)
    image = Image.fromarray(levels.squeeze(2) if levels.shape[2] == 1 else levels)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(f"data:image/png;base64,{encoded}", *image.size)
