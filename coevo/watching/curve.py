"""Curves as text: dots of Braille characters, 2 x 4 in each, between two labeled axes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from rich.text import Text

from coevo.watching.choice import Curve

__all__ = ["LETTERS", "STYLES", "curve_panel"]

LETTERS = "abcdefgh"
# Told apart by the color-blind, on a dark or a light background.
STYLES = ("cyan", "yellow", "magenta", "green", "blue", "red", "bright_black", "white")

_BLANK = 0x2800
# Bits of the dots of a Braille character, by row from the top and by column.
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.int64)
_LABEL = 8
_LOGARITHMIC_FROM = 3.0


def curve_panel(curves: Sequence[Curve], width: int, height: int) -> list[Text]:
    """A plot of losses over generations.

    Several curves have letters at their ends. The vertical axis is logarithmic where the
    losses differ by a factor of 3 or more.

    Args:
        curves: at most as many as there are `LETTERS`; the first is drawn over the others.
        width: in characters, at least 20.
        height: in lines, at least 4; the last is the horizontal axis.

    Returns:
        Lines of exactly that width.
    """
    if not curves:
        return _message("nothing measured yet", width, height)
    rows, columns = height - 1, width - _LABEL - 1 - (2 if len(curves) > 1 else 0)
    first = min(int(curve.generations[0]) for curve in curves)
    last = max(int(curve.generations[-1]) for curve in curves)
    scale = _Scale.of(np.concatenate([curve.losses for curve in curves]), 4 * rows)
    heights = [scale.heights(_resampled(curve, first, last, 2 * columns)) for curve in curves]
    drawn = np.stack([_dots(own, rows) for own in heights])
    marks = _letters([scale.heights(curve.losses[-1:])[0] // 4 for curve in curves], rows)
    lines = []
    for row in range(rows):
        label = f"{scale.label(row, rows):>{_LABEL - 1}} │"
        line = Text.assemble((label, "bright_black"), *_characters(drawn[:, row]))
        if len(curves) > 1:
            position = marks.get(row)
            line.append("  " if position is None else f"{LETTERS[position]} ", _style(position))
        lines.append(line)
    return [*lines, _generations(first, last, width)]


class _Scale:
    """The vertical axis: which row of dots a loss is at, from the bottom."""

    def __init__(self, low: float, high: float, dots: int, *, logarithmic: bool) -> None:
        self._low, self._high, self._dots = low, high, dots
        self._logarithmic = logarithmic

    @classmethod
    def of(cls, losses: npt.NDArray[np.float64], dots: int) -> _Scale:
        """An axis on which all losses find room."""
        low, high = float(losses.min()), float(losses.max())
        logarithmic = low > 0 and high / low >= _LOGARITHMIC_FROM
        if logarithmic:
            low, high = float(np.log10(low)), float(np.log10(high))
        if high - low <= 1e-9 * max(1e-30, abs(low), abs(high)):
            room = abs(low) / 100 or 1e-3
            low, high = low - room, high + room
        return cls(low, high, dots, logarithmic=logarithmic)

    def heights(self, losses: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Rows of dots, ``[n]`` int64 from 0 at the bottom; -1 for NaN."""
        values = np.log10(losses) if self._logarithmic else losses
        share = (values - self._low) / (self._high - self._low)
        places = np.rint(share * (self._dots - 1))
        return np.where(np.isnan(places), -1, places).astype(np.int64)

    def label(self, row: int, rows: int) -> str:
        """The loss at the top, in the middle or at the bottom; nothing elsewhere."""
        shares = {0: 1.0, rows - 1: 0.0}
        if rows >= 5:
            shares[(rows - 1) // 2] = 1 - ((rows - 1) // 2 + 0.5) / rows
        if row not in shares:
            return ""
        value = self._low + shares[row] * (self._high - self._low)
        loss = 10**value if self._logarithmic else value
        texts = [f"{loss:.{digits}g}" for digits in (3, 2, 1)]
        return next((text for text in texts if len(text) < _LABEL), texts[-1])


def _resampled(curve: Curve, first: int, last: int, points: int) -> npt.NDArray[np.float64]:
    """The loss at evenly spread generations, ``[points]``, NaN outside of the curve."""
    at = np.linspace(first, last, points) if last > first else np.full(points, float(first))
    inside = (at >= curve.generations[0]) & (at <= curve.generations[-1])
    values = np.where(inside, np.interp(at, curve.generations, curve.losses), np.nan)
    if 2 * len(curve.generations) <= points:
        # What was measured is drawn as it is, not only what lies between two measurements.
        share = (curve.generations - first) / max(1, last - first)
        values[np.rint(share * (points - 1)).astype(np.int64)] = curve.losses
    return values


def _dots(heights: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.int64]:
    """Braille bits, ``[rows, columns]``, of a line through heights ``[2 * columns]``."""
    bits = np.zeros((rows, len(heights) // 2), dtype=np.int64)
    before = -1
    for x, height in enumerate(heights.tolist()):
        if height >= 0:
            start = height if before < 0 else before + int(np.sign(height - before))
            for y in range(min(start, height), max(start, height) + 1):
                down = 4 * rows - 1 - y
                bits[down // 4, x // 2] |= _BITS[down % 4, x % 2]
        before = height
    return bits


def _characters(bits: npt.NDArray[np.int64]) -> Iterator[tuple[str, str]]:
    """A line of what curves leave, ``[curves, columns]``, each dot in the first one's color."""
    together = np.bitwise_or.reduce(bits, axis=0)
    owners = np.where(together > 0, (bits > 0).argmax(0), -1)
    for owner, group in itertools.groupby(
        zip(owners.tolist(), together.tolist(), strict=True), key=lambda pair: pair[0]
    ):
        text = "".join(chr(_BLANK + own) if own else " " for _, own in group)
        yield text, _style(None if owner < 0 else owner)


def _style(position: int | None) -> str:
    return "" if position is None else STYLES[position]


def _letters(levels: Sequence[int], rows: int) -> dict[int, int]:
    """Row to the curve whose letter stands there: where it ends, or in the nearest free row."""
    placed: dict[int, int] = {}
    for position, level in enumerate(levels[:rows]):
        wanted = rows - 1 - int(level)
        free = [row for row in range(rows) if row not in placed]
        placed[min(free, key=lambda row: abs(row - wanted))] = position
    return placed


def _generations(first: int, last: int, width: int) -> Text:
    """The horizontal axis."""
    room = width - _LABEL
    left, right = str(first), str(last)
    if first == last:
        right = ""
    middle = "generation".center(max(0, room - len(left) - len(right)))
    return Text(f"{'':{_LABEL}}{left}{middle}{right}"[:width].ljust(width), "bright_black")


def _message(text: str, width: int, height: int) -> list[Text]:
    lines = [Text(" " * width) for _ in range(height)]
    lines[(height - 1) // 2] = Text(text.center(width)[:width], "bright_black")
    return lines
