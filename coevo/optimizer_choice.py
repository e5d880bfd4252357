"""Builds the cell optimizer that an experiment names, and tries one of another package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.networks import StackedNetwork
from coevo.optimizers import (
    CellOptimizer,
    CellProblem,
    GradientOptimizer,
    Improved,
    OptimizerState,
    UpdateRule,
)
from coevo.plugins import BUILT_IN, load_plugin
from coevo.population import Population
from coevo.random import Key
from coevo.stream import Batch
from coevo.user_code import check_options, origin

__all__ = ["cell_optimizer", "try_optimizer"]

_KEY = "optimizer.kind"
_CELLS, _ROWS, _STEPS = 2, 2, 2  # of a trial


def cell_optimizer(experiment: Experiment) -> CellOptimizer:
    """The cell optimizer of an experiment.

    Args:
        experiment: its ``[optimizer]`` table is used.

    Raises:
        CoevoError: a package's cannot be imported, has no such options, or is no cell optimizer.
    """
    if experiment.optimizer.kind == "gradient":
        return _gradient(experiment)
    return _installed(experiment.optimizer.kind, experiment.optimizer.options)


def _gradient(experiment: Experiment) -> GradientOptimizer:
    table = experiment.optimizer
    return GradientOptimizer(
        rule=UpdateRule(
            table.algorithm, table.momentum, table.betas, table.epsilon, table.weight_decay
        ),
        learning_rate=table.learning_rate,
        walk=table.learning_rate_step,
        decay=table.learning_rate_decay,
        decay_every=table.learning_rate_decay_every,
        minimum=table.learning_rate_minimum,
        maximum=table.learning_rate_maximum,
        pairings=table.pairings,
        moments=table.moments,
        always_accepted=experiment.selection.replacement == "always",
    )


def _installed(kind: str, options: dict[str, Any]) -> CellOptimizer:
    found, what = load_plugin("optimizers", kind, _KEY), origin("optimizers", kind)
    if not callable(found):
        raise CoevoError(
            f"{_KEY}: {what} is a {type(found).__name__}; register what makes an optimizer of its "
            "options"
        )
    factory: Callable[..., Any] = found
    check_options(factory, options, "optimizer.options", what, before=0)
    try:
        made = factory(**options)
    except CoevoError as error:
        raise CoevoError(f"optimizer.options: {what}: {error}") from error
    except Exception as error:
        raise _failure(what, "fails", error) from error
    for method in ("init", "step"):
        if not callable(getattr(made, method, None)):
            raise CoevoError(
                f"{_KEY}: {what} makes a {type(made).__name__} without {method}; a cell optimizer "
                "has init and step"
            )
    optimizer: CellOptimizer = made
    return optimizer


def try_optimizer(engine: Engine, kind: str) -> None:
    """Let a package's optimizer improve two cells with half of their weights removed.

    Args:
        engine: with the optimizer, and all that it needs.
        kind: what the experiment calls it; nothing happens if it is built in.

    Raises:
        CoevoError: it fails, or its results are not in the form that the engine needs.
    """
    if kind in BUILT_IN["optimizers"]:
        return
    what, optimizer = origin("optimizers", kind), engine.optimizer
    networks = engine.networks
    encoders, decoders = (_halved(role, engine) for role in (networks.encoder, networks.decoder))
    try:
        state: object = optimizer.init(encoders, decoders)
    except Exception as error:
        raise _failure(what, "fails in init", error) from error
    if not isinstance(state, OptimizerState):
        raise _misshapen(what, "init", state, "an OptimizerState")
    problem = _problem(engine, encoders, decoders, state)
    try:
        improved: object = optimizer.step(problem)
    except Exception as error:
        raise _failure(what, "fails in step", error) from error
    if not isinstance(improved, Improved):
        raise _misshapen(what, "step", improved, "an Improved")
    fault = (
        _fault_of_networks(improved.encoders, encoders.select(problem.source_encoders()), "encoder")
        or _fault_of_networks(
            improved.decoders, decoders.select(problem.source_decoders()), "decoder"
        )
        or _fault_of_state(improved.state, state)
        or _fault_of_measures(improved.measures)
    )
    if fault:
        raise CoevoError(f"{_KEY}: {what}: {fault}")


def _failure(what: str, fails: str, error: Exception) -> CoevoError:
    return CoevoError(f"{_KEY}: {what} {fails}: {type(error).__name__}: {error}; mend it")


def _misshapen(what: str, method: str, found: object, wanted: str) -> CoevoError:
    return CoevoError(f"{_KEY}: {what}: {method} gives a {type(found).__name__}; return {wanted}")


def _halved(network: StackedNetwork, engine: Engine) -> Population:
    """Two networks that have lost every other weight, not the same ones in both."""
    whole = network.initialize(range(_CELLS), dtype=engine.dtype)
    masks = {
        name: torch.stack([every_other, ~every_other]).view_as(weight)
        for name, weight in whole.weights.items()
        for every_other in (torch.arange(weight[0].numel()) % 2 == 0,)
    }
    return replace(whole, masks=masks).masked().to(engine.seeds.device)


def _problem(
    engine: Engine, encoders: Population, decoders: Population, state: OptimizerState
) -> CellProblem:
    device = engine.seeds.device
    cells = torch.arange(_CELLS, device=device)
    rows = (engine.training.inputs[:_ROWS], engine.training.targets[:_ROWS])
    inputs, targets = (part.expand(_CELLS, *part.shape) for part in rows)
    return CellProblem(
        cells=cells,
        neighbors=torch.stack([cells, cells.flip(0)], 1),
        selected_encoders=cells,
        selected_decoders=cells.flip(0),
        encoders=encoders,
        decoders=decoders,
        state=state,
        networks=engine.networks,
        task=engine.task,
        batches=iter([Batch(inputs, targets)] * _STEPS),
        steps=_STEPS,
        key=Key.for_cells(torch.zeros_like(cells), cells),
    )


def _forms(tensors: CellTensors) -> dict[str, str]:
    return {name: f"{tensor.dtype} {list(tensor.shape)}" for name, tensor in tensors.items()}


def _difference(found: CellTensors, given: CellTensors) -> str:
    """The first tensor that is not there, or has another shape or type; "" without one."""
    one, other = _forms(found), _forms(given)
    for name in (*other, *one):
        if one.get(name) != other.get(name):
            return f"{name} is {one.get(name, 'missing')}, and was {other.get(name, 'not there')}"
    return ""


def _fault_of_networks(found: object, selected: Population, role: str) -> str:
    if not isinstance(found, Population):
        return f"the {role}s are a {type(found).__name__}; return a Population"
    different = _difference(found.tensors(), selected.tensors())
    if different:
        return f"the {role}'s {different}; return the selected networks, improved"
    for name, weight in found.weights.items():
        mask = selected.masks[name]
        if weight.requires_grad:
            return f"the {role}'s {name} requires gradients; return it detached"
        if not torch.equal(found.masks[name], mask):
            return f"the {role}'s mask of {name} is not that of the selected one; keep it"
        if bool(weight[~mask].any()):
            return f"the {role}'s {name} is not zero where its mask is False; return it masked"
    return ""


def _fault_of_state(found: object, given: OptimizerState) -> str:
    if not isinstance(found, OptimizerState):
        return f"the state is a {type(found).__name__}; return an OptimizerState"
    for part in ("cell", "encoder", "decoder"):
        different = _difference(getattr(found, part), getattr(given, part))
        if different:
            return f"the {part}'s state {different}; return the tensors that init makes"
    return ""


def _fault_of_measures(measures: CellTensors) -> str:
    if "train_loss" not in measures:
        return "there is no measure 'train_loss'; add the mean loss of the steps"
    for name, values in measures.items():
        if not isinstance(values, Tensor) or values.shape != (_CELLS,):
            return f"the measure {name!r} is not one number per cell; return a tensor [cells]"
    return ""
