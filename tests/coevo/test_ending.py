"""What is said at the end of runs and studies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coevo.ending import final_lines, warnings_of
from coevo.experiment import Experiment
from coevo.run import Run

ADVICE = "(try a lower optimizer.learning_rate or learning_rate_maximum)"
TEST = {"bce": 0.5, "l1": 0.25, "mse": 0.0625}
BEST = {"cell": 4, "row": 1, "column": 2, "seed": 7, "test": TEST}
FIGURES = "on test rows mse 0.06250  l1 0.25000  bce 0.50000"


def ended(**outcome: Any) -> Run:
    return Run(Path("runs/a"), Experiment(), {"status": "complete", "loss": "mse", **outcome})


def world(seed: int, status: str = "complete", **more: Any) -> dict[str, Any]:
    stopped_at = 3 if status == "stopped" else None
    return {"seed": seed, "status": status, "stopped_at": stopped_at, **more}


def variant(name: str, worlds: int, stopped: int, mse: float | None) -> dict[str, Any]:
    median = None if stopped == worlds else {"test": {"mse": mse, "l1": 1.0}}
    return {"name": name, "worlds": worlds, "stopped": stopped, "median": median}


def test_a_run_of_one_world() -> None:
    lines = final_lines(ended(best=BEST, worlds=[world(7)]))
    assert lines == [
        f"best pairing (chosen on validation rows): row 1, column 2; {FIGURES}",
        "coevo: runs/a/report.html",
    ]


def test_a_run_of_many_worlds_says_which() -> None:
    assert final_lines(ended(best=BEST, worlds=[world(6), world(7)]))[0] == (
        "best pairing (chosen on validation rows): row 1, column 2 of the world with seed 7; "
        + FIGURES
    )


def test_without_a_best_pairing_there_is_the_report() -> None:
    assert final_lines(ended(best=None, worlds=[])) == ["coevo: runs/a/report.html"]


def test_a_study_has_a_line_for_every_variant() -> None:
    variants = [variant("none", 2, 0, 0.125), variant("a-long-name", 12, 3, None)]
    variants.append(variant("wild", 2, 2, None))
    worlds = [world(seed, variant="none") for seed in (6, 7)]
    run = ended(best={**BEST, "variant": "none"}, worlds=worlds, variants=variants)
    assert final_lines(run) == [
        "variant      worlds  median test mse of the best pairing",
        "none              2  0.12500",
        "a-long-name      12  -  (3 stopped)",
        "wild              2  -  (2 stopped)",
        "compare them: coevo compare runs/a",
        "best pairing (chosen on validation rows): row 1, column 2 of the world with seed 7, "
        f"variant none; {FIGURES}",
        "coevo: runs/a/report.html",
    ]


def test_short_names_stand_below_the_heading() -> None:
    run = ended(best=None, worlds=[], variants=[variant("a", 1, 0, 0.5)], loss=None)
    assert final_lines(run)[:2] == [
        "variant  worlds  median test mse of the best pairing",
        "a             1  0.50000",
    ]


def test_nothing_is_said_where_all_is_well() -> None:
    assert warnings_of({"status": "complete", "worlds": [world(1), world(2)]}) == []


def test_worlds_that_stopped_are_named() -> None:
    lines = warnings_of(
        {"status": "complete", "worlds": [world(1, "stopped"), world(2, "stopped", variant="a b")]}
    )
    assert lines == [
        f"the world with seed {seed}{of} stopped in generation 3: a loss or a weight was not "
        f"finite; its last good state is kept {ADVICE}"
        for seed, of in ((1, ""), (2, " of variant 'a b'"))
    ]


def test_ten_of_many_worlds_that_stopped_are_named() -> None:
    lines = warnings_of({"status": "failed", "worlds": [world(s, "stopped") for s in range(15)]})
    assert len(lines) == 11
    assert lines[9].startswith("the world with seed 9 stopped")
    assert lines[10] == "and 5 more worlds stopped; see the report"


def test_stacks_that_failed_are_told_with_the_reason() -> None:
    outcome = {"status": "incomplete", "worlds": [], "failures": {"002": "RuntimeError: no"}}
    assert warnings_of(outcome) == ["stack 002 failed: RuntimeError: no; mend it and resume"]


def test_a_failure_without_another_reason_has_one() -> None:
    assert warnings_of({"status": "failed", "worlds": [world(1)]}) == [
        f"no loss on validation rows is finite {ADVICE}"
    ]
