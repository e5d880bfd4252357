"""A world's results depend neither on chunks, nor on the worlds that it is stacked with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from coevo.engine import Measures
from coevo.random import integers
from coevo.state import GridState
from tests.equivalence.agreement import (
    TOLERANCE,
    assert_bitwise,
    assert_measures_bitwise,
    worlds_of,
)
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.reference import advance_cell, key, neighbors

# Every way in which cells or worlds could be mixed up: who shares batches, subsets and noise.
MIXED: tuple[dict[str, Any], ...] = (
    {"pairings": "opponents_trained", "order_per": "world", "subset_per": "cell"},
    {"pairings": "all", "moments": "migrate", "order_per": "cell", "subset_per": "world"},
    {"moments": "reset", "evaluation_batch_per": "cell", "replacement": "if_better"},
    {"pairings": "opponents", "always_accepted": True, "order_per": "world"},
    {"moments": "migrate", "always_accepted": True, "pairing": "independent"},
)
mixed = pytest.mark.parametrize("changes", MIXED, ids=["-".join(map(str, c)) for c in MIXED])
STACK = Case(seeds=(5, 1, 9, 3, 1 << 60, 0, 2, 8), noise="gaussian", noise_level=0.2, kept_rows=7)


def cells_of(
    state: GridState, measures: Measures, cells: slice
) -> dict[str, dict[str, torch.Tensor]]:
    """All tensors of some cells, of the state and of the measures."""
    shards = {**state.shards(), "measures": measures}
    return {
        shard: {name: tensor[cells] for name, tensor in tensors.items()}
        for shard, tensors in shards.items()
    }


def assert_same_cells(
    one: dict[str, dict[str, torch.Tensor]], other: dict[str, dict[str, torch.Tensor]]
) -> None:
    """Random choices and counts are identical, floats agree."""
    assert_close(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


@mixed
@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_chunks_change_nothing(changes: dict[str, Any], size: int) -> None:
    case = replace(STACK, seeds=STACK.seeds[:3], **changes)
    everything = slice(None)
    whole = run(engine_of(case))
    for one, other in zip(whole, run(engine_of(case, cells_per_chunk=size)), strict=True):
        assert_same_cells(cells_of(*other, everything), cells_of(*one, everything))


@mixed
@pytest.mark.parametrize("size", [5, 1000])
def test_a_world_computes_the_same_alone_and_in_a_stack(changes: dict[str, Any], size: int) -> None:
    case = replace(STACK, **changes)
    stacked = run(engine_of(case, cells_per_chunk=size))
    for place in (0, 4, 7):
        alone = run(engine_of(replace(case, seeds=(case.seeds[place],))))
        for one, other in zip(stacked, alone, strict=True):
            cells = slice(3 * place, 3 * place + 3)
            assert_same_cells(cells_of(*one, cells), cells_of(*other, slice(None)))


def test_worlds_of_one_seed_are_twins_and_others_are_not() -> None:
    case = replace(STACK, seeds=(6, 2, 6))
    state, measures = run(engine_of(case), 2)[-1]
    first, second, third = (cells_of(state, measures, slice(i, i + 3)) for i in (0, 3, 6))
    assert_same_cells(first, third)
    weights = "weights/0.weight"
    assert not torch.isclose(first["encoders"][weights], second["encoders"][weights]).any()


@pytest.mark.parametrize("size", [2, 1000])
def test_equal_networks_tie_and_the_first_drawn_wins(size: int) -> None:
    case = Case(rows=3, neighborhood="moore", dtype=torch.float32, tournament=3)
    engine = engine_of(case, cells_per_chunk=size)
    state = engine.init()
    same = torch.zeros(engine.grid.cells, dtype=torch.int64)
    state = replace(
        state, encoders=state.encoders.select(same), decoders=state.decoders.select(same)
    )
    _, measures = engine.advance(state)
    for place in range(engine.grid.cells):
        seed, cell = case.seeds[place // 9], place % 9
        table = neighbors(case, cell)
        first = integers(key(seed, cell, 0, "tournament"), (3,), len(table))[0, 0]
        assert measures["encoder_from"][place] == table[first]


def test_three_hundred_cells() -> None:
    case = Case(
        rows=15, columns=20, neighborhood="moore", seeds=(4,), noise="masking", noise_level=0.1
    )
    engine = engine_of(case)
    start = engine.init()
    (world,) = worlds_of(case, engine, start)
    state, measures = engine.advance(start)
    assert state.encoders.finite().all()
    assert state.decoders.finite().all()
    rates = state.optimizer.cell["learning_rate"]
    assert len(set(rates.tolist())) == 300
    for cell in (0, 19, 137, 299):
        center, record, _ = advance_cell(case, world, cell, 0)
        for name in ("encoder_from", "decoder_from", "train_loss", "validation_bce"):
            assert measures[name][cell].item() == pytest.approx(record[name], rel=TOLERANCE)
        assert rates[cell].item() == pytest.approx(center.learning_rate, rel=TOLERANCE)


@mixed
def test_the_same_packing_repeats_bit_for_bit(changes: dict[str, Any]) -> None:
    case = replace(STACK, seeds=STACK.seeds[:2], dtype=torch.float32, **changes)
    for one, other in zip(run(engine_of(case)), run(engine_of(case)), strict=True):
        assert_bitwise(one[0], other[0])
        assert_measures_bitwise(one[1], other[1])


@mixed
def test_a_generation_leaves_its_state_as_it_is(changes: dict[str, Any]) -> None:
    engine = engine_of(replace(STACK, **changes))
    state = run(engine, 1)[0][0]
    copy = GridState.from_shards(
        state.generation,
        {
            shard: {name: tensor.clone() for name, tensor in tensors.items()}
            for shard, tensors in state.shards().items()
        },
    )
    first, first_measures = engine.advance(state)
    second, second_measures = engine.advance(state)
    assert_bitwise(state, copy)
    assert_bitwise(first, second)
    assert_measures_bitwise(first_measures, second_measures)
