"""From the table ``[de]`` of an experiment to the rules of differential evolution."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from coevo.de_table import DifferentialEvolutionTable
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.optimizers.differential_evolution.cell_rules import CellRules
from coevo.optimizers.differential_evolution.rules import Rules, preset_rules

__all__ = ["cell_rules", "evolution_rules", "gradient_steps", "trial_generations"]

_AS_THEY_ARE = (
    *("credit", "learning_period", "scale", "scale_start", "sinusoid_phase"),
    *("crossover", "crossover_start", "memory"),
)
_OF_CELLS = (
    *("archive", "grain", "roles", "rounds", "every", "partners", "gate", "spread", "fallback"),
    *("soup", "margin", "target", "moments", "normalization"),
)


def evolution_rules(table: DifferentialEvolutionTable) -> Rules:
    """The rules of the preset, with what the table says instead.

    Raises:
        CoevoError: the shares are not one for each strategy.
    """
    given: dict[str, Any] = {
        key: getattr(table, key) for key in _AS_THEY_ARE if getattr(table, key) is not None
    }
    preset = preset_rules(table.preset)
    if table.strategies is not None:
        # The shares of a preset are of its own strategies.
        given |= {"strategies": table.strategies, "shares": ()}
    if table.shares is not None:
        given["shares"] = table.shares
    if table.pbest is not None:
        given["pbest"] = (table.pbest, table.pbest)
    try:
        return replace(preset, **given)
    except CoevoError as error:
        raise CoevoError(f"de.{error}") from error


def trial_generations(experiment: Experiment) -> int:
    """How many generations of a run make trials; at least 1, since rules go by shares of them."""
    return max(1, _trial_generations(experiment, experiment.generations))


def gradient_steps(experiment: Experiment, generations: int) -> int:
    """The most gradient steps that a cell takes in the first generations of a run."""
    table, trained = experiment.optimizer, generations
    if table.kind == "de" and experiment.de.fallback == "keep":
        trained -= _trial_generations(experiment, generations)
    return trained * table.steps


def _trial_generations(experiment: Experiment, generations: int) -> int:
    shared = max(0, generations - experiment.start.isolated_generations)
    return shared // experiment.de.every


def cell_rules(experiment: Experiment, neighbors: int) -> CellRules:
    """How the cells of an experiment make trials.

    Args:
        experiment: with the table.
        neighbors: cells that each sees, itself among them.

    Raises:
        CoevoError: a neighborhood is too small for the strategies or partners.
    """
    table = experiment.de
    rules = CellRules(
        rules=evolution_rules(table),
        scope=table.memory_scope,
        begin=experiment.start.isolated_generations,
        horizon=trial_generations(experiment),
        **{key: getattr(table, key) for key in _OF_CELLS},
    )
    if neighbors - 1 < rules.donors:
        raise CoevoError(
            f"grid.neighborhood: a cell has {neighbors - 1} neighbors, and differential evolution "
            f"with these strategies needs {rules.donors} as donors; use 'moore' on 3 x 3 cells or "
            "more, or other de.strategies"
        )
    if table.partners > neighbors - 1:
        raise CoevoError(
            f"de.partners: {table.partners} is more than the {neighbors - 1} neighbors of a cell; "
            "lower it"
        )
    return rules
