"""A torus as text: a colored block for the loss of each cell, and the scale in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.text import Text

from coevo.watching.recorded import TorusCells

__all__ = ["torus_panel"]

# Of the color map "viridis": even in lightness, and told apart by the color-blind.
_COLORS = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
_SHADES = "░▒▓█"
_BEST = "[]"
_LARGEST = 4
_WORDS = 3


@dataclass(frozen=True)
class _Scale:
    """From the lowest loss to the highest, logarithmic where all are positive."""

    low: float
    high: float
    logarithmic: bool

    def share(self, loss: float) -> float:
        """How high a loss is, from 0 to 1."""
        low, high, value = self.low, self.high, loss
        if self.logarithmic:
            low, high, value = (float(np.log10(x)) for x in (low, high, value))
        return 0.0 if high <= low else (value - low) / (high - low)


def torus_panel(cells: TorusCells, width: int, height: int, *, colors: bool) -> list[Text]:
    """The losses of a world's cells at their places.

    A torus that does not find room is shown in squares of several cells, each by its best.

    Args:
        cells: what to show.
        width: in characters, at least 20.
        height: in lines, at least 6.
        colors: whether there are any; otherwise darker means worse.

    Returns:
        Lines of at most that width, the scale among them.
    """
    losses, together = _pooled(cells.losses, width, height - _WORDS)
    known = losses[np.isfinite(losses)]
    if not known.size:
        return [Text("no loss is finite", "bright_black")]
    scale = _Scale(float(known.min()), float(known.max()), bool(known.min() > 0))
    rows, columns = losses.shape
    size = min(_LARGEST, (height - _WORDS) // rows, max(1, width // (2 * columns)))
    block = 2 * size if 2 * columns <= width else 1
    best = np.unravel_index(np.nanargmin(losses), losses.shape)
    lines = []
    for row in range(rows):
        plain = [_block(loss, scale, block, colors=colors) for loss in losses[row]]
        marked = list(plain)
        if row == best[0]:
            column = int(best[1])
            marked[column] = _marked(plain[column], losses[best], scale, colors=colors)
        middle = (size - 1) // 2
        lines += [Text.assemble(*(marked if n == middle else plain)) for n in range(size)]
    words = _words(scale, together, colors=colors)
    if together == 1 and block >= len(_BEST) and len(words) > 1:
        words[0].append(f", at {_BEST}")
    return [*lines, *words]


def _pooled(
    losses: npt.NDArray[np.float64], width: int, height: int
) -> tuple[npt.NDArray[np.float64], int]:
    """Losses that find room, each the lowest of a square of so many cells a side."""
    rows, columns = losses.shape
    together = max(1, -(-columns // width), -(-rows // height))
    if together == 1:
        return losses, 1
    shape = -(-rows // together), -(-columns // together)
    padded = np.full((shape[0] * together, shape[1] * together), np.inf)
    padded[:rows, :columns] = np.where(np.isfinite(losses), losses, np.inf)
    lowest = padded.reshape(shape[0], together, shape[1], together).min((1, 3))
    return np.where(np.isfinite(lowest), lowest, np.nan), together


def _block(loss: float, scale: _Scale, width: int, *, colors: bool) -> Text:
    if not np.isfinite(loss):
        return Text("·".center(width), "bright_black")
    if colors:
        return Text("█" * width, _color(scale.share(loss)))
    return Text(_shade(scale.share(loss)) * width)


def _marked(block: Text, loss: float, scale: _Scale, *, colors: bool) -> Text:
    """The block of the best cell, with a mark in its middle."""
    width = len(block)
    if width < len(_BEST):
        return block
    left = (width - len(_BEST)) // 2
    mark = Text(_BEST, f"bold white on {_color(scale.share(loss))}" if colors else "")
    return Text.assemble(block[:left], mark, block[left + len(_BEST) :])


def _words(scale: _Scale, together: int, *, colors: bool) -> list[Text]:
    """What the blocks mean, in at most three lines."""
    if scale.low == scale.high:
        swatch = Text("██", _color(0.0)) if colors else Text(_shade(0.0) * 2)
        return [Text.assemble(swatch, f" {scale.low:.4g} in all cells")]
    lines = []
    for share, loss, word in ((0.0, scale.low, "lowest"), (1.0, scale.high, "highest")):
        swatch = Text("██", _color(share)) if colors else Text(_shade(share) * 2)
        lines.append(Text.assemble(swatch, f" {loss:.4g} {word}"))
    if together > 1:
        lines.append(Text(f"best of each {together} x {together} cells", "bright_black"))
    return lines


def _shade(share: float) -> str:
    return _SHADES[min(len(_SHADES) - 1, int(share * len(_SHADES)))]


def _color(share: float) -> str:
    """The color map at a share of its length."""
    place = min(1.0, max(0.0, share)) * (len(_COLORS) - 1)
    first = min(int(place), len(_COLORS) - 2)
    one, other = (_channels(_COLORS[first + step]) for step in (0, 1))
    mixed = [round(a + (b - a) * (place - first)) for a, b in zip(one, other, strict=True)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _channels(color: str) -> tuple[int, ...]:
    return tuple(int(color[start : start + 2], 16) for start in (1, 3, 5))
