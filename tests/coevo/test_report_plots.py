"""What the report draws: which curves, maps and pictures, and in which units."""

from __future__ import annotations

from pathlib import Path

import pytest

from coevo.report import write_report
from tests.coevo.read_page import Page
from tests.coevo.report_runs import InventedRun


def report(run: InventedRun, directory: Path) -> Page:
    return Page(write_report(run.write(directory)))


def test_learning_rates_are_drawn_where_they_vary(tmp_path: Path) -> None:
    assert "rates-plot" in report(InventedRun(rates_walk=True), tmp_path / "walk").ids
    assert "rates-plot" not in report(InventedRun(), tmp_path / "constant").ids


def test_a_stopped_worlds_curves_end_before_it_stopped(tmp_path: Path) -> None:
    page = report(InventedRun(worlds=2, stopped={1: 5}), tmp_path)
    ends = {
        trace["meta"]["world"]: trace["x"][-1]
        for trace in page.data["plots"]["learning-plot"]["data"]
    }
    assert ends == {0: 12, 1: 4}


@pytest.mark.parametrize(("worlds", "bands", "lines"), [(1, 2, 3), (3, 6, 9), (4, 0, 4)])
def test_few_worlds_are_drawn_in_full_and_many_as_medians(
    worlds: int, bands: int, lines: int, tmp_path: Path
) -> None:
    plot = report(InventedRun(worlds=worlds), tmp_path).data["plots"]["learning-plot"]
    seen = [trace["line"]["width"] for trace in plot["data"] if trace["visible"]]
    assert (seen.count(0), len(seen) - seen.count(0)) == (bands, lines)
    assert len(plot["data"]) == 5 * worlds


@pytest.mark.parametrize(("shape", "per"), [((3, 4, 4), "pixel"), ((48,), "value")])
def test_units_are_those_of_the_data(shape: tuple[int, ...], per: str, tmp_path: Path) -> None:
    page = report(InventedRun(samples=shape, loss="bce"), tmp_path)
    title = page.data["plots"]["learning-plot"]["layout"]["yaxis"]["title"]["text"]
    assert title == f"binary cross-entropy per {per} (nats)"


@pytest.mark.parametrize("noisy", [True, False])
def test_the_input_is_shown_where_it_differs(noisy: bool, tmp_path: Path) -> None:
    page = report(InventedRun(noisy=noisy), tmp_path)
    names = [image["alt"].removesuffix(" of sample 1") for image in page.named("img")][: 2 + noisy]
    assert names == ["Noisy input", "Original", "Reconstruction"][not noisy :]


def test_one_world_is_mapped_three_times_and_several_side_by_side(tmp_path: Path) -> None:
    alone = report(InventedRun(generations=9), tmp_path / "alone").data["torus"]
    assert [panel["fixed"] for panel in alone["panels"]] == [0, None, 8]
    assert (alone["start"], alone["generations"]) == (4, list(range(1, 10)))
    two = report(InventedRun(generations=2), tmp_path / "two").data["torus"]
    assert [panel["fixed"] for panel in two["panels"]] == [0, 1]
    several = report(InventedRun(worlds=8), tmp_path / "several").data["torus"]
    assert [panel["fixed"] for panel in several["panels"]] == [None] * 6
    assert several["start"] == 11
    table = several["frames"][str(several["panels"][0]["world"])]
    assert [len(frame) for frame in table] == [9] * 12
