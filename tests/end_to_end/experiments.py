"""Experiments that take a second, and what their run directories hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from coevo import checkpoint, records
from coevo.experiment import experiment_from_dict, to_toml

GENERATIONS = 24
WORLDS, CELLS = 2, 9

TABLES: dict[str, dict[str, Any]] = {
    "grid": {"rows": 3, "columns": 3},
    "task": {"kind": "denoise", "dataset": "npz"},
    "network": {"hidden": [6], "latent": 3},
    "selection": {"evaluation_batch_size": 16},
    "optimizer": {
        "learning_rate": 0.01,
        "learning_rate_step": 0.001,
        "batch_size": 8,
        "steps": 3,
        "moments": "migrate",
    },
    "checkpoint": {"every": 2, "keep": 3},
    "engine": {"threads": 1},
    "sweep": {"replicates": WORLDS},
}


# A target that compares with first weights, random events, and regrowth; none asks for the horizon.
PRUNING: list[dict[str, Any]] = [
    {
        "operator": "movement",
        "sparsity": 0.6,
        "schedule": "increase",
        "end": 16,
        "scope": "network",
    },
    {"operator": "uniform", "probability": 0.4, "amount": 0.05, "roles": ["decoder"]},
    {
        "operator": "magnitude",
        "regrow": "gradient",
        "schedule": "cosine_decay",
        "scales": "amount",
        "amount": 0.2,
        "begin": 4,
        "end": 20,
        "rows": 16,
    },
]


def write_archive(path: Path) -> Path:
    """Write 60 images of 4 x 4 pixels, an ``.npz`` archive with all three splits."""
    generator = np.random.Generator(np.random.PCG64(5))
    x = np.linspace(0.0, 3.0, 16)
    phase = generator.uniform(0.0, 6.0, (60, 1))
    images = (0.5 + 0.45 * np.sin(x + phase)).astype(np.float32).reshape(60, 1, 4, 4)
    np.savez(path, train=images[:40], validation=images[40:50], test=images[50:])
    return path


def write_experiment(
    path: Path, archive: Path | None, changes: Mapping[str, Any] | None = None
) -> Path:
    """Write an experiment file.

    Args:
        path: of the file.
        archive: the data; None where the changes name a data set.
        changes: dotted key to value; None removes the key.
    """
    tables = {name: dict(table) for name, table in TABLES.items()}
    tables["data"] = {"file": str(archive)} if archive else {}
    document: dict[str, Any] = {"seed": 3, "generations": GENERATIONS, **tables}
    for key, value in (changes or {}).items():
        *folders, last = key.split(".")
        table = document
        for folder in folders:
            table = table.setdefault(folder, {})
        table[last] = value
        if value is None:
            del table[last]
    path.write_text(to_toml(experiment_from_dict(document)), "utf-8")
    return path


def assert_same_run(one: Path, other: Path) -> None:
    """Two runs ended bitwise in the same way."""
    assert records_of(one) == records_of(other)
    assert state_of(one) == state_of(other)
    assert result_of(one) == result_of(other)
    for file in ("encoder", "decoder", "samples"):
        path = Path("best") / f"{file}.safetensors"
        assert (one / path).read_bytes() == (other / path).read_bytes()


def records_of(directory: Path) -> dict[str, tuple[str, bytes]]:
    """Column to its type and the bytes of its values, NaN included."""
    frame = records.read(directory / "records")
    return {
        column.name: (str(column.dtype), column.to_numpy().tobytes())
        for column in frame.iter_columns()
    }


def state_of(directory: Path) -> dict[str, tuple[object, ...]]:
    """Tensor of the newest checkpoint to its type, shape and bytes."""
    found, refusals = checkpoint.newest(directory / "checkpoints")
    assert found is not None
    assert refusals == []
    state: dict[str, tuple[object, ...]] = {"generation": (found.generation,)}
    for shard, tensors in found.shards.items():
        for name, tensor in tensors.items():
            data = tensor.numpy().tobytes()
            state[f"{shard}/{name}"] = (str(tensor.dtype), tuple(tensor.shape), data)
    return state


def result_of(directory: Path) -> dict[str, Any]:
    """What ``result.json`` says, but for the time it took."""
    result = json.loads((directory / "result.json").read_text("utf-8"))
    assert isinstance(result, dict)
    assert result.pop("seconds") > 0
    assert result.pop("cpu_seconds") > 0
    return result


def checkpoints_of(directory: Path) -> list[int]:
    """Generations that have a checkpoint."""
    return checkpoint.generations(directory / "checkpoints")
