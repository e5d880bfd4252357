"""From a checked experiment to an engine: loads the data, builds the networks, sizes the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from coevo.datasets import Dataset, Split
from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.experiment_data import experiment_data
from coevo.held_out import HeldOut
from coevo.network_pairs import network_pair
from coevo.networks import NetworkPair, untouched_generator
from coevo.optimizer_choice import cell_optimizer, is_compiled, try_optimizer
from coevo.pruning.plan import with_pruning
from coevo.random import Key
from coevo.roles import ROLES
from coevo.selection_choice import selection_of
from coevo.sizing import sizes
from coevo.stacks import World, replicates
from coevo.start import with_start
from coevo.stream import DataOrder, TrainingRows
from coevo.tasks import Task
from coevo.user_code import Sources
from grids import Grid, Torus, offsets

__all__ = [
    "Assembled",
    "assemble",
    "assemble_worlds",
    "choose_device",
    "held_out_rows",
    "task_of",
]


@dataclass(frozen=True)
class Assembled:
    """An experiment ready to run.

    Attributes:
        worlds: in the order of the engine's; what they may not have for themselves, they share.
        engine: computes generations.
        test: the test rows, which only the final figures read.
        dataset_description: how the splits were made.
        parameters: weights of one encoder and of one decoder.
        threads: CPU threads to compute with.
    """

    worlds: tuple[World, ...]
    engine: Engine
    test: HeldOut
    dataset_description: str
    parameters: dict[str, int]
    threads: int


def choose_device(name: str | None) -> torch.device:
    """The device to run on; for None, a GPU if there is one.

    Raises:
        CoevoError: there is no such device.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise CoevoError(f"device: {name!r} is not a device; use 'cpu' or 'cuda'")
    if name == "cuda" and not torch.cuda.is_available():
        raise CoevoError(
            "device: 'cuda' is not there (torch sees no GPU); use 'cpu', or install torch for "
            "your GPU as the README says"
        )
    return torch.device(name)


def assemble(
    experiment: Experiment,
    device: str | None = None,
    *,
    search: tuple[Path, ...] = (Path(),),
    trust: bool = True,
    kept: Path | None = None,
) -> Assembled:
    """Build the engine, or say why it cannot be built; computes nothing of the experiment.

    Args:
        experiment: checked.
        device: ``cpu``, ``cuda``, or None for a GPU if there is one.
        search: folders for modules that the experiment names.
        trust: whether such modules may be imported.
        kept: copies of the trained pairs that the experiment starts from, where a run has them.

    Raises:
        CoevoError: data or trained pairs are missing or do not fit the experiment, networks cannot
            be stacked, or the device is not there; or the experiment is a study.
    """
    if experiment.sweep.is_study:
        raise CoevoError(
            "sweep: an engine is of one variant; give the experiment of one of "
            "coevo.variants(experiment)"
        )
    worlds = replicates(experiment)
    return assemble_worlds(worlds, device, search=search, trust=trust, kept=kept)


def assemble_worlds(
    worlds: Sequence[World],
    device: str | None = None,
    *,
    search: tuple[Path, ...] = (Path(),),
    trust: bool = True,
    kept: Path | None = None,
) -> Assembled:
    """Build the engine of a stack, or say why it cannot be built; computes nothing.

    Args:
        worlds: of one shape (see `coevo.stacks.shape_of`), those of a variant behind each other.
        device: as for `assemble`.
        search: likewise.
        trust: likewise.
        kept: likewise.

    Raises:
        CoevoError: as for `assemble`.
    """
    experiment = worlds[0].experiment
    chosen, dtype = choose_device(device), getattr(torch, experiment.dtype)
    dataset = experiment_data(experiment)
    networks = network_pair(
        experiment, dataset.input_shape, dataset.target_shape, search=search, trust=trust
    )
    _check_sizes(experiment, dataset)
    data = dataset.to(chosen, dtype)
    task = task_of(experiment)
    grid = _grid(experiment, len(worlds), chosen)
    parameters = _parameters(networks)
    optimizer = cell_optimizer(worlds, grid)
    compiled = is_compiled(optimizer, experiment, networks, task, chosen)
    chunk, threads = sizes(experiment, grid, sum(parameters.values()), compiled=compiled)
    held_out = held_out_rows(experiment, data, task)
    engine = Engine(
        grid=grid,
        seeds=torch.tensor([world.seed for world in worlds], device=chosen),
        networks=networks,
        task=task,
        training=TrainingRows(data.train.inputs, _targets(data.train)),
        validation=held_out["validation"],
        selection=selection_of(experiment, grid.neighbors.shape[1], Sources(search, trust)),
        optimizer=optimizer,
        order=_order(experiment, data.train.rows),
        cells_per_chunk=chunk,
        dtype=dtype,
        measured_training=held_out.get("training"),
        threads=experiment.engine.threads or torch.get_num_threads(),
        **_as_given(experiment),
    )
    try_optimizer(engine, experiment.optimizer.kind)
    looked_at = TrainingRows(data.test.inputs, _targets(data.test))
    engine = with_pruning(engine, worlds, looked_at, Sources(search, trust))
    engine = with_start(engine, worlds, kept)
    about = dataset.description, parameters, threads
    return Assembled(tuple(worlds), engine, held_out["test"], *about)


