"""From a checked experiment to an engine: loads the data, builds the networks, sizes the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from coevo.architectures import conv_decoder, conv_encoder, mlp_decoder, mlp_encoder
from coevo.datasets import DataOptions, Dataset, Split, limit, load_dataset, with_edges
from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.held_out import HeldOut
from coevo.networks import NetworkPair, untouched_generator
from coevo.optimizers import GradientOptimizer, UpdateRule
from coevo.pairing import Selection
from coevo.random import Key
from coevo.sizing import automatic_chunk, automatic_threads
from coevo.stackable import check_stackable
from coevo.stream import DataOrder, TrainingRows
from coevo.tasks import Task
from coevo.user_code import load_callable
from grids import Grid, Torus, offsets
from operators import CONCEPTS, SolutionConcept

__all__ = ["Assembled", "assemble", "choose_device", "network_pair"]


@dataclass(frozen=True)
class Assembled:
    """An experiment ready to run.

    Attributes:
        engine: computes generations.
        test: the test rows, which only the final figures read.
        dataset_description: how the splits were made.
        parameters: weights of one encoder and of one decoder.
        threads: CPU threads to compute with.
    """

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
) -> Assembled:
    """Build the engine, or say why it cannot be built; computes nothing of the experiment.

    Args:
        experiment: checked.
        device: ``cpu``, ``cuda``, or None for a GPU if there is one.
        search: folders for modules that the experiment names.
        trust: whether such modules may be imported.

    Raises:
        CoevoError: data are missing or do not fit the experiment, networks cannot be stacked,
            or the device is not there.
    """
    chosen, dtype = choose_device(device), getattr(torch, experiment.dtype)
    dataset = _dataset(experiment)
    networks = network_pair(
        experiment, dataset.input_shape, dataset.target_shape, search=search, trust=trust
    )
    _check_sizes(experiment, dataset)
    data = dataset.to(chosen, dtype)
    task = _task(experiment)
    grid = Grid(
        Torus(experiment.grid.rows, experiment.grid.columns),
        offsets(experiment.grid.neighborhood, experiment.grid.radius),
        worlds=experiment.sweep.replicates,
        device=chosen,
    )
    parameters = {
        "encoder": _parameter_count(networks.encoder.build),
        "decoder": _parameter_count(networks.decoder.build),
    }
    total = sum(parameters.values())
    chunk = experiment.engine.cells_per_chunk or automatic_chunk(
        grid.cells, total, chosen, bytes_per_number=dtype.itemsize
    )
    threads = experiment.engine.threads or automatic_threads(
        min(chunk, grid.cells), total, experiment.optimizer.batch_size
    )
    noise = Key.for_worlds(torch.tensor([experiment.data.split_seed], device=chosen))
    engine = Engine(
        grid=grid,
        seeds=experiment.seed + torch.arange(grid.worlds, device=chosen),
        networks=networks,
        task=task,
        training=TrainingRows(data.train.inputs, _targets(data.train)),
        validation=HeldOut.prepare(
            data.validation.inputs, _targets(data.validation), task, noise.of("validation_noise")
        ),
        selection=_selection(experiment, grid.neighbors.shape[1], search, trust=trust),
        optimizer=_optimizer(experiment),
        order=_order(experiment, data.train.rows),
        cells_per_chunk=chunk,
        dtype=dtype,
        evaluation_rows=experiment.selection.evaluation_batch_size,
        evaluation_batch_per=experiment.selection.evaluation_batch_per,
        order_per=experiment.data.order_per,
        subset_per=experiment.data.subset_per,
        replacement=experiment.selection.replacement,
        replacement_rows=experiment.selection.validation_rows,
        measure_every=experiment.evaluation.every,
    )
    test = HeldOut.prepare(data.test.inputs, _targets(data.test), task, noise.of("test_noise"))
    return Assembled(engine, test, dataset.description, parameters, threads)


def network_pair(
    experiment: Experiment,
    input_shape: tuple[int, ...],
    target_shape: tuple[int, ...],
    *,
    search: tuple[Path, ...] = (Path(),),
    trust: bool = True,
) -> NetworkPair:
    """Build and try the architectures of an experiment.

    Args:
        experiment: its ``[network]`` table is used.
        input_shape: of one input row.
        target_shape: of one target row.
        search: folders for modules that the experiment names.
        trust: whether such modules may be imported.

    Raises:
        CoevoError: the networks cannot be built or stacked, or do not fit the data.
    """
    table = experiment.network
    if table.kind == "conv":
        _check_images(input_shape, target_shape, experiment.task.dataset)
    build_encoder, build_decoder = _factories(experiment, search, trust=trust)
    options = dict(table.options) if table.kind == "custom" else {}
    encoder, code_shape = check_stackable(
        partial(build_encoder, shape=input_shape, latent=table.latent, **options),
        input_shape,
        name="network.encoder",
    )
    decoder, output_shape = check_stackable(
        partial(build_decoder, shape=target_shape, latent=table.latent, **options),
        code_shape,
        name="network.decoder",
    )
    if output_shape != target_shape:
        raise CoevoError(
            f"network.decoder: outputs have shape {list(output_shape)}, targets "
            f"{list(target_shape)} (without the batch); make the decoder end in the targets' shape"
        )
    shapes = {"input_shape": list(input_shape), "target_shape": list(target_shape)}
    return NetworkPair(encoder, decoder, {**shapes, "code_shape": list(code_shape)})


def _factories(
    experiment: Experiment, search: tuple[Path, ...], *, trust: bool
) -> tuple[Callable[..., nn.Module], Callable[..., nn.Module]]:
    table = experiment.network
    if table.kind == "custom":
        return (
            load_callable("network.encoder", str(table.encoder), search=search, trust=trust),
            load_callable("network.decoder", str(table.decoder), search=search, trust=trust),
        )
    decoder: dict[str, Any] = {"hidden": table.hidden, "activation": table.activation}
    encoder = {**decoder, "latent_activation": table.latent_activation}
    if table.kind == "mlp":
        return partial(mlp_encoder, **encoder), partial(mlp_decoder, **decoder)
    channels: dict[str, Any] = {"channels": table.channels}
    return partial(conv_encoder, **encoder, **channels), partial(
        conv_decoder, **decoder, **channels
    )


def _check_images(
    input_shape: tuple[int, ...], target_shape: tuple[int, ...], dataset: str
) -> None:
    for shape in (input_shape, target_shape):
        if len(shape) != 3:
            raise CoevoError(
                f"network.kind: 'conv' needs images [channels, height, width]; {dataset} has rows "
                f"of shape {list(shape)}; use 'mlp'"
            )


def _dataset(experiment: Experiment) -> Dataset:
    table = experiment.data
    names = DataOptions.__dataclass_fields__
    chosen = {name: getattr(table, name) for name in names if hasattr(table, name)}
    chosen["directory"] = Path(table.directory) if table.directory else None
    with _naming_tables():
        dataset = load_dataset(experiment.task.dataset, DataOptions(**chosen))
        if table.train_rows is not None:
            dataset = limit(dataset, table.train_rows)
        return _with_targets(dataset, experiment)


@contextmanager
def _naming_tables() -> Iterator[None]:
    """Say where in the experiment an option of a data set stands."""
    tables = {**dict.fromkeys(DataOptions.__dataclass_fields__, "data"), "train_rows": "data"}
    tables["dataset"] = "task"
    try:
        yield
    except CoevoError as error:
        table = tables.get(str(error).partition(":")[0])
        raise CoevoError(f"{table}.{error}" if table else str(error)) from error


def _with_targets(dataset: Dataset, experiment: Experiment) -> Dataset:
    task = experiment.task
    if task.kind != "map":
        return dataset.map(lambda split: Split(split.inputs))
    if task.target == "edges":
        return with_edges(dataset)
    if dataset.train.targets is None:
        raise CoevoError(
            f"task.target: 'dataset' needs targets, and {task.dataset} has none; use 'edges', or "
            "an npz or folder data set with targets"
        )
    return dataset


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
    )
    for key, size, most, kind in sizes:
        if size > most:
            raise CoevoError(
                f"{key}: {size} is more than the {most} {kind or 'training'} rows of "
                f"{dataset.name}; give {most} or less"
            )


def _used_rows(experiment: Experiment, rows: int) -> int:
    return max(1, round(rows * experiment.data.subset))


def _order(experiment: Experiment, rows: int) -> DataOrder:
    table = experiment.optimizer
    return DataOrder(rows, table.batch_size, table.steps, _used_rows(experiment, rows))


def _task(experiment: Experiment) -> Task:
    table = experiment.task
    denoising = table.kind == "denoise"
    return Task(
        loss=table.loss,
        output=table.output,
        noise=table.noise if denoising else None,
        noise_level=table.noise_level if denoising else 0.0,
    )


def _selection(
    experiment: Experiment, partners: int, search: tuple[Path, ...], *, trust: bool
) -> Selection:
    table = experiment.selection
    concept: SolutionConcept
    if table.concept in CONCEPTS:
        concept = CONCEPTS[table.concept]
    else:
        concept = load_callable("selection.concept", table.concept, search=search, trust=trust)
        _try_concept(concept, partners, f"selection.concept: {table.concept!r}")
    return Selection(concept, table.tournament, table.pairing)


def _try_concept(concept: SolutionConcept, partners: int, what: str) -> None:
    losses = torch.linspace(0.0, 1.0, 2 * partners**2).view(2, partners, partners)
    try:
        values: object = concept(losses)
    except Exception as error:
        raise CoevoError(f"{what} fails: {type(error).__name__}: {error}; mend it") from error
    found = list(values.shape) if isinstance(values, Tensor) else type(values).__name__
    if found != [2, partners]:
        raise CoevoError(
            f"{what} makes {found} of losses [2, {partners}, {partners}]; return one value per "
            "network, without the last dimension"
        )


def _optimizer(experiment: Experiment) -> GradientOptimizer:
    table = experiment.optimizer
    return GradientOptimizer(
        rule=UpdateRule(
            table.algorithm, table.momentum, table.betas, table.epsilon, table.weight_decay
        ),
        learning_rate=table.learning_rate,
        walk=table.learning_rate_step,
        minimum=table.learning_rate_minimum,
        maximum=table.learning_rate_maximum,
        pairings=table.pairings,
        moments=table.moments,
        always_accepted=experiment.selection.replacement == "always",
    )


def _parameter_count(build: Callable[[], nn.Module]) -> int:
    with untouched_generator():
        return sum(weight.numel() for weight in build().parameters())
