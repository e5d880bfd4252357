"""What an experiment would compute, told without computing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from coevo import timing
from coevo.assemble import Assembled
from coevo.dry_run import DryRun, dry_run
from coevo.errors import CoevoError
from coevo.experiment import Experiment, experiment_from_dict
from coevo.packing import PlannedStack, Setting
from coevo.stacks import World, replicates
from coevo.timing import expected_seconds

DOCUMENT: dict[str, Any] = {
    "generations": 50,
    "grid": {"rows": 2, "columns": 2},
    "task": {"dataset": "binary_clustering"},
    "data": {"clusters": 2, "dimensions": 12, "validation_rows": 2, "test_rows": 4},
    "network": {"hidden": [4], "latent": 2},
    "selection": {"evaluation_batch_size": 4},
    "optimizer": {"batch_size": 5, "steps": 3},
}


def experiment(**tables: Any) -> Experiment:
    return experiment_from_dict({**DOCUMENT, **tables})


def test_a_study_is_planned_by_variants_and_stacks() -> None:
    sweep = {"replicates": 3, "task.loss": ["mse", "bce"], "optimizer.learning_rate": [0.1, 0.2]}
    found = dry_run(experiment(sweep=sweep), device="cpu")
    assert found.variants == ("mse-0.1", "mse-0.2", "bce-0.1", "bce-0.2")
    assert [len(stack.worlds) for stack in found.stacks] == [6, 6]
    document = found.document
    assert (document["worlds"], document["cells"]) == (12, 48)
    assert [stack["gradient_steps"] for stack in document["stacks"]] == [24 * 50 * 3] * 2
    assert [stack["memory_bytes"] for stack in document["stacks"]] == [
        stack.memory for stack in found.stacks
    ]
    assert all(seconds > 0 for seconds in found.seconds)


def test_ancestors_are_planned_too() -> None:
    alone = {"start": {"ancestor_generations": 20}, "sweep": {"replicates": 3}}
    (stack,) = dry_run(experiment(**alone), device="cpu").document["stacks"]
    assert stack["gradient_steps"] == 3 * (4 * 50 + 20) * 3


def test_generations_of_trials_take_no_gradient_steps() -> None:
    changes = {
        "grid": {"rows": 3, "columns": 3, "neighborhood": "moore"},
        "start": {"ancestor_generations": 20, "isolated_generations": 10},
        "optimizer": {**DOCUMENT["optimizer"], "kind": "de"},
        "de": {"every": 4},
    }
    (stack,) = dry_run(experiment(**changes), device="cpu").document["stacks"]
    # Forty generations after those in which cells are isolated, of which ten make trials.
    assert stack["gradient_steps"] == (9 * (10 + 30) + 20) * 3


def test_an_experiment_that_is_no_study_is_one_variant() -> None:
    found = dry_run(experiment(sweep={"replicates": 3}), device="cpu")
    assert found.variants == ("base",)
    assert [[world.seed for world in stack.worlds] for stack in found.stacks] == [[1, 2, 3]]


def test_a_run_is_one_program_whatever_memory_a_stack_of_a_study_may_take() -> None:
    tables = {"engine": {"memory": 1e-6}, "sweep": {"replicates": 3}}
    (stack,) = dry_run(experiment(**tables), device="cpu").stacks
    assert len(stack.worlds) == 3
    more = {"replicates": 3, "optimizer.learning_rate": [0.1]}
    assert len(dry_run(experiment(**{**tables, "sweep": more}), device="cpu").stacks) == 3


def test_a_plan_is_told_in_a_table() -> None:
    one = experiment()
    worlds = (*replicates(one, "a"), *replicates(one, "b"))
    large = PlannedStack(worlds * 40, 3 << 30, 2 << 30)
    found = DryRun(("a", "b"), (PlannedStack(worlds, 5 << 19, 5 << 19), large), (90.4, 5400.0))
    assert found.text.splitlines() == [
        "2 variants: a, b",
        "stack  variants  worlds   cells  generations   memory      time",
        "    1         2       2       8           50     2.5 MiB    1.5 min",
        "    2         2      80     320           50    3.00 GiB      1.5 h",
        "82 worlds, 328 cells; about 1.5 h on this machine, and at most 3.00 GiB at a time; nothing "
        "was written",
        "stack 2 takes more memory than the 2.00 GiB that one may take: what is of one world cannot "
        "be cut",
    ]
    alone = DryRun(("base",), (PlannedStack(worlds[:1], 1 << 20, 1 << 30),), (0.4,))
    assert alone.text.splitlines()[0] == "1 variant: base"
    assert alone.text.splitlines()[2].endswith("1.0 MiB        0 s")


def test_what_cannot_run_is_refused() -> None:
    with pytest.raises(
        CoevoError, match=r"sweep variant '900': optimizer\.batch_size: 900 is more"
    ):
        dry_run(experiment(sweep={"optimizer.batch_size": [5, 900]}), device="cpu")
    with pytest.raises(CoevoError, match="'tpu' is not a device"):
        dry_run(experiment(), device="tpu")
    with pytest.raises(CoevoError) as caught:
        dry_run(experiment(), overrides=["seed=2"])
    assert str(caught.value) == (
        "overrides: ['seed=2'] would change an experiment that is checked already; build it with "
        "these values, or give a preset or file"
    )


def test_files_and_changes_are_taken_as_by_run(tmp_path: Path) -> None:
    from coevo.experiment import to_toml

    (tmp_path / "a.toml").write_text(to_toml(experiment()), "utf-8")
    found = dry_run(tmp_path / "a.toml", device="cpu", overrides=["replicates=2", "grid.rows=3"])
    assert [(len(stack.worlds), stack.cells) for stack in found.stacks] == [(2, 12)]


@dataclass(frozen=True)
class Watched(Setting):
    """Remembers what it has assembled."""

    seen: list[list[int]] = field(default_factory=list)

    def assemble(self, worlds: Sequence[World]) -> Assembled:
        self.seen.append([world.seed for world in worlds])
        return super().assemble(worlds)


def stack_of(worlds: int) -> PlannedStack:
    return PlannedStack(replicates(experiment(sweep={"replicates": worlds})), 0, 0)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by 6 seconds whenever somebody looks: 2 for each of 3 generations."""
    ticks = count(step=6)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(ticks))


