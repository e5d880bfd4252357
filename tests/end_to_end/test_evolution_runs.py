"""Runs with differential evolution: interrupted, killed, made longer, and in studies."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import polars
import pytest

import coevo
from coevo import records
from coevo.horizon import with_horizon
from tests.end_to_end.experiments import (
    assert_same_run,
    checkpoints_of,
    state_of,
    write_experiment,
)
from tests.end_to_end.studies import assert_same_study, stacks_of
from tests.end_to_end.warm import Warm

GENERATIONS, ISOLATED = 8, 2
SHORT: dict[str, Any] = {
    "generations": GENERATIONS,
    "checkpoint.every": 3,
    "grid.neighborhood": "moore",
    "start.ancestor_generations": 3,
    "start.isolated_generations": ISOLATED,
    "optimizer.learning_rate_spread": 4.0,
    "optimizer.kind": "de",
    "de.spread": 0.0,
}
# With windows that reach behind a checkpoint, whatever is kept, and gradient steps in between.
CHANGES: Mapping[str, dict[str, Any]] = {
    "cell": {
        "de.credit": "beats_best",
        "de.learning_period": 4,
        "de.crossover": "median",
        "de.memory_scope": "neighborhood",
        "de.archive": 2,
        "engine.cells_per_chunk": 4,
    },
    "sade": {
        "de.learning_period": 3,
        "de.every": 2,
        "de.memory_scope": "cell",
        "de.partners": 1,
    },
    "sa-shade-tri-ensin": {"de.learning_period": 2, "de.roles": "pair"},
}
presets = pytest.mark.parametrize("preset", CHANGES)


def evolving(place: Path, archive: Path, preset: str, **more: Any) -> Path:
    changes = {**SHORT, "de.preset": preset, **CHANGES[preset], **more}
    return write_experiment(place / "evolving.toml", archive, changes)


def counted(warm: Warm, file: Path, directory: Path) -> dict[str, Any]:
    """Run without interruption, and count what a process does."""
    counts = directory.with_suffix(".json")
    ended = warm.run("run", file, "--out", directory, count=counts)
    assert ended.code == 0, ended.err
    return dict(json.loads(counts.read_text("utf-8")))


@presets
def test_an_interrupted_run_goes_on_bitwise(
    preset: str, warm: Warm, archive: Path, tmp_path: Path
) -> None:
    file, whole = evolving(tmp_path, archive, preset), tmp_path / "whole"
    calls = counted(warm, file, whole)["calls"]
    # Ancestors count too.
    generation, directory = GENERATIONS - 3, tmp_path / "interrupted"
    trap = {"calls": [calls[generation + 1] + 50], "signal": signal.SIGINT}
    assert warm.run("run", file, "--out", directory, trap=trap).code == 130
    assert checkpoints_of(directory)[-1] == generation
    assert warm.run("resume", directory).code == 0
    assert_same_run(directory, whole)


@presets
def test_there_is_something_to_be_lost(preset: str, archive: Path, tmp_path: Path) -> None:
    """Archives, windows and memories are in the checkpoint, and not empty."""
    coevo.run(evolving(tmp_path, archive, preset), tmp_path / "run")
    kept = {name.partition("/de/")[2] for name in state_of(tmp_path / "run")}
    wanted = {"outcome_gain", "scale_memory", "memory_position", "credit_trials", "credit_earned"}
    if preset == "sa-shade-tri-ensin":
        wanted |= {"frequency_memory", "archived/pair"}
    else:
        wanted |= {"past_rates", "past_strategies", "archived/encoder"}
    assert wanted <= kept
    frame = records.read(tmp_path / "run" / "records")
    late = frame.filter(polars.sum_horizontal("^de_successes_.*$") > 0)
    generations = set(late["generation"].to_list())
    assert min(generations) > ISOLATED
    assert max(generations) >= GENERATIONS - 1
    assert 0 < len(late) < len(frame)


def test_killed_again_and_again_it_ends_bitwise_as_if_nothing_had_happened(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    more = {"generations": 14, "checkpoint.every": 2}
    file, whole = evolving(tmp_path, archive, "cell", **more), tmp_path / "whole"
    counts = counted(warm, file, whole)
    each, directory, random = counts["calls"][-2] // 16, tmp_path / "run", Random(4)
    for kill in range(6):
        trap = {"calls": [random.randrange(5 * each) + 1]}
        if kill % 2:
            trap = {"steps": [random.randrange(counts["steps"] // 3) + 1]}
        assert warm.begin_or_resume(file, directory, trap=trap).code == -signal.SIGKILL
    assert warm.run("resume", directory).code == 0
    assert_same_run(directory, whole)


def test_a_killed_study_of_presets_ends_the_same(warm: Warm, archive: Path, tmp_path: Path) -> None:
    sweep = {
        "replicates": 2,
        "variants": [
            {"name": "cell"},
            {"name": "faster", "optimizer.learning_rate": 0.02},
            {"name": "sade", "de.preset": "sade"},
            {"name": "pruned", "pruning": [{"sparsity": 0.1, "schedule": "cubic"}]},
        ],
    }
    changes = {**SHORT, "generations": 5, "checkpoint.every": 2, "sweep": sweep}
    file, whole = write_experiment(tmp_path / "study.toml", archive, changes), tmp_path / "whole"
    counts = counted(warm, file, whole)
    # What differs in learning rates or in pruning goes into one stack, other trials do not.
    stacks = [[name for name, _ in stack.worlds()] for stack in stacks_of(whole)]
    assert sorted(map(len, stacks)) == [2, 6]
    directory = tmp_path / "study"
    for share in (0.3, 0.8):
        trap = {"calls": [int(counts["calls"][-1] * share * 0.7)]}
        assert warm.begin_or_resume(file, directory, trap=trap).code == -signal.SIGKILL
    assert warm.run("resume", directory).code == 0
    assert_same_study(directory, whole)


def test_rules_that_do_not_go_by_the_budget_can_go_on_for_longer(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    longer, whole = tmp_path / "longer", tmp_path / "whole"
    assert warm.run("run", evolving(tmp_path, archive, "sade"), "--out", longer).code == 0
    assert warm.run("resume", longer, "--generations", GENERATIONS + 4).code == 0
    file = evolving(tmp_path, archive, "sade", generations=GENERATIONS + 4)
    assert warm.run("run", file, "--out", whole).code == 0
    assert_same_run(longer, whole)


def test_rules_that_go_by_the_budget_cannot(warm: Warm, archive: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    file = evolving(tmp_path, archive, "sa-shade-tri-ensin", generations=4)
    assert warm.run("run", file, "--out", run).code == 0
    ended = warm.run("resume", run, "--generations", 6)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "coevo: de.preset: 'sa-shade-tri-ensin' goes by the share of the 4 generations that is "
        "over, and 6 would change what it was so far; begin a new run with generations = 6\n"
    )


def test_what_has_not_begun_or_does_not_change_may_have_another_end(
    archive: Path, tmp_path: Path
) -> None:
    changes = {**SHORT, "de.every": 3, "de.scale": "ensemble_sinusoidal"}
    experiment = coevo.load_experiment(write_experiment(tmp_path / "e.toml", archive, changes))
    # Trials in (10 - 2) // 3 = 2 generations; none before the third.
    for end, completed in ((20, 0), (20, ISOLATED), (9, 8), (8, 8), (GENERATIONS, 7)):
        assert with_horizon(experiment, end, completed).generations == end
    for end, completed in ((11, 3), (11, 10), (7, 5)):
        with pytest.raises(coevo.CoevoError) as caught:
            with_horizon(experiment, end, completed)
        assert str(caught.value).startswith("de.scale: 'ensemble_sinusoidal' goes by the share")
    fixed = experiment.model_copy(
        update={"de": experiment.de.model_copy(update={"scale": "memory"})}
    )
    assert with_horizon(fixed, 11, 3).generations == 11
