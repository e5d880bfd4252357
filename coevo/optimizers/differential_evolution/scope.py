"""From whom cells learn: from themselves, from their neighborhood, or from the whole grid.

Cells are improved in chunks, so that what happened to others in a generation is known in the next
one only. There the memories are brought up to date, before anything is drawn from them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor

from coevo.cells import CellTensors, select
from coevo.optimizers.differential_evolution.adaptation import (
    WINDOWS,
    Lessons,
    Moment,
    Outcomes,
    learn,
)
from coevo.optimizers.differential_evolution.rules import Rules
from coevo.optimizers.types import CellProblem

__all__ = ["OUTCOMES", "ScopeName", "caught_up"]

ScopeName: TypeAlias = Literal["cell", "neighborhood", "grid"]

OUTCOMES = ("outcome_scale", "outcome_rate", "outcome_frequency", "outcome_gain")
"""What is kept of the last trials of a cell: ``[cells, trials]``; a gain of 0 is no success."""


def caught_up(
    rules: Rules, scope: ScopeName, kept: CellTensors, problem: CellProblem, moment: Moment
) -> tuple[dict[str, Tensor], Lessons]:
    """What some cells know before their next trials.

    Args:
        rules: how they learn.
        scope: from whom.
        kept: of all cells: what is known, and the outcomes of their last trials.
        problem: says which cells.
        moment: of the next trials.

    Returns:
        What they know, each ``[n, *shape]``, and what follows from it for strategies.
    """
    memories = {name: t for name, t in kept.items() if name not in (*WINDOWS, *OUTCOMES)}
    windows = {name: t for name, t in kept.items() if name in WINDOWS}
    outcomes = {name: kept[name] for name in OUTCOMES}
    own = select(windows, problem.cells)
    if scope == "grid":
        known, lessons = _of_worlds(rules, (memories, windows, outcomes), problem, moment)
        return known | own, lessons
    cells = problem.cells.unsqueeze(1) if scope == "cell" else problem.neighbors

    def pooled(tensors: CellTensors) -> dict[str, Tensor]:
        return {name: tensor[cells] for name, tensor in tensors.items()}

    known = learn(rules, select(memories, problem.cells), _outcomes(pooled(outcomes)))
    return known | own, Lessons.of(rules, known | pooled(windows), moment)


def _of_worlds(
    rules: Rules,
    kept: tuple[CellTensors, CellTensors, CellTensors],
    problem: CellProblem,
    moment: Moment,
) -> tuple[dict[str, Tensor], Lessons]:
    """All cells of a world know the same: learn once, and hand it out."""
    memories, windows, outcomes = kept
    size, world = problem.cells_per_world, problem.cells // problem.cells_per_world

    def pooled(tensors: CellTensors) -> dict[str, Tensor]:
        return {name: t.view(-1, size, *t.shape[1:]) for name, t in tensors.items()}

    shared = {name: tensor[::size] for name, tensor in memories.items()}
    known = learn(rules, shared, _outcomes(pooled(outcomes)))
    lessons = Lessons.of(rules, known | pooled(windows), moment)
    medians = lessons.medians
    return select(known, world), Lessons(
        lessons.shares.index_select(0, world),
        None if medians is None else medians.index_select(0, world),
    )


def _outcomes(pooled: CellTensors) -> Outcomes:
    """Outcomes ``[populations, learned from * trials]``; only what memories learn from."""
    scale, rate, frequency, gain = (pooled[name].flatten(1) for name in OUTCOMES)
    success = gain > 0
    return Outcomes(success.long(), scale, rate, frequency, success, gain, gain, success)
