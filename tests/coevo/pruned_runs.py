"""Run directories of pruned runs, made from invented numbers."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coevo.records import RecordWriter, read
from coevo.toml_text import write_toml
from tests.coevo.report_runs import METRICS, InventedRun

MAGNITUDE = {"operator": "magnitude", "schedule": "cubic", "end": 8, "sparsity": 0.8}
SOFT = {"operator": "uniform", "masks": "soft"}
LAYERS = {"encoder": ("1", "3"), "decoder": ("0", "body.2")}
UNPRUNED = {
    "encoder": {"parameters": 3952, "multiply_adds": 3840, "units": 64},
    "decoder": {"parameters": 4000, "multiply_adds": 3850, "units": 112},
}
COMPACTION = {
    "rows": 359,
    "split": "validation",
    "largest_difference": 2.384e-07,
    "tolerance": 1e-5,
    "compacted": True,
    "reason": None,
    "before": {
        "parameters": 7952,
        "nonzero_parameters": 1712,
        "multiply_adds": 7690,
        "bytes": 32160,
        "microseconds_per_row": 1.8234,
    },
    "after": {
        "parameters": 5964,
        "nonzero_parameters": 1668,
        "multiply_adds": 6152,
        "bytes": 27184,
        "microseconds_per_row": 0.91172,
    },
}


@dataclass(frozen=True)
class PrunedRun:
    """What to invent; `write` makes the directory. Every number of pruning is drawn by itself."""

    run: InventedRun = field(default_factory=InventedRun)
    rules: tuple[dict[str, Any], ...] = (MAGNITUDE,)
    roles: tuple[str, ...] = ("encoder", "decoder")
    """Those that have a sparsity."""
    alike: bool = False
    """Whether decoders have the sparsities of encoders."""
    training_rows: bool = False
    compaction: dict[str, Any] | None = field(default_factory=lambda: COMPACTION)
    unpruned: dict[str, Any] | None = field(default_factory=lambda: UNPRUNED)

    def write(self, directory: Path) -> Path:
        self.run.write(directory)
        rules = "".join(f"\n[[pruning]]\n{write_toml(rule)}" for rule in self.rules)
        experiment = directory / "experiment.toml"
        experiment.write_text(experiment.read_text("utf-8") + rules, "utf-8")
        records = directory / "records"
        frame = read(records)
        shutil.rmtree(records)
        columns = {name: frame[name].to_numpy() for name in frame.columns}
        with RecordWriter(records) as writer:
            writer.append(columns | self._invented(len(frame)))
        if self.run.result is not None and self.unpruned is not None:
            path = directory / "result.json"
            path.write_text(json.dumps(json.loads(path.read_text()) | {"unpruned": self.unpruned}))
        if self.compaction is not None:
            (directory / "compaction.json").write_text(json.dumps(self.compaction))
        return directory

    def _invented(self, rows: int) -> dict[str, Any]:
        generator = np.random.Generator(np.random.PCG64(11))
        columns: dict[str, Any] = {"pruning_events": generator.integers(0, 3, rows)}
        for role, layers in LAYERS.items():
            if role in self.roles:
                names = ("", *(f".{layer}" for layer in layers))
                for name in names:
                    columns[f"{role}_sparsity{name}"] = generator.random(rows)
            columns[f"{role}_dead_units"] = generator.integers(0, 64, rows)
            columns[f"{role}_parameters"] = generator.integers(1, 3900, rows)
            columns[f"{role}_multiply_adds"] = generator.integers(1, 3800, rows)
        if self.alike:
            columns["decoder_sparsity"] = columns["encoder_sparsity"]
        if self.training_rows:
            for metric in METRICS:
                columns[f"training_{metric}"] = generator.random(rows)
        return columns
