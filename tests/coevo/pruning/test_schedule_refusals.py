"""Schedules of the user's own are loaded, tried, and refused where they are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.coevo.pruning.own_pruning import refusal, write_own
from tests.coevo.small_experiments import build


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_own(tmp_path)


def test_schedules_of_the_users_own_are_loaded(folder: Path) -> None:
    entry = {
        "schedule": "own_pruning:steps",
        "schedule_options": {"count": 4},
        "probability": 0.8,
        "end": 8,
    }
    pruner = build(folder, pruning=[entry]).engine.pruner
    assert pruner is not None
    values = [0.0, 0.0, 0.2, 0.2, 0.4, 0.4, 0.6, 0.6]
    assert pruner.rules[0].timing.intensities == pytest.approx(values)


SCHEDULE_REFUSALS = [
    ({"schedule": "above"}, "gives 1.1 in its generation 1; intensities are in [0, 1]; clamp it"),
    ({"schedule": "below"}, "gives -0.25 in its generation 0; intensities are in [0, 1]; clamp it"),
    (
        {"schedule": "not_a_number"},
        "gives nan in its generation 0; intensities are in [0, 1]; mend it",
    ),
    ({"schedule": "breaks"}, "fails: KeyError: 'three'; mend it"),
    ({"schedule": "talks"}, "fails: RuntimeError: one two; mend it"),
    ({"schedule": "no_schedule"}, "fails: TypeError: 'float' object is not callable; mend it"),
]


@pytest.mark.parametrize(("keys", "message"), SCHEDULE_REFUSALS)
def test_a_schedule_that_is_none_is_refused(
    keys: dict[str, Any], message: str, folder: Path
) -> None:
    name = f"own_pruning:{keys['schedule']}"
    found = refusal(folder, {"schedule": name, "probability": 0.1})
    assert found == f"pruning[0].schedule: '{name}' {message}"


def test_a_schedule_that_never_rises_reaches_no_target(folder: Path) -> None:
    entry = {"schedule": "own_pruning:never"}
    assert refusal(folder, {}, {**entry, "sparsity": 0.5}) == (
        "pruning[1].schedule: 'own_pruning:never' never rises above 0, so that no sparsity is "
        "reached; use another"
    )
    build(folder, pruning=[entry])


@pytest.mark.parametrize(
    ("keys", "length", "fix"),
    [
        ({"begin": 2, "end": 8}, "6 generations", "6 or less"),
        ({"begin": 5, "end": 6}, "1 generation", "1"),
    ],
)
@pytest.mark.parametrize(
    ("target", "effect"),
    [({"sparsity": 0.5}, "no sparsity is reached"), ({}, "nothing is pruned")],
)
def test_a_period_that_never_ends_is_refused(
    keys: dict[str, int],
    length: str,
    fix: str,
    target: dict[str, float],
    effect: str,
    folder: Path,
) -> None:
    entry = {"schedule": "periodic", **keys, **target}
    assert refusal(folder, {**entry, "every": 7}) == (
        f"pruning[0].every: 7 is longer than the window of {length}, so that {effect}; give {fix}"
    )
    build(folder, pruning=[{**entry, "every": keys["end"] - keys["begin"]}])


@pytest.mark.parametrize("schedule", ["decrease", "decrease_published", "cosine_decay"])
def test_what_falls_reaches_nothing_in_one_generation(schedule: str, folder: Path) -> None:
    entry = {"schedule": schedule, "sparsity": 0.5, "begin": 1}
    assert refusal(folder, {**entry, "end": 2}) == (
        f"pruning[0].schedule: '{schedule}' ends at 0 in its window of 1 generation, so that no "
        "sparsity is reached; use a longer window or another schedule"
    )
    build(folder, pruning=[{**entry, "end": 3}])


def test_what_a_schedule_says_against_an_option_stands_at_its_key(folder: Path) -> None:
    entry = {"schedule": "own_pruning:picky", "schedule_options": {"count": 0}}
    assert refusal(folder, entry) == (
        "pruning[0].schedule_options.count: 0 is too small; give 1 or more"
    )
    assert refusal(folder, {**entry, "schedule_options": {"count": 7}}) == (
        "pruning[0].schedule: 'own_pruning:picky' fails: ZeroDivisionError: float division by "
        "zero; mend it"
    )


def test_options_that_a_schedule_does_not_take_or_lacks_are_refused(folder: Path) -> None:
    entry = {"schedule": "own_pruning:steps", "schedule_options": {"x": 1}}
    assert refusal(folder, entry) == (
        "pruning[0].schedule_options: 'x' is not an option of 'own_pruning:steps'; it takes count"
    )
    assert refusal(folder, {"schedule": "own_pruning:needs_more"}) == (
        "pruning[0].schedule_options: 'more' is missing, and 'own_pruning:needs_more' needs it; "
        "give it a value"
    )
