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
    ({"schedule": "above"}, "gives 1.1 in its generation 1; intensities are in [0, 1]"),
    ({"schedule": "below"}, "gives -0.25 in its generation 0; intensities are in [0, 1]"),
    ({"schedule": "not_a_number"}, "gives nan in its generation 0; intensities are in [0, 1]"),
    ({"schedule": "breaks"}, "fails: KeyError: 'three'; mend it"),
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
    assert refusal(folder, {"schedule": "periodic", "every": 7, "end": 6, "sparsity": 0.5}) == (
        "pruning[0].schedule: 'periodic' never rises above 0, so that no sparsity is reached; "
        "use another"
    )
    build(folder, pruning=[entry])


def test_options_that_a_schedule_does_not_take_or_lacks_are_refused(folder: Path) -> None:
    entry = {"schedule": "own_pruning:steps", "schedule_options": {"x": 1}}
    assert refusal(folder, entry) == (
        "pruning[0].schedule_options: 'x' is not an option of 'own_pruning:steps'; it takes count"
    )
    assert refusal(folder, {"schedule": "own_pruning:needs_more"}) == (
        "pruning[0].schedule_options: 'more' is missing, and 'own_pruning:needs_more' needs it; "
        "give it a value"
    )
