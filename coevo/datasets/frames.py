"""Drawings brought to 28 x 28 pixels by exact area averages."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["full_frame", "normalized_frame"]

_SIZE = 28
_BOX = 20
# Where MNIST's centers of mass lie on average, in both directions: within the pixel after the
# middle one, measured over its 55,000 training images (from 14 to 15, mean 14.50).
_CENTER = 14.5


def full_frame(ink: Tensor) -> Tensor:
    """Shrink whole drawings: each result pixel is the mean of the area that it covers.

    Args:
        ink: ``[drawings, pixels, pixels]`` float64, in [0, 1], 1 = ink.

    Returns:
        ``[drawings, 28, 28]`` float32, in [0, 1].

    Examples:
        >>> full_frame(torch.ones(1, 105, 105, dtype=torch.float64)).unique()
        tensor([1.])
    """
    pixels = ink.shape[1]
    cover = _coverage(torch.tensor([0]), torch.tensor([pixels]), pixels, parts=_SIZE)
    return _shrink(cover, ink, cover)


def normalized_frame(ink: Tensor) -> Tensor:
    """Fit the ink into 20 x 20 pixels and place it by its center of mass, as MNIST does.

    The ink's bounding box is scaled, with its proportions, until the longer side has 20 pixels;
    then it is moved by whole pixels until the center of mass is nearest to where MNIST has it,
    but never over the frame's border.

    Args:
        ink: ``[drawings, pixels, pixels]`` float64, in [0, 1], 1 = ink; some ink in each.

    Returns:
        ``[drawings, 28, 28]`` float32, in [0, 1].
    """
    top, height = _extent(ink.amax(2) > 0)
    left, width = _extent(ink.amax(1) > 0)
    longest = torch.maximum(height, width)
    rows = _placed(ink.sum(2), top, height, longest)
    columns = _placed(ink.sum(1), left, width, longest)
    return _shrink(rows, ink, columns)


def _extent(inked: Tensor) -> tuple[Tensor, Tensor]:
    """First inked line and number of lines up to the last, each ``[drawings]`` int64."""
    first = inked.to(torch.uint8).argmax(1)
    behind_last = inked.shape[1] - inked.flip(1).to(torch.uint8).argmax(1)
    return first, behind_last - first


def _placed(mass: Tensor, first: Tensor, extent: Tensor, longest: Tensor) -> Tensor:
    """Coverage ``[drawings, 28, pixels]`` of one axis; ``mass`` is ``[drawings, pixels]``."""
    pixels = mass.shape[1]
    centers = torch.arange(pixels, dtype=mass.dtype) + 0.5
    inside = (mass * centers).sum(1) / mass.sum(1) - first
    margin = (_CENTER - inside * _BOX / longest).round().to(torch.int64)
    # Whole pixels that the scaled extent touches: its ceiling.
    touched = -(-extent * _BOX // longest)
    margin = margin.clamp(min=0).minimum(_SIZE - touched)
    return _coverage(first * _BOX - margin * longest, longest, pixels, parts=_BOX)


def _coverage(start: Tensor, step: Tensor, pixels: int, *, parts: int) -> Tensor:
    """Share of each result pixel that each source pixel covers.

    Lengths are whole parts of a source pixel, so that borders which fall together do so exactly.

    Args:
        start: ``[drawings]`` int64, where the first result pixel begins, in parts.
        step: ``[drawings]`` int64, size of a result pixel, in parts.
        pixels: number of source pixels.
        parts: of each source pixel.

    Returns:
        ``[drawings, 28, pixels]`` float64; less than 1 in sum for result pixels that reach
        beyond the source.
    """
    borders = start[:, None] + step[:, None] * torch.arange(_SIZE + 1)
    source = torch.arange(pixels) * parts
    upper = torch.minimum(borders[:, 1:, None], source + parts)
    lower = torch.maximum(borders[:, :-1, None], source)
    return (upper - lower).clamp_(min=0).to(torch.float64) / step[:, None, None]


def _shrink(rows: Tensor, ink: Tensor, columns: Tensor) -> Tensor:
    averaged = rows @ ink @ columns.transpose(1, 2)
    return averaged.clamp(0.0, 1.0).to(torch.float32)
