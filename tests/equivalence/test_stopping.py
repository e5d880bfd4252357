"""A world with a number that is not finite stops, and the others do not notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from coevo.engine import Engine, evolve
from coevo.state import GridState
from tests.equivalence.agreement import assert_measures_bitwise
from tests.equivalence.cases import Case, engine_of

CELLS = 3  # of one world
BASE = Case(seeds=(5, 6, 7))
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"always_accepted": True},
    {"always_accepted": True, "moments": "migrate", "cells_per_chunk": 4},
    {"always_accepted": True, "moments": "migrate", "pairings": "all"},
    {"replacement": "if_better"},
    {"pairings": "opponents_trained", "moments": "reset"},
    {"pairings": "opponents", "loss": "bce", "algorithm": "sgd"},
    {"output": "identity", "architecture": "ends in sigmoid"},
    {"output": "identity", "architecture": "ends in sigmoid", "loss": "bce"},
)
changes_ids = ["-".join(map(str, change.values())) or "base" for change in CHANGES]


def poison_weight(state: GridState, world: int) -> GridState:
    """Make a weight of every decoder of a world NaN, so that none can be selected away."""
    weights = dict(state.decoders.weights)
    name = next(iter(weights))
    weights[name] = weights[name].clone()
    weights[name][CELLS * world : CELLS * (world + 1)].flatten(1)[:, 0] = torch.nan
    return replace(state, decoders=replace(state.decoders, weights=weights))


def poison_rate(state: GridState, world: int) -> GridState:
    """Make the learning rate of one cell of a world infinite."""
    own = dict(state.optimizer.cell)
    own["learning_rate"] = own["learning_rate"].clone()
    own["learning_rate"][CELLS * world + 1] = torch.inf
    return replace(state, optimizer=replace(state.optimizer, cell=own))


Poison = Callable[[GridState, int], GridState]


@pytest.mark.parametrize("poison", [poison_weight, poison_rate])
@pytest.mark.parametrize("world", [0, 1, 2])
@pytest.mark.parametrize("changes", CHANGES, ids=changes_ids)
def test_only_the_poisoned_world_stops(changes: dict[str, Any], world: int, poison: Poison) -> None:
    engine = engine_of(replace(BASE, **changes))
    healthy, _ = engine.advance(engine.init())
    poisoned = poison(healthy, world)
    others = torch.arange(9) // CELLS != world
    for (well, well_measures), (ill, ill_measures) in _both(engine, healthy, poisoned):
        assert ill.running.tolist() == others.tolist()
        assert ill_measures["running"].tolist() == others.tolist()
        assert_same(ill, poisoned, ~others)
        assert_same(ill, well, others)
        assert_measures_bitwise(
            {name: values[others] for name, values in ill_measures.items()},
            {name: values[others] for name, values in well_measures.items()},
        )


def test_a_stopped_world_stays_stopped_when_it_recovers() -> None:
    engine = engine_of(BASE)
    stopped, _ = engine.advance(poison_rate(engine.init(), 0))
    cell = {**stopped.optimizer.cell, "learning_rate": torch.full((9,), 0.01).double()}
    mended = replace(stopped, optimizer=replace(stopped.optimizer, cell=cell))
    after, _ = engine.advance(mended)
    assert after.running.tolist() == [False] * 3 + [True] * 6
    assert_same(after, mended, ~after.running)


def test_a_loss_that_grows_beyond_all_numbers_stops_the_world() -> None:
    case = replace(BASE, algorithm="sgd", output="identity", walk=0.0, steps=3)
    engine = engine_of(case)
    state = engine.init()
    rates = torch.full((9,), 0.01, dtype=torch.float64)
    rates[7] = 1e200
    cell = {**state.optimizer.cell, "learning_rate": rates}
    state = replace(state, optimizer=replace(state.optimizer, cell=cell))
    after, measures = engine.advance(state)
    assert not measures["train_loss"][7].isfinite()
    assert after.running.tolist() == [True] * 6 + [False] * 3
    assert_same(after, state, ~after.running)


def assert_same(one: GridState, other: GridState, cells: torch.Tensor) -> None:
    """Some cells of two states are bitwise the same, apart from whether they run."""
    for shard in ("encoders", "decoders", "optimizer"):
        for name, tensor in one.shards()[shard].items():
            mine, theirs = tensor[cells], other.shards()[shard][name][cells]
            assert mine.numpy().tobytes() == theirs.numpy().tobytes(), f"{shard}/{name} differs"


def _both(engine: Engine, healthy: GridState, poisoned: GridState) -> Any:
    return zip(evolve(engine, healthy, 3), evolve(engine, poisoned, 3), strict=True)
