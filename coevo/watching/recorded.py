"""The records of a stack, summed up while they grow: each part of them is read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from coevo.record_parts import Part, list_parts
from coevo.roles import ROLES

if TYPE_CHECKING:
    import polars

__all__ = ["Mark", "Recorded", "RecordReader", "TorusCells"]

Floats: TypeAlias = "npt.NDArray[np.float64]"
Mark: TypeAlias = tuple[int, float]
"""A generation, and the time at which it was over, in seconds since 1970."""
_Key: TypeAlias = tuple[str, int, int]


@dataclass(frozen=True)
class Recorded:
    """What the records of a stack say so far.

    Attributes:
        generations: ``[generations]`` int64, increasing.
        best: ``[generations, worlds]`` float64, validation loss of the best cell; NaN where
            nothing was measured or the world had stopped.
        stopped_at: ``[worlds]`` int64, the generation in which a world stopped; 0 for none.
        sparsity: role to ``[worlds]`` float64, mean over cells in the last generation; NaN
            where it is not recorded.
        marks: when parts were written.
    """

    generations: npt.NDArray[np.int64]
    best: Floats
    stopped_at: npt.NDArray[np.int64]
    sparsity: Mapping[str, Floats]
    marks: tuple[Mark, ...]

    @property
    def last(self) -> int:
        """The last recorded generation; 0 before the first part."""
        return int(self.generations[-1]) if len(self.generations) else 0

    def latest(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Of each world the last generation that was measured, or 0, and its best loss."""
        worlds = np.arange(self.best.shape[1])
        if not len(self.generations):
            return np.zeros(len(worlds), np.int64), np.full(len(worlds), np.nan)
        known = np.isfinite(self.best)
        rows = len(known) - 1 - known[::-1].argmax(0)
        return np.where(known.any(0), self.generations[rows], 0), self.best[rows, worlds]


@dataclass(frozen=True)
class TorusCells:
    """One world at its last measurement.

    Attributes:
        generation: of the measurement.
        losses: ``[rows, columns]`` float64, NaN where a loss is not finite.
    """

    generation: int
    losses: Floats

    @property
    def best(self) -> tuple[int, int] | None:
        """Row and column of the lowest loss."""
        if not np.isfinite(self.losses).any():
            return None
        row, column = np.unravel_index(np.nanargmin(self.losses), self.losses.shape)
        return int(row), int(column)


@dataclass(frozen=True)
class _Block:
    """One part, summed up; arrays as in `Recorded`."""

    generations: npt.NDArray[np.int64]
    best: Floats
    running: npt.NDArray[np.bool_]
    sparsity: Mapping[str, Floats]


