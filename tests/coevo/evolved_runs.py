"""Run directories of runs with differential evolution, made from invented numbers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coevo.records import RecordWriter, read
from tests.coevo.report_runs import InventedRun

STRATEGIES = ("rand_1", "current_to_pbest_1", "trigonometric", "soup")


@dataclass(frozen=True)
class EvolvedRun:
    """What to invent; `write` makes the directory. Worlds and cells differ in every number."""

    run: InventedRun = field(default_factory=InventedRun)
    strategies: tuple[str, ...] = STRATEGIES
    unused: tuple[str, ...] = ()
    """Strategies that never have a trial."""
    every: int = 1
    """Trials are made in each n-th generation; the others train by gradient. 0 for never."""
    without: tuple[str, ...] = ()
    """Beginnings of columns that are left out."""

    def write(self, directory: Path) -> Path:
        self.run.write(directory)
        self.evolve(directory / "records")
        return directory

    def evolve(self, records: Path) -> None:
        """Invent the columns of records that are there."""
        frame = read(records)
        columns = {name: frame[name].to_numpy() for name in frame.columns}
        rewrite(records, columns | self._invented(columns["generation"], len(frame)))

    def _invented(self, generation: Any, rows: int) -> dict[str, Any]:
        generator = np.random.Generator(np.random.PCG64(23))
        trials = np.zeros(rows, bool) if not self.every else generation % self.every == 0
        progress = generation / self.run.generations
        columns: dict[str, Any] = {}
        best = np.zeros(rows, np.int64)
        for place, name in enumerate(self.strategies):
            made = np.where(trials, generator.integers(1, 9, rows), 0)
            made = np.zeros_like(made) if name in self.unused else made
            chance = np.clip(0.1 + 0.15 * place + 0.3 * progress * (place - 1), 0.02, 0.98)
            columns[f"de_trials_{name}"] = made
            columns[f"de_successes_{name}"] = generator.binomial(made, chance)
            best += generator.binomial(columns[f"de_successes_{name}"], 0.2)
        made = sum(columns[f"de_trials_{name}"] for name in self.strategies)
        noise = np.exp(0.2 * generator.standard_normal((4, rows)))
        columns |= {
            "de_beats_best": best,
            "de_scale_memory": (0.5 - 0.3 * progress) * noise[0],
            "de_crossover_memory": np.clip((0.5 + 0.4 * progress) * noise[1], 0, 1),
            "de_spread": 0.15 * np.exp(-4 * progress) * noise[2],
            "de_donors": np.clip(np.round(8 - 6 * progress * noise[3]), 0, 8),
            "evaluations": made * 3,
            "sample_forwards": np.where(trials, made * 300, 3 * 40 * 32),
        }
        return {
            name: values
            for name, values in columns.items()
            if not any(name.startswith(beginning) for beginning in self.without)
        }


def rewrite(records: Path, columns: dict[str, Any]) -> None:
    """Put these rows in the place of what is recorded."""
    shutil.rmtree(records)
    with RecordWriter(records) as writer:
        writer.append(columns)
