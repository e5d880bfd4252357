"""What pruning left of the networks of a run, counted from its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coevo.reporting.curves import Band, bands
from coevo.reporting.run_files import RunFiles
from coevo.reporting.worlds import World
from coevo.roles import ROLES

if TYPE_CHECKING:
    import polars

__all__ = ["Remains", "Spread", "WorldRemains", "count_remains"]

_EVENTS = "pruning_events"


@dataclass(frozen=True)
class Spread:
    """The spread of a number over cells.

    Attributes:
        median: of all cells.
        lowest: likewise.
        highest: likewise.
    """

    median: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class WorldRemains:
    """One world.

    Attributes:
        world: which one.
        events: how often a rule acted on one of its cells.
        best: role to the sparsity of the world's best pairing; empty where there is none.
        median: role to the sparsity of the median cell; empty where the world never ran.
    """

    world: World
    events: int
    best: Mapping[str, float]
    median: Mapping[str, float]


@dataclass(frozen=True)
class Remains:
    """What pruning left.

    Attributes:
        generation: after which everything is counted: the one in which the best pairing was
            measured. A world that stopped earlier counts after the last one that it completed.
        layers: role to the names of its layers that can be pruned; other roles are missing.
        curves: role to world to the spread of the sparsity over its cells.
        best: column of the records to its value for the best pairing; empty where there is none.
        cells: column to its spread over the cells that ran in that generation.
        cell_count: how many these are.
        worlds: all of them.
    """

    generation: int
    layers: Mapping[str, tuple[str, ...]]
    curves: Mapping[str, Mapping[int, Band]]
    best: Mapping[str, float]
    cells: Mapping[str, Spread]
    cell_count: int
    worlds: Sequence[WorldRemains]

    def sparsities(self) -> dict[str, float]:
        """Role to the sparsity of the best pairing; empty where there is none."""
        return {role: self.best[f"{role}_sparsity"] for role in self.layers if self.best}


def count_remains(
    run: RunFiles,
    worlds: Sequence[World],
    champion: World | None,
    drawn: Sequence[int],
    points: int,
) -> Remains | None:
    """Count what pruning left.

    Rows of worlds that stopped are left out: what had been pruned there was taken back.

    Args:
        run: the files.
        worlds: all of them.
        champion: the one with the best pairing.
        drawn: numbers of the worlds that plots show.
        points: generations to keep of each world, at most.

    Returns:
        None where the records say nothing about pruning.
    """
    import polars as pl

    if run.records is None or _EVENTS not in run.records.columns:
        return None
    layers = _layers(run.records.columns)
    shown = run.records.filter(pl.col("world").is_in(list(drawn)))
    generation = _generation(run, champion)
    ran = run.records.filter(pl.col("running") & (pl.col("generation") <= generation))
    ends = ran.filter(pl.col("generation") == pl.col("generation").max().over("world"))
    end = ends.filter(pl.col("generation") == generation)
    best = {} if champion is None else _row(end, champion)
    return Remains(
        generation=generation,
        layers=layers,
        curves={role: bands(shown, f"{role}_sparsity", points) for role in layers},
        best=best,
        cells={} if end.is_empty() else {name: _spread(end[name]) for name in _columns(end)},
        cell_count=len(end),
        worlds=_worlds(worlds, layers, ran, ends),
    )


def _layers(columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Role to the names of the layers that have a sparsity."""
    found: dict[str, tuple[str, ...]] = {}
    for role in ROLES:
        whole = f"{role}_sparsity"
        if whole in columns:
            own = [name for name in columns if name.startswith(f"{whole}.")]
            found[role] = tuple(name.removeprefix(f"{whole}.") for name in own)
    return found


def _generation(run: RunFiles, champion: World | None) -> int:
    """The one in which the best pairing was measured; the last one recorded without a pairing."""
    import polars as pl

    assert run.records is not None
    if run.result is not None:
        return int(run.result.get("generations") or run.generation)
    if champion is None:
        return run.generation
    loss = pl.col(f"validation_{run.loss}")
    own = run.records.filter(
        (pl.col("world") == champion.number) & pl.col("running") & loss.is_finite()
    )
    return int(own["generation"].max())  # type: ignore[arg-type]  # a column of integers


def _columns(records: polars.DataFrame) -> list[str]:
    ends = ("_dead_units", "_parameters", "_multiply_adds")
    return [
        name
        for name in records.columns
        if name.startswith(ROLES) and ("_sparsity" in name or name.endswith(ends))
    ]


def _row(records: polars.DataFrame, world: World) -> dict[str, float]:
    """What is recorded of the best pairing of a world."""
    if world.best is None:
        return {}
    rows = records.filter(world=world.number, cell=world.best.cell).select(_columns(records))
    return rows.row(0, named=True) if len(rows) else {}


def _spread(column: polars.Series) -> Spread:
    values = column.to_numpy()
    return Spread(float(column.median()), float(values.min()), float(values.max()))  # type: ignore[arg-type]  # a column of numbers


def _worlds(
    worlds: Sequence[World],
    layers: Mapping[str, tuple[str, ...]],
    ran: polars.DataFrame,
    ends: polars.DataFrame,
) -> list[WorldRemains]:
    import polars as pl

    medians = [pl.col(f"{role}_sparsity").median() for role in layers]
    events = dict(ran.group_by("world").agg(pl.col(_EVENTS).sum()).iter_rows())
    middle = ends.group_by("world").agg(medians).iter_rows()
    median = {world: dict(zip(layers, values, strict=True)) for world, *values in middle}
    result = []
    for world in worlds:
        row = _row(ends, world)
        best = {role: row[f"{role}_sparsity"] for role in layers if row}
        count = int(events.get(world.number, 0))
        result.append(WorldRemains(world, count, best, median.get(world.number, {})))
    return result
