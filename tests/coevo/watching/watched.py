"""Directories of runs and studies at any moment, made from losses that are known."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coevo.records import RecordWriter
from coevo.watching import Canvas, Watcher, chosen_world, frame

NOW = 1_800_000_000.0
"""A moment, in seconds since 1970."""


@dataclass(frozen=True)
class Watched:
    """The files of a run; `write` makes the directory, `record` adds a part to it.

    The loss of a cell in a generation is ``10 ** -(generation / 20) + cell / 100 + world / 10``.
    """

    generations: int = 60
    rows: int = 2
    columns: int = 3
    seeds: tuple[int, ...] = (1,)
    stopped: Mapping[int, int] = field(default_factory=dict)
    """World to the generation in which it stops."""
    sparsity: float | None = None
    """Of the encoders, in every generation."""
    description: str = "Digits on a small torus"

    def experiment(self) -> str:
        return (
            f"description = {json.dumps(self.description)}\n"
            f"seed = {self.seeds[0]}\ngenerations = {self.generations}\n"
            f"[grid]\nrows = {self.rows}\ncolumns = {self.columns}\n"
            '[task]\ndataset = "digits"\nloss = "mse"\n'
            f"[sweep]\nreplicates = {len(self.seeds)}\n"
        )

    def write(self, directory: Path) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "environment.json").write_text("{}", "utf-8")
        (directory / "experiment.toml").write_text(self.experiment(), "utf-8")
        return directory

    def loss(self, generation: int, world: int, cell: int) -> float:
        return float(10 ** -(generation / 20) + cell / 100 + world / 10)

    def record(self, directory: Path, first: int, last: int, at: float = NOW) -> Path:
        """Write one part of the records, as of some time."""
        with RecordWriter(directory / "records") as writer:
            for generation in range(first, last + 1):
                writer.append(self._rows(generation))
        found = max((directory / "records").glob("part-*.parquet"))
        os.utime(found, (at, at))
        return found

    def _rows(self, generation: int) -> dict[str, Any]:
        cells, worlds = self.rows * self.columns, len(self.seeds)
        world, cell = (array.ravel() for array in np.indices((worlds, cells)))
        stop = np.array([self.stopped.get(number, 10**9) for number in range(worlds)])[world]
        loss = [self.loss(generation, w, c) for w, c in zip(world, cell, strict=True)]
        rows: dict[str, Any] = {
            "world": world,
            "generation": np.full(world.size, generation),
            "cell": cell,
            "running": generation < stop,
            "validation_mse": np.where(generation < stop, loss, np.nan),
        }
        if self.sparsity is not None:
            rows["encoder_sparsity"] = np.full(world.size, self.sparsity)
        return {name: values[generation <= stop] for name, values in rows.items()}


def tell(directory: Path, generation: int, *, at: float = NOW, **changes: Any) -> None:
    """Write ``progress.json``: five seconds ago the run was ten generations back."""
    document = {
        "generation": generation,
        "time": at,
        "generations": 60,
        "best_loss": 0.25,
        "stopped_worlds": 0,
        "seconds": 70.0,
        "began": {"generation": generation - 10, "time": at - 5.0},
        **changes,
    }
    (directory / "progress.json").write_text(json.dumps(document), "utf-8")


def finish(directory: Path, generations: int = 60, status: str = "complete") -> None:
    """Write ``result.json``."""
    document = {"status": status, "generations": generations, "seconds": 92.4}
    (directory / "result.json").write_text(json.dumps(document), "utf-8")


def write_study(
    directory: Path, stacks: Sequence[Sequence[str]], seeds: Sequence[int] = (1, 2)
) -> list[Path]:
    """Write a study of variants in stacks; each stack has all seeds of its variants.

    Returns:
        The stacks.
    """
    run = Watched(seeds=tuple(seeds), description="Two operators")
    run.write(directory)
    names = [name for stack in stacks for name in stack]
    variants = [{"name": name, "settings": {}, "options": {}} for name in names]
    plan = {"format": 1, "variants": variants, "seeds": list(seeds)}
    (directory / "study.json").write_text(json.dumps(plan), "utf-8")
    places = []
    for number, stack in enumerate(stacks, 1):
        place = directory / "stacks" / f"{number:03d}"
        place.mkdir(parents=True)
        document = {
            "format": 1,
            "worlds": [{"variant": name, "seed": seed} for name in stack for seed in seeds],
            "variants": {name: run.experiment() for name in stack},
        }
        (place / "stack.json").write_text(json.dumps(document), "utf-8")
        places.append(place)
    return places


def drawn(directory: Path, *, width: int = 64, height: int = 20, **options: Any) -> str:
    """The frame of a directory at `NOW`, without colors."""
    watcher = Watcher(directory, clock=lambda: NOW)
    view = watcher.look()
    shown = chosen_world(view, options.get("world"), options.get("variant"))
    torus = None
    if shown is not None:
        cells = watcher.torus(shown.stack, shown.world, view)
        torus = None if cells is None else (shown, cells)
    return frame(view, torus, Canvas(width, height), options.get("variant")).plain
