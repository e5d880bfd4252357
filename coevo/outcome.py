"""The end of a run: figures on test rows, the best pairing, samples of what it does."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any, TypeAlias

import polars
import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from coevo.assemble import Assembled
from coevo.compaction import state_tensors
from coevo.engine import Engine
from coevo.experiment import Experiment
from coevo.files import canonical_json, discard, whole_directory, write_json
from coevo.pruned_pairing import compaction_of_cell, masks_of_cell, pruning_of_cell
from coevo.run_directory import RunDirectory
from coevo.state import GridState
from coevo.tasks import METRICS

__all__ = ["Outcome", "conclude"]

Outcome: TypeAlias = dict[str, Any]

_SAMPLES = 16


def conclude(
    directory: RunDirectory,
    experiment: Experiment,
    assembled: Assembled,
    state: GridState,
    seconds: float,
) -> Outcome:
    """Measure the final state on the test rows and write the results.

    The best pairing is chosen on validation rows, among the worlds that did not stop. Figures
    that are not finite are None, and such a pairing is never the best.

    Args:
        directory: where ``result.json`` and ``best/`` go.
        experiment: what was run.
        assembled: its engine and test rows.
        state: the final state.
        seconds: computing time of the run so far.

    Returns:
        What ``result.json`` holds.
    """
    engine = assembled.engine
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
    worlds = [
        _world(world, experiment, found, stopped_at=None if alive else stops.get(world))
        for world, alive in enumerate(running)
    ]
    best = _best(worlds, experiment.task.loss)
    if best is not None and engine.gauge is not None:
        best["pruning"] = pruning_of_cell(engine.gauge, state, _place(best, engine))
    outcome: Outcome = {
        "status": "complete" if best is not None else "failed",
        "generations": state.generation,
        "seconds": round(seconds, 3),
        "gradient_steps_per_cell": state.generation * experiment.optimizer.steps,
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
    _write_pairing(directory, assembled, state, best)
    write_json(directory.result_file, outcome)
    return outcome


def _world(
    world: int,
    experiment: Experiment,
    found: dict[str, dict[str, list[list[float | None]]]],
    stopped_at: int | None,
) -> Outcome:
    loss, columns = experiment.task.loss, experiment.grid.columns
    described: Outcome = {
        "world": world,
        "seed": experiment.seed + world,
        "status": "complete" if stopped_at is None else "stopped",
        "stopped_at": stopped_at,
        "best": None,
        "validation": {name: found["validation"][name][world] for name in METRICS},
        "test": {name: found["test"][name][world] for name in METRICS},
    }
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


def _best(worlds: list[Outcome], loss: str) -> Outcome | None:
    complete = [world for world in worlds if world["best"] is not None]
    if not complete:
        return None
    chosen = min(complete, key=lambda world: world["best"]["validation"][loss])
    return {"world": chosen["world"], "seed": chosen["seed"], **chosen["best"]}


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
    from coevo.records import read

    stopped = read(directory.records).filter(~polars.col("running"))
    return dict(stopped.group_by("world").agg(polars.col("generation").min()).iter_rows())


def _place(best: Outcome, engine: Engine) -> int:
    """The cell of the best pairing in the whole stack."""
    return int(best["world"] * engine.grid.cells_per_world + best["cell"])


def _write_pairing(
    directory: RunDirectory, assembled: Assembled, state: GridState, best: Outcome | None
) -> None:
    """Write ``best/`` and what goes with it, in the place of what an earlier end has left."""
    compaction = directory.compaction_file
    if best is None or assembled.engine.gauge is None:
        compaction.unlink(missing_ok=True)
    if best is None:
        if directory.best.exists():
            discard(directory.best)
        return
    cell = _place(best, assembled.engine)
    _write_best(directory.best, assembled, state, cell, best)
    if assembled.engine.gauge is not None:
        write_json(compaction, compaction_of_cell(assembled.engine, state, cell))


def _write_best(
    directory: Path, assembled: Assembled, state: GridState, cell: int, best: Outcome
) -> None:
    engine = assembled.engine
    populations = {"encoder": state.encoders, "decoder": state.decoders}
    networks = {"encoder": engine.networks.encoder, "decoder": engine.networks.decoder}
    tensors = {"samples": _samples(assembled, state, cell)}
    for role, population in populations.items():
        tensors[role] = state_tensors(networks[role].module(population, cell))
    masks = masks_of_cell(state, cell)
    if masks:
        tensors["masks"] = masks
    document = {
        **engine.networks.description,
        "output": engine.task.output,
        "dtype": str(engine.dtype).removeprefix("torch."),
        **best,
    }
    # At once: an encoder of this pairing beside a decoder of an earlier one would be neither.
    with whole_directory(directory) as temporary:
        for name, named in tensors.items():
            (temporary / f"{name}.safetensors").write_bytes(safetensors_bytes(named))
        (temporary / "pairing.json").write_text(canonical_json(document), "utf-8")


def _samples(assembled: Assembled, state: GridState, cell: int) -> dict[str, Tensor]:
    """Test rows, spread evenly over the split, and what the pairing makes of them."""
    engine, test = assembled.engine, assembled.test
    count = min(_SAMPLES, len(test.inputs))
    rows = torch.linspace(0, len(test.inputs) - 1, count, device=test.inputs.device).long()
    ids = torch.tensor([cell], device=rows.device)
    with torch.no_grad():
        outputs = engine.networks(
            state.encoders.select(ids), state.decoders.select(ids), test.inputs[rows].unsqueeze(0)
        )
    named = {
        "inputs": test.inputs[rows],
        "targets": test.targets[rows],
        "outputs": engine.task.images(outputs[0]),
    }
    return {name: tensor.float().cpu().contiguous() for name, tensor in named.items()}
