"""The trial of cell optimizers: what it finds, and that sound ones pass it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.optimizer_trial import trial
from coevo.optimizers import CellOptimizer, CellProblem, Improved, OptimizerState
from coevo.optimizers.gradient import GradientOptimizer, MomentsPolicy, PairingsName
from coevo.population import Population
from tests.coevo.small_experiments import build, write_data
from tests.equivalence.cases import Case, engine_of
from tests.example_plugin.coevo_example.hill_climbing import HillClimbing

DTYPES = ("float32", "float64")


def nothing(problem: CellProblem) -> None:
    pass


def as_it_is(improved: Improved, problem: CellProblem) -> Improved:
    return improved


@dataclass(frozen=True)
class Still:
    """Sound: counts steps and measures batches. Faults come in as functions."""

    before: Callable[[CellProblem], object] = nothing
    after: Callable[[Improved, CellProblem], Improved] = as_it_is
    first: Callable[[Population, int], dict[str, Any]] = lambda _, cells: {
        "steps": torch.zeros(cells)
    }

    def init(self, encoders: Population, decoders: Population) -> OptimizerState:
        return OptimizerState(self.first(encoders, decoders.cells))

    def step(self, problem: CellProblem) -> Improved:
        self.before(problem)
        state = {
            name: tensor.index_select(0, problem.cells) + problem.steps
            for name, tensor in problem.state.cell.items()
        }
        return self.after(
            Improved(
                problem.encoders.select(problem.source_encoders()).masked(),
                problem.decoders.select(problem.source_decoders()).masked(),
                OptimizerState(state),
                {"train_loss": mean_inputs(problem)},
            ),
            problem,
        )


def mean_inputs(problem: CellProblem) -> Tensor:
    return torch.stack([batch.inputs.flatten(1).mean(1) for batch in problem.batches]).mean(0)


SOUND = (Still(), HillClimbing(step_size=0.5), GradientOptimizer())


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Engine]:
    return engines_in(tmp_path_factory.mktemp("data"))


def engines_in(folder: Path) -> dict[str, Engine]:
    """One for each float type."""
    data = write_data(folder)
    noise = {"kind": "denoise", "noise": "gaussian", "noise_level": 0.2}
    return {dtype: build(data, dtype=dtype, task=noise).engine for dtype in DTYPES}


def try_it(optimizer: CellOptimizer, engine: Engine) -> None:
    trial(replace(engine, optimizer=optimizer), "this one")


def fault(optimizer: CellOptimizer, engine: Engine) -> str:
    with pytest.raises(CoevoError) as caught:
        try_it(optimizer, engine)
    return str(caught.value).removeprefix("this one: ")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pairings", get_args(PairingsName))
@pytest.mark.parametrize("moments", get_args(MomentsPolicy))
def test_gradient_optimizers_pass(
    pairings: PairingsName, moments: MomentsPolicy, dtype: str, engines: dict[str, Engine]
) -> None:
    optimizer = GradientOptimizer(walk=1e-4, pairings=pairings, moments=moments)
    try_it(optimizer, engines[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_networks_of_single_numbers_pass(dtype: str, tmp_path: Path) -> None:
    small = {"hidden": [], "latent": 1}
    engine = build(write_data(tmp_path), dtype=dtype, network=small).engine
    for optimizer in SOUND:
        try_it(optimizer, engine)


def test_networks_that_are_not_dense_pass() -> None:
    engine = engine_of(Case(architecture="residual"))
    for optimizer in SOUND:
        try_it(optimizer, engine)


def test_few_rows_are_enough(engines: dict[str, Engine]) -> None:
    engine = engines["float64"]
    for rows in (1, 5):
        inputs, targets = engine.training.inputs[:rows], engine.training.targets[:rows]
        training = replace(engine.training, inputs=inputs, targets=targets)
        try_it(GradientOptimizer(), replace(engine, training=training))


def test_the_trial_leaves_the_rows_and_the_generator_alone(engines: dict[str, Engine]) -> None:
    engine = engines["float64"]
    rows, state = engine.training.inputs.clone(), torch.get_rng_state()
    try_it(GradientOptimizer(), engine)
    assert torch.equal(engine.training.inputs, rows)
    assert torch.equal(torch.get_rng_state(), state)


def one_more(problem: CellProblem) -> None:
    own: Any = problem.state.cell
    own["steps"] = own["steps"] + 1


def one_less(problem: CellProblem) -> None:
    masks: Any = problem.decoders.masks
    del masks["0.weight"]


def leaf(problem: CellProblem) -> None:
    problem.decoders.weights["0.weight"].requires_grad_()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda p: p.encoders.weights["1.bias"].mul_(0.5), "weights/1.bias of the encoders"),
        (lambda p: p.decoders.masks["0.weight"].fill_(True), "masks/0.weight of the decoders"),
        (lambda p: p.state.cell["steps"].data.add_(1), "steps of the cell's state"),
        (lambda p: p.neighbors.zero_(), "neighbors of the problem"),
        (lambda p: p.losses.zero_(), "losses of the problem"),
        (lambda p: p.cells.copy_(p.cells.flip(0)), "cells of the problem"),
        (one_more, "steps of the cell's state"),
        (one_less, "masks/0.weight of the decoders"),
        (lambda p: next(p.batches).inputs.add_(1.0), "inputs of batch 0"),
        (leaf, "weights/0.weight of the decoders"),
    ],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_changes_what_it_is_given_is_refused(
    change: Callable[[CellProblem], object], name: str, dtype: str, engines: dict[str, Engine]
) -> None:
    expected = f"step changes {name}; clone it and change the clone"
    assert fault(Still(before=change), engines[dtype]) == expected


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_losses_given_are_those_of_the_pairings(dtype: str, engines: dict[str, Engine]) -> None:
    engine, seen = engines[dtype], list[CellProblem]()
    try_it(Still(before=seen.append), engine)
    inputs, targets = engine.training.inputs[:2], engine.training.targets[:2]
    for problem in seen:
        assert problem.cells_per_world == len(problem.state.cell["steps"])
        for place, cells in enumerate(problem.neighbors.tolist()):
            for slot, cell in enumerate(cells):
                encoders = problem.encoders.select(torch.tensor([cell] * 3))
                decoders = problem.decoders.select(torch.tensor(cells))
                rows = inputs.to(encoders.weights["1.weight"].dtype).expand(3, *inputs.shape)
                outputs = problem.networks(encoders, decoders, rows)
                expected = problem.task.losses(outputs, targets.to(rows.dtype).expand_as(outputs))
                assert_close(problem.losses[place, slot], expected)


def test_what_changes_the_first_networks_is_refused(engines: dict[str, Engine]) -> None:
    def halved(encoders: Population, cells: int) -> dict[str, Tensor]:
        encoders.weights["1.weight"].mul_(0.5)
        return {}

    expected = "init changes weights/1.weight of the encoders; clone it and change the clone"
    assert fault(Still(first=halved), engines["float32"]) == expected


@pytest.mark.parametrize(
    ("first", "form"),
    [
        (torch.zeros(1), "torch.float32 [1]"),
        (torch.zeros(()), "torch.float32 []"),
        (0.5, "a float"),
    ],
)
def test_a_first_state_without_a_row_for_every_cell_is_refused(
    first: object, form: str, engines: dict[str, Engine]
) -> None:
    expected = f"init gives the cell's state a as {form} for 3 cells; give a tensor [cells, ...]"
    assert fault(Still(first=lambda *_: {"a": first}), engines["float32"]) == expected


def test_numbers_that_are_no_numbers_are_left_alone_too(engines: dict[str, Engine]) -> None:
    try_it(
        Still(first=lambda _, cells: {"best": torch.full((cells,), torch.nan)}), engines["float32"]
    )


def test_a_state_of_all_cells_is_refused(engines: dict[str, Engine]) -> None:
    def whole(improved: Improved, problem: CellProblem) -> Improved:
        return replace(improved, state=OptimizerState({"steps": problem.state.cell["steps"] + 1}))

    assert fault(Still(after=whole), engines["float32"]) == (
        "the cell's state steps is torch.float32 [3], and should be torch.float32 [2]; return the "
        "tensors that init makes, of the problem's cells only"
    )
