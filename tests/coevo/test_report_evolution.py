"""What the report says about differential evolution is what the records say."""

from __future__ import annotations

import re
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coevo.records import read
from coevo.report import write_report
from tests.coevo.evolved_runs import STRATEGIES, EvolvedRun, rewrite
from tests.coevo.read_page import Page
from tests.coevo.report_runs import InventedRun

PLOTS = {"success-plot", "memory-plot", "spread-plot", "donors-plot"}
TINY = InventedRun(rows=1, columns=2, generations=4)
# Generation and cell to trials and successes of two strategies; generation 3 is one of gradient.
WORKED = {
    (1, 0): (4, 1, 1, 1),
    (1, 1): (4, 0, 1, 0),
    (2, 0): (2, 2, 0, 0),
    (2, 1): (0, 0, 0, 0),
    (3, 0): (0, 0, 0, 0),
    (3, 1): (0, 0, 0, 0),
    (4, 0): (3, 0, 2, 2),
    (4, 1): (3, 3, 2, 1),
}


def report(run: EvolvedRun | InventedRun, directory: Path) -> Page:
    return Page(write_report(run.write(directory)))


def with_columns(run: InventedRun, directory: Path, columns: dict[str, Any]) -> Page:
    """The report of a run whose records have these columns, one value for each row."""
    run.write(directory)
    frame = read(directory / "records")
    kept = {name: frame[name].to_numpy() for name in frame.columns}
    rewrite(directory / "records", kept | {name: np.array(own) for name, own in columns.items()})
    return Page(write_report(directory))


def worked(directory: Path, names: tuple[str, str] = ("rand_1", "soup")) -> Page:
    """The report of the rows above; records are in their order: by generation, then by cell."""
    tried, won, other_tried, other_won = zip(*WORKED.values(), strict=True)
    return with_columns(
        TINY,
        directory,
        {
            f"de_trials_{names[0]}": tried,
            f"de_successes_{names[0]}": won,
            f"de_trials_{names[1]}": other_tried,
            f"de_successes_{names[1]}": other_won,
            "de_beats_best": [1, 0, 1, 0, 0, 0, 0, 3],
            "evaluations": [5, 5, 2, 0, 0, 0, 5, 5],
            "sample_forwards": [50, 50, 20, 0, 99, 99, 50, 51],
        },
    )


def chapter(page: Page) -> str:
    text = page.text.split(" Result ", 2)[2]
    return text.split(" Differential evolution ", 1)[1].split(" The torus over generations ", 1)[0]


