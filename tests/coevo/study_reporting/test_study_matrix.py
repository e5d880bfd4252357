"""Which axes of a sweep span the table, and where variants stand in it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from coevo.study_reporting.matrix import matrix_of
from coevo.study_reporting.standings import standings
from coevo.study_reporting.study_files import StudyFiles, Variant, read_study
from coevo.study_reporting.study_plots import matrix_data
from tests.coevo.study_runs import InventedStudy


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFiles:
    return read_study(InventedStudy().write(tmp_path_factory.mktemp("study")))


def variants(axes: dict[str, list[str]]) -> list[Variant]:
    """The product of axes, the first one slowest, as a plan keeps it: keys in no order."""
    names = sorted(axes)
    found = [dict(zip(axes, labels, strict=True)) for labels in product(*axes.values())]
    return [
        Variant("-".join(one.values()), {}, {name: one[name] for name in names}) for one in found
    ]


def test_axes_are_in_the_order_of_the_sweep(study: StudyFiles) -> None:
    axes = {"z": ["1", "2"], "constant": ["only"], "m": ["a", "b", "c"], "a": ["x", "y"]}
    matrix = matrix_of(replace(study, variants=variants(axes)))
    assert matrix is not None
    assert [axis.name for axis in matrix.axes] == ["z", "m", "a"]
    assert [list(axis.labels) for axis in matrix.axes] == [axes["z"], axes["m"], axes["a"]]
    assert matrix.places["2-only-b-y"] == [1, 1, 1]


@pytest.mark.parametrize("axes", [{}, {"a": ["x", "y"]}, {"a": ["x", "y"], "b": ["only"]}])
def test_one_axis_is_no_table(axes: dict[str, list[str]], study: StudyFiles) -> None:
    assert matrix_of(replace(study, variants=variants(axes))) is None


def test_the_page_has_the_numbers_of_every_variant_on_the_axes(study: StudyFiles) -> None:
    found = standings(study)
    data = matrix_data(matrix_of(study), found)
    assert data is not None
    labels = [axis["labels"] for axis in data["axes"]]
    assert [value["kind"] for value in data["values"]] == ["number", "percent", "percent"]
    shown = {
        "-".join(own[place] for own, place in zip(labels, entry["places"], strict=True)): entry
        for entry in data["entries"]
    }
    assert shown.keys() == {*InventedStudy().variants()} - {"none"}
    for name, entry in shown.items():
        row = found.of(name)
        expected = [row.median, row.sparsity, row.improvement]
        assert entry["values"] == pytest.approx(expected, rel=1e-4)
    json.dumps(data, allow_nan=False)


def test_without_results_there_is_no_table(tmp_path: Path) -> None:
    study = read_study(InventedStudy(states=("running", "running")).write(tmp_path))
    assert matrix_data(matrix_of(study), standings(study)) is None
