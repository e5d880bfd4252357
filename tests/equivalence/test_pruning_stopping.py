"""A world with a number that is not finite stops, is pruned no more, and no other notices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from coevo.engine import Engine, Measures, evolve
from coevo.random import integers
from coevo.state import GridState
from coevo.stream import TrainingRows
from tests.equivalence.agreement import assert_measures_bitwise
from tests.equivalence.cases import Case, engine_of
from tests.equivalence.entries import BUILT_IN, OWN, Entry
from tests.equivalence.test_stopping import CELLS, assert_same, poison_rate, poison_weight

WORLD = 1
OTHERS = torch.arange(9) // CELLS != WORLD
BASE = Case(seeds=(5, 6, 7), steps=1, horizon=6, moments="migrate", training_rows=400, kept_rows=20)
MOVEMENT = Entry("movement", amount=0.1, bias=True)
EVENTS = (
    Entry("uniform", probability=0.7, amount=0.2),
    MOVEMENT,
    Entry(f"{OWN}:refuses_nan", amount=0.1, rows=2),
    Entry(f"{OWN}:careful", amount=0.1, rows=2),
)
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"replacement": "if_better", "cells_per_chunk": 4},
    {"always_accepted": True, "pairings": "all"},
)
changes_ids = ["-".join(map(str, change.values())) or "base" for change in CHANGES]


def poison_origin(state: GridState, world: int) -> GridState:
    """Make first weights of a world's encoders NaN, which nothing but pruning looks at."""
    origins = dict(state.encoders.origins)
    name = next(iter(origins))
    origins[name] = origins[name].clone()
    origins[name][CELLS * world : CELLS * (world + 1)] = torch.nan
    return replace(state, encoders=replace(state.encoders, origins=origins))


def assert_only_one_stops(
    well: Iterator[tuple[GridState, Measures]],
    ill: Iterator[tuple[GridState, Measures]],
    last_good: GridState,
) -> None:
    """In every generation the ill world is as it was last, and the others are as if it were well."""
    for (healthy, healthy_measures), (state, measures) in zip(well, ill, strict=True):
        assert healthy.running.all()
        assert state.running.tolist() == OTHERS.tolist()
        assert_same(state, last_good, ~OTHERS)
        assert_same(state, healthy, OTHERS)
        assert_measures_bitwise(_of(measures, OTHERS), _of(healthy_measures, OTHERS))


@pytest.mark.parametrize("poison", [poison_weight, poison_rate, poison_origin])
@pytest.mark.parametrize("changes", CHANGES, ids=changes_ids)
def test_only_the_poisoned_world_stops(changes: dict[str, Any], poison: Any) -> None:
    engine = engine_of(replace(BASE, pruning=EVENTS, **changes))
    ((start, _),) = evolve(engine, engine.init(), 1)
    poisoned = poison(start, WORLD)
    assert any(not mask.all() for mask in poisoned.encoders.masks.values())
    assert_only_one_stops(evolve(engine, start, 3), evolve(engine, poisoned, 3), poisoned)


LOOKING: dict[str, tuple[Entry, ...]] = {
    **{
        operator: (Entry(operator, amount=0.2, rows=2),)
        for operator in (
            *BUILT_IN[2:-1],
            *(f"{OWN}:{own}" for own in ("blend", "careful", "refuses_nan", "drop_last")),
        )
    },
    "units": (Entry("wanda", amount=0.3, structure="unit", rows=2),),
    "units of one's own": (Entry(f"{OWN}:blend", amount=0.3, structure="unit", rows=2),),
    "per unit": (Entry("saliency", amount=0.3, scope="unit", rows=2),),
    "pair": (Entry("variance", amount=0.1, scope="pair", rows=2),),
    "tensor": (Entry("saliency", amount=0.3, scope="tensor", bias=True, rows=2),),
    "soft": (Entry("saliency", amount=0.3, masks="soft", rows=2),),
    "regrowth": (Entry("magnitude", amount=0.3, regrow="gradient", rows=2),),
    "another entry after it": (Entry("wanda", amount=0.2, rows=2), Entry("uniform", amount=0.2)),
}


@pytest.mark.parametrize(
    "pruning", LOOKING.values(), ids=[k.removeprefix(f"{OWN}:") for k in LOOKING]
)
def test_what_an_operator_looks_at_stops_one_world(pruning: tuple[Entry, ...]) -> None:
    """A row that is no number, which in the second generation is drawn in one cell alone."""
    engine = engine_of(replace(BASE, pruning=pruning))
    first, _ = engine.advance(engine.init())
    ill = _with_bad_row(engine, generation=1)
    assert_only_one_stops(evolve(engine, first, 2), evolve(ill, first, 2), first)
    after, _ = engine.advance(first)
    stopped, _ = ill.advance(first)
    assert_only_one_stops(evolve(engine, after, 3), evolve(engine, stopped, 3), first)


def test_infinite_numbers_are_refused_as_well() -> None:
    pruning = (Entry(f"{OWN}:drop_last", amount=0.2, rows=2),)
    engine = engine_of(replace(BASE, pruning=pruning))
    first, _ = engine.advance(engine.init())
    ill = _with_bad_row(engine, generation=1, value=torch.inf)
    assert_only_one_stops(evolve(engine, first, 2), evolve(ill, first, 2), first)


def test_a_world_in_which_nothing_is_pruned_does_not_look() -> None:
    late = Entry("movement", schedule="prune_after", amount=0.1)
    engine = engine_of(replace(BASE, pruning=(late,)))
    poisoned = poison_origin(engine.init(), WORLD)
    running = [state.running.all().item() for state, _ in evolve(engine, poisoned, 6)]
    assert running == [True] * 5 + [False]


def test_a_stopped_world_is_not_pruned_when_it_recovers() -> None:
    engine = engine_of(replace(BASE, pruning=EVENTS))
    start, _ = engine.advance(engine.init())
    stopped, _ = engine.advance(poison_rate(start, WORLD))
    cell = {**stopped.optimizer.cell, "learning_rate": torch.full((9,), 0.01).double()}
    mended = replace(stopped, optimizer=replace(stopped.optimizer, cell=cell))
    after, _ = engine.advance(mended)
    assert after.running.tolist() == OTHERS.tolist()
    assert_same(after, mended, ~OTHERS)


def _with_bad_row(engine: Engine, *, generation: int, value: float = torch.nan) -> Engine:
    """The same engine, whose operators see a row that is not finite."""
    assert engine.pruner is not None
    key = engine.cell_key.at(generation).of("pruning").of("0").of("rows")
    rows = engine.training.inputs.clone()
    drawn = integers(key, (2,), len(rows))
    bad = int(drawn[CELLS * WORLD, 0])
    cells = (drawn == bad).any(1).nonzero().flatten().tolist()
    assert cells == [CELLS * WORLD], "choose other seeds: another cell draws the same row"
    rows[bad] = value
    seen = {**engine.pruner.rows, "training": TrainingRows(rows, rows)}
    return replace(engine, pruner=replace(engine.pruner, rows=seen))


def _of(measures: Measures, cells: Tensor) -> dict[str, Tensor]:
    return {name: values[cells] for name, values in measures.items()}
