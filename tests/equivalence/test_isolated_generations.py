"""In isolated generations every cell trains by itself, as on a torus of one cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.engine import Engine, Measures
from coevo.optimizers import OptimizerState
from coevo.state import GridState
from tests.equivalence.agreement import TOLERANCE, assert_bitwise, assert_measures_bitwise
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.test_stacking import MIXED

GENERATIONS = 3
BASE = Case(rows=2, neighborhood="moore", seeds=(5, 9), noise="gaussian", noise_level=0.2)
mixed = pytest.mark.parametrize("changes", MIXED, ids=["-".join(map(str, c)) for c in MIXED])


def cell_of(state: GridState, cell: int) -> GridState:
    """One cell of a state, which is then a whole stack."""
    ids = torch.tensor([cell])
    optimizer = state.optimizer
    parts = [
        {name: tensor[ids].clone() for name, tensor in part.items()}
        for part in (optimizer.cell, optimizer.encoder, optimizer.decoder)
    ]
    return replace(
        state,
        encoders=state.encoders.select(ids),
        decoders=state.decoders.select(ids),
        optimizer=OptimizerState(*parts),
        running=state.running[ids],
    )


def alone(case: Case, engine: Engine, cell: int) -> Engine:
    """An engine of one cell, with the random numbers of a cell of another engine."""
    seed = case.seeds[cell // engine.grid.cells_per_world]
    lonely = replace(case, rows=1, columns=1, seeds=(seed,), replacement="always")
    found = engine_of(lonely)
    found.__dict__["cell_key"] = engine.cell_key.select(torch.tensor([cell]))
    return found


def without_places(measures: Measures) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in measures.items() if not name.endswith("_from")}


@mixed
def test_every_cell_is_a_run_of_its_own(changes: dict[str, Any]) -> None:
    case = replace(BASE, **changes)
    engine = engine_of(case, isolated_generations=GENERATIONS)
    state = engine.init()
    cells = [(alone(case, engine, c), cell_of(state, c)) for c in range(engine.grid.cells)]
    for _ in range(GENERATIONS):
        state, measures = engine.advance(state)
        assert torch.equal(measures["encoder_from"], engine.grid.cell_of)
        assert torch.equal(measures["decoder_from"], engine.grid.cell_of)
        assert bool(measures["replaced"].all())
        for cell, (lonely, before) in enumerate(cells):
            after, own = lonely.advance(before)
            cells[cell] = lonely, after
            found = {name: tensor[cell : cell + 1] for name, tensor in measures.items()}
            for one, other in (
                (cell_of(state, cell).shards(), after.shards()),
                (without_places(found), without_places(own)),
            ):
                assert_close(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


@mixed
def test_then_cells_select_as_if_they_always_had(changes: dict[str, Any]) -> None:
    case = replace(BASE, **changes)
    engine = engine_of(case, isolated_generations=2)
    (_, _), (isolated, _), (state, measures) = run(engine, 3)
    expected, own = engine_of(case).advance(isolated)
    assert_bitwise(state, expected)
    assert_measures_bitwise(measures, own)
    assert not torch.equal(measures["encoder_from"], engine.grid.cell_of)


@pytest.mark.parametrize("size", [1, 3, 5])
@mixed
def test_chunks_change_nothing(changes: dict[str, Any], size: int) -> None:
    whole, cut = (
        run(engine_of(replace(BASE, **changes), isolated_generations=1, **others), 2)
        for others in ({}, {"cells_per_chunk": size})
    )
    for one, other in zip(whole, cut, strict=True):
        shards = one[0].shards(), other[0].shards()
        assert_close(*shards, rtol=TOLERANCE, atol=TOLERANCE)
        assert_close(one[1], other[1], rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


def test_results_replace_the_center_also_where_they_are_worse() -> None:
    case = replace(BASE, algorithm="sgd", learning_rate=50.0, replacement="if_better")
    (_, isolated), (_, selected) = run(engine_of(case, isolated_generations=1), 2)
    assert bool(isolated["replaced"].all())
    assert not bool(selected["replaced"].all())
