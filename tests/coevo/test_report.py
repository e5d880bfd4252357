"""The report is one page that loads nothing, shows what was measured, and escapes the rest."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import plotly.graph_objects
import pytest

from coevo.report import write_report
from tests.coevo.pruned_runs import SOFT, PrunedRun
from tests.coevo.read_page import Page
from tests.coevo.report_runs import InventedRun

RUNS: dict[str, InventedRun | PrunedRun] = {
    "ordinary": InventedRun(),
    "learning rates walk": InventedRun(rates_walk=True),
    "one cell, one generation": InventedRun(rows=1, columns=1, generations=1),
    "two generations": InventedRun(generations=2),
    "measured now and then": InventedRun(generations=10, every=4),
    "never measured": InventedRun(unmeasured=True),
    "a world stopped": InventedRun(worlds=3, stopped={1: 5}),
    "stopped at once": InventedRun(worlds=2, stopped={1: 1}),
    "all stopped": InventedRun(worlds=2, stopped={0: 4, 1: 6}, result="failed"),
    "no result": InventedRun(result=None, planned=60, samples=None),
    "interrupted": InventedRun(result="interrupted", planned=60),
    "flat": InventedRun(samples=(1000,)),
    "color": InventedRun(samples=(3, 12, 10), noisy=False),
    "twelve worlds": InventedRun(worlds=12, rows=2, columns=4),
    "thirty worlds": InventedRun(worlds=30, rows=1, columns=3),
    "pruned": PrunedRun(training_rows=True),
    "pruned, several worlds": PrunedRun(InventedRun(worlds=9, stopped={1: 5}), rules=(SOFT, {})),
    "pruned, one role, no result": PrunedRun(
        InventedRun(result=None), roles=("decoder",), compaction=None
    ),
    "cross-entropy": InventedRun(loss="bce", task="reconstruct", noisy=False),
}


@pytest.fixture(scope="module", params=RUNS)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of each of the runs above."""
    return report(RUNS[request.param], tmp_path_factory.mktemp("run"))


def report(run: InventedRun | PrunedRun, directory: Path) -> Page:
    return Page(write_report(run.write(directory)))


def result_of(directory: Path) -> Any:
    return json.loads((directory / "result.json").read_text())


def test_is_one_small_file_that_loads_nothing(page: Page) -> None:
    assert page.size < 6_000_000
    assert all(place.startswith("data:") for place in page.loads)
    assert not any("src" in script for script in page.named("script"))
    own = "".join(script for script in page.scripts if not script.startswith("/**"))
    assert "http" not in own + "".join(page.styles)


def test_plots_are_valid_and_have_a_place(page: Page) -> None:
    for place, plot in page.data["plots"].items():
        assert place in page.ids
        plotly.graph_objects.Figure(plot)
        assert plot["data"]
        assert all(plot["layout"][axis]["title"]["text"] for axis in ("xaxis", "yaxis"))
        assert all(len(trace["x"]) == len(trace["y"]) <= 400 for trace in plot["data"])
        assert any(trace["visible"] and trace["showlegend"] for trace in plot["data"])
    if page.data["torus"] is not None:
        assert {panel["id"] for panel in page.data["torus"]["panels"]} <= page.ids
        for panel in page.data["torus"]["panels"]:
            plotly.graph_objects.Figure(panel["plot"])


def test_what_cannot_be_seen_is_described(page: Page) -> None:
    assert all(image["alt"] for image in page.named("img"))
    plots = [one for one in page.named("div") if one.get("class") == "plot"]
    assert all(one["role"] == "img" and one["aria-label"] for one in plots)
    assert len(page.ids) == sum("id" in attributes for _, attributes in page.elements)
    assert page.named("html") == [{"lang": "en"}]


def test_the_browser_may_run_the_pages_own_scripts_alone(tmp_path: Path) -> None:
    page = report(InventedRun(), tmp_path)
    [policy] = [one["content"] for one in page.named("meta") if "http-equiv" in one]
    assert policy.startswith("default-src 'none'; ")
    running = [
        script
        for script, one in zip(page.scripts, page.named("script"), strict=True)
        if "type" not in one
    ]
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in running
    ]
    assert re.findall("'sha256-(.*?)'", policy) == digests
    assert len(digests) == 2


def test_states_the_result(tmp_path: Path) -> None:
    page = report(InventedRun(worlds=3, generations=12), tmp_path)
    result = result_of(tmp_path)
    best = result["best"]
    for metric in ("mse", "l1", "bce"):
        assert f"Test {metric.upper()} {best['test'][metric]:.4g}" in page.text
        assert f"validation {best['validation'][metric]:.4g}" in page.text
    place = f"cell {best['cell']} (row {best['row']}, column {best['column']})"
    assert f"{place} of world {best['world']} (seed {best['seed']})" in page.text
    assert "Complete 12 generations in 1 min 32 s." in page.text
    facts = ("3 by 3, 9 cells", "3 (seeds 1 to 3)", "480", "3,952", "4,000", "digits")
    assert all(fact in page.text for fact in facts)