def traces(page: Page, plot: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.data["plots"][plot]["data"]
    return found


def rows_of(directory: Path, **where: int) -> list[dict[str, Any]]:
    rows = [row for row in read(directory / "records").iter_rows(named=True) if row["running"]]
    return [row for row in rows if all(row[name] == value for name, value in where.items())]


def rate(rows: list[dict[str, Any]], strategy: str) -> float | None:
    trials = sum(row[f"de_trials_{strategy}"] for row in rows)
    return sum(row[f"de_successes_{strategy}"] for row in rows) / trials if trials else None


def test_a_run_without_it_says_nothing_of_it(tmp_path: Path) -> None:
    page = report(InventedRun(), tmp_path)
    assert not {"evolution", *PLOTS} & page.ids
    assert "ifferential" not in page.text


def test_the_tables_are_the_sums_of_the_records(tmp_path: Path) -> None:
    text = chapter(worked(tmp_path))
    assert (
        "Strategy Trials Successes Success rate rand/1 16 6 37.5 % soup (extra trial) 6 4 66.67 % "
        "all 22 10 45.45 % 5 of 16 trials (31.25 %) beat the best of their neighborhood. "
        "Extra trials of soups are not counted there." in text
    )
    assert (
        "Generations Number Evaluations Sample-forwards total per generation total per generation "
        "with trials 3 22 7 221 74 without trials 1 0 0 198 198 all 4 22 6 419 105" in text
    )


def test_the_rates_leave_out_generations_without_trials(tmp_path: Path) -> None:
    page = worked(tmp_path)
    [first, second] = traces(page, "success-plot")
    assert (first["name"], first["x"], first["y"]) == ("rand/1", [1, 2, 4], [0.125, 1.0, 0.5])
    assert (second["x"], second["y"]) == ([1, 4], [0.5, 0.75])
    [label] = [one["aria-label"] for one in page.named("div") if one.get("id") == "success-plot"]
    assert "rand/1: 12.5 % in generation 1, 50 % in generation 4." in label.replace("\xa0", " ")


@pytest.mark.parametrize("worlds", [1, 3, 5])
def test_the_curves_are_those_of_the_records(worlds: int, tmp_path: Path) -> None:
    page = report(EvolvedRun(InventedRun(worlds=worlds), every=2), tmp_path)
    assert page.ids >= {"evolution", *PLOTS}
    own = [one for one in traces(page, "success-plot") if one["meta"]["world"] != "all"]
    assert len(own) == worlds * len(STRATEGIES)
    for place, trace in enumerate(own):
        strategy, world = STRATEGIES[place // worlds], trace["meta"]["world"]
        assert trace["x"] == [2, 4, 6, 8, 10, 12]
        for generation, value in zip(trace["x"], trace["y"], strict=True):
            rows = rows_of(tmp_path, world=world, generation=generation)
            assert value == pytest.approx(rate(rows, strategy), rel=1e-4)
    for plot, column in (("spread-plot", "de_spread"), ("donors-plot", "de_donors")):
        medians = [one for one in traces(page, plot) if one["line"]["width"]]
        assert len(medians) == worlds
        for trace in medians:
            assert trace["x"] == list(range(1, 13))
            rows = rows_of(tmp_path, world=trace["meta"]["world"], generation=7)
            expected = statistics.median(row[column] for row in rows)
            assert trace["y"][6] == pytest.approx(expected, rel=1e-4)


def test_memories_have_a_line_each_with_their_range(tmp_path: Path) -> None:
    page = report(EvolvedRun(), tmp_path)
    columns = {"F": "de_scale_memory", "CR": "de_crossover_memory"}
    found = traces(page, "memory-plot")
    assert len(found) == 6
    for trace in found:
        name, kind = trace["name"].removesuffix(" cell").split(", ")
        statistic = {"highest": max, "lowest": min, "median": statistics.median}[kind]
        rows = rows_of(tmp_path, generation=5)
        expected = statistic(row[columns[name]] for row in rows)
        assert trace["y"][4] == pytest.approx(expected, rel=1e-4)
    assert len({one["line"]["color"] for one in found}) == 2


def test_all_worlds_together_are_their_mean_and_one_alone_can_be_chosen(tmp_path: Path) -> None:
    run = EvolvedRun(InventedRun(worlds=3), strategies=("rand_1", "mean"))
    page = report(run, tmp_path)
    seen = [one for one in traces(page, "success-plot") if one["visible"]]
    assert {one["meta"]["world"] for one in seen} == {"all"}
    assert len(seen) == 2 * 3
    means = [one for one in seen if one["line"]["width"]]
    assert [one["name"] for one in means] == ["rand/1", "mean"]
    for trace, strategy in zip(means, ("rand_1", "mean"), strict=True):
        rates = [rate(rows_of(tmp_path, world=w, generation=3), strategy) for w in range(3)]
        assert trace["y"][2] == pytest.approx(statistics.mean(map(float, rates)), rel=1e-4)
        [high, low] = [one for one in seen if one["name"] == trace["name"]][:2]
        assert (low["y"][2], high["y"][2]) == pytest.approx((min(rates), max(rates)), rel=1e-4)
    rest = [one for one in traces(page, "success-plot") if not one["visible"]]
    assert all(one["meta"]["alone"]["visible"] for one in rest)
    assert not any(one["meta"]["alone"]["visible"] for one in seen)
    assert "success-plot-world" in page.ids
    assert "the mean over them, with their range (shaded)" in chapter(page)
    many = report(EvolvedRun(InventedRun(worlds=3)), tmp_path / "many")
    assert "the mean over them. " in chapter(many)
    assert not [one for one in traces(many, "success-plot") if not one["line"]["width"]]


def test_rows_of_stopped_worlds_are_not_counted(tmp_path: Path) -> None:
    page = report(EvolvedRun(InventedRun(worlds=3, stopped={1: 5})), tmp_path)
    rows = rows_of(tmp_path)
    assert len(rows) == 9 * (12 + 4 + 12)
    trials = sum(row["de_trials_soup"] for row in rows)
    successes = sum(row["de_successes_soup"] for row in rows)
    assert f"soup (extra trial) {trials:,} {successes:,}" in chapter(page)
    assert f"all 28 {sum(row['evaluations'] for row in rows):,}" in chapter(page)
    for plot in PLOTS:
        ends = {one["meta"]["world"]: one["x"][-1] for one in traces(page, plot)}
        ends.pop("all", None)
        assert ends == {0: 12, 1: 4, 2: 12}


def test_a_world_that_never_ran_is_no_line(tmp_path: Path) -> None:
    page = report(EvolvedRun(InventedRun(worlds=2, stopped={0: 1})), tmp_path)
    assert {one["meta"]["world"] for one in traces(page, "spread-plot")} == {1}
    assert {one["meta"]["world"] for one in traces(page, "success-plot")} == {"all", 1}


def test_a_run_of_which_no_world_ran_draws_nothing(tmp_path: Path) -> None:
    page = report(EvolvedRun(InventedRun(stopped={0: 1}, result="failed")), tmp_path)
    assert not PLOTS & ({*page.data["plots"]} | page.ids)
    assert "No strategy has made a trial" in chapter(page)


def test_a_strategy_that_is_never_used_is_listed_but_not_drawn(tmp_path: Path) -> None:
    page = report(EvolvedRun(unused=("trigonometric",)), tmp_path)
    assert "trigonometric 0 0 — soup (extra trial)" in chapter(page)
    names = [one["name"] for one in traces(page, "success-plot")]
    assert names == ["rand/1", "current-to-pbest/1", "soup (extra trial)"]


def test_gradient_alone_makes_no_trials(tmp_path: Path) -> None:
    page = report(EvolvedRun(every=0), tmp_path)
    text = chapter(page)
    assert "No strategy has made a trial so far. Trials are made in generations that do not" in text
    assert "Success rates" not in text
    assert {*page.data["plots"]} & PLOTS == PLOTS - {"success-plot"} == page.ids & PLOTS
    assert "all 12 0 0 414,720 34,560" in text
    assert "with trials" not in text


@pytest.mark.parametrize(
    ("beginnings", "plots", "titles"),
    [
        (("de_trials", "de_successes", "de_beats"), PLOTS - {"success-plot"}, ["Memories", "Cost"]),
        (("de_successes",), PLOTS - {"success-plot"}, ["Memories"]),
        (("de_scale",), PLOTS, ["Memories of CR"]),
        (("de_scale", "de_crossover"), PLOTS - {"memory-plot"}, ["Spread"]),
        (("de_spread", "de_donors"), {"success-plot", "memory-plot"}, ["Memories of F and CR"]),
        (("evaluations",), PLOTS, ["Number Sample-forwards total per generation all"]),
        (("sample_forwards",), PLOTS, ["Number Evaluations total per generation all"]),
    ],
)
def test_only_what_is_recorded_is_shown(
    beginnings: tuple[str, ...], plots: set[str], titles: list[str], tmp_path: Path
) -> None:
    page = report(EvolvedRun(without=beginnings), tmp_path)
    assert page.ids & PLOTS == plots == {*page.data["plots"]} & PLOTS
    assert all(title in chapter(page) for title in titles)


def test_cost_alone_is_no_differential_evolution(tmp_path: Path) -> None:
    assert "evolution" not in report(EvolvedRun(without=("de_",)), tmp_path).ids


def test_best_beaten_is_told_without_strategies(tmp_path: Path) -> None:
    page = report(EvolvedRun(without=("de_trials",)), tmp_path)
    number = sum(row["de_beats_best"] for row in rows_of(tmp_path))
    assert f"{number:,} trials beat the best of their neighborhood." in chapter(page)


@pytest.mark.parametrize(
    ("values", "scale", "title"),
    [
        ([0.1, 0.1, 0.02, 0.02, 0.01, 0.01, 0.01, 0.01], "log", "Spread"),
        ([0.1, 0.1, 0.1, 0.1, 0.0, 0.0, 0.011, 0.011], "linear", "Spread"),
        ([0.1, 0.1, 0.1, 0.1, 0.0, 0.0, 0.01, 0.01], "log", "Spread"),
        ([0.0] * 8, "linear", "Spread"),
    ],
)
def test_the_spread_is_logarithmic_where_medians_span_a_factor_of_ten(
    values: list[float], scale: str, title: str, tmp_path: Path
) -> None:
    page = with_columns(TINY, tmp_path, {"de_spread": values})
    assert page.data["plots"]["spread-plot"]["layout"]["yaxis"]["type"] == scale
    assert f"{title} of the neighborhoods" in chapter(page)


def test_a_number_of_donors_that_never_varies_is_told(tmp_path: Path) -> None:
    page = with_columns(TINY, tmp_path, {"de_donors": [4.5] * 8})
    assert "donors-plot" not in page.ids
    assert "4.5 in every cell and generation, as a mean over roles." in chapter(page)


def test_every_plot_says_how_to_read_it(tmp_path: Path) -> None:
    text = chapter(report(EvolvedRun(), tmp_path))
    for sentence in (
        "A high rate near the end, with a spread that goes to zero, means averaging",
        "They move toward values whose trials succeeded.",
        "the less there is to recombine",
        "and trials have little to combine.",
        "Compare variants at equal sample-forwards.",
    ):
        assert text.count(sentence) == 1


def test_strategies_of_a_plugin_stay_text(tmp_path: Path) -> None:
    hostile = "<b>x</b></script><script>alert(1)</script>"
    page, plain = worked(tmp_path / "1", (hostile, "soup")), worked(tmp_path / "2")
    assert [name for name, _ in page.elements] == [name for name, _ in plain.elements]
    assert f"{hostile} 16 6" in page.text
    [trace, _] = traces(page, "success-plot")
    escaped = hostile.replace("<", "&lt;").replace(">", "&gt;")  # plots take tags for markup
    assert trace["name"] == trace["meta"]["alone"]["name"] == escaped


def test_no_two_strategies_look_alike_and_the_most_used_are_drawn(tmp_path: Path) -> None:
    names = tuple(f"s{number:02d}" for number in range(17))
    page = report(EvolvedRun(strategies=names, unused=names[:2]), tmp_path)
    found = traces(page, "success-plot")
    assert len({(one["line"]["color"], one["line"]["dash"]) for one in found}) == 14 == len(found)
    trials = {name: sum(r[f"de_trials_{name}"] for r in rows_of(tmp_path)) for name in names}
    least = sorted(names, key=trials.__getitem__)[:3]
    assert {one["name"] for one in found} == {*names} - {*least}
    assert "Drawn are the 14 strategies with the most trials." in chapter(page)


def test_long_runs_are_thinned(tmp_path: Path) -> None:
    strategies = tuple(f"s{number}" for number in range(10))
    run = InventedRun(worlds=12, rows=1, columns=2, generations=450)
    page = report(EvolvedRun(run, strategies=strategies, every=2), tmp_path)
    assert {len(one["x"]) for one in traces(page, "success-plot")} == {100}
    assert {len(one["x"]) for one in traces(page, "spread-plot")} == {200}
    assert {one["x"][0] for one in traces(page, "success-plot")} == {2}
    assert {one["x"][-1] for one in traces(page, "success-plot")} == {450}
    counts = re.findall(r"Of each world, (\d+) generations are drawn", chapter(page))
    assert counts == ["100", "200", "200", "200"]
    assert page.size < 6_000_000
