"""Curves are of runs: one number of each run and generation, never of cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from coevo.errors import CoevoError
from coevo.records import read
from coevo.study_reporting.courses import Measure, Runs, course_of, measure_runs
from coevo.study_reporting.layers import layer_sparsities
from coevo.study_reporting.study_files import StudyFiles, read_study
from tests.coevo.study_runs import InventedStudy

STUDY = InventedStudy(stacks=2, every=3, stopped={("uniform-cubic", 2): 5}, part=5)
BEST = Measure("best", "best", "validation_mse", "lowest", "log", "loss")
MEAN = Measure("mean", "mean", "train_loss", "mean", "log", "loss")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFiles:
    return read_study(STUDY.write(tmp_path_factory.mktemp("study")))


def plainly(study: StudyFiles, measure: Measure) -> dict[tuple[str, int, int], float]:
    """Variant, seed and generation to the number of the run."""
    column = pl.col(measure.column)
    number = column.min() if measure.of == "lowest" else column.mean()
    found = {}
    for stack in study.stacks:
        names = {w.number: w.variant for w in study.worlds if w.part == stack.directory}
        rows = read(stack.directory / "records").filter(pl.col("running") & column.is_finite())
        for world, seed, generation, value in (
            rows.group_by("world", "seed", "generation").agg(number).iter_rows()
        ):
            found[names[world], seed, generation] = value
    return found


def flat(runs: Runs) -> dict[tuple[str, int, int], float]:
    return {
        (variant, seed, int(generation)): float(value)
        for (variant, seed), (generations, values) in runs.items()
        for generation, value in zip(generations, values, strict=True)
    }


@pytest.mark.parametrize("measure", [BEST, MEAN], ids=lambda measure: measure.key)
def test_each_run_has_one_number_per_generation(study: StudyFiles, measure: Measure) -> None:
    found, expected = flat(measure_runs(study, [measure])[measure.key]), plainly(study, measure)
    assert found.keys() == expected.keys()
    assert max(generation for _, _, generation in found) == 12
    assert all(found[key] == pytest.approx(expected[key], rel=1e-6) for key in found)
    assert ("uniform-cubic", 2, 6) not in found  # it stopped in generation 5


def test_a_course_is_the_median_over_runs(study: StudyFiles) -> None:
    runs, expected = measure_runs(study, [BEST])["best"], plainly(study, BEST)
    course = course_of(runs, "uniform-cubic")
    assert course is not None
    assert course.generations.tolist() == [3, 6, 9, 12]
    assert course.runs == 6
    for generation, median, low, high in zip(
        course.generations, course.median, course.low, course.high, strict=True
    ):
        own = [
            v for (name, _, g), v in expected.items() if (name, g) == ("uniform-cubic", generation)
        ]
        assert len(own) == (6 if generation == 3 else 5)
        assert [low, median, high] == [min(own), np.median(own), max(own)]
    assert course_of(runs, "no such variant") is None


def test_what_is_not_recorded_is_missing(study: StudyFiles) -> None:
    other = Measure("other", "other", "no_such_column", "mean", "log", "loss")
    assert measure_runs(study, [other]) == {}


def test_long_courses_are_thinned_to_both_ends(tmp_path: Path) -> None:
    study = InventedStudy(operators=("uniform",), schedules=("cubic",), seeds=1, generations=321)
    runs = measure_runs(read_study(study.write(tmp_path)), [BEST])["best"]
    course = course_of(runs, "uniform-cubic")
    assert course is not None
    assert len(course.generations) == 150
    assert (course.generations[0], course.generations[-1]) == (1, 321)


def test_layers_are_the_mean_over_cells_and_the_median_over_runs(study: StudyFiles) -> None:
    layers = layer_sparsities(study)
    assert layers is not None
    assert layers.columns == [
        ("encoder", "0"),
        ("encoder", "2"),
        ("decoder", "0"),
        ("decoder", "body.2"),
    ]
    assert layers.shares.keys() == {*STUDY.variants()} - {"none"}
    # The first of five variants is pruned to 0.5 + 0.45 / 5, its second layers to 0.9 of that.
    assert layers.shares["uniform-cubic"][("encoder", "0")] == pytest.approx(0.59)
    assert layers.shares["uniform-cubic"][("decoder", "body.2")] == pytest.approx(0.9 * 0.59)


def test_a_variant_that_prunes_nothing_has_no_sparsity(tmp_path: Path) -> None:
    together = read_study(InventedStudy(apart=False).write(tmp_path))
    sparsity = Measure("encoder", "encoder", "encoder_sparsity", "mean", "linear", "share")
    runs = measure_runs(together, [sparsity])["encoder"]
    layers = layer_sparsities(together)
    assert layers is not None
    pruned = {*InventedStudy().variants()} - {"none"}
    assert {variant for variant, _ in runs} == layers.shares.keys() == pruned


def test_layers_of_stopped_worlds_are_left_out(tmp_path: Path) -> None:
    stopped = InventedStudy(seeds=1, stopped={("uniform-cubic", 1): 5})
    layers = layer_sparsities(read_study(stopped.write(tmp_path)))
    assert layers is not None
    assert layers.shares.keys() == {*stopped.variants()} - {"none", "uniform-cubic"}


def test_damaged_records_are_named(tmp_path: Path) -> None:
    STUDY.write(tmp_path)
    part = next((tmp_path / "stacks" / "001" / "records").glob("*.parquet"))
    content = bytearray(part.read_bytes())
    content[4:2000] = bytes(1996)  # rows, not what is known of them at the end of the file
    part.write_bytes(content)
    with pytest.raises(CoevoError, match=r"records: cannot be read .*; restore it or remove it"):
        measure_runs(read_study(tmp_path), [BEST, MEAN])
