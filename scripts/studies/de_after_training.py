r"""Measure what differential evolution adds to networks that gradient steps have trained.

The preset ``mnist-de`` trains the cells of a torus by gradients. From the networks that they end
with, the parents, this goes on in several ways at equal sample-forwards: differential evolution
with several pools of strategies, a greedy soup of the parents, and further gradient steps. The
best pair of every world is chosen on validation rows, and told on test rows:

    .venv/bin/python -m scripts.studies.de_after_training parents.json
    .venv/bin/python -m scripts.studies.de_after_training large.json --short \
        --set grid.rows=5 --set grid.columns=5
    .venv/bin/python -m scripts.studies.de_after_training strangers.json --strangers --short
    .venv/bin/python -m scripts.studies.de_after_training converged.json --short \
        --set data.train_rows=2000 --set start.ancestor_generations=600 \
        --set optimizer.learning_rate_decay_every=100

A gradient step counts as three passes of a row: one forward, and twice that backward.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from coevo import assemble, load_experiment
from coevo.assemble import Assembled
from coevo.engine import Engine, Pairs
from coevo.optimizers.differential_evolution import DifferentialEvolution
from coevo.population import Population
from coevo.sizing import threads
from coevo.state import GridState
from scripts.studies.bests_of_worlds import losses_on, told

__all__ = ["main"]

_NEVER = 2**40
_POOL = ("current_to_pbest_1", "best_1", "trigonometric")
_POOLS: dict[str, dict[str, Any]] = {
    "trigonometric 5 %": {"strategies": _POOL, "shares": (0.475, 0.475, 0.05)},
    "trigonometric 33 %": {"strategies": _POOL, "shares": (0.335, 0.335, 0.33)},
}


@dataclass(frozen=True)
class Course:
    """What a way ends with.

    Attributes:
        pairs: the centers of all worlds, as many of each.
        forwards: rows of one world that passed through a pair on the way.
    """

    pairs: Pairs
    forwards: int


def main(arguments: list[str] | None = None) -> int:
    """Train parents, go on in all ways, and write one JSON document."""
    parser = argparse.ArgumentParser(prog="de_after_training", description=__doc__)
    parser.add_argument("file", type=Path, help="where the document is to be")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--strangers", action="store_true", help="no common ancestor, and no gate")
    parser.add_argument("--short", action="store_true", help="without other pools and soups")
    parser.add_argument("--set", action="append", default=[], dest="changes")
    chosen = parser.parse_args(arguments)
    changes = [f"sweep.replicates={chosen.seeds}"]
    if chosen.strangers:
        changes += ["start.ancestor_generations=0", "start.isolated_generations=200"]
        changes += ["generations=240", "de.gate=1000.0"]
    changes += chosen.changes
    assembled = assemble(load_experiment("mnist-de", changes), "cpu")
    document: dict[str, Any] = {"changes": changes, "seeds": assembled.engine.seeds.tolist()}
    with threads(assembled.threads):
        parents = _parents(assembled.engine)
        for name, course in _followed(assembled, parents, short=chosen.short):
            cost = {"forwards_per_world": course.forwards}
            document[name] = told(assembled, course.pairs) | cost
            document["cpu_seconds"] = time.process_time()
            chosen.file.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
            print(name, document[name]["test_mean"], file=sys.stderr, flush=True)
    return 0


def _parents(engine: Engine) -> GridState:
    state = engine.init()
    while state.generation < engine.isolated_generations:
        state, _ = engine.advance(state)
    return state


def _followed(
    assembled: Assembled, parents: GridState, *, short: bool
) -> Iterator[tuple[str, Course]]:
    """Ways to go on, one after the other: their names and what they end with."""
    engine, experiment = assembled.engine, assembled.worlds[0].experiment
    optimizer = engine.optimizer
    assert isinstance(optimizer, DifferentialEvolution)
    generations = experiment.generations - engine.isolated_generations
    yield "parents", Course((parents.encoders, parents.decoders), 0)

    def evolved(generations: int, *, soup: int, pool: dict[str, Any]) -> Course:
        rules = replace(optimizer.settings.rules, **pool)
        settings = replace(optimizer.settings, rules=rules, soup=soup)
        changed = replace(engine, optimizer=replace(optimizer, settings=settings))
        return _evolved(changed, parents, generations)

    soup = optimizer.settings.soup
    found = evolved(generations, soup=soup, pool={})
    budget = found.forwards
    yield "evolution", found
    yield "greedy soup, one pass", _soup(assembled, parents, budget, passes=1)
    yield "greedy soup, until nothing improves", _soup(assembled, parents, budget, passes=_NEVER)
    yield "gradient steps", _descended(engine, optimizer, parents, budget)
    settings = replace(optimizer.settings, every=2)
    turns = replace(engine, optimizer=replace(optimizer, settings=settings))
    yield "evolution and gradient steps in turns", _evolved(turns, parents, _NEVER, budget)
    if short:
        return
    for name, pool in _POOLS.items():
        yield f"evolution, {name}", evolved(generations, soup=soup, pool=pool)
    # Without soups, a generation has four scores in the place of six.
    yield "evolution without soups", evolved(generations * 3 // 2, soup=0, pool={})


def _evolved(engine: Engine, parents: GridState, generations: int, budget: int = _NEVER) -> Course:
    """So many generations, if they are paid for, from first memories and empty archives."""
    fresh = engine.optimizer.init(parents.encoders, parents.decoders).cell
    kept = {name: fresh[name] for name in fresh if name.startswith("de/")}
    optimizer = replace(parents.optimizer, cell={**parents.optimizer.cell, **kept})
    return _advanced(engine, replace(parents, optimizer=optimizer), generations, budget)


def _descended(
    engine: Engine, optimizer: DifferentialEvolution, parents: GridState, budget: int
) -> Course:
    """Further gradient steps of every cell by itself, for as many rows."""
    cell = {k: v for k, v in parents.optimizer.cell.items() if not k.startswith("de/")}
    state = replace(parents, optimizer=replace(parents.optimizer, cell=cell))
    alone = replace(engine, optimizer=optimizer.gradient, isolated_generations=_NEVER)
    return _advanced(alone, state, _NEVER, budget)


def _advanced(engine: Engine, state: GridState, generations: int, budget: int) -> Course:
    """So many generations, if they are paid for."""
    spent, end = 0, state.generation + generations
    while state.generation < end:
        after, measures = engine.advance(state)
        forwards = int(measures["sample_forwards"].view(engine.grid.worlds, -1).sum(1)[0])
        if spent + forwards > budget:
            break
        state, spent = after, spent + forwards
    return Course((state.encoders, state.decoders), spent)


def _soup(assembled: Assembled, parents: GridState, budget: int, *, passes: int) -> Course:
    """Greedy soups of every world's parents, chosen on validation rows."""
    engine = assembled.engine
    losses = losses_on(assembled, engine.validation, (parents.encoders, parents.decoders))
    size, rows = engine.grid.cells_per_world, len(engine.validation.inputs)
    soups, spent = [], 0
    for world, found in enumerate(losses.view(-1, size)):
        members = (found.argsort() + world * size).tolist()
        limits = budget // rows, passes
        soup, calls = _greedy(assembled, parents, members, float(found.min()), limits)
        soups.append(soup)
        spent = max(spent, (size + calls) * rows)
    encoders, decoders = (Population.concatenate([pair[role] for pair in soups]) for role in (0, 1))
    return Course((encoders, decoders), spent)


def _greedy(
    assembled: Assembled,
    parents: GridState,
    members: list[int],
    best: float,
    limits: tuple[int, int],
) -> tuple[Pairs, int]:
    """One world's soup, and how often a pair was looked at, within limits of calls and passes."""
    taken, looked, (calls, passes) = [members[0]], 0, limits
    for turn in range(passes):
        before = len(taken)
        for member in members[1:] if turn == 0 else members:
            if looked == calls:
                return _mean(parents, taken), looked
            tried = _mean(parents, [*taken, member])
            loss = float(losses_on(assembled, assembled.engine.validation, tried))
            looked += 1
            if loss < best:
                taken, best = [*taken, member], loss
        if len(taken) == before:
            break
    return _mean(parents, taken), looked


def _mean(parents: GridState, cells: list[int]) -> Pairs:
    ids = torch.tensor(cells)
    return (
        _averaged(parents.encoders.select(ids)),
        _averaged(parents.decoders.select(ids)),
    )


def _averaged(population: Population) -> Population:
    weights = {
        name: w.double().mean(0, keepdim=True).to(w) for name, w in population.weights.items()
    }
    return Population(weights)


if __name__ == "__main__":
    sys.exit(main())
