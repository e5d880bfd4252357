"""Where networks came from: founders that are still alive, and takeovers by neighbors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from coevo.roles import ROLES

if TYPE_CHECKING:
    import polars

__all__ = ["Family", "families", "founders"]


@dataclass(frozen=True)
class Family:
    """The descent of the networks of one world.

    Attributes:
        generations: ``[n]`` int: the founders' generation, then those in which the world ran.
            The founders are the networks before the first recorded generation, or after the
            last gap in the records.
        alive: role to ``[n]`` int, founders that still have a descendant.
        largest: role to the number of cells that the largest founder's descendants hold at
            the end.
        moved: role to the number of cells that took theirs from another cell in the last
            generation.
        replaced: cells that got a new center in the last generation.
        cells: of the world.
    """

    generations: npt.NDArray[np.int64]
    alive: dict[str, npt.NDArray[np.int64]]
    largest: dict[str, int]
    moved: dict[str, int]
    replaced: int
    cells: int


def founders(
    sources: npt.NDArray[np.int64], replaced: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Whose descendant each cell holds.

    Args:
        sources: ``[generations, cells]``, the cell that each cell's network came from.
        replaced: ``[generations, cells]``, False where the cell kept what it had.

    Returns:
        ``[1 + generations, cells]``, numbered by the cell in which the founder lived.

    Examples:
        >>> sources = np.array([[1, 1, 1], [0, 0, 2]])
        >>> founders(sources, np.array([[True, True, False], [True, True, True]])).tolist()
        [[0, 1, 2], [1, 1, 2], [1, 1, 2]]
    """
    generations, cells = sources.shape
    result = np.empty((generations + 1, cells), dtype=np.int64)
    result[0] = np.arange(cells)
    for generation in range(generations):
        before = result[generation]
        result[generation + 1] = np.where(replaced[generation], before[sources[generation]], before)
    return result


def families(records: polars.DataFrame, worlds: Sequence[int]) -> dict[int, Family]:
    """The descent in some worlds.

    Args:
        records: of the run, sorted by world, generation and cell.
        worlds: which ones.

    Returns:
        World to family; a world that never ran is missing.
    """
    result = {}
    for world in worlds:
        rows = records.filter(records["running"] & (records["world"] == world))
        if len(rows):
            result[world] = _family(rows)
    return result


def _family(rows: polars.DataFrame) -> Family:
    generations = rows["generation"].unique().sort().to_numpy()
    gaps = np.flatnonzero(np.diff(generations) > 1)
    if len(gaps):
        generations = generations[gaps[-1] + 1 :]
        rows = rows.filter(rows["generation"] >= generations[0])
    cells = len(rows) // len(generations)
    shape = (len(generations), cells)
    replaced = rows["replaced"].to_numpy().reshape(shape)
    alive: dict[str, npt.NDArray[np.int64]] = {}
    largest: dict[str, int] = {}
    moved: dict[str, int] = {}
    for role in ROLES:
        sources = rows[f"{role}_from"].to_numpy().reshape(shape)
        living = founders(sources, replaced)
        ordered = np.sort(living, axis=1)
        alive[role] = 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)
        largest[role] = int(np.bincount(living[-1]).max())
        moved[role] = int((replaced[-1] & (sources[-1] != np.arange(cells))).sum())
    start = np.array([generations[0] - 1])
    steps = np.concatenate([start, generations])
    return Family(steps, alive, largest, moved, int(replaced[-1].sum()), cells)