def test_lists_every_world(tmp_path: Path) -> None:
    page = report(InventedRun(worlds=3, stopped={1: 5}), tmp_path)
    for world in result_of(tmp_path)["worlds"]:
        cells = [world["world"], world["seed"]]
        if world["world"] == 1:
            cells += ["stopped at 5", *"———————"]
        else:
            best = world["best"]
            cells += ["complete", f"{best['cell']} ({best['row']}, {best['column']})"]
            cells += [f"{loss:.4g}" for loss in best["validation"].values()]
            cells += [f"{loss:.4g}" for loss in best["test"].values()]
        cells += [f"{sorted(world['test']['mse'])[4]:.4g}"]
        assert " ".join(map(str, cells)) in page.text
    assert "1 of 3 worlds stopped early: world 1 (seed 2) in generation 5." in page.text


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (InventedRun(result=None, planned=60), "Still running, or interrupted, at generation 12"),
        (InventedRun(result="interrupted", planned=60), "Interrupted at generation 12 of 60"),
        (InventedRun(result="failed"), "Failed Ended at generation 12 of 12"),
    ],
)
def test_says_how_far_it_came(run: InventedRun, state: str, tmp_path: Path) -> None:
    assert state in report(run, tmp_path).text


def test_says_that_a_resumed_run_is_ahead_of_its_result(tmp_path: Path) -> None:
    run = InventedRun(planned=60)
    run.write(tmp_path)
    result = result_of(tmp_path) | {"generations": 8}
    (tmp_path / "result.json").write_text(json.dumps(result))
    text = Page(write_report(tmp_path)).text
    assert "at generation 12 of 60; the results below are those of generation 8." in text


def test_gives_the_spread_over_worlds_that_ran(tmp_path: Path) -> None:
    page = report(InventedRun(worlds=4, stopped={2: 3}), tmp_path)
    found = [one["best"]["test"]["mse"] for one in result_of(tmp_path)["worlds"] if one["best"]]
    low, middle, high = sorted(found)
    expected = f"of each of 3 worlds: median {middle:.4g} , from {low:.4g} to {high:.4g}; worlds"
    assert expected in page.text


def test_says_that_no_world_ran_to_the_end(tmp_path: Path) -> None:
    page = report(InventedRun(worlds=2, stopped={0: 4, 1: 6}, result="failed"), tmp_path)
    assert "There is no best pairing" in page.text


def test_without_a_result_shows_the_best_so_far_and_no_test(tmp_path: Path) -> None:
    page = report(InventedRun(result=None, worlds=2), tmp_path / "open")
    finished = InventedRun(worlds=2)
    finished.write(tmp_path / "finished")
    best = result_of(tmp_path / "finished")["best"]
    assert f"Validation MSE {best['validation']['mse']:.4g}" in page.text
    assert f"cell {best['cell']} (row {best['row']}, column {best['column']})" in page.text
    assert "Test MSE" not in page.text.split("Learning curves", 2)[1]


def test_a_world_that_stopped_is_named_before_there_is_a_result(tmp_path: Path) -> None:
    page = report(InventedRun(worlds=3, stopped={1: 5}, result=None), tmp_path)
    assert "1 of 3 worlds stopped early: world 1 (seed 2) in generation 5." in page.text


def test_a_run_that_has_just_begun_has_a_report(tmp_path: Path) -> None:
    InventedRun().write(tmp_path)
    for part in (tmp_path / "records").iterdir():
        part.unlink()
    (tmp_path / "result.json").unlink()
    page = Page(write_report(tmp_path))
    assert "No generation has been recorded yet." in page.text
    assert page.data == {"plots": {}, "torus": None}


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\"'"
    run = InventedRun(description=hostile, command=["coevo", "run", hostile])
    plain, page = report(InventedRun(), tmp_path / "plain"), report(run, tmp_path / "hostile")
    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    assert " ".join(hostile.split()) in page.text
    assert "coevo run '</title>" in page.text


def test_keeps_the_experiment_and_the_environment(tmp_path: Path) -> None:
    page = report(InventedRun(), tmp_path)
    experiment = (tmp_path / "experiment.toml").read_text()
    environment = json.loads((tmp_path / "environment.json").read_text())
    assert " ".join(experiment.split()) in page.text
    assert all(value in page.text for value in environment.values())


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    run = InventedRun(worlds=2, rates_walk=True).write(tmp_path)
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


@pytest.mark.slow
def test_the_largest_page_is_small_enough(tmp_path: Path) -> None:
    run = InventedRun(
        worlds=250, rows=4, columns=5, generations=210, rates_walk=True, samples=(3, 96, 96)
    )
    pruned = PrunedRun(run, training_rows=True)
    assert write_report(pruned.write(tmp_path)).stat().st_size < 7_000_000


def test_importing_it_is_cheap() -> None:
    program = "import sys, coevo.report; print(*(sys.modules.keys() & {'plotly', 'polars', 'PIL'}))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_a_run_of_several_parts_tells_all_commands_and_what_changed(tmp_path: Path) -> None:
    InventedRun().write(tmp_path)
    path = tmp_path / "environment.json"
    environment = json.loads(path.read_text("utf-8"))
    later = {"command": "coevo resume runs/digits --generations 12", "generation": 8}
    again = {**environment, **later, "torch": "2.14.0", "started": "2026-05-06T07:08:09Z"}
    path.write_text(json.dumps({**environment, "resumed": [again]}), "utf-8")
    text = Page(write_report(tmp_path)).text
    assert f"{environment['command']} {later['command']} It was computed in several parts" in text
    assert "resumed 2026-05-06T07:08:09Z, after generation 8; torch 2.14.0" in text
    assert '{"' not in text
