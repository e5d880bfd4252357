"""What a run or a study is to compute: its worlds, in stacks, as its own files say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coevo.errors import CoevoError
from coevo.study_directory import StackDirectory, StudyDirectory, WorldName, is_study

__all__ = ["Plan", "Stack", "read_plan"]


@dataclass(frozen=True)
class Stack:
    """Worlds that run as one program; a run without a sweep is one stack.

    Attributes:
        path: holds ``records/``, ``progress.json`` and ``result.json``.
        worlds: variant and seed of each, in the order of the records' column ``world``.
        generations: to compute.
        rows: of the torus.
        columns: of the torus.
        loss: the metric that training minimizes.
    """

    path: Path
    worlds: tuple[WorldName, ...]
    generations: int
    rows: int
    columns: int
    loss: str

    @property
    def cells(self) -> int:
        """Cells of all its worlds."""
        return len(self.worlds) * self.rows * self.columns


@dataclass(frozen=True)
class Plan:
    """What a directory is of.

    Attributes:
        description: of the experiment; may be empty.
        variants: their names, in order; ``("",)`` of a run.
        seeds: of every variant.
        stacks: those that are described so far and needed for these variants and seeds.
        study: whether there are variants.
    """

    description: str
    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    stacks: tuple[Stack, ...]
    study: bool


def read_plan(directory: Path) -> Plan | None:
    """Read what is to be computed; no code of the experiment is imported.

    Args:
        directory: of a run or study.

    Returns:
        None where nothing has begun yet.

    Raises:
        CoevoError: the directory is of something else, or a file is damaged.
    """
    file = directory / "experiment.toml"
    if not file.is_file():
        _check_beginning(directory)
        return None
    try:
        experiment = tomllib.loads(file.read_text(encoding="utf-8"))
        if is_study(directory):
            return _study(directory, experiment)
        return _run(directory, experiment)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CoevoError(
            f"{directory}: its files cannot be read ({error}); restore them"
        ) from error


def _check_beginning(directory: Path) -> None:
    """Make sure that a run may begin here, or just does."""
    try:
        names = [path.name for path in directory.iterdir()]
    except FileNotFoundError:
        return
    except OSError as error:
        raise CoevoError(
            f"{directory}: cannot be looked at ({error.strerror or error}); give the directory of "
            "a run or study"
        ) from error
    known = {".lock", "environment.json", "study.json", "packing.json", "stacks"}
    if any(name not in known and not name.startswith(".tmp-") for name in names):
        raise CoevoError(
            f"{directory}: holds no experiment.toml, so it is neither a run nor a study; give the "
            "directory of one"
        )


def _run(directory: Path, experiment: Mapping[str, Any]) -> Plan:
    first, number = int(experiment.get("seed", 1)), int(_of(experiment, "sweep", "replicates", 1))
    seeds = tuple(range(first, first + number))
    stack = _stack(directory, experiment, tuple(("", seed) for seed in seeds))
    description = str(experiment.get("description", ""))
    return Plan(description, variants=("",), seeds=seeds, stacks=(stack,), study=False)


def _study(directory: Path, experiment: Mapping[str, Any]) -> Plan:
    place = StudyDirectory(directory)
    plan = place.plan()
    return Plan(
        str(experiment.get("description", "")),
        variants=tuple(str(variant["name"]) for variant in plan["variants"]),
        seeds=tuple(int(seed) for seed in plan["seeds"]),
        stacks=tuple(_described(stack) for stack in place.needed()),
        study=True,
    )


def _described(place: StackDirectory) -> Stack:
    # What is read here is the same for all variants of a stack.
    text = next(iter(place.experiments().values()))
    return _stack(place.path, tomllib.loads(text), place.worlds())


def _stack(path: Path, experiment: Mapping[str, Any], worlds: tuple[WorldName, ...]) -> Stack:
    return Stack(
        path,
        worlds,
        int(experiment.get("generations", 0)),
        int(_of(experiment, "grid", "rows", 1)),
        int(_of(experiment, "grid", "columns", 1)),
        str(_of(experiment, "task", "loss", "mse")),
    )


def _of(experiment: Mapping[str, Any], table: str, key: str, default: object) -> Any:
    return experiment.get(table, {}).get(key, default)
