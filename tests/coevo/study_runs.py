"""Study directories as a finished, or unfinished, study leaves them, made from invented numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors.numpy import save_file

from coevo.records import RecordWriter
from coevo.study_directory import StackDirectory, StudyDirectory

METRICS = ("mse", "l1", "bce")
LAYERS = {"encoder": ("0", "2"), "decoder": ("0", "body.2")}

Array: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[Any]]"
Losses: TypeAlias = dict[str, Array]


@dataclass(frozen=True)
class InventedStudy:
    """What to invent; `write` makes the directory.

    The variants are the products of operators and schedules, and a control without pruning; the
    later the product, the worse its loss. Seeds are 1, 2, ...
    """

    operators: tuple[str, ...] = ("uniform", "magnitude")
    schedules: tuple[str, ...] = ("cubic", "one_shot")
    control: str | None = "none"
    """The name of the variant that is not pruned, or None for no such variant."""
    apart: bool = True
    """Whether the control has a stack of its own, of which no sparsity is recorded."""
    seeds: int = 6
    rows: int = 2
    columns: int = 3
    generations: int = 12
    every: int = 1
    """Generations between two measurements."""
    stacks: int = 1
    """How many the pruned variants are split into."""
    states: tuple[str, ...] = ()
    """Of the first stacks, the control's last: finished, running, failed or not begun."""
    stopped: dict[tuple[str, int], int] = field(default_factory=dict)
    """Variant and seed to the generation in which it stops."""
    effect: float = 0.08
    """How much worse each product is than the one before, as a share."""
    noise: float = 0.04
    loss: str = "mse"
    description: str = "Which operator on which schedule?"
    command: str = "coevo run study.toml --out runs/study"
    samples: tuple[int, ...] | None = (1, 8, 8)
    part: int = 100
    """Generations in one file of the records."""

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    def variants(self) -> dict[str, dict[str, Any]]:
        """Name to what the plan says of it."""
        found: dict[str, dict[str, Any]] = {}
        for operator, schedule in product(self.operators, self.schedules):
            settings = {"pruning.operator": operator, "pruning.schedule": schedule}
            found[f"{operator}-{schedule}"] = {"settings": settings, "options": settings}
        if self.control is not None:
            found[self.control] = {"settings": {"pruning": []}, "options": {}}
        return {name: {"name": name, **plan} for name, plan in found.items()}

    def packed(self) -> list[list[str]]:
        """The variants of each stack."""
        pruned = [name for name in self.variants() if name != self.control]
        split = [list(map(str, part)) for part in np.array_split(pruned, self.stacks)]
        found = [part for part in split if part]
        if self.control is None:
            return found
        if self.apart:
            return [*found, [self.control]]
        return [*found[:-1], [*found[-1], self.control]]

    def write(self, directory: Path) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        study = StudyDirectory(directory)
        (directory / "experiment.toml").write_text(self._experiment(), encoding="utf-8")
        environment = {
            "command": self.command,
            "started": "2026-03-04T10:20:30+00:00",
            "coevo": "0.1.0",
            "python": "3.12.1",
            "platform": "Linux-6.1-x86_64",
            "device": "cpu",
            "torch": "2.13.0+cpu",
        }
        _write_json(directory / "environment.json", environment)
        study.write_plan(self.variants().values(), range(1, self.seeds + 1))
        finished = True
        for number, names in enumerate(self.packed()):
            state = self.states[number] if number < len(self.states) else "finished"
            finished &= state == "finished"
            if state != "not begun":
                self._stack(study.new_stack(), names, state)
        if finished:
            _write_json(directory / "result.json", {"status": "complete"})
        return directory

    def _experiment(self) -> str:
        return (
            f"description = {json.dumps(self.description)}\n"
            f"generations = {self.generations}\n\n"
            f"[grid]\nrows = {self.rows}\ncolumns = {self.columns}\n\n"
            f'[task]\nkind = "denoise"\ndataset = "digits"\nloss = "{self.loss}"\n\n'
            f"[sweep]\nreplicates = {self.seeds}\n"
            f'"pruning.operator" = {json.dumps(self.operators)}\n'
            f'"pruning.schedule" = {json.dumps(self.schedules)}\n'
        )

    def _resolved(self, variant: str) -> str:
        """The experiment of one variant."""
        settings = self.variants()[variant]["settings"]
        rule = "".join(
            f"{key.removeprefix('pruning.')} = {json.dumps(value)}\n"
            for key, value in settings.items()
            if key.startswith("pruning.")
        )
        text = self._experiment().partition("[sweep]")[0]
        return f"{text}[[pruning]]\n{rule}" if rule else text

    def _stack(self, stack: StackDirectory, names: list[str], state: str) -> None:
        stack.path.mkdir(parents=True)
        worlds = [(name, seed) for name in names for seed in range(1, self.seeds + 1)]
        stack.describe(worlds, {name: self._resolved(name) for name in names})
        made = _Stack(self, worlds)
        made.record(stack.run.records, 1 if state == "finished" else 2)
        if state == "failed":
            _write_json(stack.failure_file, {"error": "out of memory; use less of it"})
        if state != "finished":
            return
        _write_json(stack.run.result_file, made.result())
        for position, name in enumerate(names):
            if self.samples is not None:
                best = stack.run.best / name
                best.mkdir(parents=True)
                save_file(self._samples(position), best / "samples.safetensors")

    def _samples(self, position: int) -> Losses:
        assert self.samples is not None
        generator = np.random.default_rng(3)
        x = np.linspace(0, 6, int(np.prod(self.samples)))
        targets = np.stack([0.5 + 0.5 * np.sin(x * (n + 1)) for n in range(16)])
        noise = generator.standard_normal(targets.shape)
        outputs = np.clip(targets + 0.05 * (1 + position) * noise, 0, 1)
        arrays = {"inputs": targets + 0.3 * noise, "targets": targets, "outputs": outputs}
        shape = (16, *self.samples)
        return {name: one.reshape(shape).astype(np.float32) for name, one in arrays.items()}


