"""Tries a cell optimizer on three cells, so that a run does not begin with one that is unsound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from coevo.cells import CellTensors, select
from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.networks import StackedNetwork
from coevo.optimizer_faults import different_forms, fault_of_result, fault_of_start
from coevo.optimizer_inputs import changed, copied, of_networks, of_problem
from coevo.optimizers import CellProblem, Improved, OptimizerState
from coevo.pairing import pairing_losses
from coevo.population import Population
from coevo.problems import told
from coevo.random import Key
from coevo.stream import Batch, Batches, TrainingRows
from grids import shared_plan

__all__ = ["trial"]

# Every cell selects the encoder of one neighbor and the decoder of the other, and no two the same.
_NEIGHBORS = ((0, 1, 2), (1, 0, 2), (2, 1, 0))
_ENCODER_SLOTS = (1, 2, 2)
_DECODER_SLOTS = (2, 1, 1)
_CELLS = len(_NEIGHBORS)
_SOME = (2, 0)  # cells of a chunk, in no order
_ROWS, _STEPS = 2, 2
_TOLERANCE = 1e-6  # of float64: rounding only, also where a division makes it larger


@dataclass(frozen=True)
class _Stage:
    """Three cells before a generation.

    Attributes:
        engine: with the optimizer, and all that it needs.
        what: the optimizer, for messages.
        encoders: of all three.
        decoders: of all three.
        state: of all three.
        generation: from 0.
    """

    engine: Engine
    what: str
    encoders: Population
    decoders: Population
    state: OptimizerState
    generation: int = 0


def trial(engine: Engine, what: str) -> None:
    """Let an optimizer improve cells with half of their weights removed.

    It improves some, one and all of three cells, in the experiment's float type. Then it improves
    two of them in float64 together and each alone, which has to give the same. An optimizer that
    can compute only in the experiment's type is spared this.

    Args:
        engine: with the optimizer, and all that it needs.
        what: the optimizer, for messages.

    Raises:
        CoevoError: it fails, its results are not in the form that the engine needs, it changes
            what it is given, or cells are not improved as they are alone.
    """
    networks = engine.networks
    exact = [_halved(role, engine) for role in (networks.encoder, networks.decoder)]
    usual = _first(engine, what, [_cast(role, engine.dtype) for role in exact])
    for cells in (_SOME, _SOME[:1], range(_CELLS)):
        _step(usual, cells)
    try:
        first = _first(engine, what, exact)
        improved = _step(first, range(_CELLS))
    except CoevoError:
        return
    # Now states differ between cells.
    second = replace(
        first,
        encoders=improved.encoders,
        decoders=improved.decoders,
        state=improved.state,
        generation=1,
    )
    _check_alike(second)


def _check_alike(stage: _Stage) -> None:
    """Compare the step of two cells with the steps of each."""
    together = _step(stage, _SOME)
    for place, cell in enumerate(_SOME):
        row = torch.tensor([place], device=stage.encoders.device)
        alone = _parts(_step(stage, [cell]))
        for part, tensors in _parts(together).items():
            different = _difference(select(tensors, row), alone[part])
            if different:
                raise CoevoError(
                    f"{stage.what}: {different} of the {part} of a cell depends on the cells "
                    "beside it; compute every cell from its own rows, and draw from problem.key"
                )


def _difference(one: CellTensors, other: CellTensors) -> str:
    """The name of a tensor that differs by more than rounding; "" without one."""
    if different_forms(one, other):
        return " or ".join(sorted(one.keys() ^ other.keys())) or "a type"
    for name, tensor in one.items():
        close = torch.isclose(tensor, other[name], rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True)
        if not bool(close.all()):
            return name
    return ""


def _parts(improved: Improved) -> dict[str, CellTensors]:
    return {
        "encoder": improved.encoders.tensors(),
        "decoder": improved.decoders.tensors(),
        "cell's state": improved.state.cell,
        "encoder's state": improved.state.encoder,
        "decoder's state": improved.state.decoder,
        "measures": improved.measures,
    }


def _first(engine: Engine, what: str, roles: Sequence[Population]) -> _Stage:
    """The cells before the first generation."""
    encoders, decoders = roles
    given = of_networks(encoders, decoders)
    before = copied(given)
    try:
        state: object = engine.optimizer.init(encoders, decoders)
    except Exception as error:
        raise _failure(what, "init", error) from error
    _refuse(what, changed(before, of_networks(encoders, decoders), "init"))
    if not isinstance(state, OptimizerState):
        raise _misshapen(what, "init", state, "an OptimizerState")
    _refuse(what, fault_of_start(state, _CELLS))
    return _Stage(engine, what, encoders, decoders, state)


def _step(stage: _Stage, cells: Sequence[int]) -> Improved:
    """Improve some of the cells, and look at the result and at what was given."""
    own = _batches(stage, torch.tensor(cells, device=stage.encoders.device))
    problem = _problem(stage, cells, own)
    before = copied(of_problem(problem, own))
    try:
        improved: object = stage.engine.optimizer.step(problem)
    except Exception as error:
        raise _failure(stage.what, "step", error) from error
    _refuse(stage.what, changed(before, of_problem(problem, own), "step"))
    if not isinstance(improved, Improved):
        raise _misshapen(stage.what, "step", improved, "an Improved")
    _refuse(stage.what, fault_of_result(improved, problem))
    return improved


def _problem(stage: _Stage, cells: Sequence[int], own: Sequence[Batch]) -> CellProblem:
    device = stage.encoders.device
    ids = torch.tensor(cells, device=device)
    key = Key.for_cells(torch.zeros_like(ids), ids).at(stage.generation)
    return CellProblem(
        cells=ids,
        neighbors=torch.tensor(_NEIGHBORS, device=device)[ids],
        selected_encoders=torch.tensor(_ENCODER_SLOTS, device=device)[ids],
        selected_decoders=torch.tensor(_DECODER_SLOTS, device=device)[ids],
        losses=_losses(stage)[ids],
        cells_per_world=_CELLS,
        encoders=stage.encoders,
        decoders=stage.decoders,
        state=stage.state,
        networks=stage.engine.networks,
        task=stage.engine.task,
        batches=iter(own),
        steps=_STEPS,
        key=key,
    )


def _losses(stage: _Stage) -> Tensor:
    """Of all pairings of every neighborhood, on the first rows: ``[cells, k, k]``."""
    engine, rows = stage.engine, _rows(stage, _ROWS)
    neighbors = torch.tensor(_NEIGHBORS, device=stage.encoders.device)
    with torch.no_grad():
        return pairing_losses(
            engine.networks,
            engine.task,
            (stage.encoders, stage.decoders),
            shared_plan(neighbors, torch.zeros_like(neighbors[:, 0])),
            Batch(rows.inputs.unsqueeze(0), rows.targets.unsqueeze(0)),
            cells_per_chunk=_CELLS,
        )


def _rows(stage: _Stage, count: int) -> TrainingRows:
    """The first training rows, in the type of the weights."""
    data, dtype = stage.engine.training, next(iter(stage.encoders.weights.values())).dtype
    inputs = data.inputs[:count].to(dtype)
    same = data.targets is data.inputs
    return TrainingRows(inputs, inputs if same else data.targets[:count].to(dtype))


def _batches(stage: _Stage, cells: Tensor) -> list[Batch]:
    """Rows of their own for every cell, as far as there are so many."""
    count = _CELLS * _STEPS * _ROWS
    rows = _rows(stage, count)
    numbers = torch.arange(count, device=cells.device).view(_CELLS, _STEPS, _ROWS) % rows.rows
    noise = Key.for_worlds(cells.new_zeros(1)).at(stage.generation).of("noise")
    return list(Batches(rows, numbers[cells], stage.engine.task, noise, torch.zeros_like(cells)))


def _halved(network: StackedNetwork, engine: Engine) -> Population:
    """Three networks in float64 that have lost about half of their weights, each others."""
    whole = network.initialize(range(_CELLS), dtype=torch.float64)
    masks = {}
    for name, weight in whole.weights.items():
        number = torch.arange(weight[0].numel())
        kept = [number % 2 == 0, number % 2 == 1, number // 2 % 2 == 0]
        masks[name] = torch.stack(kept).view_as(weight)
    origins = {name: weight.clone() for name, weight in whole.weights.items()}
    return replace(whole, masks=masks, origins=origins).masked().to(engine.seeds.device)


def _cast(population: Population, dtype: torch.dtype) -> Population:
    return Population.from_tensors(
        {
            name: tensor.to(dtype) if tensor.is_floating_point() else tensor
            for name, tensor in population.tensors().items()
        }
    )


def _refuse(what: str, fault: str) -> None:
    if fault:
        raise CoevoError(f"{what}: {fault}")


def _failure(what: str, method: str, error: Exception) -> CoevoError:
    return CoevoError(f"{what} fails in {method}: {told(error)}; mend it")


def _misshapen(what: str, method: str, found: object, wanted: str) -> CoevoError:
    return CoevoError(f"{what}: {method} gives a {type(found).__name__}; return {wanted}")