class RecordReader:
    """Reads the parts that are new since the last time.

    Parts may appear, be replaced and vanish at any time; what cannot be read is left out until
    the next time.

    Args:
        directory: of the records.
        loss: the metric to sum up.
        worlds: how many there are.
    """

    def __init__(self, directory: Path, loss: str, worlds: int) -> None:
        self._directory = directory
        self._column = f"validation_{loss}"
        self._worlds = worlds
        self._blocks: dict[_Key, _Block] = {}
        self._parts: dict[_Key, Part] = {}
        self._summary: Recorded | None = None
        self._torus: tuple[tuple[_Key, ...], int, TorusCells | None] | None = None

    def refresh(self) -> Recorded:
        """What the records say now.

        Raises:
            CoevoError: two parts hold the same generation.
        """
        found = _keyed(self._directory)
        new = {key: part for key, part in found.items() if key not in self._blocks}
        gone = [key for key in self._blocks if key not in found]
        for key in gone:
            del self._blocks[key]
        self._blocks |= self._read(new)
        self._parts = {key: part for key, part in found.items() if key in self._blocks}
        if new or gone or self._summary is None:
            blocks = [self._blocks[key] for key in self._parts]
            marks = ((part.last, key[1] / 1e9) for key, part in self._parts.items())
            self._summary = _joined(blocks, self._worlds, tuple(marks))
        return self._summary

    def torus(self, world: int, rows: int, columns: int) -> TorusCells | None:
        """One world at its last measurement, or None where there is none."""
        keys = tuple(self._parts)
        if self._torus is None or self._torus[:2] != (keys, world):
            self._torus = keys, world, self._cells(world, rows, columns)
        return self._torus[2]

    def _cells(self, world: int, rows: int, columns: int) -> TorusCells | None:
        import polars as pl

        generation = int(self._summary.latest()[0][world]) if self._summary else 0
        for part in self._parts.values():
            if part.first <= generation <= part.last:
                chosen = (pl.col("world") == world) & (pl.col("generation") == generation)
                table = _collected(_scan([part]).filter(chosen).select("cell", self._column))
                if table is None:
                    return None
                losses = np.full(rows * columns, np.nan)
                cells, values = (column.to_numpy() for column in table.iter_columns())
                inside = (cells < losses.size) & np.isfinite(values)
                losses[cells[inside]] = values[inside]
                return TorusCells(generation, losses.reshape(rows, columns))
        return None

    def _read(self, parts: Mapping[_Key, Part]) -> dict[_Key, _Block]:
        """Sum up parts, in one query where they all can be read."""
        if not parts:
            return {}
        table = self._summed(list(parts.values()))
        if table is not None:
            return {key: self._block(table, part) for key, part in parts.items()}
        alone = {key: self._summed([part]) for key, part in parts.items()}
        return {key: self._block(t, parts[key]) for key, t in alone.items() if t is not None}

    def _summed(self, parts: list[Part]) -> polars.DataFrame | None:
        import polars as pl

        try:
            names = _scan(parts[:1]).collect_schema().names()
        except (OSError, pl.exceptions.PolarsError):
            return None
        loss = pl.col(self._column).cast(pl.Float64)
        summed = [
            loss.filter(loss.is_finite()).min().alias("best"),
            pl.col("running").all(),
            *(pl.col(name).mean() for name in map(_sparsity, ROLES) if name in names),
        ]
        return _collected(_scan(parts).group_by("generation", "world").agg(summed))

    def _block(self, table: polars.DataFrame, part: Part) -> _Block:
        import polars as pl

        inside = pl.col("generation").is_between(part.first, part.last)
        own = table.filter(inside & (pl.col("world") < self._worlds))
        generations = np.unique(own["generation"].to_numpy()).astype(np.int64)
        place = np.searchsorted(generations, own["generation"].to_numpy()), own["world"].to_numpy()
        best = np.full((len(generations), self._worlds), np.nan)
        best[place] = own["best"].fill_null(np.nan).to_numpy()
        running = np.ones(best.shape, dtype=bool)
        running[place] = own["running"].to_numpy()
        last = own.filter(pl.col("generation") == pl.col("generation").max())
        return _Block(generations, best, running, self._sparsity(last))

    def _sparsity(self, last: polars.DataFrame) -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        for role in ROLES:
            if _sparsity(role) in last.columns:
                found[role] = np.full(self._worlds, np.nan)
                values = last[_sparsity(role)].fill_null(np.nan)
                found[role][last["world"].to_numpy()] = values.to_numpy()
        return found


def _sparsity(role: str) -> str:
    return f"{role}_sparsity"


def _keyed(directory: Path) -> dict[_Key, Part]:
    """The parts that are there, by name, time in nanoseconds and size."""
    try:
        parts = list_parts(directory)
    except OSError:  # the directory has gone
        return {}
    found = {}
    for part in parts:
        try:
            status = part.path.stat()
        except OSError:
            continue
        found[part.path.name, status.st_mtime_ns, status.st_size] = part
    return found


def _scan(parts: Sequence[Part]) -> polars.LazyFrame:
    import polars as pl

    return pl.scan_parquet([part.path for part in parts], glob=False, hive_partitioning=False)


def _collected(query: polars.LazyFrame) -> polars.DataFrame | None:
    """The rows of a query, or None where a file has gone or cannot be read."""
    import polars as pl

    try:
        return query.collect()
    except (OSError, pl.exceptions.PolarsError):
        return None


def _joined(blocks: Sequence[_Block], worlds: int, marks: tuple[Mark, ...]) -> Recorded:
    none = np.full((0, worlds), np.nan)
    generations = np.concatenate([np.zeros(0, np.int64), *(b.generations for b in blocks)])
    stopped = np.concatenate([none > 0, *(~block.running for block in blocks)])
    stopped_at = np.zeros(worlds, np.int64)
    if len(generations):
        stopped_at = np.where(stopped.any(0), generations[stopped.argmax(0)], 0)
    sparsity = blocks[-1].sparsity if blocks else {}
    best = np.concatenate([none, *(block.best for block in blocks)])
    return Recorded(generations, np.where(stopped, np.nan, best), stopped_at, sparsity, marks)