class _Stack:
    """The worlds of one stack, generation by generation."""

    def __init__(self, study: InventedStudy, worlds: list[tuple[str, int]]) -> None:
        self.study, self.worlds = study, worlds
        self.generator = np.random.default_rng([len(worlds), *map(ord, worlds[0][0])])
        names = list(study.variants())
        rank = np.array([names.index(name) for name, _ in worlds])
        difficulty = (1 + study.effect) ** rank
        difficulty *= np.exp(study.noise * self.generator.standard_normal(len(worlds)))
        self.pruned = np.repeat([name != study.control for name, _ in worlds], study.cells)
        self.level = np.repeat(0.5 + 0.45 * (rank + 1) / len(names), study.cells)
        self.difficulty = np.repeat(difficulty, study.cells)
        self.stop = np.repeat([study.stopped.get(one, 10**9) for one in worlds], study.cells)
        self.world, self.cell = np.divmod(np.arange(len(worlds) * study.cells), study.cells)
        self.mse = np.full(self.world.size, 0.2)

    def record(self, directory: Path, share: int) -> None:
        """Write the records of all generations, or of the first half of them."""
        with RecordWriter(directory) as writer:
            for generation in range(1, self.study.generations // share + 1):
                writer.append(self._rows(generation))
                if generation % self.study.part == 0:
                    writer.flush()

    def _rows(self, generation: int) -> Losses:
        study, generator, size = self.study, self.generator, self.world.size
        running = generation < self.stop
        progress = generation / study.generations
        curve = 0.012 + 0.2 * np.exp(-6 * progress)
        scatter = np.exp(0.03 * generator.standard_normal(size))
        self.mse = np.where(running, curve * self.difficulty * scatter, self.mse)
        seen = self.mse if generation % study.every == 0 else np.full(size, np.nan)
        step = generator.choice([-1, 0, 0, 0, 1], size)
        seeds = np.array([seed for _, seed in self.worlds])
        rows: Losses = {
            "world": self.world,
            "seed": seeds[self.world],
            "cell": self.cell,
            "row": self.cell // study.columns,
            "column": self.cell % study.columns,
            "generation": np.full(size, generation),
            "running": running,
            "selection_loss": self.mse.astype(np.float32),
            "encoder_from": (self.cell + step) % study.cells,
            "decoder_from": (self.cell - step) % study.cells,
            "replaced": generator.random(size) < 0.9,
            "train_loss": np.where(running, 0.9 * self.mse, np.nan).astype(np.float32),
            "learning_rate": np.full(size, 1e-3, dtype=np.float32),
        }
        for factor, metric in zip((1, 4, 9), METRICS, strict=True):
            rows[f"validation_{metric}"] = factor * seen
        if not self.pruned.any():
            return rows
        for role, layers in LAYERS.items():
            whole = self.level * (1 - (1 - progress) ** 3)
            whole = np.where(self.pruned, whole, np.nan)
            rows[f"{role}_sparsity"] = whole
            for position, layer in enumerate(layers):
                rows[f"{role}_sparsity.{layer}"] = whole * (1 - 0.1 * position)
            for name in ("dead_units", "parameters", "multiply_adds"):
                rows[f"{role}_{name}"] = np.full(size, 1000)
        rows["pruning_events"] = self.pruned.astype(np.int64)
        return rows

    def result(self) -> dict[str, Any]:
        """What the stack's ``result.json`` holds."""
        study, shape = self.study, (len(self.worlds), self.study.cells)
        mse, level = self.mse.reshape(shape), (self.level * self.pruned).reshape(shape)
        worlds = []
        for number, (variant, seed) in enumerate(self.worlds):
            stopped = study.stopped.get((variant, seed))
            cell = int(mse[number].argmin())
            losses = dict(
                zip(METRICS, (mse[number], 4 * mse[number], 9 * mse[number]), strict=True)
            )
            best = {
                "cell": cell,
                "row": cell // study.columns,
                "column": cell % study.columns,
                "validation": {name: float(cells[cell]) for name, cells in losses.items()},
                "test": {name: 1.1 * float(cells[cell]) for name, cells in losses.items()},
            }
            worlds.append(
                {
                    "world": number,
                    "variant": variant,
                    "seed": seed,
                    "status": "complete" if stopped is None else "stopped",
                    "stopped_at": stopped,
                    "best": best if stopped is None else None,
                    "validation": {name: cells.tolist() for name, cells in losses.items()},
                    "test": {name: (1.1 * cells).tolist() for name, cells in losses.items()},
                    "sparsity": level[number].tolist(),
                }
            )
        return {
            "status": "complete",
            "generations": study.generations,
            "seconds": 2.5 * len(self.worlds),
            "cpu_seconds": 2.0 * len(self.worlds),
            "gradient_steps_per_cell": 40 * study.generations,
            "parameters": {"encoder": 3952, "decoder": 4000},
            "loss": study.loss,
            "dataset": "digits",
            "worlds": worlds,
            "best": None,
        }


def _write_json(path: Path, document: object) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")
