"""Directories of studies and runs as they are left at the end, from numbers that tests give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coevo.experiment import experiment_from_dict, to_toml
from coevo.files import write_json, write_text
from coevo.records import RecordWriter
from coevo.run_directory import RunDirectory
from coevo.study_directory import StackDirectory, StudyDirectory

Tables = Mapping[str, Any]

NONE: Tables = {}


def pruned(operator: str, **keys: Any) -> Tables:
    """An experiment with one entry of pruning."""
    return {"pruning": [{"operator": operator, **keys}]}


@dataclass(frozen=True)
class Recorded:
    """What came out of one world; a number for each cell."""

    test: Sequence[float | None]
    validation: Sequence[float | None] | None = None
    """As on test rows where it is not given."""
    sparsity: Sequence[float] | None = None
    """0 where it is not given."""
    stopped: bool = False
    training: Mapping[int, Sequence[float]] | None = None
    """Generation to the column `training_mse` of the records; none without it."""

    def entry(self, number: int, seed: int, variant: str) -> dict[str, Any]:
        validation = self.test if self.validation is None else self.validation
        measured = [cell for cell, value in enumerate(validation) if value is not None]
        cell = None if self.stopped else min(measured, key=validation.__getitem__, default=None)
        found: dict[str, Any] = {
            "world": number,
            "seed": seed,
            "status": "stopped" if self.stopped else "complete",
            "stopped_at": 1 if self.stopped else None,
            "validation": _metrics(validation),
            "test": _metrics(self.test),
            "sparsity": list(self.sparsity or [0.0] * len(self.test)),
            "best": None if cell is None else {"cell": cell, "row": 0, "column": cell},
        }
        return {**found, "variant": variant} if variant else found


def write_run(
    directory: Path,
    tables: Tables,
    worlds: Mapping[int, Recorded],
    *,
    steps: int = 100,
    device: str = "cpu",
) -> Path:
    """A run: one variant, and a world for each seed."""
    place = RunDirectory(directory)
    directory.mkdir(parents=True)
    write_json(place.environment_file, {"device": device})
    write_text(place.experiment_file, to_toml(experiment_from_dict(tables)))
    _write_outcome(directory, [("", seed, world) for seed, world in worlds.items()], steps)
    return directory


def write_study(
    directory: Path,
    variants: Mapping[str, Tables],
    worlds: Mapping[tuple[str, int], Recorded],
    *,
    seeds: Sequence[int] | None = None,
    stacks: Sequence[Sequence[str]] | None = None,
    steps: int = 100,
    device: str = "cpu",
) -> Path:
    """A study: stacks of some variants each; of one without a world, nothing has ended."""
    study = StudyDirectory(directory)
    directory.mkdir(parents=True)
    texts = {name: to_toml(experiment_from_dict(tables)) for name, tables in variants.items()}
    write_json(study.run.environment_file, {"device": device})
    write_text(study.run.experiment_file, next(iter(texts.values())))
    study.write_plan(
        [{"name": name, "settings": {}, "options": {}} for name in variants],
        sorted({seed for _, seed in worlds}) if seeds is None else seeds,
    )
    for names in stacks or [list(variants)]:
        stack = study.new_stack()
        inside = [(name, seed, world) for (name, seed), world in worlds.items() if name in names]
        if inside:
            stack.path.mkdir(parents=True)
            stack.describe([entry[:2] for entry in inside], {name: texts[name] for name in names})
            _write_outcome(stack.path, inside, steps)
    return directory


def fail_stack(directory: Path, number: int, error: str) -> None:
    """Leave a stack without a result."""
    stack = StackDirectory(StudyDirectory(directory).stacks_folder / f"{number:03d}")
    stack.run.result_file.unlink()
    write_json(stack.failure_file, {"error": error})


def study_of(
    directory: Path,
    values: Mapping[str, Sequence[float]],
    *,
    first_seed: int = 1,
    variants: Mapping[str, Tables] | None = None,
    dataset: str = "digits",
) -> Path:
    """A study of one cell per world: the number of every seed, for each variant."""
    known = variants or {
        name: pruned("uniform", amount=0.1 + 0.01 * place) for place, name in enumerate(values)
    }
    tables = {name: {**known[name], "task": {"dataset": dataset}} for name in values}
    worlds = {
        (name, seed): Recorded([value])
        for name, numbers in values.items()
        for seed, value in enumerate(numbers, first_seed)
    }
    return write_study(directory, tables, worlds)


def _metrics(values: Sequence[float | None]) -> dict[str, list[float | None]]:
    factors = {"mse": 1.0, "l1": 2.0, "bce": 3.0}
    return {
        name: [None if value is None else factor * value for value in values]
        for name, factor in factors.items()
    }


def _write_outcome(part: Path, worlds: Sequence[tuple[str, int, Recorded]], steps: int) -> None:
    entries = [world.entry(number, seed, name) for number, (name, seed, world) in enumerate(worlds)]
    write_json(
        RunDirectory(part).result_file,
        {
            "status": "complete",
            "seconds": 3.0 * len(worlds),
            "cpu_seconds": 5.0 * len(worlds),
            "gradient_steps_per_cell": steps,
            "loss": "mse",
            "dataset": "digits",
            "worlds": entries,
        },
    )
    rows = [row for number, (_, _, world) in enumerate(worlds) for row in _rows(number, world)]
    if rows:
        rows.sort(key=lambda row: row["generation"])
        with RecordWriter(RunDirectory(part).records) as writer:
            writer.append({name: np.array([row[name] for row in rows]) for name in rows[0]})


def _rows(number: int, world: Recorded) -> list[dict[str, Any]]:
    return [
        {
            "world": number,
            "generation": generation,
            "cell": cell,
            "training_mse": float(value),
            # In the order of the metric in each generation, unlike the loss at the end.
            "validation_mse": float(value) if np.isfinite(value) else np.inf,
            "replaced": cell == 0,
        }
        for generation, values in (world.training or {}).items()
        for cell, value in enumerate(values)
    ]
