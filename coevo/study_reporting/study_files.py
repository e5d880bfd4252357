"""The files of a study directory, as far as they exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coevo.errors import CoevoError
from coevo.records import last_generation, scan
from coevo.reporting.numbers import METRIC_NAMES
from coevo.stored_files import damaged, json_object, parsed_toml, text_of
from coevo.study_directory import StackDirectory, StudyDirectory
from coevo.study_reporting.study_worlds import StudyWorld, planned_worlds
from coevo.world_results import WorldResults, world_results

if TYPE_CHECKING:
    import polars

__all__ = ["Stack", "StudyFiles", "Variant", "read_study"]


@dataclass(frozen=True)
class Variant:
    """One setting of the swept keys.

    Attributes:
        name: of the variant.
        settings: dotted key to the value that it sets.
        options: axis of the sweep to the label of what was chosen there.
    """

    name: str
    settings: Mapping[str, Any]
    options: Mapping[str, str]


@dataclass(frozen=True)
class Stack:
    """Worlds that ran as one program.

    Attributes:
        directory: of the stack.
        finished: whether it has a result.
        last: the last generation that is recorded, or None before the first part.
        losses: variant to the loss that it minimizes.
    """

    directory: Path
    finished: bool
    last: int | None
    losses: Mapping[str, str]

    def rows(self) -> polars.LazyFrame:
        """Its records: by generation, then by world and cell.

        Raises:
            CoevoError: a part is damaged.
        """
        return scan(self.directory / "records")

    def collect(self, query: polars.LazyFrame) -> polars.DataFrame:
        """The rows of a query of `rows`.

        Raises:
            CoevoError: a part is damaged.
        """
        import polars as pl

        try:
            return query.collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise damaged(self.directory / "records", str(error).partition("\n")[0]) from error


@dataclass(frozen=True)
class StudyFiles:
    """What a study directory holds.

    Attributes:
        directory: of the study.
        experiment_text: ``experiment.toml``, word for word.
        experiment: the same, parsed.
        environment: ``environment.json``, or empty.
        variants: all of them, in order.
        seeds: of every variant.
        stacks: those that were begun, in order.
        worlds: every variant with every seed, in order.
        results: what came out of the worlds that ended.
    """

    directory: Path
    experiment_text: str
    experiment: Mapping[str, Any]
    environment: Mapping[str, Any]
    variants: Sequence[Variant]
    seeds: Sequence[int]
    stacks: Sequence[Stack]
    worlds: Sequence[StudyWorld]
    results: WorldResults

    @property
    def loss(self) -> str:
        """The metric that the variants are judged by: what training minimizes.

        Where variants minimize different losses, it is that of the experiment file.

        Raises:
            CoevoError: it is none of the metrics.
        """
        found = {loss for stack in self.stacks for loss in stack.losses.values()}
        loss = found.pop() if len(found) == 1 else self._own_loss()
        if loss not in METRIC_NAMES:
            known = ", ".join(METRIC_NAMES)
            raise CoevoError(f"{self.directory}: the loss {loss!r} is not one of {known}")
        return loss

    @property
    def title(self) -> str:
        """The experiment's description, or the name of the directory."""
        description = str(self.experiment.get("description") or "").strip()
        title = description or f"Study {self.directory.resolve().name}"
        return title[0].upper() + title[1:]

    def of(self, variant: str) -> list[StudyWorld]:
        """The worlds of a variant, by seed."""
        return [world for world in self.worlds if world.variant == variant]

    def stack_of(self, world: StudyWorld) -> Stack | None:
        """Where a world ran, or None where it has not begun."""
        return next((stack for stack in self.stacks if stack.directory == world.part), None)

    def _own_loss(self) -> str:
        task = self.experiment.get("task")
        return str(task.get("loss", "mse")) if isinstance(task, dict) else "mse"


def read_study(directory: Path) -> StudyFiles:
    """Read what there is; the experiments' own code is never imported.

    Args:
        directory: of a study, finished or not.

    Raises:
        CoevoError: one of its files is missing or damaged.
    """
    study = StudyDirectory(directory)
    file = study.run.experiment_file
    text = text_of(file)
    plan, results = study.plan(), world_results(directory)
    try:
        variants = [
            Variant(str(one["name"]), dict(one.get("settings") or {}), _labels(one))
            for one in plan["variants"]
        ]
        seeds = [int(seed) for seed in plan["seeds"]]
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(study.plan_file, error) from error
    names = [variant.name for variant in variants]
    return StudyFiles(
        directory=directory,
        experiment_text=text,
        experiment=parsed_toml(file, text),
        environment=json_object(study.run.environment_file) or {},
        variants=variants,
        seeds=seeds,
        stacks=[_stack(stack) for stack in study.stacks()],
        worlds=planned_worlds(names, seeds, study.stacks(), results),
        results=results,
    )


def _labels(variant: Mapping[str, Any]) -> dict[str, str]:
    return {str(axis): str(label) for axis, label in (variant.get("options") or {}).items()}


def _stack(stack: StackDirectory) -> Stack:
    losses = {}
    for name, text in stack.experiments().items():
        tables = parsed_toml(stack.description_file, text)
        losses[name] = str((tables.get("task") or {}).get("loss", "mse"))
    return Stack(stack.path, stack.finished, last_generation(stack.run.records), losses)
