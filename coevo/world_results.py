"""What came out of the worlds of a run or a study: one reader for both."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coevo.errors import CoevoError
from coevo.interruption import resume_command
from coevo.problems import told
from coevo.run_directory import RunDirectory
from coevo.study_directory import StackDirectory, StudyDirectory, is_study

__all__ = ["WorldResult", "WorldResults", "world_results"]


@dataclass(frozen=True)
class WorldResult:
    """One world that has ended.

    Attributes:
        part: the directory of the run or stack, which holds ``records/``.
        world: its number there, in the column ``world`` of the records.
        variant: its name; "" in a run that is no study.
        experiment: of the variant, as tables of its TOML text.
        seed: of the world.
        result: its entry under ``worlds`` in ``result.json``.
        gradient_steps: of all its cells together.
        seconds: of processor time, its share of the stack's; of time, on a GPU.
        device: ``cpu`` or the name of a GPU.
    """

    part: Path
    world: int
    variant: str
    experiment: Mapping[str, Any]
    seed: int
    result: Mapping[str, Any]
    gradient_steps: int
    seconds: float
    device: str

    @property
    def stopped(self) -> bool:
        """Whether it stopped before its end, because a number was not finite."""
        return bool(self.result["status"] != "complete")


@dataclass(frozen=True)
class WorldResults:
    """What a directory holds.

    Attributes:
        directory: of the run or study.
        variants: their names, in order; ``("",)`` of a run.
        worlds: those that have ended.
        missing: number of worlds that have not.
        failures: why stacks ended without a result.
    """

    directory: Path
    variants: tuple[str, ...]
    worlds: tuple[WorldResult, ...]
    missing: int
    failures: tuple[str, ...]


def world_results(directory: str | Path) -> WorldResults:
    """Read what came out of a run or a study, as far as it has come.

    No code of the experiment is imported, and records are not read.

    Args:
        directory: of a run or study.

    Raises:
        CoevoError: it is neither, or a file is damaged; or a run has no result yet.
    """
    path = Path(directory)
    return _of_study(path) if is_study(path) else _of_run(path)


def _of_run(path: Path) -> WorldResults:
    place = RunDirectory(path)
    if not place.experiment_file.is_file():
        raise CoevoError(
            f"{path}: holds no experiment.toml, so it is neither a run nor a study; give the "
            "directory of one"
        )
    if not place.result_file.is_file():
        raise CoevoError(f"{path}: has no result yet; finish it with '{resume_command(path)}'")
    try:
        text = place.experiment_file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CoevoError(
            f"{place.experiment_file}: cannot be read ({error}); restore it"
        ) from error
    experiment = _tables(place.experiment_file, text)
    worlds = tuple(_worlds(path, {"": experiment}, place.device() or "cpu"))
    return WorldResults(path, ("",), worlds, 0, ())


def _of_study(path: Path) -> WorldResults:
    study = StudyDirectory(path)
    plan, device = study.plan(), study.run.device() or "cpu"
    names = tuple(str(variant["name"]) for variant in plan["variants"])
    seeds = frozenset(plan["seeds"])
    worlds: list[WorldResult] = []
    failures = []
    for stack in study.needed():
        if stack.finished:
            worlds += _of_stack(stack, device)
        elif stack.failure is not None:
            failures.append(f"{stack.path.name}: {stack.failure}")
    ended = [world for world in worlds if world.variant in names and world.seed in seeds]
    missing = len(names) * len(seeds) - len({(world.variant, world.seed) for world in ended})
    return WorldResults(path, names, tuple(ended), missing, tuple(failures))


def _of_stack(stack: StackDirectory, device: str) -> list[WorldResult]:
    texts = stack.experiments()
    experiments = {name: _tables(stack.description_file, text) for name, text in texts.items()}
    return _worlds(stack.path, experiments, device)


def _worlds(
    part: Path, experiments: Mapping[str, Mapping[str, Any]], device: str
) -> list[WorldResult]:
    file = RunDirectory(part).result_file
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
        worlds, steps = result["worlds"], result["gradient_steps_per_cell"]
        on_cpu = device == "cpu" and "cpu_seconds" in result
        share = result["cpu_seconds" if on_cpu else "seconds"] / len(worlds)
        return [
            WorldResult(
                part=part,
                world=int(world["world"]),
                variant=world.get("variant", ""),
                experiment=experiments[world.get("variant", "")],
                seed=int(world["seed"]),
                result=world,
                gradient_steps=steps * len(world["test"]["mse"]),
                seconds=share,
                device=device,
            )
            for world in worlds
        ]
    except (OSError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError) as error:
        raise CoevoError(
            f"{file}: cannot be read ({told(error)}); restore it or remove it"
        ) from error


def _tables(file: Path, text: str) -> Mapping[str, Any]:
    """The tables of an experiment, but for its sweep."""
    try:
        tables = tomllib.loads(text)
    except ValueError as error:
        raise CoevoError(f"{file}: is damaged ({error}); restore it") from error
    tables.pop("sweep", None)
    return tables
