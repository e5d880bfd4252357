"""Measure what synchronous updates change: the published ring, its cells updated one by one.

The published code updates the cells of a ring one after the other, in an order that is shuffled in
every epoch, so that later cells see neighbors that are trained already. Coevo updates all cells
at once. This runs an experiment the published way, with the engine's own parts, all worlds at
once, and prints the mean training L1 of every world's cells:

    .venv/bin/python -m scripts.studies.ring_order gecco2025-none --set sweep.replicates=5
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace

import torch
from torch import Tensor

from coevo import assemble, load_experiment
from coevo.engine import Engine
from coevo.held_out import HeldOut
from coevo.optimizers import CellProblem, Improved, OptimizerState
from coevo.pairing import Selected
from coevo.population import Population
from coevo.pruning.pruner import Trained
from coevo.random import permutation
from coevo.sizing import threads
from coevo.state import GridState
from coevo.stream import Batches, drawn_batch

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run an experiment cell by cell and print one JSON document."""
    parser = argparse.ArgumentParser(prog="ring_order", description=__doc__)
    parser.add_argument("experiment")
    parser.add_argument("--set", action="append", default=[], dest="changes")
    chosen = parser.parse_args(arguments)
    experiment = load_experiment(chosen.experiment, chosen.changes)
    assembled = assemble(experiment, "cpu")
    engine = assembled.engine
    began = time.process_time()
    with threads(assembled.threads), torch.no_grad():
        state = engine.init()
        for generation in range(experiment.generations):
            state = one_by_one(engine, state)
            if (generation + 1) % 10 == 0:
                print(f"{generation + 1} of {experiment.generations}", file=sys.stderr)
        means = _training_l1(engine, state).view(engine.grid.worlds, -1).mean(1)
    document = {
        "experiment": [chosen.experiment, *chosen.changes],
        "seeds": engine.seeds.tolist(),
        "training_l1": means.tolist(),
        "mean": float(means.mean()),
        "cpu_seconds": time.process_time() - began,
    }
    print(json.dumps(document, indent=2))
    return 0


def one_by_one(engine: Engine, state: GridState) -> GridState:
    """One generation in which every cell sees what the cells before it have become."""
    worlds, size = engine.grid.worlds, engine.grid.cells_per_world
    order = permutation(engine.world_key.at(state.generation).of("order of cells"), size)
    first = torch.arange(worlds) * size
    for position in range(size):
        state = _updated(engine, state, first + order[:, position])
    return replace(state, generation=state.generation + 1)


def _updated(engine: Engine, state: GridState, ids: Tensor) -> GridState:
    """The state after one cell of every world has selected, trained and pruned."""
    key = engine.cell_key.select(ids).at(state.generation)
    selected = engine.selection.select(_losses(engine, state, ids), key)
    with torch.enable_grad():
        improved = engine.optimizer.step(_problem(engine, state, selected, ids))
    encoders, decoders = _pruned(engine, state, selected, improved, ids)
    cell = {
        name: tensor.index_copy(0, ids, improved.state.cell[name])
        for name, tensor in state.optimizer.cell.items()
    }
    return replace(
        state,
        encoders=_with(state.encoders, ids, encoders),
        decoders=_with(state.decoders, ids, decoders),
        optimizer=OptimizerState(cell),
    )


def _with(population: Population, ids: Tensor, part: Population) -> Population:
    changed = population.copied(list(part.weights))
    changed.put(ids, part, list(part.weights))
    return changed


def _problem(engine: Engine, state: GridState, selected: Selected, ids: Tensor) -> CellProblem:
    key, world_of = engine.cell_key.select(ids), engine.grid.world_of[ids]
    rows = engine.order.positions(key, state.generation)
    key = key.at(state.generation)
    return CellProblem(
        cells=ids,
        neighbors=engine.grid.neighbors[ids],
        selected_encoders=selected.encoders,
        selected_decoders=selected.decoders,
        losses=selected.pairing_losses,
        cells_per_world=engine.grid.cells_per_world,
        encoders=state.encoders,
        decoders=state.decoders,
        state=state.optimizer,
        networks=engine.networks,
        task=engine.task,
        batches=Batches(engine.training, rows, engine.task, key, world_of),
        steps=engine.order.steps,
        key=key,
    )


def _pruned(
    engine: Engine, state: GridState, selected: Selected, improved: Improved, ids: Tensor
) -> tuple[Population, Population]:
    if engine.pruner is None:
        return improved.encoders, improved.decoders
    pruner = replace(
        engine.pruner,
        world_of=engine.pruner.world_of[ids.numpy()],
        cell_key=engine.pruner.cell_key.select(ids),
        host_key=engine.pruner.host_key.select(ids),
    )
    sources = selected.sources(engine.grid.neighbors[ids])
    before = (state.encoders, state.decoders)
    trained = Trained(improved.encoders, improved.decoders, before, *sources)
    cut = pruner.prune(trained, state.generation)
    return cut.encoders, cut.decoders


def _losses(engine: Engine, state: GridState, ids: Tensor) -> Tensor:
    """Losses of all pairings of some neighborhoods on batches of their own: ``[n, k, k]``."""
    table = engine.grid.neighbors[ids]
    n, k = table.shape
    batch = drawn_batch(
        engine.training,
        engine.cell_key.select(ids).at(state.generation).of("evaluation"),
        engine.evaluation_rows,
        engine.task,
        engine.world_key.at(state.generation).of("evaluation_noise"),
        engine.grid.world_of[ids],
    )
    codes = engine.networks.encoder(
        _take(state.encoders, table), batch.inputs.repeat_interleave(k, 0)
    )
    found = []
    for slot in range(k):
        decoders = _take(state.decoders, table[:, slot : slot + 1].expand(n, k))
        outputs = engine.networks.decoder(decoders, codes)
        targets = batch.targets.repeat_interleave(k, 0)
        found.append(engine.task.losses(outputs, targets).view(n, k))
    return torch.stack(found, 2)


def _take(population: Population, table: Tensor) -> Population:
    return population.select(table.flatten())


def _training_l1(engine: Engine, state: GridState) -> Tensor:
    rows = HeldOut(engine.training.inputs, engine.training.targets)
    return rows.metrics(
        engine.networks, engine.task, state.encoders, state.decoders, names=("l1",)
    )["l1"]


if __name__ == "__main__":
    sys.exit(main())
