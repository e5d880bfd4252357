"""What happened on the torus of one world, generation by generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from coevo.reporting.curves import evenly
from coevo.reporting.lineage import founders
from coevo.roles import ROLES

if TYPE_CHECKING:
    import polars

__all__ = ["TorusFrames", "frame_columns", "room", "torus_frames"]

MOST_FRAMES = 60
MOST_BYTES = 2_500_000
UNKNOWN = 65_535
_FEWEST_FRAMES = 12
_FEWEST_ALONE = 2
_BYTES_PER_CELL = 28  # in base64: three numbers of 4 bytes, and four of 2 bytes

Floats: TypeAlias = npt.NDArray[np.float32]
Whole: TypeAlias = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class TorusFrames:
    """One world; cells are counted row by row.

    Attributes:
        name: of the world, for readers.
        rows: of the torus.
        columns: of the torus.
        generations: ``[frames]`` that are shown.
        loss: ``[frames, cells]``, as measured last; NaN before that.
        sparsity: role to ``[frames, cells]``; roles that are never pruned are missing.
        founder: role to ``[frames, cells]``, the cell whose first network it descends from;
            65,535 where that is not known.
        source: role to ``[frames, cells]``, the cell that held its network, or what this descends
            from, in the frame before.
    """

    name: str
    rows: int
    columns: int
    generations: npt.NDArray[np.int64]
    loss: Floats
    sparsity: Mapping[str, Floats]
    founder: Mapping[str, Whole]
    source: Mapping[str, Whole]


def room(worlds: int, cells: int) -> tuple[int, int]:
    """How many frames of how many worlds fit into a page; no worlds where a torus is too large.

    Args:
        worlds: to show.
        cells: of each of them.
    """
    frames = MOST_BYTES // (_BYTES_PER_CELL * cells * max(worlds, 1))
    if frames >= _FEWEST_FRAMES:
        return min(frames, MOST_FRAMES), worlds
    some = MOST_BYTES // (_BYTES_PER_CELL * cells * _FEWEST_FRAMES)
    if some >= 1:
        return _FEWEST_FRAMES, some
    alone = MOST_BYTES // (_BYTES_PER_CELL * cells)
    return alone, int(alone >= _FEWEST_ALONE)


def frame_columns(recorded: list[str], loss: str) -> list[str]:
    """The columns of records that frames are made of.

    Args:
        recorded: all columns.
        loss: the one to show.
    """
    wanted = ["world", "generation", "cell", "row", "column", "replaced", "running", loss]
    wanted += [f"{role}_from" for role in ROLES]
    return wanted + [name for name in recorded if name in {f"{role}_sparsity" for role in ROLES}]


def torus_frames(name: str, rows: polars.DataFrame, loss: str, frames: int) -> TorusFrames:
    """The frames of a world, evenly over its generations.

    Args:
        name: of the world, for readers.
        rows: its records while it ran, sorted by generation and cell; at least one generation.
        loss: the column to show.
        frames: how many, at most.
    """
    generations = rows["generation"].unique().sort().to_numpy()
    shape = (len(generations), -1)
    kept = evenly(len(generations), frames)

    def table(column: str) -> npt.NDArray[np.float64]:
        values: npt.NDArray[np.float64] = rows[column].to_numpy().astype(np.float64)
        return values.reshape(shape)

    replaced = rows["replaced"].to_numpy().reshape(shape)
    founder: dict[str, Whole] = {}
    source: dict[str, Whole] = {}
    for role in ROLES:
        sources = rows[f"{role}_from"].to_numpy().reshape(shape)
        founder[role] = _founders(generations, sources, replaced)[kept]
        source[role] = _sources(sources, replaced, kept)
    return TorusFrames(
        name=name,
        rows=int(rows["row"].max()) + 1,  # type: ignore[arg-type]  # a column of integers
        columns=int(rows["column"].max()) + 1,  # type: ignore[arg-type]  # a column of integers
        generations=generations[kept],
        loss=_last_known(table(loss))[kept].astype(np.float32),
        sparsity={
            role: table(f"{role}_sparsity")[kept].astype(np.float32)
            for role in ROLES
            if f"{role}_sparsity" in rows.columns and rows[f"{role}_sparsity"].is_finite().any()
        },
        founder=founder,
        source=source,
    )


def _last_known(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each generation's values, or those of the last one in which they were measured."""
    known = np.where(np.isfinite(values), values, np.nan)
    measured = np.isfinite(values).any(axis=1)
    last = np.maximum.accumulate(np.where(measured, np.arange(len(values)), -1))
    found: npt.NDArray[np.float64] = np.where((last >= 0)[:, None], known[last], np.nan)
    return found


def _founders(
    generations: npt.NDArray[np.int64],
    sources: npt.NDArray[np.int64],
    replaced: npt.NDArray[np.bool_],
) -> Whole:
    """Whose descendant each cell holds; unknown before the last gap in the records."""
    gaps = np.flatnonzero(np.diff(generations) > 1)
    first = int(gaps[-1]) + 1 if len(gaps) else 0
    result = np.full(sources.shape, UNKNOWN, dtype=np.uint16)
    result[first:] = founders(sources[first:], replaced[first:])[1:]
    return result


def _sources(
    sources: npt.NDArray[np.int64],
    replaced: npt.NDArray[np.bool_],
    kept: npt.NDArray[np.int64],
) -> Whole:
    """The cell of the frame before from which each cell's network comes."""
    result = np.empty((len(kept), sources.shape[1]), dtype=np.uint16)
    before = -1
    for frame, last in enumerate(kept.tolist()):
        since = slice(before + 1, last + 1)
        result[frame] = founders(sources[since], replaced[since])[-1]
        before = last
    return result
