"""Laws of differential evolution in cells: alike, without side effects, masked, never worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from coevo.engine import Engine
from coevo.optimizers import CellProblem, Improved
from coevo.optimizers.differential_evolution import CellRules
from coevo.optimizers.differential_evolution.cell_rules import TargetName
from coevo.optimizers.differential_evolution.contest import Partners
from coevo.population import Population
from coevo.state import GridState
from coevo.stream import Batch
from tests.equivalence.agreement import TOLERANCE
from tests.equivalence.cases import run
from tests.equivalence.evolved import (
    BASE,
    SETTINGS,
    evolving,
    pair_of,
    preset,
    problem_of,
    with_known,
)
from tests.equivalence.test_cells_alike import restricted, tensors
from tests.equivalence.test_inputs_left_alone import copied
from tests.equivalence.test_pruned_weights import prune

CELLS = 18
selections = st.lists(st.integers(0, CELLS - 1), min_size=1, max_size=CELLS, unique=True)
settings_of = pytest.mark.parametrize("name", SETTINGS)


def pruned(state: GridState, purpose: str) -> GridState:
    """Prune so little that neighbors are not strangers then."""
    encoders, decoders = (
        prune(population, f"{purpose} {role}", share=0.03)
        for role, population in pair_of(state).items()
    )
    return replace(state, encoders=encoders, decoders=decoders)


@cache
def begun(name: str) -> tuple[Engine, GridState]:
    """An engine, and a pruned state that learned something, before a generation of trials."""
    engine = evolving(SETTINGS[name])
    state = pruned(run(engine, 3)[-1][0], "some weights")
    assert SETTINGS[name].makes_trials(3)
    return engine, state


@cache
def solved(name: str) -> dict[str, dict[str, Tensor]]:
    engine, state = begun(name)
    problem, batches = problem_of(engine, state)
    return tensors(engine.optimizer.step(restricted(problem, batches, problem.cells)))


def test_some_cells_train_by_gradient_instead() -> None:
    """Otherwise `solved` would say nothing of cells that are told apart."""
    measures = solved("gradient steps where no trials")["measures"]
    made = measures["de_trials_soup"] > 0
    assert 3 < made.sum() < CELLS - 3


@settings_of
@settings(max_examples=3)
@given(ids=selections.map(torch.tensor))
def test_cells_are_treated_alike(name: str, ids: Tensor) -> None:
    engine, state = begun(name)
    problem, batches = problem_of(engine, state)
    part = tensors(engine.optimizer.step(restricted(problem, batches, ids)))
    expected = {kind: {n: t[ids] for n, t in named.items()} for kind, named in solved(name).items()}
    assert_close(part, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)


@settings_of
def test_some_trials_win_and_some_do_not(name: str) -> None:
    """The laws here would hold as well if nothing ever happened."""
    measures = solved(name)["measures"]
    made, won = (
        sum(t for n, t in measures.items() if n.startswith(f"de_{kind}_"))
        for kind in ("trials", "successes")
    )
    assert isinstance(made, Tensor)
    assert isinstance(won, Tensor)
    assert 0 < won.sum() < made.sum()


@settings_of
def test_a_generation_leaves_its_state_and_rows_alone(name: str) -> None:
    engine, state = begun(name)
    before, rows = copied(state), engine.training.inputs.clone()
    engine.advance(state)
    after = copied(state)
    assert [key for key in before if not torch.equal(before[key], after[key])] == []
    assert torch.equal(engine.training.inputs, rows)


def assert_pruned_are_zero(pair: dict[str, Population]) -> None:
    for role, population in pair.items():
        assert set(population.masks) == set(population.weights)
        assert (population.density() < 1).any()
        for name, mask in population.masks.items():
            assert (population.weights[name][~mask] == 0).all(), f"{role} {name}"


@settings_of
def test_weights_under_a_mask_never_come_back(name: str) -> None:
    """Not from donors, soups and archives, whose masks are others, nor by gradient steps."""
    engine = evolving(SETTINGS[name])
    state, before = engine.init(), engine.init()
    for generation in range(4):
        state = pruned(state, str(generation))
        before, (state, measures) = state, engine.advance(state)
        assert_pruned_are_zero(pair_of(state))
        if SETTINGS[name].target == "center" and SETTINGS[name].makes_trials(generation):
            sources = torch.arange(CELLS), torch.arange(CELLS)
        else:
            world = torch.arange(CELLS) // 9 * 9
            sources = measures["encoder_from"] + world, measures["decoder_from"] + world
        if SETTINGS[name].fallback == "keep":
            for (role, population), source in zip(pair_of(state).items(), sources, strict=True):
                for path, mask in population.masks.items():
                    assert torch.equal(mask, pair_of(before)[role].masks[path][source])


@settings_of
def test_a_mask_is_enough_to_zero_a_weight(name: str) -> None:
    engine, state = begun(name)
    masks = pruned(state, "late")
    late = replace(
        state,
        encoders=replace(state.encoders, masks=masks.encoders.masks),
        decoders=replace(state.decoders, masks=masks.decoders.masks),
    )
    assert_pruned_are_zero(pair_of(engine.advance(late)[0]))


def test_the_archive_does_not_bring_back_what_a_mask_removed() -> None:
    """Archived parents were defeated before masks shrank."""
    rules = preset("cell", strategies=("current_to_pbest_1",), crossover="fixed", crossover_start=1)
    engine = evolving(CellRules(rules, soup=0, archive=2))
    state = run(engine, 2)[-1][0]
    filled = {f"archived/{role}": torch.full((CELLS,), 2) for role in ("encoder", "decoder")}
    ones = {
        path.removeprefix("de/"): torch.ones_like(tensor)
        for path, tensor in state.optimizer.cell.items()
        if path.startswith("de/archive/")
    }
    state = with_known(pruned(state, "now"), **filled, **ones)
    assert_pruned_are_zero(pair_of(engine.advance(state)[0]))


Stage = Callable[[Population, Population], list[float]]


def mean_losses(
    problem: CellProblem, batch: Batch, pairs: list[tuple[Population, Population]]
) -> list[float]:
    """The mean loss of each cell's pairs, by ordinary modules on the rows of a batch."""
    found = []
    for cell in range(len(problem.cells)):
        losses = []
        for encoders, decoders in pairs:
            encoder = problem.networks.encoder.module(encoders, cell)
            decoder = problem.networks.decoder.module(decoders, cell)
            with torch.no_grad():
                outputs = torch.sigmoid(decoder(encoder(batch.inputs[cell])))
            losses.append((outputs - batch.targets[cell]).square().mean().item())
        found.append(sum(losses) / len(losses))
    return found


