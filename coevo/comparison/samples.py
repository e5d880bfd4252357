"""One number per run: cells of one world are never counted as if they were independent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from coevo.comparison import recorded
from coevo.comparison.measure import Measure
from coevo.comparison.settings import setting
from coevo.errors import CoevoError
from coevo.problems import alternatives, shown, suggestion
from coevo.world_results import WorldResult

__all__ = ["RunNumber", "default_metric", "run_numbers"]


@dataclass(frozen=True)
class RunNumber:
    """The one number of a run.

    Attributes:
        world: of the run.
        value: the number; None where the world stopped, or a figure is not finite or missing.
        sparsity: share of the weights and biases that are zero, of the cell or cells that the
            number is of; None where that is not known.
        sample_forwards: rows that passed through a pairing in all its cells, three times for a
            gradient step; None where that is not recorded.
    """

    world: WorldResult
    value: float | None
    sparsity: float | None
    sample_forwards: float | None = None


def default_metric(experiments: Iterable[Mapping[str, Any]]) -> str:
    """The loss on test rows that all experiments minimize.

    Raises:
        CoevoError: they do not minimize the same one.
    """
    losses = sorted({str(setting(experiment, "task.loss")) for experiment in experiments})
    if len(losses) > 1:
        raise CoevoError(
            f"--metric: the runs minimize {' and '.join(map(shown, losses))}; say which figure "
            f"to compare, such as test_{losses[0]}"
        )
    return f"test_{losses[0]}"


def run_numbers(worlds: Sequence[WorldResult], measure: Measure) -> list[RunNumber]:
    """The number of every run.

    Args:
        worlds: of all directories, those of one part next to each other.
        measure: what the number is.

    Raises:
        CoevoError: no run has such a figure, or not in that generation.
    """
    if measure.final is None:
        _check_metric(worlds, measure)
    found = [
        number
        for part, group in groupby(worlds, lambda world: world.part)
        for number in _of_part(part, list(group), measure)
    ]
    if measure.generation is not None and all(number.value is None for number in found):
        _refuse_generation(worlds, measure)
    return found


def _of_part(part: Path, worlds: list[WorldResult], measure: Measure) -> Iterator[RunNumber]:
    good = [world for world in worlds if world.result["best"] is not None and not world.stopped]
    best = {world.world: int(world.result["best"]["cell"]) for world in good}
    values: Mapping[int, Any]
    if measure.final is not None:
        split, loss = measure.final
        values = {world.world: world.result[split][loss] for world in good}
    else:
        values, best = _recorded(part, good, measure, best)
    forwards = recorded.totals(part, "sample_forwards", [world.world for world in good])
    for world in worlds:
        cell, cells = best.get(world.world), values.get(world.world)
        if cell is None or cells is None:
            yield RunNumber(world, None, None)
            continue
        # What a run records of sparsity in a generation is of other weights than the result's.
        zeros = world.result.get("sparsity") if measure.generation is None else None
        sparsity = None if zeros is None else measure.of_cells(zeros, cell)
        spent = forwards.get(world.world)
        yield RunNumber(world, measure.of_cells(cells, cell), sparsity, spent)


def _recorded(
    part: Path, worlds: list[WorldResult], measure: Measure, best: dict[int, int]
) -> tuple[dict[int, Any], dict[int, int]]:
    """The metric in all cells of each world, and the cell that is best in that generation."""
    column = measure.metric
    if not worlds or column not in recorded.columns(part):
        return {}, best
    if measure.generation is None:
        cells = {w: cell if measure.over == "best" else None for w, cell in best.items()}
        return {**recorded.last_numbers(part, column, cells)}, best
    values = recorded.in_generation(part, column, measure.generation, best)
    if measure.over == "best":
        loss = setting(worlds[0].experiment, "task.loss")
        losses = recorded.in_generation(part, f"validation_{loss}", measure.generation, best)
        best = {w: int(np.nanargmin(own)) for w, own in losses.items() if np.isfinite(own).any()}
    return {**values}, best


def _check_metric(worlds: Sequence[WorldResult], measure: Measure) -> None:
    final = measure.final_names()
    if measure.metric.startswith("test_") and measure.metric in final:
        raise CoevoError(
            f"--generation: {measure.metric} is measured once, at the end of a run; leave "
            "--generation out, or give a column of the records as --metric"
        )
    found = {name for part in _parts(worlds) for name in recorded.columns(part)}
    known = sorted({*final, *found} - {"world", "generation", "cell", "seed", "row", "column"})
    if measure.metric not in known:
        close = suggestion(measure.metric, known)
        fix = f"did you mean {close!r}?" if close else f"use {alternatives(known)}"
        raise CoevoError(
            f"--metric: {shown(measure.metric)} is neither a figure of the results nor recorded; "
            f"{fix}"
        )


def _refuse_generation(worlds: Sequence[WorldResult], measure: Measure) -> None:
    wanted = measure.generation or 0
    there: set[int] = set()
    for part, group in groupby(worlds, lambda world: world.part):
        needed = [measure.metric]
        if measure.over == "best":
            needed.append(f"validation_{setting(next(group).experiment, 'task.loss')}")
        if {*needed} <= {*recorded.columns(part)}:
            there |= set.intersection(
                *(set(recorded.measured_generations(part, name)) for name in needed)
            )
    if not there:
        raise CoevoError(f"--metric: {measure.metric} is nowhere a number; give another column")
    nearest = min(there, key=lambda generation: (abs(generation - wanted), generation))
    beside = " with a loss on validation rows beside it" if measure.over == "best" else ""
    raise CoevoError(
        f"--generation: {measure.metric} is no number{beside} in generation {wanted} of any run; "
        f"the nearest in which it is one is {nearest}"
    )


def _parts(worlds: Sequence[WorldResult]) -> list[Path]:
    return list(dict.fromkeys(world.part for world in worlds))
