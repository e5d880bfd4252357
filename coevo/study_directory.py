"""What lies where in the directory of a study: stacks of worlds, each with files like a run's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from coevo.errors import CoevoError
from coevo.files import make_directory, write_json
from coevo.problems import shown
from coevo.run_directory import RunDirectory
from coevo.stored_files import stored_value

__all__ = ["StackDirectory", "StudyDirectory", "WorldName", "is_study"]

WorldName: TypeAlias = tuple[str, int]
"""A variant and a seed."""

_FORMAT = 1
_SEPARATORS = frozenset("/\0")


@dataclass(frozen=True)
class StackDirectory:
    """The paths of one stack: worlds that share shapes and run as one program.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def description_file(self) -> Path:
        """Which worlds are in it, and the experiments of their variants."""
        return self.path / "stack.json"

    @property
    def failure_file(self) -> Path:
        """Why it ended without a result, where it did."""
        return self.path / "failure.json"

    @property
    def run(self) -> RunDirectory:
        """The paths that it has in common with a run: records, checkpoints, result."""
        return RunDirectory(self.path)

    @property
    def finished(self) -> bool:
        """Whether it has a result."""
        return self.run.result_file.is_file()

    @property
    def failure(self) -> str | None:
        """Why it ended without a result; None where nothing is known of that."""
        return (
            str(_read(self.failure_file, "error")["error"]) if self.failure_file.is_file() else None
        )

    def describe(self, worlds: Iterable[WorldName], experiments: Mapping[str, str]) -> None:
        """Write which worlds are in it.

        Args:
            worlds: in the order in which they are stacked.
            experiments: the experiment of each variant as a TOML text.
        """
        write_json(self.description_file, _description(worlds, experiments))

    def worlds(self) -> tuple[WorldName, ...]:
        """Its worlds, in the order in which they are stacked."""
        found = _read(self.description_file, "worlds")["worlds"]
        return tuple(
            (_folder_name(world["variant"], self.description_file), int(world["seed"]))
            for world in found
        )

    def experiments(self) -> dict[str, str]:
        """The experiment of each of its variants, as a TOML text."""
        return dict(_read(self.description_file, "variants")["variants"])


@dataclass(frozen=True)
class StudyDirectory:
    """The paths of a study.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def run(self) -> RunDirectory:
        """The paths that it has in common with a run: experiment, environment, result, report."""
        return RunDirectory(self.path)

    @property
    def plan_file(self) -> Path:
        """All variants, in their order, and all seeds."""
        return self.path / "study.json"

    @property
    def stacks_folder(self) -> Path:
        """Holds the stacks."""
        return self.path / "stacks"

    @property
    def packing_file(self) -> Path:
        """The stacks that are about to be described; there for a moment, or after a crash."""
        return self.path / "packing.json"

    def stacks(self) -> tuple[StackDirectory, ...]:
        """The stacks that are described, in their order."""
        if not self.stacks_folder.is_dir():
            return ()
        named = [path for path in self.stacks_folder.iterdir() if path.name.isdecimal()]
        found = map(StackDirectory, sorted(named, key=lambda path: int(path.name)))
        return tuple(stack for stack in found if stack.description_file.is_file())

    def needed(self) -> tuple[StackDirectory, ...]:
        """Those of the stacks that hold a world of the plan."""
        plan = self.plan()
        names, seeds = {str(variant["name"]) for variant in plan["variants"]}, set(plan["seeds"])
        return tuple(
            stack
            for stack in self.stacks()
            if any(name in names and seed in seeds for name, seed in stack.worlds())
        )

    def new_stack(self) -> StackDirectory:
        """The place of the next stack."""
        return self._numbered(self._last() + 1)

    def add_stacks(
        self, stacks: Sequence[tuple[Iterable[WorldName], Mapping[str, str]]]
    ) -> tuple[StackDirectory, ...]:
        """Describe new stacks: all or none of them, whenever the process is killed.

        Args:
            stacks: worlds and experiments of each, as for `StackDirectory.describe`.

        Returns:
            Their places.
        """
        new = [self._numbered(number) for number, _ in enumerate(stacks, self._last() + 1)]
        documents = {
            place.path.name: _description(*stack) for place, stack in zip(new, stacks, strict=True)
        }
        write_json(self.packing_file, {"format": _FORMAT, "stacks": documents})
        self.complete()
        return tuple(new)

    def complete(self) -> None:
        """Describe what a process was about to describe when it was killed."""
        if not self.packing_file.is_file():
            return
        for name, document in _read(self.packing_file, "stacks")["stacks"].items():
            place = StackDirectory(self.stacks_folder / _folder_name(name, self.packing_file))
            make_directory(place.path)
            write_json(place.description_file, document)
        self.packing_file.unlink()

    def write_plan(self, variants: Iterable[Mapping[str, Any]], seeds: Iterable[int]) -> None:
        """Write which variants and seeds the study is of.

        Args:
            variants: ``name``, ``settings`` and ``options`` of each, in their order.
            seeds: of every variant.
        """
        document = {"format": _FORMAT, "variants": list(variants), "seeds": list(seeds)}
        write_json(self.plan_file, document)

    def plan(self) -> dict[str, Any]:
        """What `write_plan` wrote."""
        found = _read(self.plan_file, "variants", "seeds")
        for variant in found["variants"]:
            _folder_name(variant["name"], self.plan_file)
        return found

    def _last(self) -> int:
        return max((int(stack.path.name) for stack in self.stacks()), default=0)

    def _numbered(self, number: int) -> StackDirectory:
        return StackDirectory(self.stacks_folder / f"{number:03d}")


def is_study(directory: Path) -> bool:
    """Whether a directory is of a study."""
    return StudyDirectory(directory).plan_file.is_file()


def _folder_name(name: object, file: Path) -> str:
    """A name that leads to no other place, in files that may come from a stranger."""
    if isinstance(name, str) and name not in {"", ".", ".."} and not set(name) & _SEPARATORS:
        return name
    raise CoevoError(f"{file}: {shown(name)} cannot name a folder; restore it or remove it")


def _description(worlds: Iterable[WorldName], experiments: Mapping[str, str]) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "worlds": [{"variant": variant, "seed": seed} for variant, seed in worlds],
        "variants": dict(experiments),
    }


def _read(path: Path, *names: str) -> dict[str, Any]:
    """A JSON document that has some names at its top."""
    found = stored_value(path)
    if not isinstance(found, dict) or found.get("format", _FORMAT) != _FORMAT:
        raise CoevoError(f"{path}: is of another format; use the version of coevo that wrote it")
    missing = [name for name in names if name not in found]
    if missing:
        raise CoevoError(f"{path}: says nothing of {missing[0]!r}; restore it or remove it")
    return found
