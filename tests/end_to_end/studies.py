"""Studies that take a second, and what their directories hold."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import polars
from polars.testing import assert_frame_equal

from coevo import records
from coevo.study_directory import StackDirectory, StudyDirectory, WorldName
from tests.end_to_end.experiments import records_of, state_of, write_experiment

GENERATIONS = 3
SEEDS = (3, 4)
VARIANTS: tuple[dict[str, Any], ...] = (
    {"name": "none", "pruning": [], "optimizer.learning_rate": 0.02},
    {"name": "big", "pruning": [], "grid.rows": 3},
)
CHANGES: dict[str, Any] = {
    "generations": GENERATIONS,
    "dtype": "float64",
    "grid": {"rows": 2, "columns": 2},
    "checkpoint.every": 1,
    "pruning": [{"sparsity": 0.5, "schedule": "cubic"}],
    "sweep": {
        "replicates": len(SEEDS),
        "pruning.operator": ["uniform", "wanda"],
        "variants": list(VARIANTS),
    },
}
NAMES = ("uniform", "wanda", "none", "big")
"""Of the variants; all but the last share shapes."""
FLOAT_TOLERANCE = 1e-9

_Documents: TypeAlias = Mapping[str, Any]


def write_study(path: Path, archive: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """Write the file of a study with four variants in two shapes, changed as for an experiment."""
    return write_experiment(path, archive, {**CHANGES, **(changes or {})})


def memory_between(three: int, six: int) -> float:
    """GiB that hold three worlds and not four, from the bytes that three and six take."""
    return (three + (six - three) / 6) / 2**30


def stacks_of(directory: Path) -> tuple[StackDirectory, ...]:
    return StudyDirectory(directory).stacks()


def files_of(directory: Path, *, without: Collection[str] = ()) -> dict[str, bytes]:
    """The content of all files, by their path in the directory."""
    files = {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
    return {name: data for name, data in files.items() if name not in {".lock", *without}}


def without_time(document: Any) -> Any:
    """A document but for the time that something took."""
    if isinstance(document, Mapping):
        return {
            key: without_time(value)
            for key, value in document.items()
            if key not in ("seconds", "cpu_seconds")
        }
    return [without_time(one) for one in document] if isinstance(document, list) else document


def result_without_time(directory: Path) -> dict[str, Any]:
    result = json.loads((directory / "result.json").read_text("utf-8"))
    assert result["seconds"] > 0
    assert result["cpu_seconds"] > 0
    return dict(without_time(result))


def assert_same_study(one: Path, other: Path) -> None:
    """Two studies ended bitwise in the same way, packed in the same way."""
    for name in ("study.json", "experiment.toml"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert result_without_time(one) == result_without_time(other)
    stacks = stacks_of(one), stacks_of(other)
    assert [stack.path.name for stack in stacks[0]] == [stack.path.name for stack in stacks[1]]
    for mine, theirs in zip(*stacks, strict=True):
        assert_same_stack(mine, theirs)


def assert_same_stack(one: StackDirectory, other: StackDirectory) -> None:
    assert one.description_file.read_bytes() == other.description_file.read_bytes()
    assert records_of(one.path) == records_of(other.path)
    assert state_of(one.path) == state_of(other.path)
    assert result_without_time(one.path) == result_without_time(other.path)
    assert files_of(one.run.best) == files_of(other.run.best)


def recorded(directory: Path) -> dict[WorldName, polars.DataFrame]:
    """The records of every world of a study, without its number in the stack."""
    found = {}
    for stack in stacks_of(directory):
        frame = records.read(stack.run.records)
        for number, name in enumerate(stack.worlds()):
            found[name] = frame.filter(polars.col("world") == number).drop("world")
    return found


def results_of_worlds(directory: Path) -> dict[WorldName, dict[str, Any]]:
    """What the results of all stacks say of every world, without its number there."""
    found = {}
    for stack in stacks_of(directory):
        for world in json.loads(stack.run.result_file.read_text("utf-8"))["worlds"]:
            name = (world["variant"], world["seed"])
            found[name] = {key: value for key, value in world.items() if key != "world"}
    return found


def assert_same_numbers(found: polars.DataFrame, expected: polars.DataFrame) -> None:
    """Choices, events and counts are identical, floats agree; what is only found does not count."""
    assert_frame_equal(
        found.select(expected.columns),
        expected,
        check_row_order=True,
        rel_tol=FLOAT_TOLERANCE,
        abs_tol=FLOAT_TOLERANCE,
    )
