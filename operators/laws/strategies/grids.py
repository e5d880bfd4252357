"""Hypothesis strategy for the sizes and neighborhoods of grids, in plain values."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

__all__ = ["GridValues", "grids"]

_MOST_ROWS = 5
_FARTHEST = 6  # farther than any grid here is wide, so that offsets wrap around


@dataclass(frozen=True)
class GridValues:
    """What a grid is made of.

    Attributes:
        rows: >= 1.
        columns: >= 1.
        offsets: ``(row, column)`` each, of the cells that a cell sees; the cell itself,
            ``(0, 0)``, first, and each offset once. Some wrap around onto others.
    """

    rows: int
    columns: int
    offsets: tuple[tuple[int, int], ...]


@st.composite
def grids(draw: DrawFn) -> GridValues:
    """Small grids: one cell, one row, one column, cells that see themselves alone or others twice.

    They fit ``grids.Grid(grids.Torus(g.rows, g.columns), g.offsets)``.
    """
    step = st.integers(-_FARTHEST, _FARTHEST)
    others = draw(st.lists(st.tuples(step, step), max_size=5, unique=True))
    offsets = ((0, 0), *(offset for offset in others if offset != (0, 0)))
    return GridValues(draw(st.integers(1, _MOST_ROWS)), draw(st.integers(1, _MOST_ROWS)), offsets)
