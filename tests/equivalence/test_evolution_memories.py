"""What cells keep of their trials: archives of parents, and memories of what worked."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.engine import Engine
from coevo.optimizers.differential_evolution import CellRules, cell_trials
from coevo.optimizers.differential_evolution.contest import Verdict
from coevo.optimizers.differential_evolution.scope import ScopeName
from coevo.state import GridState
from tests.equivalence.cases import run
from tests.equivalence.evolved import (
    BASE,
    evolving,
    improved,
    known,
    pair_of,
    preset,
    problem_of,
    with_known,
)


def test_the_archive_holds_the_parents_that_lost() -> None:
    """Into the first free place; once there is none, each goes to a random one."""
    engine = evolving(CellRules(archive=2, spread=0.0))
    state = engine.init()
    held = {role: torch.zeros(18, dtype=torch.int64) for role in ROLES}
    overwritten: list[int] = []
    for _ in range(5):
        before, (state, _) = state, engine.advance(state)
        for role in ROLES:
            lost = improved(before, state, role)
            assert 0 < lost.sum() < 18 or state.generation > 1
            full = held[role] == 2
            held[role] = (held[role] + lost).clamp(max=2)
            assert torch.equal(known(state, f"archived/{role}"), held[role])
            name = next(iter(pair_of(before)[role].weights))
            parents = pair_of(before)[role].weights[name]
            places, old = (known(s, f"archive/{role}/{role}/{name}") for s in (state, before))
            for cell in range(18):
                fresh = [
                    place
                    for place in range(2)
                    if not torch.equal(places[cell, place], old[cell, place])
                ]
                assert len(fresh) == int(lost[cell])
                for place in fresh:
                    assert torch.equal(places[cell, place], parents[cell])
                    expected = int(known(before, f"archived/{role}")[cell])
                    assert full[cell] or place == expected
                    overwritten += [place] if full[cell] else []
    assert set(overwritten) == {0, 1}


def test_free_places_hold_nothing() -> None:
    state = run(evolving(CellRules(archive=3)), 1)[0][0]
    for role in ROLES:
        free = torch.arange(3) >= known(state, f"archived/{role}").unsqueeze(1)
        for path, tensor in state.optimizer.cell.items():
            if path.startswith(f"de/archive/{role}/"):
                assert not tensor[free].any()


ROLES = ("encoder", "decoder")
LARGE = replace(BASE, rows=5, columns=5)
SEVEN = 7  # a cell of the first world, in its second row


@pytest.mark.parametrize("scope", ["cell", "neighborhood", "grid"])
def test_memories_move_one_generation_after_a_success(scope: ScopeName) -> None:
    rules = preset("cell", memory=3)
    engine = evolving(CellRules(rules, scope=scope), LARGE)
    first = engine.init()
    state, _ = engine.advance(first)
    assert (known(state, "outcome_gain") > 0).any()
    for name in ("scale_memory", "crossover_memory", "memory_position"):
        assert torch.equal(known(state, name), known(first, name))
    # Let only one cell have had a success, with its decoder.
    gain = torch.zeros_like(known(state, "outcome_gain"))
    gain[SEVEN, 1] = 0.25
    after, _ = engine.advance(with_known(state, outcome_gain=gain))
    square = {5 * row + column for row in (0, 1, 2) for column in (1, 2, 3)}
    learners = {"cell": {SEVEN}, "neighborhood": square, "grid": set(range(25))}[scope]
    moved = [cell for cell in range(50) if known(after, "memory_position")[cell] == 1]
    assert set(moved) == learners
    assert known(after, "memory_position").sum() == len(learners)
    for kind in ("scale", "crossover"):
        entry = known(state, f"outcome_{'rate' if kind == 'crossover' else kind}")[SEVEN, 1]
        memory, before = (known(s, f"{kind}_memory").clone() for s in (after, state))
        before[moved, 0] = entry
        assert_close(memory, before, rtol=1e-12, atol=0)


def test_what_cells_of_a_scope_learn_at_once_is_one_entry() -> None:
    """The gains weigh: 3 to 1 is the Lehmer mean (3 * 0.04 + 0.36) / (3 * 0.2 + 0.6) = 0.4."""
    engine = evolving(CellRules(scope="grid"))
    state, _ = engine.advance(engine.init())
    gain, scale = (torch.zeros_like(known(state, "outcome_gain")) for _ in range(2))
    gain[2, 0], gain[8, 1] = 0.03, 0.01
    scale[2, 0], scale[8, 1] = 0.2, 0.6
    after, _ = engine.advance(with_known(state, outcome_gain=gain, outcome_scale=scale))
    assert known(after, "scale_memory")[:9, 0].tolist() == pytest.approx([0.4] * 9)
    assert known(after, "memory_position").tolist() == [1] * 9 + [0] * 9


def test_what_was_learned_is_not_learned_again_after_gradient_steps() -> None:
    engine = evolving(CellRules(every=2, scope="cell"))
    states = [state for state, _ in run(engine, 8)]
    for before, after in pairwise(states):
        moved = known(after, "memory_position") - known(before, "memory_position")
        trials = after.generation % 2 == 0
        expected = (known(before, "outcome_gain") > 0).any(1) & trials
        assert torch.equal(moved.bool(), expected)


def accepted(target: Tensor, trial: Tensor, *, margin: float) -> Verdict:
    """Accepts all."""
    zeros = torch.zeros(len(target), dtype=torch.float64)
    return Verdict(torch.ones(len(target), dtype=torch.bool), zeros, zeros)


def with_marked_archives(engine: Engine, state: GridState) -> GridState:
    """Archives of two places whose weights say whose they are; only the first is in use."""
    place = 1.0 + torch.arange(2 * engine.grid.cells, dtype=torch.float64).view(-1, 2)
    marked = {
        path.removeprefix("de/"): (1e4 * place)
        .view(-1, 2, *[1] * (tensor.dim() - 2))
        .expand_as(tensor)
        .clone()
        for path, tensor in state.optimizer.cell.items()
        if path.startswith("de/archive/")
    }
    held = {f"archived/{role}": torch.ones(engine.grid.cells).long() for role in ROLES}
    return with_known(state, **marked, **held)


def test_donors_come_from_the_archives_of_the_neighborhood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of x + F (pbest - x) + F (r - a), next to an archived a of thousands nothing else counts."""
    rules = preset("cell", strategies=("current_to_pbest_1",), scale="fixed", scale_start=0.5)
    rules = replace(rules, crossover="fixed", crossover_start=1.0)
    engine = evolving(CellRules(rules, archive=2, soup=0), LARGE)
    state = with_marked_archives(engine, engine.init())
    problem, batches = problem_of(engine, state)
    monkeypatch.setattr(cell_trials, "judged", accepted)
    found = engine.optimizer.step(replace(problem, batches=iter(batches)))
    drawn = []
    for population in (found.encoders, found.decoders):
        weight = next(iter(population.weights.values())).flatten(1)[:, 0]
        for cell, number in enumerate((-2 * weight / 1e4).round().long().tolist()):
            if number == 0:  # a donor, who is no giant
                continue
            owner, place = divmod(number - 1, 2)
            assert place == 0
            assert owner in problem.neighbors[cell].tolist()
            drawn.append(owner)
    # Nine archives have one each; of eight donors one is taken.
    assert 0.3 < len(drawn) / 100 < 0.8
    assert len(set(drawn)) > 20
