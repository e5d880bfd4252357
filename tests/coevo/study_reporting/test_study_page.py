"""The report of a study is one page that loads nothing and shows what there is so far."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects
import pytest

from coevo.report import write_report
from coevo.study_directory import StudyDirectory
from tests.coevo.read_page import Page
from tests.coevo.study_runs import InventedStudy

STUDIES = {
    "ordinary": InventedStudy(),
    "one stack": InventedStudy(apart=False),
    "worlds stopped": InventedStudy(stopped={("uniform-cubic", 2): 5, ("none", 1): 1}),
    "a variant stopped": InventedStudy(seeds=2, stopped={("none", 1): 3, ("none", 2): 4}),
    "not finished": InventedStudy(stacks=3, states=("finished", "running", "failed", "not begun")),
    "just begun": InventedStudy(states=("running", "not begun")),
    "nothing begun": InventedStudy(states=("not begun", "not begun")),
    "one variant": InventedStudy(operators=("uniform",), schedules=("cubic",), control=None),
    "one axis": InventedStudy(schedules=("cubic",)),
    "one seed, one generation": InventedStudy(seeds=1, generations=1),
    "measured now and then": InventedStudy(generations=10, every=4),
    "never measured": InventedStudy(generations=3, every=4),
    "no samples": InventedStudy(samples=None),
    "vectors, another loss": InventedStudy(samples=(50,), loss="bce"),
    "one cell": InventedStudy(rows=1, columns=1),
    "many variants": InventedStudy(
        operators=tuple("abcdefg"), schedules=tuple("uvwxyz"), seeds=2, generations=3
    ),
}


@pytest.fixture(scope="module", params=STUDIES)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of each of the studies above."""
    return report(STUDIES[request.param], tmp_path_factory.mktemp("study"))


def report(study: InventedStudy, directory: Path) -> Page:
    return Page(write_report(study.write(directory)))


def curves(page: Page, course: str, measure: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = page.data["courses"][course]["measures"][measure]["curves"]
    return {page.data["variants"][int(place)]["name"]: curve for place, curve in found.items()}


def test_is_one_file_that_loads_nothing(page: Page) -> None:
    assert page.size < 7_000_000
    assert all(place.startswith("data:") for place in page.loads)
    assert not any("src" in script for script in page.named("script"))
    own = "".join(script for script in page.scripts if not script.startswith("/**"))
    assert "http" not in own + "".join(page.styles)


def test_the_browser_may_run_the_pages_own_scripts_alone(page: Page) -> None:
    [policy] = [one["content"] for one in page.named("meta") if "http-equiv" in one]
    assert policy.startswith("default-src 'none'; ")
    both = zip(page.scripts, page.named("script"), strict=True)
    running = [script for script, one in both if "type" not in one]
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in running
    ]
    assert re.findall("'sha256-(.*?)'", policy) == digests


def test_plots_have_places_and_titles(page: Page) -> None:
    layouts = {place: plot["layout"] for place, plot in page.data["plots"].items()}
    for name, course in page.data["courses"].items():
        for measure in course["measures"]:
            layouts[f"{name}-plot"] = measure["layout"]
            plotly.graph_objects.Figure({"layout": measure["layout"]})
            for curve in measure["curves"].values():
                lengths = {len(curve[key]) for key in ("x", "low", "median", "high")}
                assert len(lengths) == 1
                assert 1 <= lengths.pop() <= 150
        assert {f"{name}-title", f"{name}-plot"} <= page.ids
    for place, layout in layouts.items():
        assert place in page.ids
        assert all(layout[axis]["title"]["text"] for axis in ("xaxis", "yaxis"))
    for plot in page.data["plots"].values():
        plotly.graph_objects.Figure(plot)
    if page.data["torus"] is not None:
        assert {panel["id"] for panel in page.data["torus"]["panels"]} <= page.ids
        for panel in page.data["torus"]["panels"]:
            plotly.graph_objects.Figure(panel["plot"])


def test_what_cannot_be_seen_is_described(page: Page) -> None:
    assert all(image["alt"] for image in page.named("img"))
    plots = [one for one in page.named("div") if one.get("class") == "plot"]
    assert all(one["role"] == "img" and one["aria-label"] for one in plots)
    assert len(page.ids) == sum("id" in attributes for _, attributes in page.elements)
    targets = [one["href"].removeprefix("#") for one in page.named("a")]
    assert set(targets) <= page.ids


def test_says_what_was_compared_and_what_came_out(tmp_path: Path) -> None:
    page = report(InventedStudy(seeds=8, effect=0.2), tmp_path)
    assert "5 variants with 8 seeds each were compared by the mean squared error" in page.text
    assert "The lowest median is that of uniform-cubic :" in page.text
    assert "The control, none (the only variant that prunes nothing), has" in page.text
    assert "with a probability of 100" in page.text
    assert "the difference is significant (p = 0.031, Wilcoxon signed-rank test" in page.text
    assert "Of the 4 variants that were tested against the control, 4 (uniform-cubic" in page.text
    assert "Complete All 40 worlds ended." in page.text
    assert "coevo run study.toml --out runs/study" in page.text
    assert "python 3.12.1" in page.text
    assert "replicates = 8" in page.text


