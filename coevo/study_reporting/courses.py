"""Curves of variants over generations: the middle of their runs, one number of each run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from coevo.reporting.curves import evenly
from coevo.study_reporting.spread import spread_of_runs
from coevo.study_reporting.study_files import Stack, StudyFiles

__all__ = ["Course", "Measure", "Runs", "course_of", "measure_runs"]

MOST_POINTS = 150

Floats: TypeAlias = npt.NDArray[np.float64]
Runs: TypeAlias = Mapping[tuple[str, int], tuple[npt.NDArray[np.int64], Floats]]
"""Variant and seed to generations ``[n]`` and the run's number in each of them, ``[n]``."""


@dataclass(frozen=True)
class Measure:
    """One number per run and generation.

    Attributes:
        key: its name in the page.
        label: what a reader can choose.
        column: of the records; of a share, what all columns of its numerator begin with.
        of: how cells become one number: the lowest value, the mean of all, the sum of all up to
            this generation, or the share that sums over several columns have in others.
        scale: of its axis: of a loss or rate, of a share, or of a count.
        title: of its axis, with unit.
        whole: of a share, what the columns of its denominator begin with; each has the name of
            its column in the numerator otherwise.
    """

    key: str
    label: str
    column: str
    of: Literal["lowest", "mean", "total", "share"]
    scale: Literal["log", "linear", "count"]
    title: str
    whole: str = ""

    def parts(self, columns: Sequence[str]) -> list[tuple[str, str]]:
        """Numerators of a share with their denominators, as far as both are there.

        Args:
            columns: of the records.

        Examples:
            >>> Measure("", "", "won_", "share", "linear", "", "tried_").parts(["won_a", "tried_a"])
            [('won_a', 'tried_a')]
        """
        names = [one.removeprefix(self.column) for one in columns if one.startswith(self.column)]
        return [
            (self.column + name, self.whole + name)
            for name in names
            if self.whole + name in columns
        ]


@dataclass(frozen=True)
class Course:
    """The middle of the runs of one variant.

    Attributes:
        generations: ``[n]`` increasing.
        median: ``[n]`` over runs.
        low: ``[n]`` lower end of its interval.
        high: ``[n]`` upper end.
        runs: how many there are at most.
    """

    generations: npt.NDArray[np.int64]
    median: Floats
    low: Floats
    high: Floats
    runs: int


def measure_runs(study: StudyFiles, measures: Sequence[Measure]) -> dict[str, Runs]:
    """The course of every run, as far as it is recorded and the world ran.

    Args:
        study: the files.
        measures: what to look at.

    Returns:
        Key of a measure to the runs that have it; measures that no run has are missing.
    """
    found: dict[str, dict[tuple[str, int], tuple[npt.NDArray[np.int64], Floats]]] = {}
    for stack in study.stacks:
        names = {
            world.number: (world.variant, world.seed)
            for world in study.worlds
            if world.part == stack.directory
        }
        if stack.last is None or not names:
            continue
        groups = _Groups.of(stack)
        for measure in measures:
            runs = groups.runs(measure, names)
            if runs:
                found.setdefault(measure.key, {}).update(runs)
    return {key: found[key] for key in (one.key for one in measures) if key in found}


def course_of(runs: Runs, variant: str) -> Course | None:
    """The middle of the runs of a variant; None where it has none.

    Args:
        runs: of all variants.
        variant: its name.
    """
    own = [values for (name, _), values in runs.items() if name == variant]
    if not own:
        return None
    generations = np.unique(np.concatenate([known for known, _ in own]))
    shown = generations[evenly(len(generations), MOST_POINTS)]
    table = np.full((len(own), len(shown)), np.nan)
    for row, (known, values) in zip(table, own, strict=True):
        place = np.minimum(np.searchsorted(known, shown), len(known) - 1)
        there = known[place] == shown
        row[there] = values[place[there]]
    spread = spread_of_runs(table)
    return Course(shown, spread.median, spread.low, spread.high, len(own))


@dataclass(frozen=True)
class _Groups:
    """The rows of each world and generation, which follow each other in the records.

    Attributes:
        stack: that holds the records.
        columns: their names.
        starts: ``[groups]`` the first row of each.
        sizes: ``[groups]`` how many rows each has.
        world: ``[groups]``.
        generation: ``[groups]``, increasing within a world.
        running: ``[groups]`` bool.
    """

    stack: Stack
    columns: Sequence[str]
    starts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    world: npt.NDArray[np.int64]
    generation: npt.NDArray[np.int64]
    running: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, stack: Stack) -> _Groups:
        rows = stack.collect(stack.rows().select("world", "generation", "running"))
        world, generation = rows["world"].to_numpy(), rows["generation"].to_numpy()
        new = (world[1:] != world[:-1]) | (generation[1:] != generation[:-1])
        starts = np.concatenate([[0], 1 + np.flatnonzero(new)])
        sizes = np.diff(np.append(starts, len(world)))
        running = rows["running"].to_numpy()[starts]
        columns = stack.rows().collect_schema().names()
        return cls(stack, columns, starts, sizes, world[starts], generation[starts], running)

    def runs(self, measure: Measure, names: Mapping[int, tuple[str, int]]) -> Runs:
        """The number of each run in each generation in which it was measured."""
        reduced = self._share(measure) if measure.of == "share" else self._cells(measure)
        if reduced is None:
            return {}
        known = self.running & np.isfinite(reduced)
        return dict(self._split(known, reduced, names))

    def _cells(self, measure: Measure) -> Floats | None:
        """One number of the cells of each group; None where it is not recorded."""
        if measure.column not in self.columns:
            return None
        values = self._column(measure.column)
        if measure.of == "lowest":
            lowest: Floats = np.minimum.reduceat(values, self.starts)
            return lowest
        sums: Floats = np.add.reduceat(values, self.starts)
        return self._so_far(sums) if measure.of == "total" else sums / self.sizes

    def _share(self, measure: Measure) -> Floats | None:
        """One sum over another; NaN where there is nothing to have a share in."""
        names = measure.parts(self.columns)
        if not names:
            return None
        part, whole = (
            sum(np.add.reduceat(self._column(name), self.starts) for name in side)
            for side in zip(*names, strict=True)
        )
        share: Floats = part / np.where(whole > 0, whole, np.nan)
        return share

    def _so_far(self, values: Floats) -> Floats:
        """The sum over all generations of a world up to each."""
        total = np.zeros_like(values)
        for world in np.unique(self.world):
            own = self.world == world
            total[own] = np.nancumsum(values[own])
        return total

    def _column(self, name: str) -> Floats:
        # A column at a time, reduced in the order of the rows: little memory, and always the
        # same sum.
        column = self.stack.collect(self.stack.rows().select(name))[name]
        values: Floats = column.to_numpy().astype(np.float64)
        return values

    def _split(
        self, known: npt.NDArray[np.bool_], values: Floats, names: Mapping[int, tuple[str, int]]
    ) -> Iterable[tuple[tuple[str, int], tuple[npt.NDArray[np.int64], Floats]]]:
        rows = np.flatnonzero(known)
        rows = rows[np.argsort(self.world[rows], kind="stable")]
        worlds, firsts = np.unique(self.world[rows], return_index=True)
        ends = np.append(firsts[1:], len(rows))
        for world, first, end in zip(worlds, firsts, ends, strict=False):
            own = rows[first:end]
            if int(world) in names:
                yield names[int(world)], (self.generation[own], values[own])