def step_of(rules: CellRules) -> tuple[CellProblem, Batch, Improved]:
    """A step in the second generation, and the rows of it all."""
    engine = evolving(rules, replace(BASE, steps=2))
    problem, batches = problem_of(engine, run(engine, 1)[0][0])
    improved = engine.optimizer.step(restricted(problem, batches, problem.cells))
    rows = torch.cat([batch.inputs for batch in batches], 1)
    return problem, Batch(rows, rows), improved


@pytest.mark.parametrize("soup", [0, 3])
@pytest.mark.parametrize("partners", [0, 2])
@pytest.mark.parametrize("target", ["center", "selected"])
def test_each_stage_makes_no_cell_worse_on_its_own_rows(
    soup: int, partners: int, target: TargetName
) -> None:
    rules = CellRules(soup=soup, partners=partners, target=target)
    problem, batch, improved = step_of(rules)
    others = Partners.drawn(problem, partners)
    sources = [problem.cells, problem.cells]
    if target == "selected":
        sources = [problem.source_encoders(), problem.source_decoders()]
    first = problem.encoders.select(sources[0]), problem.decoders.select(sources[1])

    def encoding(encoders: Population) -> list[float]:
        pairs = [(encoders, first[1]), *((encoders, other) for other in others.decoders)]
        return mean_losses(problem, batch, pairs)

    def decoding(decoders: Population) -> list[float]:
        pairs = [(improved.encoders, decoders), *((other, decoders) for other in others.encoders)]
        return mean_losses(problem, batch, pairs)

    stages = [
        (encoding(first[0]), encoding(improved.encoders)),
        (decoding(first[1]), decoding(improved.decoders)),
    ]
    for before, after in stages:
        gains = [old - new for old, new in zip(before, after, strict=True)]
        assert min(gains) > -1e-15
        assert max(gains) > 1e-4
    found = improved.measures["train_loss"].tolist()
    halfway = stages[0][1]
    expected = [(a + b) / 2 for a, b in zip(halfway, stages[1][1], strict=True)]
    assert found == pytest.approx(expected, rel=1e-12)


def test_pairs_as_one_are_not_worse_either() -> None:
    problem, batch, improved = step_of(CellRules(roles="pair"))
    first = problem.encoders.select(problem.cells), problem.decoders.select(problem.cells)
    before = mean_losses(problem, batch, [first])
    after = mean_losses(problem, batch, [(improved.encoders, improved.decoders)])
    assert all(new <= old + 1e-15 for new, old in zip(after, before, strict=True))
    assert improved.measures["train_loss"].tolist() == pytest.approx(after, rel=1e-12)
