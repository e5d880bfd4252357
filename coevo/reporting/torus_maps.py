"""The loss of every cell at its place on the torus, at some generations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from coevo.reporting.curves import evenly

if TYPE_CHECKING:
    import polars

__all__ = ["TorusMaps", "torus_maps"]

MOST_FRAMES = 30
MOST_PANELS = 6
_FEWEST_FRAMES = 3
_MOST_NUMBERS = 30_000


@dataclass(frozen=True)
class TorusMaps:
    """Frames of a moving map.

    Attributes:
        generations: ``[frames]`` int, increasing.
        rows: of the torus.
        columns: of the torus.
        frames: world to ``[frames, rows * columns]`` float, row by row; NaN where nothing
            was measured yet.
    """

    generations: npt.NDArray[np.int64]
    rows: int
    columns: int
    frames: dict[int, npt.NDArray[np.float64]]


def torus_maps(records: polars.DataFrame, column: str, worlds: Sequence[int]) -> TorusMaps | None:
    """Maps of a column, as many as a small page can hold.

    A world that stopped, or was not measured in a generation, shows its last measurement.

    Args:
        records: of the run.
        column: a float one.
        worlds: the ones to draw, the most important first.

    Returns:
        None where nothing was measured, or the torus is too large to draw.
    """
    import polars as pl

    measured = records.filter(pl.col(column).is_finite() & pl.col("world").is_in(list(worlds)))
    rows, columns = (int(records[name].max()) + 1 for name in ("row", "column"))  # type: ignore[arg-type]  # a column of integers
    panels = min(MOST_PANELS, len(worlds), _MOST_NUMBERS // (_FEWEST_FRAMES * rows * columns))
    if measured.is_empty() or panels == 0:
        return None
    generations = measured["generation"].unique().sort().to_numpy()
    most = min(MOST_FRAMES, _MOST_NUMBERS // (panels * rows * columns))
    generations = generations[evenly(len(generations), most)]
    frames = {}
    for world in worlds[:panels]:
        own = measured.filter(world=world)
        frames[world] = _frames(own, column, generations, rows * columns, columns)
    return TorusMaps(generations, rows, columns, frames)


def _frames(
    measured: polars.DataFrame,
    column: str,
    generations: npt.NDArray[np.int64],
    cells: int,
    columns: int,
) -> npt.NDArray[np.float64]:
    import polars as pl

    result = np.full((len(generations), cells), np.nan)
    known = measured["generation"].unique().sort().to_numpy()
    positions = np.searchsorted(known, generations, side="right") - 1
    shown = known[np.unique(positions[positions >= 0])]
    place = (pl.col("row") * columns + pl.col("column")).alias("place")
    some = measured.filter(pl.col("generation").is_in(shown.tolist()))
    some = some.select("generation", place, pl.col(column).cast(pl.Float64))
    tables = np.full((len(shown), cells), np.nan)
    index = np.searchsorted(shown, some["generation"].to_numpy())
    tables[index, some["place"].to_numpy()] = some[column].to_numpy()
    if len(shown):
        latest = np.searchsorted(shown, generations, side="right") - 1
        result[latest >= 0] = tables[latest[latest >= 0]]
    return result
