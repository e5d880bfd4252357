"""Builds the cell optimizer that an experiment names, and tries one of another package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from coevo.de_choice import cell_rules
from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.networks import NetworkPair
from coevo.optimizer_trial import trial
from coevo.optimizers import CellOptimizer, GradientOptimizer, UpdateRule
from coevo.optimizers.dense_steps import suits
from coevo.optimizers.differential_evolution import DifferentialEvolution
from coevo.optimizers.gradient import PerCell
from coevo.optimizers.spread import spread_out
from coevo.plugins import BUILT_IN, load_plugin
from coevo.problems import told
from coevo.random import Key
from coevo.stacks import World
from coevo.tasks import Task
from coevo.user_code import check_options, origin
from grids import Grid, Torus

__all__ = ["ancestor_trainer", "cell_optimizer", "is_compiled", "try_optimizer"]

_KEY = "optimizer.kind"


def cell_optimizer(worlds: Sequence[World], grid: Grid) -> CellOptimizer:
    """The cell optimizer of some worlds.

    Args:
        worlds: the ``[optimizer]`` tables of their experiments are used; in a stack, learning
            rates may differ.
        grid: of these worlds.

    Raises:
        CoevoError: a package's cannot be imported, has no such options, or is no cell optimizer.
    """
    experiment = worlds[0].experiment
    if experiment.optimizer.kind == "gradient":
        return _gradient(worlds, grid)
    if experiment.optimizer.kind == "de":
        rules = cell_rules(experiment, grid.neighbors.shape[1])
        return DifferentialEvolution(rules, _gradient(worlds, grid))
    return _installed(experiment.optimizer.kind, experiment.optimizer.options)


def ancestor_trainer(worlds: Sequence[World], device: torch.device) -> CellOptimizer:
    """What trains one pairing per world by gradients, where no result is rejected.

    Args:
        worlds: as for `cell_optimizer`.
        device: where they train.
    """
    grid = Grid(Torus(1, 1), ((0, 0),), worlds=len(worlds), device=device)
    return replace(_gradient(worlds, grid), always_accepted=True)


def _gradient(worlds: Sequence[World], grid: Grid) -> GradientOptimizer:
    experiment = worlds[0].experiment
    table = experiment.optimizer
    own = partial(_own, worlds, grid)
    minimum, maximum = own("learning_rate_minimum"), own("learning_rate_maximum")
    return GradientOptimizer(
        rule=UpdateRule(
            table.algorithm,
            table.momentum,
            table.betas,
            table.epsilon,
            _spread(worlds, grid, "weight_decay", (0.0, float("inf"))),
        ),
        learning_rate=_spread(worlds, grid, "learning_rate", (minimum, maximum)),
        walk=own("learning_rate_step"),
        decay=own("learning_rate_decay"),
        decay_every=own("learning_rate_decay_every"),
        minimum=minimum,
        maximum=maximum,
        pairings=table.pairings,
        moments=table.moments,
        always_accepted=experiment.selection.replacement == "always",
    )


def _own(worlds: Sequence[World], grid: Grid, key: str) -> PerCell:
    """A number of every world's ``[optimizer]`` table; one for all cells where they agree."""
    values = [getattr(world.experiment.optimizer, key) for world in worlds]
    if len(set(values)) == 1:
        number: float = values[0]
        return number
    numbers = torch.tensor(values, dtype=torch.float64, device=grid.device)
    return numbers.repeat_interleave(grid.cells_per_world)


def _spread(
    worlds: Sequence[World], grid: Grid, key: str, ends: tuple[PerCell, PerCell]
) -> PerCell:
    """Such a number, drawn for every cell where an experiment spreads it, between two ends."""
    purpose = f"{key}_spread"
    number, factor = _own(worlds, grid, key), _own(worlds, grid, purpose)
    if not isinstance(factor, torch.Tensor) and factor == 1:
        return number
    seeds = torch.tensor([world.seed for world in worlds], device=grid.device)
    cells = Key.for_cells(seeds[grid.world_of], grid.cell_of).at(0)
    return spread_out(number, factor, ends, cells.of(purpose))


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
        raise CoevoError(f"{_KEY}: {what} fails: {told(error)}; mend it") from error
    for method in ("init", "step"):
        if not callable(getattr(made, method, None)):
            raise CoevoError(
                f"{_KEY}: {what} makes a {type(made).__name__} without {method}; a cell optimizer "
                "has init and step"
            )
    optimizer: CellOptimizer = made
    return optimizer


def is_compiled(
    optimizer: CellOptimizer,
    experiment: Experiment,
    networks: NetworkPair,
    task: Task,
    device: torch.device,
) -> bool:
    """Whether compiled loops take the gradient steps: see `coevo.optimizers.dense_steps`.

    Args:
        optimizer: of the experiment.
        experiment: tells the batch size and the type of numbers.
        networks: the architectures.
        task: gives the loss.
        device: where networks train.
    """
    if isinstance(optimizer, DifferentialEvolution):
        optimizer = optimizer.gradient
    return (
        isinstance(optimizer, GradientOptimizer)
        and optimizer.compiled(networks, task)
        and suits(device, getattr(torch, experiment.dtype), experiment.optimizer.batch_size)
    )


def try_optimizer(engine: Engine, kind: str) -> None:
    """Let a package's optimizer improve a few cells, as `coevo.optimizer_trial` says.

    Args:
        engine: with the optimizer, and all that it needs.
        kind: what the experiment calls it; nothing happens if it is built in.

    Raises:
        CoevoError: it fails, or breaks one of the rules of cell optimizers.
    """
    if kind not in BUILT_IN["optimizers"]:
        trial(engine, f"{_KEY}: {origin('optimizers', kind)}")
