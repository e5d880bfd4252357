"""What the report draws: which curves, maps and pictures, and in which units."""

from __future__ import annotations

import json
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


def test_the_torus_moves_through_all_generations_of_all_worlds(tmp_path: Path) -> None:
    run = InventedRun(worlds=3, generations=9, stopped={1: 5})
    torus = report(run, tmp_path).data["torus"]
    frames = {world["name"]: world["generations"] for world in torus["worlds"]}
    assert sorted(frames) == [
        "World 0 · seed 1",
        "World 1 · seed 2, stopped at 5",
        "World 2 · seed 3",
    ]
    assert frames["World 1 · seed 2, stopped at 5"] == [1, 2, 3, 4]
    assert frames["World 2 · seed 3"] == list(range(1, 10))
    assert [panel["field"] for panel in torus["panels"]] == [
        "loss",
        "founder_encoder",
        "founder_decoder",
    ]


def test_the_torus_of_the_best_pairing_comes_first(tmp_path: Path) -> None:
    page = report(InventedRun(worlds=8), tmp_path)
    best = json.loads((tmp_path / "result.json").read_text())["best"]
    names = [world["name"] for world in page.data["torus"]["worlds"]]
    assert names[0] == f"World {best['world']} · seed {best['seed']}"
    assert len(set(names)) == 8


def test_one_world_needs_no_chooser(tmp_path: Path) -> None:
    def hidden(worlds: int) -> bool:
        page = report(InventedRun(worlds=worlds), tmp_path / str(worlds))
        return any("hidden" in attributes for attributes in page.named("span"))

    assert hidden(1)
    assert not hidden(2)
