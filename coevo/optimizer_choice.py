"""Builds the cell optimizer that an experiment names, and tries one of another package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.optimizer_trial import trial
from coevo.optimizers import CellOptimizer, GradientOptimizer, UpdateRule
from coevo.plugins import BUILT_IN, load_plugin
from coevo.problems import told
from coevo.user_code import check_options, origin

__all__ = ["cell_optimizer", "try_optimizer"]

_KEY = "optimizer.kind"


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
        raise CoevoError(f"{_KEY}: {what} fails: {told(error)}; mend it") from error
    for method in ("init", "step"):
        if not callable(getattr(made, method, None)):
            raise CoevoError(
                f"{_KEY}: {what} makes a {type(made).__name__} without {method}; a cell optimizer "
                "has init and step"
            )
    optimizer: CellOptimizer = made
    return optimizer


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