@pytest.mark.usefixtures("ticking")
def test_time_is_that_of_some_generations_times_all() -> None:
    setting = Watched("cpu")
    assert expected_seconds(stack_of(3), setting) == 2 * 50
    assert setting.seen == [[1, 2, 3]]


@pytest.mark.usefixtures("ticking")
def test_ancestors_take_the_time_of_their_share_of_the_cells() -> None:
    worlds = replicates(experiment(start={"ancestor_generations": 20}))
    assert expected_seconds(PlannedStack(worlds, 0, 0), Watched("cpu")) == 2 * (50 + 20 / 4)


@pytest.mark.usefixtures("ticking")
def test_of_many_worlds_as_many_are_tried_as_there_is_patience_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 12 worlds 4 take 2 seconds per generation: 2 for each world and all 4 generations."""
    monkeypatch.setattr(timing, "_PATIENCE", 14.0)
    setting = Watched("cpu")
    assert expected_seconds(stack_of(12), setting) == pytest.approx(2 * 50 * 12 / 7)
    assert setting.seen == [[1, 4, 7, 10], [1, 2, 4, 6, 7, 9, 11]]
    monkeypatch.setattr(timing, "_PATIENCE", 1000.0)
    assert expected_seconds(stack_of(12), setting) == 2 * 50
    assert setting.seen[-1] == list(range(1, 13))
    monkeypatch.setattr(timing, "_PATIENCE", 1.0)
    assert expected_seconds(stack_of(12), setting) == 2 * 50 * 12 / 4
    assert setting.seen[-1] == [1, 4, 7, 10]
