"""Curves of differential evolution by variant: one number of each run and generation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coevo.records import read
from coevo.report import write_report
from coevo.study_reporting.courses import measure_runs
from coevo.study_reporting.measures import evolution_measures
from coevo.study_reporting.study_files import StudyFiles, read_study
from tests.coevo.evolved_runs import EvolvedRun
from tests.coevo.read_page import Page
from tests.coevo.study_runs import InventedStudy

STUDY = InventedStudy(stacks=2, seeds=3, stopped={("uniform-cubic", 2): 5}, part=5)
LABELS = [
    "Success rate, all strategies and cells",
    "Spread of the neighborhoods, mean of cells",
    "Sample-forwards so far, all cells",
]


def evolved(directory: Path, pool: EvolvedRun, stacks: tuple[str, ...]) -> Path:
    """A study of which some stacks have records of differential evolution."""
    STUDY.write(directory)
    for name in stacks:
        pool.evolve(directory / "stacks" / name / "records")
    return directory


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stacks 1 and 2 evolve, with different strategies; 3, of the control, does not."""
    found = evolved(tmp_path_factory.mktemp("study"), EvolvedRun(every=2), ("001",))
    EvolvedRun(strategies=("mean",)).evolve(found / "stacks" / "002" / "records")
    return found


@pytest.fixture(scope="module")
def page(directory: Path) -> Page:
    return Page(write_report(directory))


def rows_by_run(study: StudyFiles) -> dict[tuple[str, int, int], list[dict[str, Any]]]:
    """Variant, seed and generation to the rows of worlds while they ran."""
    found: dict[tuple[str, int, int], list[dict[str, Any]]] = {}
    for stack in study.stacks:
        names = {w.number: w.variant for w in study.worlds if w.part == stack.directory}
        for row in read(stack.directory / "records").iter_rows(named=True):
            if row["running"] and "de_spread" in row:
                key = names[row["world"]], row["seed"], row["generation"]
                found.setdefault(key, []).append(row)
    return found


def total(rows: list[dict[str, Any]], beginning: str) -> float:
    return sum(value for row in rows for name, value in row.items() if name.startswith(beginning))


def test_each_run_has_one_number_per_generation(directory: Path) -> None:
    study = read_study(directory)
    rows, spent = rows_by_run(study), dict.fromkeys(("success", "spread", "forwards"), 0)
    for key, runs in measure_runs(study, evolution_measures()).items():
        for (variant, seed), (generations, values) in runs.items():
            so_far = 0.0
            known = dict(zip(generations.tolist(), values.tolist(), strict=True))
            for generation in range(1, 13):
                own = rows.get((variant, seed, generation), [])
                so_far += total(own, "sample_forwards")
                trials = total(own, "de_trials_")
                expected = {
                    "success": total(own, "de_successes_") / trials if trials else None,
                    "spread": total(own, "de_spread") / len(own) if own else None,
                    "forwards": so_far if own else None,
                }[key]
                assert known.get(generation) == (expected and pytest.approx(expected))
                spent[key] += expected is not None
    # Two variants of three seeds in each stack; one world stopped in generation 5. In the first
    # stack every second generation has trials.
    assert spent == {"success": 5 * 6 + 2 + 6 * 12, "spread": 11 * 12 + 4, "forwards": 11 * 12 + 4}


def test_the_page_has_the_curves_of_variants_that_evolve(page: Page) -> None:
    measures = page.data["courses"]["evolution"]["measures"]
    assert [one["label"] for one in measures] == LABELS
    names = {page.data["variants"][int(place)]["name"] for place in measures[0]["curves"]}
    assert names == {*STUDY.variants()} - {"none"}
    axes = [one["layout"]["yaxis"] for one in measures]
    assert [axis["type"] for axis in axes] == ["linear", "log", "linear"]
    assert "tickformat" not in axes[2]  # counts are no shares
    assert axes[0]["tickformat"] == "~%"
    assert [one["format"] for one in measures] == [".4~p", ".4~g", ".4~s"]
    assert {"evolution", "evolution-plot", "evolution-title", "evolution-measure"} <= page.ids
    assert "Losses are fair to compare at equal sample-forwards" in page.text


def test_the_summary_has_the_sample_forwards_of_a_run(directory: Path, page: Page) -> None:
    study = read_study(directory)
    rows = rows_by_run(study)
    runs = {
        seed: sum(
            total(own, "sample_forwards")
            for (name, other, _), own in rows.items()
            if (name, other) == ("magnitude-cubic", seed)
        )
        for seed in (1, 2, 3)
    }
    assert "Gradient steps Sample-forwards CPU time" in page.text
    assert f"{round(np.median([*runs.values()])):,}" in page.text
    assert "Sample-forwards: rows that passed through a pairing" in page.text


def test_a_study_without_it_says_nothing_of_it(tmp_path: Path) -> None:
    STUDY.write(tmp_path)
    page = Page(write_report(tmp_path))
    assert "evolution" not in page.ids | {*page.data["courses"]}
    assert "ample-forwards" not in page.text


def test_cost_alone_is_no_differential_evolution(tmp_path: Path) -> None:
    pool = EvolvedRun(without=("de_",))
    page = Page(write_report(evolved(tmp_path, pool, ("001", "002", "003"))))
    assert "evolution" not in page.ids | {*page.data["courses"]}
    assert "Gradient steps Sample-forwards CPU time" in page.text


def test_variants_that_never_make_trials_have_no_success_rate(tmp_path: Path) -> None:
    page = Page(write_report(evolved(tmp_path, EvolvedRun(every=0), ("001",))))
    measures = page.data["courses"]["evolution"]["measures"]
    assert [one["label"] for one in measures] == LABELS[1:]
