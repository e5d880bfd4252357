"""Loads the data that an experiment names, with the targets that its task wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coevo.datasets import DataOptions, Dataset, Split, limit, load_dataset, with_edges
from coevo.errors import CoevoError
from coevo.experiment import Experiment

__all__ = ["experiment_data"]


def experiment_data(experiment: Experiment) -> Dataset:
    """Load the data set of an experiment, with the targets that its task wants.

    Raises:
        CoevoError: files are missing or wrong, or the task needs targets that are not there.
    """
    table = experiment.data
    names = DataOptions.__dataclass_fields__
    chosen = {name: getattr(table, name) for name in names if hasattr(table, name)}
    chosen["directory"] = Path(table.directory) if table.directory else None
    with _naming_tables():
        dataset = load_dataset(experiment.task.dataset, DataOptions(**chosen), table.options)
        if table.train_rows is not None:
            dataset = limit(dataset, table.train_rows)
        return _with_targets(dataset, experiment)


@contextmanager
def _naming_tables() -> Iterator[None]:
    """Say where in the experiment an option of a data set stands."""
    tables = {**dict.fromkeys(DataOptions.__dataclass_fields__, "data"), "train_rows": "data"}
    tables |= {"options": "data", "dataset": "task"}
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
