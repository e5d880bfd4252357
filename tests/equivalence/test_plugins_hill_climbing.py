"""The example plug-in's cell optimizer: what one cell does, and the laws of all cell optimizers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.testing import assert_close

from coevo.cells import CellTensors
from coevo.optimizers import CellProblem
from coevo.population import Population
from coevo.random import normal
from coevo.stream import Batch
from tests.architecture.test_one_program import watched
from tests.equivalence.agreement import TOLERANCE
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.test_cells_alike import problem_of, restricted, selections, tensors
from tests.equivalence.test_inputs_left_alone import copied
from tests.equivalence.test_pruned_weights import pruned, run_shrinking
from tests.equivalence.test_stacking import STACK, assert_same_cells, cells_of
from tests.equivalence.test_stopping import assert_same, poison_weight
from tests.example_plugin.coevo_example.hill_climbing import HillClimbing

OPTIMIZER = HillClimbing(step_size=0.05)


def climbed(problem: CellProblem, batches: list[Batch], cell: int) -> dict[str, Any]:
    """What one cell makes of its selected pairing, with ordinary modules and one step at a time."""
    networks, key = problem.networks, problem.key.select(torch.tensor([cell]))
    own = {"encoder": networks.encoder, "decoder": networks.decoder}
    sources = {"encoder": problem.source_encoders(), "decoder": problem.source_decoders()}
    populations = {"encoder": problem.encoders, "decoder": problem.decoders}
    modules = {r: own[r].module(populations[r], int(sources[r][cell])) for r in own}
    size, losses = float(problem.state.cell["step_size"][cell]), []
    for number, batch in enumerate(batches):
        inputs, targets = batch.inputs[cell], batch.targets[cell]
        before = _loss(modules, inputs, targets)
        kept = {role: dict(module.state_dict()) for role, module in modules.items()}
        kept = {r: {n: t.clone() for n, t in named.items()} for r, named in kept.items()}
        for role, module in modules.items():
            drawn = key.of("hill climbing").of(str(number)).of(role)
            for name, weight in module.named_parameters():
                noise = normal(drawn.of(name), weight.shape, dtype=weight.dtype)[0]
                weight.data += size * noise
        after = _loss(modules, inputs, targets)
        if after < before:
            size *= 1.5
        else:
            size /= 1.5**0.25
            for role, module in modules.items():
                module.load_state_dict(kept[role])
        losses.append(min(before, after))
    weights = {role: dict(module.named_parameters()) for role, module in modules.items()}
    return {**weights, "step_size": size, "train_loss": sum(losses) / len(losses)}


def _loss(modules: dict[str, nn.Module], inputs: Tensor, targets: Tensor) -> float:
    outputs = torch.sigmoid(modules["decoder"](modules["encoder"](inputs)))
    return float((outputs - targets).square().mean().detach())


def cell_of(tensors: CellTensors, cell: int) -> dict[str, Tensor]:
    return {name: tensor[cell] for name, tensor in tensors.items()}


@pytest.mark.parametrize("architecture", ["mlp", "residual"])
def test_every_cell_climbs_as_if_alone(architecture: str) -> None:
    case = Case(architecture=architecture, steps=6)
    problem, batches = problem_of(case, optimizer=OPTIMIZER)
    improved = OPTIMIZER.step(replace(problem, batches=iter(batches)))
    sizes = improved.state.cell["step_size"]
    assert len(set(sizes.tolist())) > 1, "some cells had more luck than others"
    for cell in range(len(problem.cells)):
        expected = climbed(problem, batches, cell)
        for role in ("encoder", "decoder"):
            population: Population = getattr(improved, f"{role}s")
            found = cell_of(population.weights, cell)
            assert_close(found, expected[role], rtol=TOLERANCE, atol=TOLERANCE)
        assert sizes[cell].item() == pytest.approx(expected["step_size"], rel=TOLERANCE)
        loss = improved.measures["train_loss"][cell].item()
        assert loss == pytest.approx(expected["train_loss"], rel=TOLERANCE)
    assert_close(improved.measures["step_size"], sizes)


@pytest.mark.parametrize("replacement", ["always", "if_better"])
def test_losses_fall(replacement: str) -> None:
    case = Case(rows=3, steps=5, training_rows=4, kept_rows=4, replacement=replacement)
    states = run(engine_of(case, optimizer=OPTIMIZER), 20)
    first, last = (measures["selection_loss"].mean() for _, measures in (states[0], states[-1]))
    assert last < 0.95 * first


@settings(max_examples=10)
@given(ids=selections.map(torch.tensor))
def test_cells_are_treated_alike(ids: Tensor) -> None:
    problem, batches = problem_of(Case(), optimizer=OPTIMIZER)
    whole = tensors(OPTIMIZER.step(restricted(problem, batches, problem.cells)))
    part = tensors(OPTIMIZER.step(restricted(problem, batches, ids)))
    expected = {kind: {n: t[ids] for n, t in named.items()} for kind, named in whole.items()}
    assert_close(part, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("replacement", ["always", "if_better"])
def test_pruned_weights_stay_zero(replacement: str) -> None:
    case = Case(pairing="independent", seeds=(5, 6), replacement=replacement)
    run_shrinking(case, optimizer=OPTIMIZER)


def test_a_mask_is_enough_to_zero_a_weight() -> None:
    engine = engine_of(Case(), optimizer=OPTIMIZER)
    state = run(engine, 1)[0][0]
    masks = pruned(state, "late")
    state = replace(
        state,
        encoders=replace(state.encoders, masks=masks.encoders.masks),
        decoders=replace(state.decoders, masks=masks.decoders.masks),
    )
    after, _ = engine.advance(state)
    for population in (after.encoders, after.decoders):
        assert population.masks
        for name, mask in population.masks.items():
            assert not population.weights[name][~mask].any()


@pytest.mark.parametrize("size", [1, 4])
def test_chunks_change_nothing(size: int) -> None:
    everything = slice(None)
    whole, cut = (
        run(engine_of(STACK, optimizer=OPTIMIZER, cells_per_chunk=n)) for n in (1000, size)
    )
    for one, other in zip(whole, cut, strict=True):
        assert_same_cells(cells_of(*other, everything), cells_of(*one, everything))


def test_a_world_computes_the_same_alone_and_in_a_stack() -> None:
    stacked = run(engine_of(STACK, optimizer=OPTIMIZER))
    for place in (0, 7):
        alone = run(engine_of(replace(STACK, seeds=(STACK.seeds[place],)), optimizer=OPTIMIZER))
        for one, other in zip(stacked, alone, strict=True):
            cells = slice(3 * place, 3 * place + 3)
            assert_same_cells(cells_of(*one, cells), cells_of(*other, slice(None)))


def test_only_a_poisoned_world_stops() -> None:
    engine = engine_of(Case(seeds=(5, 6, 7)), optimizer=OPTIMIZER)
    poisoned = poison_weight(run(engine, 1)[0][0], 1)
    after, _ = engine.advance(poisoned)
    assert after.running.tolist() == [True] * 3 + [False] * 3 + [True] * 3
    assert_same(after, poisoned, ~after.running)


def test_a_generation_leaves_its_state_alone() -> None:
    engine = engine_of(Case(), optimizer=OPTIMIZER)
    state = pruned(run(engine, 1)[0][0], "some weights")
    before = copied(state)
    engine.advance(state)
    after = copied(state)
    assert [key for key in before if not torch.equal(before[key], after[key])] == []


def test_a_generation_is_one_program_that_never_waits() -> None:
    few, many = (
        watched(Case(rows=rows, columns=4, seeds=seeds), optimizer=OPTIMIZER)
        for rows, seeds in ((1, (5,)), (3, (5, 8, 1, 30)))
    )
    assert few.waits == set()
    assert few.counts.total() > 100
    assert many.counts == few.counts
