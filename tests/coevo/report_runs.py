"""Run directories as a finished, or unfinished, run leaves them, made from invented numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from coevo.records import RecordWriter

METRICS = ("mse", "l1", "bce")


@dataclass(frozen=True)
class InventedRun:
    """What to invent; `write` makes the directory."""

    worlds: int = 1
    rows: int = 3
    columns: int = 3
    generations: int = 12
    planned: int | None = None
    every: int = 1
    """Generations between two measurements."""
    stopped: dict[int, int] = field(default_factory=dict)
    """World to the generation in which it stops."""
    unmeasured: bool = False
    rates_walk: bool = False
    loss: str = "mse"
    task: str = "denoise"
    description: str = "Digits, denoised on a small torus"
    command: Any = "coevo run digits --out runs/digits"
    result: str | None = "complete"
    """Status, or None for no result."""
    samples: tuple[int, ...] | None = (1, 8, 8)
    """Shape of one sample, or None for no samples."""
    noisy: bool = True

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    def write(self, directory: Path) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "experiment.toml").write_text(
            f"description = {json.dumps(self.description)}\n"
            f"generations = {self.planned or self.generations}\n\n"
            f'[task]\nkind = "{self.task}"\ndataset = "digits"\nloss = "{self.loss}"\n',
            encoding="utf-8",
        )
        environment = {
            "python": "3.12.1",
            "torch": "2.13.0+cpu",
            "coevo": "0.1.0",
            "platform": "Linux-6.1-x86_64",
            "device": "cpu",
            "started": "2026-03-04T10:20:30Z",
            "command": self.command,
        }
        _write_json(directory / "environment.json", environment)
        losses = self._records(directory / "records")
        if self.result is not None:
            _write_json(directory / "result.json", self._result(losses))
        if self.samples is not None:
            (directory / "best").mkdir(exist_ok=True)
            save_file(self._samples(), directory / "best" / "samples.safetensors")
        return directory

    def _records(self, directory: Path) -> dict[str, Any]:
        """Write the records; gives metric to the last losses, `[worlds, cells]`."""
        generator = np.random.Generator(np.random.PCG64(7))
        cells, all_cells = self.cells, self.worlds * self.cells
        world, cell = np.divmod(np.arange(all_cells), cells)
        difficulty = 1 + 0.3 * generator.random(all_cells)
        stop = np.array([self.stopped.get(number, 10**9) for number in range(self.worlds)])
        rate = np.full(all_cells, 1e-3)
        mse = np.full(all_cells, 0.2)
        with RecordWriter(directory) as writer:
            for generation in range(1, self.generations + 1):
                running = generation < stop[world]
                noise = np.exp(0.06 * generator.standard_normal(all_cells))
                curve = 0.012 + 0.2 * np.exp(-generation / (self.generations / 6 + 1))
                mse = np.where(running, curve * difficulty * noise, mse)
                if self.rates_walk:
                    rate = np.abs(rate + 1e-4 * generator.standard_normal(all_cells)) + 1e-6
                measured = generation % self.every == 0 and not self.unmeasured
                seen = mse if measured else np.full(all_cells, np.nan)
                step = generator.integers(-1, 2, all_cells) * (generator.random(all_cells) < 0.4)
                writer.append(
                    {
                        "world": world,
                        "seed": world + 1,
                        "generation": np.full(all_cells, generation),
                        "cell": cell,
                        "row": cell // self.columns,
                        "column": cell % self.columns,
                        "running": running,
                        "selection_loss": mse.astype(np.float32),
                        "encoder_from": (cell + step) % cells,
                        "decoder_from": (cell + np.roll(step, 1)) % cells,
                        "replaced": generator.random(all_cells) < 0.9,
                        "train_loss": np.where(running, mse * 0.9, np.nan).astype(np.float32),
                        "learning_rate": rate.astype(np.float32),
                        "validation_mse": seen,
                        "validation_l1": 4 * seen,
                        "validation_bce": 9 * seen,
                    }
                )
        table = mse.reshape(self.worlds, cells)
        return {"mse": table, "l1": 4 * table, "bce": 9 * table}

    def _result(self, losses: dict[str, Any]) -> dict[str, Any]:
        def best(world: int) -> dict[str, Any]:
            cell = int(losses[self.loss][world].argmin())
            found = {metric: float(losses[metric][world, cell]) for metric in METRICS}
            test = {metric: 1.1 * value for metric, value in found.items()}
            place = {"cell": cell, "row": cell // self.columns, "column": cell % self.columns}
            return {**place, "validation": found, "test": test}

        ran = [world for world in range(self.worlds) if world not in self.stopped]
        best_worlds = [] if self.unmeasured else ran
        worlds = [
            {
                "world": world,
                "seed": world + 1,
                "status": "stopped" if world in self.stopped else "complete",
                "stopped_at": self.stopped.get(world),
                "best": best(world) if world in best_worlds else None,
                "test": {metric: (1.1 * losses[metric][world]).tolist() for metric in METRICS},
            }
            for world in range(self.worlds)
        ]
        champion = min(best_worlds, key=lambda world: losses[self.loss][world].min(), default=None)
        chosen = None
        if champion is not None:
            chosen = {"world": champion, "seed": champion + 1, **best(champion)}
        return {
            "status": self.result,
            "generations": self.generations,
            "seconds": 92.4,
            "gradient_steps_per_cell": 40 * self.generations,
            "parameters": {"encoder": 3952, "decoder": 4000},
            "loss": self.loss,
            "dataset": "digits",
            "worlds": worlds,
            "best": chosen,
        }

    def _samples(self) -> dict[str, Any]:
        assert self.samples is not None
        generator = np.random.Generator(np.random.PCG64(3))
        size = int(np.prod(self.samples))
        x = np.linspace(0, 6, size)
        targets = np.stack([0.5 + 0.5 * np.sin(x * (n + 1)) for n in range(16)])
        outputs = np.clip(targets + 0.05 * generator.standard_normal(targets.shape), 0, 1)
        noise = 0.3 * generator.standard_normal(targets.shape) if self.noisy else 0
        arrays = {"inputs": targets + noise, "targets": targets, "outputs": outputs}
        return {
            name: values.reshape(16, *self.samples).astype(np.float32)
            for name, values in arrays.items()
        }


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")