def test_says_that_a_difference_is_not_significant(tmp_path: Path) -> None:
    few = report(InventedStudy(seeds=3), tmp_path / "few")
    assert "the difference is not significant" in few.text
    assert "Chance is not ruled out." in few.text
    # 4 times 2 / 2**3
    assert "differ significantly from it: with so few seeds, no p could be below 1." in few.text
    enough = report(InventedStudy(seeds=8, effect=0.0), tmp_path / "enough")
    assert "Chance is not ruled out." in enough.text
    assert "differ significantly from it." in enough.text


def test_says_how_far_it_came(tmp_path: Path) -> None:
    page = report(STUDIES["not finished"], tmp_path)
    assert "Incomplete 12 of 30 worlds ended; 6 failed." in page.text
    assert "6 worlds failed." in page.text
    assert "magnitude-one_shot 3 failed 6 003 out of memory; use less of it" in page.text
    assert "6 worlds still running or interrupted, 6 not begun." in page.text
    assert "Stack 002: generation 6 of 12." in page.text
    assert set(curves(page, "learning")) == {
        *("uniform-cubic", "uniform-one_shot", "magnitude-cubic", "magnitude-one_shot")
    }


def test_a_study_without_results_shows_the_curves_so_far(tmp_path: Path) -> None:
    page = report(STUDIES["just begun"], tmp_path)
    assert "No variant has a result yet." in page.text
    assert curves(page, "learning")["uniform-cubic"]["x"] == [1, 2, 3, 4, 5, 6]
    assert page.data["torus"]["worlds"][0]["generations"] == [1, 2, 3, 4, 5, 6]
    assert "pareto-plot" not in page.ids


def test_lists_worlds_that_stopped_with_their_generation(tmp_path: Path) -> None:
    page = report(STUDIES["worlds stopped"], tmp_path)
    assert "2 worlds stopped early." in page.text
    assert "uniform-cubic 2 stopped 5 001 a loss or a weight was not finite" in page.text
    assert "none 1 stopped 1 002 a loss or a weight was not finite" in page.text


def test_a_matrix_needs_two_axes(tmp_path: Path) -> None:
    page = report(InventedStudy(), tmp_path / "two")
    axes = {axis["name"]: axis["labels"] for axis in page.data["matrix"]["axes"]}
    assert axes == {
        "pruning.operator": ["uniform", "magnitude"],
        "pruning.schedule": ["cubic", "one_shot"],
    }
    places = [entry["places"] for entry in page.data["matrix"]["entries"]]
    assert sorted(places) == [[0, 0], [0, 1], [1, 0], [1, 1]]  # the control is in no place
    assert report(STUDIES["one axis"], tmp_path / "one").data["matrix"] is None


def test_at_most_eight_variants_are_shown_at_first_and_no_two_look_alike(tmp_path: Path) -> None:
    page = report(STUDIES["many variants"], tmp_path)
    variants = page.data["variants"]
    assert sum(one["shown"] for one in variants) == 8
    assert [one["shown"] for one in variants if one["name"] == "none"] == [True]
    assert len({(one["color"], one["dash"]) for one in variants}) == 6 * 6 + 1
    assert len({(one["color"], one["dash"], one["symbol"]) for one in variants}) == 43
    boxes = [
        one for one in page.named("input") if one.get("type") == "checkbox" and "id" not in one
    ]
    assert len(boxes) == 2 * 43


def test_reconstructions_follow_originals_that_are_shown_once(tmp_path: Path) -> None:
    names = [image["alt"] for image in report(InventedStudy(), tmp_path).named("img")]
    titles = list(dict.fromkeys(name.partition(",")[0] for name in names))
    assert titles[:2] == ["Noisy input", "Original"]
    assert sorted(titles[2:]) == sorted(InventedStudy().variants())
    assert len(names) == 8 * 7


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\"'"
    study = InventedStudy(seeds=2)
    bad = replace(study, description=hostile, command=f"coevo run {hostile}")
    directory = bad.write(tmp_path / "hostile")
    plain = report(study, tmp_path / "plain")
    plan = StudyDirectory(directory).plan()
    for variant in plan["variants"]:
        variant["settings"] = {f"{key}{hostile}": hostile for key in variant["settings"]}
        variant["options"] = {f"{axis}<b>": f"{one}<b>" for axis, one in variant["options"].items()}
    (directory / "study.json").write_text(json.dumps(plan))
    page = Page(write_report(directory))
    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    assert " ".join(hostile.split()) in page.text
    assert "plain(columns.name)" in page.scripts[-1]  # plots would take <b> for markup


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    directory = STUDIES["worlds stopped"].write(tmp_path)
    first = write_report(directory).read_bytes()
    assert write_report(directory).read_bytes() == first


@pytest.mark.slow
def test_a_study_as_large_as_the_published_one_fits(tmp_path: Path) -> None:
    study = InventedStudy(
        operators=("uniform", "variance", "conjunctive"),
        schedules=("fixed", "increase", "decrease", "exponential", "final_n", "population"),
        seeds=30,
        rows=1,
        columns=10,
        generations=400,
        samples=(1000,),
    )
    assert write_report(study.write(tmp_path)).stat().st_size < 8_000_000
