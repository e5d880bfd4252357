"""The rows of the summary are those of `coevo.compare`, best first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coevo.compare import compare
from coevo.report import write_report
from coevo.study_reporting.standings import standings
from coevo.study_reporting.study_files import read_study
from coevo.study_reporting.study_plots import front_of
from tests.coevo.read_page import Page
from tests.coevo.study_runs import InventedStudy


def test_the_summary_is_the_comparison(tmp_path: Path) -> None:
    directory = InventedStudy(stopped={("uniform-cubic", 2): 5}).write(tmp_path)
    found, comparison = standings(read_study(directory)), compare(directory)
    [block] = comparison.blocks
    assert found.control == comparison.control.name == "none"
    assert [row.variant for row in found.rows] == sorted(
        InventedStudy().variants(),
        key=lambda name: next(s.quartiles.median for s in block.summaries if s.variant == name),
    )
    for summary in block.summaries:
        row = found.of(summary.variant)
        assert list(row.values) == list(summary.values)
        assert row.median == summary.quartiles.median
        assert (row.mean, row.interval) == (summary.mean, summary.interval)
        assert (row.sparsity, row.steps) == (summary.sparsity, summary.steps)
        assert (row.cpu_seconds, row.gpu_seconds) == (summary.seconds, None)
        assert row.stopped == (summary.variant == "uniform-cubic")
    for contrast in block.contrasts:
        row = found.of(contrast.variant)
        assert (row.p, row.a12, row.difference) == (contrast.p_holm, contrast.a12, contrast.shift)
    front = sorted((s.sparsity or 0, s.variant) for s in block.summaries if s.on_front)
    assert len(front) > 1
    assert front_of(found) == [variant for _, variant in front]


def test_a_single_variant_is_described_without_a_comparison(tmp_path: Path) -> None:
    study = InventedStudy(operators=("uniform",), schedules=("cubic",), control=None)
    found = standings(read_study(study.write(tmp_path)))
    [row] = found.rows
    assert found.control is None
    assert row.median == np.median(row.values)
    assert row.p is None


def test_the_table_shows_every_variant(tmp_path: Path) -> None:
    study = InventedStudy(stopped={("uniform-cubic", 2): 5})
    directory = study.write(tmp_path)
    page = Page(write_report(directory))
    [block] = compare(directory).blocks
    for summary in block.summaries:
        ends = f"{summary.quartiles.q1:.4g} to {summary.quartiles.q3:.4g}"
        assert summary.interval is not None
        interval = f"{summary.interval.low:.4g} to {summary.interval.high:.4g}"
        shown = f"{summary.quartiles.median:.4g} {ends} {summary.mean:.4g} {interval}"
        runs = "5 1 stopped" if summary.variant == "uniform-cubic" else "6"
        mark = " control" if summary.variant == "none" else ""
        assert f"{summary.variant}{mark} {runs} {shown}" in page.text
    for contrast in block.contrasts:
        assert f"{contrast.shift:.4g} {contrast.p_holm:.2g} {contrast.a12:.2f}" in page.text


@pytest.mark.parametrize("control", ["none", None])
def test_notes_do_not_name_the_directory(control: str | None, tmp_path: Path) -> None:
    study = InventedStudy(control=control, stacks=2, states=("finished", "running"))
    page = Page(write_report(study.write(tmp_path / "some-folder")))
    assert "some-folder" not in page.text
