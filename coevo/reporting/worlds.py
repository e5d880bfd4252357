"""What the report says about each world: its state and its best pairing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coevo.reporting.curves import best_cells
from coevo.reporting.numbers import METRICS
from coevo.reporting.run_files import RunFiles

if TYPE_CHECKING:
    import polars

__all__ = ["Best", "World", "drawn_worlds", "list_worlds"]


@dataclass(frozen=True)
class Best:
    """The pairing of a world that is best on the validation split.

    Attributes:
        cell: where it lives.
        row: of that cell.
        column: of that cell.
        validation: metric to loss.
        test: metric to loss; empty while the run goes on.
    """

    cell: int
    row: int
    column: int
    validation: Mapping[str, float]
    test: Mapping[str, float]

    @property
    def place(self) -> str:
        """The cell in words."""
        return f"cell {self.cell} (row {self.row}, column {self.column})"


@dataclass(frozen=True)
class World:
    """One world.

    Attributes:
        number: counts from 0.
        seed: its identity.
        state: ``complete``, ``stopped`` or ``running``.
        stopped_at: the generation in which a number was not finite, or None.
        best: None where nothing was measured, or the world stopped.
        test: metric to the losses of all cells, ``[cells]``; empty while the run goes on.
    """

    number: int
    seed: int
    state: str
    stopped_at: int | None
    best: Best | None
    test: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Number and seed in words, in the middle of a sentence."""
        return f"world {self.number} (seed {self.seed})"

    @property
    def label(self) -> str:
        """Number, seed and early end in words, for plots."""
        end = "" if self.stopped_at is None else f", stopped at {self.stopped_at}"
        return f"World {self.number} · seed {self.seed}{end}"


def list_worlds(run: RunFiles) -> list[World]:
    """All worlds in order: from the result where there is one, otherwise from the records."""
    if run.result is not None and run.result.get("worlds"):
        return [_from_result(entry) for entry in run.result["worlds"]]
    return [] if run.records is None else _from_records(run.records, run.loss)


def drawn_worlds(worlds: list[World], best: int | None, at_most: int) -> list[World]:
    """The first worlds, with the one of the best pairing among them.

    Args:
        worlds: all of them.
        best: number of the world that must not be left out, or None.
        at_most: how many to draw.
    """
    if len(worlds) <= at_most:
        return worlds
    kept = worlds[:at_most]
    others = [world for world in worlds[at_most:] if world.number == best]
    return kept[: at_most - len(others)] + others


def _from_result(entry: Mapping[str, Any]) -> World:
    best = entry.get("best")
    return World(
        number=int(entry["world"]),
        seed=int(entry["seed"]),
        state=str(entry.get("status") or "complete"),
        stopped_at=entry.get("stopped_at"),
        best=best and read_best(best),
        test=entry.get("test") or {},
    )


def read_best(entry: Mapping[str, Any]) -> Best:
    """A ``best`` of ``result.json``."""
    return Best(
        cell=int(entry["cell"]),
        row=int(entry["row"]),
        column=int(entry["column"]),
        validation=entry.get("validation") or {},
        test=entry.get("test") or {},
    )


def _from_records(records: polars.DataFrame, loss: str) -> list[World]:
    import polars as pl

    column = f"validation_{loss}"
    cells = best_cells(records, column)
    measured = records.filter(pl.col("running") & pl.col(column).is_finite())
    stopped = pl.col("generation").filter(~pl.col("running")).min().alias("stopped_at")
    table = records.group_by("world", maintain_order=True).agg(pl.col("seed").first(), stopped)
    worlds = []
    for world, seed, stopped_at in table.iter_rows():
        best = None
        if stopped_at is None and world in cells:
            row = measured.filter(world=world, cell=cells[world]).row(-1, named=True)
            losses = {metric: row[f"validation_{metric}"] for metric in METRICS}
            best = Best(row["cell"], row["row"], row["column"], losses, {})
        state = "running" if stopped_at is None else "stopped"
        worlds.append(World(world, seed, state, stopped_at, best, {}))
    return worlds
