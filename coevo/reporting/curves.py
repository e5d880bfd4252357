"""Curves over generations: per world, and thinned so that the page stays small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars

__all__ = [
    "Band",
    "Line",
    "bands",
    "best_cells",
    "cell_lines",
    "evenly",
    "points_per_world",
    "vary",
]

MOST_POINTS = 400
_POINTS_OF_ALL_WORLDS = 2400


@dataclass(frozen=True)
class Line:
    """One value per generation.

    Attributes:
        generations: ``[n]`` int, increasing.
        values: ``[n]`` float.
    """

    generations: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Band:
    """The spread over the cells of a world.

    Attributes:
        generations: ``[n]`` int, increasing.
        median: ``[n]`` float, over the cells.
        lowest: ``[n]`` float.
        highest: ``[n]`` float.
    """

    generations: npt.NDArray[np.int64]
    median: npt.NDArray[np.float64]
    lowest: npt.NDArray[np.float64]
    highest: npt.NDArray[np.float64]


def evenly(length: int, at_most: int) -> npt.NDArray[np.int64]:
    """Positions spread evenly over a sequence, its first and last among them.

    Args:
        length: of the sequence, at least 1.
        at_most: how many positions, at least 1.

    Returns:
        ``[n]`` int, increasing, ``n = min(length, at_most)``; the last alone for one position.

    Examples:
        >>> evenly(10, 4).tolist(), evenly(2, 4).tolist(), evenly(3, 1).tolist()
        ([0, 3, 6, 9], [0, 1], [2])
    """
    n = min(length, at_most)
    if n == 1:
        return np.array([length - 1])
    return np.arange(n) * (length - 1) // (n - 1)


def points_per_world(worlds: int) -> int:
    """How many generations of a world are drawn.

    Examples:
        >>> points_per_world(1), points_per_world(12)
        (400, 200)
    """
    return max(2, min(MOST_POINTS, _POINTS_OF_ALL_WORLDS // max(1, worlds)))


def _measured(records: polars.DataFrame, column: str) -> polars.DataFrame:
    """The rows of worlds that still ran, in generations where `column` was measured."""
    import polars as pl

    kept = records.filter(pl.col("running") & pl.col(column).is_finite())
    return kept.select("world", "generation", "cell", pl.col(column).cast(pl.Float64))


def bands(records: polars.DataFrame, column: str, points: int) -> dict[int, Band]:
    """The spread of a column over the cells of each world.

    Args:
        records: of the run.
        column: a float one.
        points: generations to keep of each world, at most.

    Returns:
        World to band; worlds without a measurement are missing.
    """
    import polars as pl

    value = pl.col(column)
    spread = (
        _measured(records, column)
        .group_by("world", "generation")
        .agg(value.median().alias("median"), value.min().alias("low"), value.max().alias("high"))
        .sort("world", "generation")
    )
    result = {}
    for (world,), rows in spread.partition_by("world", as_dict=True, maintain_order=True).items():
        rows = rows[evenly(len(rows), points)]
        parts = [rows[name].to_numpy() for name in ("generation", "median", "low", "high")]
        result[int(world)] = Band(*parts)
    return result


def vary(found: Mapping[int, Band]) -> bool:
    """Whether any value differs from another.

    Args:
        found: world to the spread over its cells.
    """
    lowest = min((band.lowest.min() for band in found.values()), default=0.0)
    highest = max((band.highest.max() for band in found.values()), default=0.0)
    return bool(highest > lowest)


def cell_lines(
    records: polars.DataFrame, column: str, cells: Mapping[int, int], points: int
) -> dict[int, Line]:
    """A column of one cell of each world.

    Args:
        records: of the run.
        column: a float one.
        cells: world to cell.
        points: generations to keep of each world, at most.

    Returns:
        World to line; worlds without a measurement are missing.
    """
    measured = _measured(records, column)
    result = {}
    for world, cell in cells.items():
        rows = measured.filter(world=world, cell=cell).sort("generation")
        if len(rows):
            rows = rows[evenly(len(rows), points)]
            result[world] = Line(rows["generation"].to_numpy(), rows[column].to_numpy())
    return result


def best_cells(records: polars.DataFrame, column: str) -> dict[int, int]:
    """The cell with the lowest value in each world's last measured generation.

    Args:
        records: of the run.
        column: a float one; equal values go to the lower cell.

    Returns:
        World to cell; worlds without a measurement are missing.
    """
    import polars as pl

    measured = _measured(records, column)
    last = measured.filter(pl.col("generation") == pl.col("generation").max().over("world"))
    first = last.sort("world", column, "cell").unique("world", keep="first", maintain_order=True)
    return dict(zip(first["world"].to_list(), first["cell"].to_list(), strict=True))
