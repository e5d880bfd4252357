"""Ancestors are what runs of one cell end with, and all cells of a world start from copies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.ancestors import Ancestors
from coevo.assemble import assemble_worlds
from coevo.experiment import experiment_from_dict
from coevo.optimizers import GradientOptimizer
from coevo.population import Population
from coevo.stacks import World
from tests.equivalence.agreement import TOLERANCE
from tests.equivalence.cases import Case, engine_of, optimizer_of, run
from tests.equivalence.entries import Entry
from tests.equivalence.test_stacking import MIXED
from tests.equivalence.variant_kinds import SHARED, with_tables

GENERATIONS = 3
BASE = Case(rows=2, neighborhood="moore", seeds=(5, 1 << 40), noise="uniform", noise_level=0.2)
mixed = pytest.mark.parametrize("changes", MIXED, ids=["-".join(map(str, c)) for c in MIXED])


def ancestors_of(case: Case) -> Ancestors:
    return Ancestors(optimizer_of(replace(case, always_accepted=True)), GENERATIONS)


def alone(case: Case) -> tuple[Population, Population]:
    """What runs of one cell end with, which choose by tournaments among one."""
    lonely = replace(
        case, rows=1, columns=1, replacement="always", always_accepted=True, pruning=()
    )
    state = run(engine_of(lonely), GENERATIONS)[-1][0]
    return state.encoders, state.decoders


def copies(population: Population, cells: int) -> dict[str, Tensor]:
    """Every network of a population so many times."""
    tensors = {**population.weights, **population.buffers}
    return {name: tensor.repeat_interleave(cells, 0) for name, tensor in tensors.items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@mixed
def test_all_cells_start_from_copies_of_what_a_run_of_one_cell_ends_with(
    changes: dict[str, Any], dtype: torch.dtype
) -> None:
    case = replace(BASE, dtype=dtype, **changes)
    state = engine_of(case, first=ancestors_of(case)).init()
    assert state.generation == 0
    for found, expected in zip((state.encoders, state.decoders), alone(case), strict=True):
        for name, tensor in copies(expected, 6).items():
            assert torch.equal({**found.weights, **found.buffers}[name], tensor)


def test_results_that_are_worse_are_kept_too() -> None:
    case = replace(BASE, algorithm="sgd", learning_rate=50.0, replacement="if_better")
    state = engine_of(case, first=ancestors_of(case)).init()
    assert_close(state.encoders.weights, copies(alone(case)[0], 6), rtol=0, atol=0)


def test_networks_with_buffers_bring_them_along() -> None:
    case = replace(BASE, architecture="residual")
    state = engine_of(case, first=ancestors_of(case)).init()
    for found, expected in zip((state.encoders, state.decoders), alone(case), strict=True):
        assert_close({**found.weights, **found.buffers}, copies(expected, 6))


@pytest.mark.parametrize("size", [1, 2, 5])
@mixed
def test_neither_chunks_nor_other_worlds_matter(changes: dict[str, Any], size: int) -> None:
    case = replace(BASE, seeds=(5, 9, 1 << 40), **changes)
    whole = engine_of(case, first=ancestors_of(case)).init()
    cut = engine_of(case, first=ancestors_of(case), cells_per_chunk=size).init()
    assert_close(whole.shards(), cut.shards(), rtol=TOLERANCE, atol=TOLERANCE)
    for number, seed in enumerate(case.seeds):
        single = replace(case, seeds=(seed,))
        found = engine_of(single, first=ancestors_of(single)).init().shards()
        for shard, tensors in found.items():
            own = {n: t[6 * number : 6 * number + 6] for n, t in whole.shards()[shard].items()}
            assert_close(own, tensors, rtol=TOLERANCE, atol=TOLERANCE)


def test_pruning_begins_with_the_copies() -> None:
    entries = (Entry("movement", amount=0.3), Entry("uniform", amount=0.2))
    case = replace(BASE, pruning=entries)
    state = engine_of(case, first=ancestors_of(case)).init()
    for found, expected in zip((state.encoders, state.decoders), alone(case), strict=True):
        assert found.masks
        assert all(bool(mask.all()) for mask in found.masks.values())
        for name, tensor in copies(expected, 6).items():
            assert torch.equal(found.weights[name], tensor)
            assert torch.equal(found.origins.get(name, tensor), tensor)


def test_ancestors_that_run_away_leave_what_they_were_before() -> None:
    case = replace(BASE, algorithm="sgd", learning_rate=1e200, output="identity")
    state = engine_of(case, first=ancestors_of(case)).init()
    first = engine_of(replace(case, rows=1, columns=1)).init()
    assert bool(state.running.all())
    for found, expected in ((state.encoders, first.encoders), (state.decoders, first.decoders)):
        assert_close(found.weights, copies(expected, 6), rtol=0, atol=0)


@pytest.mark.parametrize("chunk", [0, 3])
def test_an_experiment_starts_from_the_networks_of_the_same_one_with_one_cell(chunk: int) -> None:
    changes = {
        "optimizer": {
            "moments": "migrate",
            "learning_rate_spread": 4.0,
            "learning_rate_step": 1e-3,
            "weight_decay": 0.01,
            "weight_decay_spread": 3.0,
        },
        "selection": {"replacement": "if_better"},
        "engine": {"cells_per_chunk": chunk},
    }
    whole = {**with_tables(changes), "start": {"ancestor_generations": 2}}
    one = {**whole, "grid": {"rows": 1, "columns": 1}, "generations": 2, "start": {}}
    one["selection"] = SHARED["selection"]
    states = []
    for document in (whole, one):
        experiment = experiment_from_dict(document)
        worlds = [World("", experiment, seed) for seed in (3, 4)]
        engine = assemble_worlds(worlds, "cpu").engine
        states.append(engine.init() if document is whole else run(engine, 2)[-1][0])
    for role in ("encoders", "decoders"):
        found, expected = (getattr(state, role) for state in states)
        for name, tensor in copies(expected, 4).items():
            assert torch.equal(found.weights[name], tensor)
    weight = next(iter(states[0].encoders.weights.values()))
    assert not torch.equal(weight[0], weight[4])


def test_a_blank_state_has_the_form_of_the_first_and_trains_nothing() -> None:
    class Unused(GradientOptimizer):
        def step(self, problem: Any) -> Any:
            raise AssertionError

    engine = engine_of(BASE, first=Ancestors(Unused(), GENERATIONS))
    first = engine_of(BASE, first=ancestors_of(BASE)).init()
    for shard, tensors in engine.blank().shards().items():
        for name, tensor in tensors.items():
            other = first.shards()[shard][name]
            assert (tensor.shape, tensor.dtype) == (other.shape, other.dtype)
