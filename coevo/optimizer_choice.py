"""Builds the cell optimizer that an experiment names, and tries one of another package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.networks import NetworkPair
from coevo.optimizer_trial import trial
from coevo.optimizers import CellOptimizer, GradientOptimizer, UpdateRule
from coevo.optimizers.dense_steps import suits
from coevo.optimizers.gradient import PerCell
from coevo.plugins import BUILT_IN, load_plugin
from coevo.problems import told
from coevo.stacks import World
from coevo.tasks import Task
from coevo.user_code import check_options, origin
from grids import Grid

__all__ = ["cell_optimizer", "is_compiled", "try_optimizer"]

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
    return _installed(experiment.optimizer.kind, experiment.optimizer.options)


def _gradient(worlds: Sequence[World], grid: Grid) -> GradientOptimizer:
    experiment = worlds[0].experiment
    table = experiment.optimizer

    def own(key: str) -> PerCell:
        """A number of every world; one for all where they agree."""
        values = [getattr(world.experiment.optimizer, key) for world in worlds]
        if len(set(values)) == 1:
            number: float = values[0]
            return number
        numbers = torch.tensor(values, dtype=torch.float64, device=grid.device)
        return numbers.repeat_interleave(grid.cells_per_world)

    return GradientOptimizer(
        rule=UpdateRule(
            table.algorithm, table.momentum, table.betas, table.epsilon, table.weight_decay
        ),
        learning_rate=own("learning_rate"),
        walk=own("learning_rate_step"),
        decay=own("learning_rate_decay"),
        decay_every=own("learning_rate_decay_every"),
        minimum=own("learning_rate_minimum"),
        maximum=own("learning_rate_maximum"),
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
