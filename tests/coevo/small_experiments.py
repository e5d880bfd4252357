"""A small experiment on data of its own, with any of its tables changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from coevo.assemble import Assembled, assemble
from coevo.experiment import experiment_from_dict

ROWS = 12


def write_data(folder: Path) -> Path:
    """Write splits of 12 images of 4 x 4 pixels with targets of 3 numbers; gives the folder."""
    generator = np.random.Generator(np.random.PCG64(1))
    arrays: dict[str, Any] = {}
    for split in ("train", "validation", "test"):
        arrays[split] = generator.uniform(size=(ROWS, 1, 4, 4))
        arrays[f"{split}_targets"] = generator.uniform(size=(ROWS, 3))
    np.savez(folder / "data.npz", **arrays)
    return folder


def build(folder: Path, **tables: Any) -> Assembled:
    """Assemble a small experiment with some tables changed."""
    document: dict[str, Any] = {
        "task": {"dataset": "npz"},
        "data": {"file": str(folder / "data.npz")},
        "network": {"hidden": [6], "latent": 3},
        "selection": {"evaluation_batch_size": 4},
        "optimizer": {"batch_size": 5, "steps": 2},
    }
    for name, table in tables.items():
        document[name] = {**document.get(name, {}), **table} if isinstance(table, dict) else table
    return assemble(experiment_from_dict(document), "cpu", search=(folder,))
