"""Grids of related networks, whose cells make trials of their neighbors' networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from coevo.engine import Engine, Pairs
from coevo.optimizers import CellProblem, OptimizerState
from coevo.optimizers.differential_evolution import CellRules, DifferentialEvolution, Rules
from coevo.optimizers.differential_evolution.rules import preset_rules
from coevo.population import Population
from coevo.random import Key, normal
from coevo.state import GridState
from coevo.stream import Batch
from tests.equivalence.cases import Case, engine_of, optimizer_of

__all__ = [
    "BASE",
    "SETTINGS",
    "evolving",
    "improved",
    "known",
    "pair_of",
    "preset",
    "problem_of",
    "relatives",
    "with_known",
]

BASE = Case(rows=3, neighborhood="moore", seeds=(5, 1 << 40))


def preset(name: str, **changes: Any) -> Rules:
    return replace(preset_rules(name), **changes)


# Every way in which cells choose, make, score and learn from trials.
SETTINGS: Mapping[str, CellRules] = {
    "as given": CellRules(),
    "pair, by unit, learns by itself": CellRules(
        preset("cell", credit="beats_best", learning_period=2),
        roles="pair",
        grain="unit",
        scope="cell",
        archive=2,
    ),
    "by tensor, selected, with partners, in rounds": CellRules(
        target="selected", grain="tensor", partners=2, rounds=2, soup=0
    ),
    "sade, learns from neighbors": CellRules(
        preset("sade", learning_period=1), scope="neighborhood", archive=0, horizon=3
    ),
    "sinusoids, gains, a margin": CellRules(
        preset("sa-shade-tri-ensin", credit="gain", learning_period=1),
        margin=0.5,
        partners=1,
        archive=3,
        horizon=6,
    ),
    "jso as pair of the selected": CellRules(
        preset("jso"), roles="pair", target="selected", scope="neighborhood", horizon=4
    ),
    "gradient steps where no trials": CellRules(fallback="gradient", gate=0.08, soup=2),
    "every second generation": CellRules(every=2, horizon=2),
}


def relatives(engine: Engine, distance: float = 0.1) -> Pairs:
    """Networks of one lineage per world: those of its first cell, and each moved by its own part.

    Cells differ in how far they move, so that neighborhoods differ in how far they spread.
    """
    size = engine.grid.cells_per_world
    first = torch.arange(engine.grid.cells) // size * size
    far = distance * (0.6 + 0.8 * engine.grid.cell_of / size)

    def moved(population: Population, key: Key) -> Population:
        same = population.select(first)
        weights = {}
        for name, weight in same.weights.items():
            noise = normal(key.of(name), tuple(weight.shape[1:]), dtype=torch.float64)
            scale = (far * weight.double().flatten(1).std(1)).view(-1, *[1] * (weight.dim() - 1))
            weights[name] = weight + (noise * scale).to(weight.dtype)
        return replace(same, weights=weights)

    key = engine.cell_key.of("relatives of these tests")
    encoders, decoders = engine._drawn()
    return moved(encoders, key.of("encoder")), moved(decoders, key.of("decoder"))


def evolving(
    rules: CellRules, case: Case = BASE, *, distance: float = 0.1, **changes: Any
) -> Engine:
    """An engine whose cells make trials."""
    optimizer = DifferentialEvolution(rules, optimizer_of(case))
    first = partial(relatives, distance=distance)
    return engine_of(case, optimizer=optimizer, first=first, **changes)


def problem_of(engine: Engine, state: GridState) -> tuple[CellProblem, list[Batch]]:
    """What all cells are to solve after a state, and their batches."""
    problem = engine._problem(state, engine._select(state), slice(0, engine.grid.cells))
    return replace(problem, batches=iter(())), list(problem.batches)


def pair_of(state: GridState) -> dict[str, Population]:
    return {"encoder": state.encoders, "decoder": state.decoders}


def known(state: GridState, name: str) -> Tensor:
    """What trials keep under a name."""
    return state.optimizer.cell[f"de/{name}"]


def with_known(state: GridState, **changes: Tensor) -> GridState:
    """A state in which trials have kept something else."""
    own = state.optimizer
    cell = {**own.cell, **{f"de/{name}": tensor for name, tensor in changes.items()}}
    return replace(state, optimizer=OptimizerState(cell, own.encoder, own.decoder))


def improved(before: GridState, after: GridState, role: str) -> Tensor:
    """Cells whose network is another one: ``[cells]`` bool."""
    weights = zip(
        pair_of(before)[role].weights.values(), pair_of(after)[role].weights.values(), strict=True
    )
    return torch.stack([(one != other).flatten(1).any(1) for one, other in weights]).any(0)
