"""The end of a run, or of a stack of a study: figures on test rows, and the best pairings."""

from __future__ import annotations

import math
import statistics
from typing import Any, TypeAlias

import polars

from coevo.assemble import Assembled
from coevo.best_pairing import cell_of_best, write_best_pairing, write_pairing
from coevo.de_choice import gradient_steps
from coevo.engine import Engine
from coevo.files import write_json
from coevo.population import share_of_zeros
from coevo.pruned_pairing import pruning_of_cell
from coevo.run_directory import RunDirectory
from coevo.spent import Spent
from coevo.stacks import BASE, World, by_variant
from coevo.state import GridState
from coevo.tasks import METRICS

__all__ = ["Outcome", "conclude"]

Outcome: TypeAlias = dict[str, Any]


def conclude(
    directory: RunDirectory, assembled: Assembled, state: GridState, spent: Spent
) -> Outcome:
    """Measure the final state on the test rows and write the results.

    The best pairing, in a stack of a study that of every variant, is chosen on validation rows,
    among the worlds that did not stop. Figures that are not finite are None, and such a pairing
    is never the best.

    Args:
        directory: where ``result.json`` and ``best/`` go.
        assembled: what was run, its engine and test rows.
        state: the final state.
        spent: on the run so far.

    Returns:
        What ``result.json`` holds.
    """
    engine, experiment = assembled.engine, assembled.worlds[0].experiment
    pair = (state.encoders, state.decoders)
    rows = {"validation": engine.validation, "test": assembled.test}
    found = {
        split: {
            name: [_finite(cells) for cells in values.view(engine.grid.worlds, -1).tolist()]
            for name, values in held_out.metrics(engine.networks, engine.task, *pair).items()
        }
        for split, held_out in rows.items()
    }
    running = state.running.view(engine.grid.worlds, -1)[:, 0].tolist()
    stops = _stops(directory)
    zeros = share_of_zeros(pair).view(engine.grid.worlds, -1).tolist()
    worlds = [
        _world(number, world, found, stopped_at=None if alive else stops.get(number))
        | {"sparsity": zeros[number]}
        for number, (world, alive) in enumerate(zip(assembled.worlds, running, strict=True))
    ]
    best = _best(worlds, experiment.task.loss, engine, state)
    outcome: Outcome = {
        "status": "complete" if best is not None else "failed",
        "generations": state.generation,
        **spent.document(),
        "gradient_steps_per_cell": gradient_steps(experiment, state.generation),
        "parameters": assembled.parameters,
        "loss": experiment.task.loss,
        "dataset": experiment.task.dataset,
        "dataset_description": assembled.dataset_description,
        "worlds": worlds,
        "best": best,
        "median": _median(worlds),
    }
    if engine.gauge is not None:
        outcome["unpruned"] = engine.gauge.whole
    if assembled.worlds[0].variant == BASE:
        write_best_pairing(directory, assembled, state, best)
    else:
        outcome["variants"] = _variants(directory, assembled, state, worlds)
    write_json(directory.result_file, outcome)
    return outcome


def _variants(
    directory: RunDirectory, assembled: Assembled, state: GridState, worlds: list[Outcome]
) -> Outcome:
    """The best pairing of each variant, which is written, and the medians over its worlds."""
    found: Outcome = {}
    for world, positions in by_variant(assembled.worlds):
        own = [worlds[position] for position in positions]
        best = _best(own, world.experiment.task.loss, assembled.engine, state)
        write_pairing(directory.best / world.variant, assembled, state, best)
        found[world.variant] = {"best": best, "median": _median(own)}
    return found


def _world(
    number: int,
    world: World,
    found: dict[str, dict[str, list[list[float | None]]]],
    stopped_at: int | None,
) -> Outcome:
    loss, columns = world.experiment.task.loss, world.experiment.grid.columns
    described: Outcome = {
        "world": number,
        "seed": world.seed,
        "status": "complete" if stopped_at is None else "stopped",
        "stopped_at": stopped_at,
        "best": None,
        "validation": {name: found["validation"][name][number] for name in METRICS},
        "test": {name: found["test"][name][number] for name in METRICS},
    }
    if world.variant != BASE:
        described["variant"] = world.variant
    losses = described["validation"][loss]
    measured = [cell for cell, value in enumerate(losses) if value is not None]
    if stopped_at is None and measured:
        cell = min(measured, key=losses.__getitem__)
        described["best"] = {
            "cell": cell,
            "row": cell // columns,
            "column": cell % columns,
            "validation": {name: described["validation"][name][cell] for name in METRICS},
            "test": {name: described["test"][name][cell] for name in METRICS},
        }
    return described


def _best(worlds: list[Outcome], loss: str, engine: Engine, state: GridState) -> Outcome | None:
    complete = [world for world in worlds if world["best"] is not None]
    if not complete:
        return None
    chosen = min(complete, key=lambda world: world["best"]["validation"][loss])
    best = {"world": chosen["world"], "seed": chosen["seed"], **chosen["best"]}
    if engine.gauge is not None:
        best["pruning"] = pruning_of_cell(engine.gauge, state, cell_of_best(best, engine))
    return best


def _median(worlds: list[Outcome]) -> Outcome | None:
    """Medians over worlds of their best pairings' figures."""
    complete = [world["best"] for world in worlds if world["best"] is not None]
    if not complete:
        return None
    return {
        split: {name: _middle([best[split][name] for best in complete]) for name in METRICS}
        for split in ("validation", "test")
    }


def _middle(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) == len(values) else None


def _finite(values: list[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]


def _stops(directory: RunDirectory) -> dict[int, int]:
    """The generation at which each stopped world stopped."""
    from coevo.records import scan

    stopped = scan(directory.records).filter(~polars.col("running"))
    first = stopped.group_by("world").agg(polars.col("generation").min())
    return dict(first.collect().iter_rows())
