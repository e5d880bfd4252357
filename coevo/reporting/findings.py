"""Everything that the report shows, computed from the files of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coevo.reporting.curves import (
    Band,
    Line,
    bands,
    best_cells,
    cell_lines,
    points_per_world,
    vary,
)
from coevo.reporting.differential_evolution import DifferentialEvolution, find_evolution
from coevo.reporting.lineage import Family, families
from coevo.reporting.remains import Remains, count_remains
from coevo.reporting.run_files import RunFiles
from coevo.reporting.torus_frames import TorusFrames, frame_columns, room, torus_frames
from coevo.reporting.worlds import Best, World, drawn_worlds, list_worlds, read_best

if TYPE_CHECKING:
    import polars

__all__ = ["Findings", "analyze"]

MOST_WORLDS = 12


@dataclass(frozen=True)
class Findings:
    """What was found in the files of a run; what comes from records is empty without them.

    Attributes:
        worlds: all of them.
        drawn: those that plots show.
        champion: the world with the best pairing, or None where nothing was measured.
        best: that pairing.
        validation: world to the spread of the validation loss over its cells.
        best_lines: world to the validation loss of its best cell.
        training: world to the spread of the training loss.
        training_rows: the same of the loss on training rows, where it was measured.
        rates: the same of the learning rate; empty where it never varies or is not recorded.
        families: world to the descent of its networks.
        toruses: what happened on the torus of some worlds, that of the champion first; empty
            where a torus is too large to draw.
        points: generations that plots show of each world, at most.
        thinned: whether more were recorded.
        pruning: what pruning left of the networks, or None where nothing is pruned.
        evolution: what differential evolution did, or None where no record tells of it.
    """

    worlds: list[World]
    drawn: list[World]
    champion: World | None
    best: Best | None
    validation: Mapping[int, Band] = field(default_factory=dict)
    best_lines: Mapping[int, Line] = field(default_factory=dict)
    training: Mapping[int, Band] = field(default_factory=dict)
    training_rows: Mapping[int, Band] = field(default_factory=dict)
    rates: Mapping[int, Band] = field(default_factory=dict)
    families: Mapping[int, Family] = field(default_factory=dict)
    toruses: Sequence[TorusFrames] = ()
    points: int = 0
    thinned: bool = False
    pruning: Remains | None = None
    evolution: DifferentialEvolution | None = None


def analyze(run: RunFiles) -> Findings:
    """Compute what the report shows.

    Args:
        run: the files of one run.
    """
    worlds = list_worlds(run)
    champion, best = _champion(run, worlds)
    number = None if champion is None else champion.number
    drawn = drawn_worlds(worlds, number, MOST_WORLDS)
    points = points_per_world(len(drawn))
    if run.records is None:
        return Findings(worlds, drawn, champion, best)
    numbers = [world.number for world in drawn]
    column = f"validation_{run.loss}"
    records = run.records.filter(run.records["world"].is_in(numbers))
    cells = best_cells(records, column)
    cells |= {world.number: world.best.cell for world in drawn if world.best is not None}
    rates = _bands_if_there(records, "learning_rate", points)  # not every optimizer has them
    return Findings(
        worlds=worlds,
        drawn=drawn,
        champion=champion,
        best=best,
        validation=bands(records, column, points),
        best_lines=cell_lines(records, column, cells, points),
        training=bands(records, "train_loss", points),
        training_rows=_bands_if_there(records, f"training_{run.loss}", points),
        rates=rates if vary(rates) else {},
        families=families(records, numbers),
        toruses=_toruses(records, column, sorted(drawn, key=lambda one: one.number != number)),
        points=points,
        thinned=records["generation"].n_unique() > points,
        pruning=count_remains(run, worlds, champion, numbers, points),
        evolution=find_evolution(run.records, numbers, points),
    )


def _bands_if_there(records: polars.DataFrame, column: str, points: int) -> dict[int, Band]:
    return bands(records, column, points) if column in records.columns else {}


def _toruses(records: polars.DataFrame, loss: str, worlds: Sequence[World]) -> list[TorusFrames]:
    """As many as fit into a page, the first ones first."""
    ran = records.filter(records["running"]).select(frame_columns(records.columns, loss))
    parts = ran.partition_by("world", as_dict=True, maintain_order=True)
    began = [(world, parts[world.number,]) for world in worlds if (world.number,) in parts]
    if not began:
        return []
    cells = int(ran["cell"].max()) + 1  # type: ignore[arg-type]  # a column of integers
    frames, shown = room(len(began), cells)
    return [torus_frames(world.label, rows, loss, frames) for world, rows in began[:shown]]


def _champion(run: RunFiles, worlds: list[World]) -> tuple[World | None, Best | None]:
    if run.result is not None:
        entry = run.result.get("best")
        if entry is None:
            return None, None
        world = next((one for one in worlds if one.number == entry["world"]), None)
        return world, read_best(entry)
    known = [(world, world.best) for world in worlds if world.best is not None]
    return min(known, key=lambda one: one[1].validation[run.loss], default=(None, None))