def _as_given(experiment: Experiment) -> dict[str, Any]:
    """Fields of the engine that are keys of the experiment."""
    return {
        "evaluation_rows": experiment.selection.evaluation_batch_size,
        "evaluation_batch_per": experiment.selection.evaluation_batch_per,
        "order_per": experiment.data.order_per,
        "subset_per": experiment.data.subset_per,
        "replacement": experiment.selection.replacement,
        "replacement_rows": experiment.selection.validation_rows,
        "measure_every": experiment.evaluation.every,
    }


def _grid(experiment: Experiment, worlds: int, device: torch.device) -> Grid:
    table = experiment.grid
    neighborhood = offsets(table.neighborhood, table.radius)
    torus = Torus(table.rows, table.columns)
    return Grid(torus, neighborhood, worlds=worlds, device=device)


def _targets(split: Split) -> Tensor:
    return split.inputs if split.targets is None else split.targets


def _check_sizes(experiment: Experiment, dataset: Dataset) -> None:
    rows, used = dataset.train.rows, _used_rows(experiment, dataset.train.rows)
    sizes = (
        ("optimizer.batch_size", experiment.optimizer.batch_size, used, "training"),
        ("selection.evaluation_batch_size", experiment.selection.evaluation_batch_size, rows, ""),
        (
            "selection.validation_rows",
            experiment.selection.validation_rows or 1,
            dataset.validation.rows,
            "validation",
        ),
        ("evaluation.training_rows", experiment.evaluation.training_rows, rows, ""),
    )
    for key, size, most, kind in sizes:
        if size > most:
            raise CoevoError(
                f"{key}: {size} is more than the {most} {kind or 'training'} rows of "
                f"{dataset.name}; give {most} or less"
            )


def _used_rows(experiment: Experiment, rows: int) -> int:
    return max(1, round(rows * experiment.data.subset))


def held_out_rows(experiment: Experiment, data: Dataset, task: Task) -> dict[str, HeldOut]:
    """Rows to measure on, each split's with noise of its own.

    Args:
        experiment: says what is measured.
        data: in the type in which it computes.
        task: of the experiment.

    Returns:
        ``validation``, ``test``, and ``training`` where training rows are measured too.
    """
    splits = {"validation": data.validation, "test": data.test}
    measured = experiment.evaluation.training_rows
    if measured:
        splits["training"] = Split(data.train.inputs[:measured], _targets(data.train)[:measured])
    seed = torch.tensor([experiment.data.split_seed], device=data.train.inputs.device)
    return {
        name: HeldOut.prepare(
            split.inputs, _targets(split), task, Key.for_worlds(seed).of(f"{name}_noise")
        )
        for name, split in splits.items()
    }


def _order(experiment: Experiment, rows: int) -> DataOrder:
    table = experiment.optimizer
    return DataOrder(rows, table.batch_size, table.steps, _used_rows(experiment, rows))


def task_of(experiment: Experiment) -> Task:
    """What an experiment asks pairings to do."""
    table = experiment.task
    denoising = table.kind == "denoise"
    return Task(
        loss=table.loss,
        output=table.output,
        noise=table.noise if denoising else None,
        noise_level=table.noise_level if denoising else 0.0,
    )


def _parameters(networks: NetworkPair) -> dict[str, int]:
    """Weights of one encoder and of one decoder."""
    with untouched_generator():
        modules = {role: getattr(networks, role).build() for role in ROLES}
    return {name: sum(w.numel() for w in module.parameters()) for name, module in modules.items()}
