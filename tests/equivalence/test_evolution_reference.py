"""A batched generation of trials is what a plain loop over single networks computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.optimizers.differential_evolution import CellRules
from coevo.state import GridState
from coevo.stream import Batch
from tests.equivalence.evolved import BASE, evolving, pair_of, preset, problem_of
from tests.equivalence.plain_evolution import PlainCell
from tests.equivalence.plain_memories import ROLES, Weights
from tests.equivalence.test_pruned_weights import prune

FOUR = ("current_to_pbest_1", "rand_1", "trigonometric", "current_to_rand_1")
SETTINGS: Mapping[str, CellRules] = {
    "as given": CellRules(),
    "four strategies by success, units, learns by itself": CellRules(
        preset("cell", strategies=FOUR, credit="success_rate", learning_period=2, memory=2),
        scope="cell",
        grain="unit",
        archive=2,
    ),
    "by gain, tensors, margin and partners, from neighbors": CellRules(
        preset("cell", strategies=FOUR, credit="gain", learning_period=1, crossover_start=0.4),
        scope="neighborhood",
        grain="tensor",
        margin=0.4,
        partners=2,
        soup=2,
    ),
    "against the best, few donors, no soups, no archive": CellRules(
        preset("cell", strategies=FOUR, credit="beats_best", learning_period=1, pbest=(0.5, 0.5)),
        gate=0.12,
        soup=0,
        archive=0,
    ),
    "against the best of a neighborhood, for the selected": CellRules(
        preset("cell", strategies=FOUR, credit="beats_best", learning_period=1, pbest=(0.5, 0.5)),
        target="selected",
    ),
}


def close(values: object) -> object:
    return pytest.approx(values, rel=1e-9, abs=1e-9)


def assert_same_weights(found: Mapping[str, Tensor], expected: Weights) -> None:
    for name, weight in expected.items():
        assert_close(found[name], weight, rtol=1e-9, atol=1e-9)


def assert_agrees(plain: PlainCell, after: GridState, cell: int) -> None:
    """A cell's networks, memories, outcomes, archives and windows are those of the plain one."""
    for role, population in pair_of(after).items():
        found = {name: weight[cell] for name, weight in population.weights.items()}
        assert_same_weights(found, plain.pair[role])
    kept = {name[3:]: t[cell] for name, t in after.optimizer.cell.items() if name[:3] == "de/"}
    known = plain.known
    assert kept["memory_position"] == known.place
    assert kept["scale_memory"].tolist() == close(known.scales)
    assert kept["crossover_memory"].tolist() == close(known.rates)
    for place, name in enumerate(("scale", "rate", "gain")):
        assert kept[f"outcome_{name}"].tolist() == close([one[place] for one in known.outcomes])
    if known.trials:
        assert_close(kept["credit_trials"], torch.tensor(known.trials).double())
        assert_close(kept["credit_earned"], torch.tensor(known.earned).double())
    for role in ROLES:
        assert kept[f"archived/{role}"] == len(known.archives[role])
        for place, parent in enumerate(known.archives[role]):
            places = {n: kept[f"archive/{role}/{role}/{n}"][place] for n in parent}
            assert_same_weights(places, parent)


@pytest.mark.parametrize("name", SETTINGS)
def test_one_generation_is_a_loop_over_single_networks(name: str) -> None:
    rules, won, refused = SETTINGS[name], 0, 0
    # Large enough that no two cells see the same, and make the same soup: equal networks tie.
    engine = evolving(rules, replace(BASE, rows=4, columns=4, seeds=(5,)))
    state = engine.init()
    for generation in range(3):
        if generation == 2:
            encoders = prune(state.encoders, "in between", share=0.02)
            state = replace(state, encoders=encoders)
        problem, batches = problem_of(engine, state)
        rows = torch.cat([batch.inputs for batch in batches], 1)
        state, measures = engine.advance(state)
        for cell in range(0, 16, 2):
            plain = PlainCell(rules, problem, cell, Batch(rows, rows))
            plain.solve()
            assert_agrees(plain, state, cell)
            assert float(measures["train_loss"][cell]) == close(sum(plain.lowest) / 2)
            won += sum(one.success for one in plain.outcomes)
            refused += sum(not one.made for one in plain.outcomes)
    assert 5 < won < 45
    assert refused > 0 or rules.gate > 0.2
