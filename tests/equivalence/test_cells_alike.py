"""The gradient optimizer treats cells alike: a selection of cells steps as it does among all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from coevo.optimizers import CellProblem, Improved
from coevo.random import integers
from coevo.stream import Batch
from tests.equivalence.agreement import TOLERANCE
from tests.equivalence.cases import Case, engine_of, numbers, optimizer_of, run
from tests.equivalence.test_generation import MOMENTS, PAIRINGS

CELLS = 6
selections = st.lists(st.integers(0, CELLS - 1), min_size=1, max_size=CELLS, unique=True)


def problem_of(case: Case, **changes: Any) -> tuple[CellProblem, list[Batch]]:
    """The problem of all cells in the second generation, and its batches."""
    engine = engine_of(case, **changes)
    state = run(engine, 1)[0][0]
    key = engine.cell_key.at(1)
    inputs = numbers(CELLS * case.steps * 4, (12,), 0.3).view(case.steps, CELLS, 4, 12)
    slots = integers(key.of("slots of this test"), (2,), engine.grid.neighbors.shape[1])
    problem = CellProblem(
        cells=torch.arange(CELLS),
        neighbors=engine.grid.neighbors,
        selected_encoders=slots[:, 0],
        selected_decoders=slots[:, 1],
        losses=numbers(CELLS, engine.grid.neighbors.shape[1:] * 2, 0.7),
        cells_per_world=engine.grid.cells_per_world,
        encoders=state.encoders,
        decoders=state.decoders,
        state=state.optimizer,
        networks=engine.networks,
        task=engine.task,
        batches=iter(()),
        steps=case.steps,
        key=key,
    )
    return problem, [Batch(rows, rows) for rows in inputs]


def restricted(problem: CellProblem, batches: list[Batch], ids: Tensor) -> CellProblem:
    """The same problem for some of the cells, in another order."""

    def chosen() -> Iterator[Batch]:
        for batch in batches:
            yield Batch(batch.inputs[ids], batch.targets[ids])

    return replace(
        problem,
        cells=problem.cells[ids],
        neighbors=problem.neighbors[ids],
        selected_encoders=problem.selected_encoders[ids],
        selected_decoders=problem.selected_decoders[ids],
        losses=problem.losses[ids],
        batches=chosen(),
        key=problem.key.select(ids),
    )


def tensors(improved: Improved) -> dict[str, dict[str, Tensor]]:
    return {
        "encoders": improved.encoders.tensors(),
        "decoders": improved.decoders.tensors(),
        "cell": dict(improved.state.cell),
        "encoder": dict(improved.state.encoder),
        "decoder": dict(improved.state.decoder),
        "measures": dict(improved.measures),
    }


@pytest.mark.parametrize("pairings", PAIRINGS)
@pytest.mark.parametrize("moments", MOMENTS)
@settings(max_examples=5)
@given(ids=selections.map(torch.tensor))
def test_cells_are_treated_alike(pairings: str, moments: str, ids: Tensor) -> None:
    case = Case(pairings=pairings, moments=moments)
    optimizer = optimizer_of(case)
    problem, batches = problem_of(case)
    whole = tensors(optimizer.step(restricted(problem, batches, problem.cells)))
    part = tensors(optimizer.step(restricted(problem, batches, ids)))
    expected = {kind: {n: t[ids] for n, t in named.items()} for kind, named in whole.items()}
    assert_close(part, expected, rtol=TOLERANCE, atol=TOLERANCE)
