"""What a cell optimizer is given beside networks and rows: all losses, and the worlds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from coevo.optimizers import CellProblem, GradientOptimizer, Improved, OptimizerState
from coevo.population import Population
from tests.equivalence.agreement import TOLERANCE
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.learners import Network, pair_loss
from tests.equivalence.reference import evaluation_batch


@dataclass(frozen=True)
class Looking:
    """Trains as usual, and keeps all problems."""

    seen: list[CellProblem] = field(default_factory=list)
    usual: GradientOptimizer = field(default_factory=GradientOptimizer)

    def init(self, encoders: Population, decoders: Population) -> OptimizerState:
        return self.usual.init(encoders, decoders)

    def step(self, problem: CellProblem) -> Improved:
        self.seen.append(problem)
        return self.usual.step(problem)


@pytest.mark.parametrize("chunk", [1000, 4])
@pytest.mark.parametrize("per", ["world", "cell"])
def test_losses_are_those_of_all_pairings_of_the_neighborhood(per: Any, chunk: int) -> None:
    case = Case(cells_per_chunk=chunk, evaluation_batch_per=per, pairing="independent")
    looking = Looking()
    engine = engine_of(case, optimizer=looking)
    state = run(engine, 1)[0][0]
    looking.seen.clear()
    measures = engine.advance(state)[1]
    found = torch.cat([problem.losses for problem in looking.seen])
    expected = torch.empty_like(found)
    for cell, around in enumerate(engine.grid.neighbors.tolist()):
        seed = case.seeds[cell // engine.grid.cells_per_world]
        batch = evaluation_batch(case, seed, cell % engine.grid.cells_per_world, 1)
        for i, theirs in enumerate(around):
            for j, other in enumerate(around):
                encoder = Network(engine.networks.encoder.module(state.encoders, theirs))
                decoder = Network(engine.networks.decoder.module(state.decoders, other))
                expected[cell, i, j] = pair_loss(case, encoder.module, decoder.module, batch)
    assert_close(found, expected, rtol=TOLERANCE, atol=TOLERANCE)
    slots = [
        torch.cat([getattr(problem, f"selected_{role}s") for problem in looking.seen])
        for role in ("encoder", "decoder")
    ]
    chosen = found[torch.arange(len(found)), slots[0], slots[1]]
    assert torch.equal(chosen, measures["selection_loss"])


def test_cells_that_are_isolated_see_the_loss_of_their_own_pairing_alone() -> None:
    looking = Looking()
    engine = engine_of(Case(cells_per_chunk=4), optimizer=looking, isolated_generations=1)
    measures = run(engine, 1)[0][1]
    assert all(
        problem.neighbors.tolist() == [[c] for c in problem.cells] for problem in looking.seen
    )
    found = torch.cat([problem.losses for problem in looking.seen])
    assert torch.equal(found, measures["selection_loss"].view(-1, 1, 1))


def test_the_world_of_a_cell_follows_from_its_number() -> None:
    looking = Looking()
    engine = engine_of(Case(seeds=(1, 2, 3), columns=4, cells_per_chunk=5), optimizer=looking)
    run(engine, 1)
    found = torch.cat([problem.cells // problem.cells_per_world for problem in looking.seen])
    assert torch.equal(found, engine.grid.world_of)
