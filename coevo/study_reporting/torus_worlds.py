"""What happened on the torus of a few worlds, generation by generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from coevo.reporting.curves import evenly
from coevo.reporting.lineage import founders
from coevo.roles import ROLES
from coevo.study_reporting.study_files import Stack, StudyFiles
from coevo.study_reporting.study_worlds import StudyWorld

if TYPE_CHECKING:
    import polars

__all__ = ["TorusWorld", "torus_worlds"]

MOST_FRAMES = 60
MOST_BYTES = 2_500_000
UNKNOWN = 65_535
_FEWEST_FRAMES = 12
_BYTES_PER_CELL = 28  # in base64: three numbers of 4 bytes, and four of 2 bytes

Floats: TypeAlias = npt.NDArray[np.float32]
Whole: TypeAlias = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class TorusWorld:
    """One world; cells are counted row by row.

    Attributes:
        world: which one.
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

    world: StudyWorld
    rows: int
    columns: int
    generations: npt.NDArray[np.int64]
    loss: Floats
    sparsity: Mapping[str, Floats]
    founder: Mapping[str, Whole]
    source: Mapping[str, Whole]


def torus_worlds(study: StudyFiles, chosen: Sequence[StudyWorld]) -> list[TorusWorld]:
    """The worlds, as many as a page can hold.

    Args:
        study: the files.
        chosen: the worlds, the most important first; those without records are left out.
    """
    began = [world for world in chosen if _recorded(study, world)]
    found: dict[tuple[str, int], TorusWorld] = {}
    for stack in study.stacks:
        own = [world for world in began if world.part == stack.directory]
        if own:
            for world, rows in _rows(stack, own).items():
                size = int(rows["cell"].max()) + 1  # type: ignore[arg-type]  # a column of integers
                frames, worlds = _room(len(began), size)
                if world in began[:worlds]:
                    shown = _torus_world(world, rows, f"validation_{study.loss}", frames)
                    found[world.variant, world.seed] = shown
    names = [(world.variant, world.seed) for world in began]
    return [found[name] for name in names if name in found]


def _recorded(study: StudyFiles, world: StudyWorld) -> bool:
    stack = study.stack_of(world)
    return stack is not None and stack.last is not None


def _room(worlds: int, cells: int) -> tuple[int, int]:
    """How many frames of how many worlds fit into the page."""
    frames = MOST_BYTES // (_BYTES_PER_CELL * cells * worlds)
    if frames >= _FEWEST_FRAMES:
        return min(frames, MOST_FRAMES), worlds
    return _FEWEST_FRAMES, MOST_BYTES // (_BYTES_PER_CELL * cells * _FEWEST_FRAMES)


def _rows(stack: Stack, worlds: Sequence[StudyWorld]) -> dict[StudyWorld, polars.DataFrame]:
    """What is recorded of each world while it ran, sorted by generation and cell."""
    import polars as pl

    known = stack.rows().collect_schema().names()
    wanted = ["world", "generation", "cell", "row", "column", "replaced"]
    wanted += [f"{role}_from" for role in ROLES]
    wanted += [name for name in known if name in {f"{role}_sparsity" for role in ROLES}]
    wanted += [name for name in known if name.startswith("validation_")]
    numbers = [world.number for world in worlds]
    running = pl.col("running") & pl.col("world").is_in(numbers)
    rows = stack.collect(stack.rows().filter(running).select(wanted))
    parts = rows.partition_by("world", as_dict=True, maintain_order=True)
    found = {world: parts.get((world.number,)) for world in worlds}
    return {
        world: own.sort("generation", "cell") for world, own in found.items() if own is not None
    }


def _torus_world(world: StudyWorld, rows: polars.DataFrame, loss: str, frames: int) -> TorusWorld:
    generations = rows["generation"].unique().sort().to_numpy()
    shape = (len(generations), -1)
    kept = evenly(len(generations), frames)

    def table(name: str) -> npt.NDArray[np.float64]:
        values: npt.NDArray[np.float64] = rows[name].to_numpy().astype(np.float64)
        return values.reshape(shape)

    replaced = rows["replaced"].to_numpy().reshape(shape)
    founder: dict[str, Whole] = {}
    source: dict[str, Whole] = {}
    for role in ROLES:
        sources = rows[f"{role}_from"].to_numpy().reshape(shape)
        founder[role] = _founders(generations, sources, replaced)[kept]
        source[role] = _sources(sources, replaced, kept)
    return TorusWorld(
        world=world,
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
    measured = np.isfinite(values).any(axis=1)
    last = np.maximum.accumulate(np.where(measured, np.arange(len(values)), -1))
    found: npt.NDArray[np.float64] = np.where((last >= 0)[:, None], values[last], np.nan)
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
