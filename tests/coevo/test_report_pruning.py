"""What the report says about pruning is what the records say, counted here in plain Python."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

import polars
import pytest
from safetensors.numpy import load_file

import coevo
from coevo.records import read
from coevo.report import write_report
from tests.coevo.pruned_runs import LAYERS, MAGNITUDE, SOFT, UNPRUNED, PrunedRun
from tests.coevo.read_page import Page
from tests.coevo.report_runs import InventedRun

ROLES = ("encoder", "decoder")


def report(run: PrunedRun | InventedRun, directory: Path) -> Page:
    return Page(write_report(run.write(directory)))


def rows_of(directory: Path, **where: int) -> list[dict[str, Any]]:
    """The records of worlds while they ran, with these values."""
    rows = read(directory / "records").iter_rows(named=True)
    kept = [row for row in rows if row["running"]]
    return [row for row in kept if all(row[name] == value for name, value in where.items())]


def best_row(directory: Path, generation: int) -> dict[str, Any]:
    best = json.loads((directory / "result.json").read_text())["best"]
    [row] = rows_of(directory, generation=generation, world=best["world"], cell=best["cell"])
    return row


def share(value: float) -> str:
    return f"{100 * value:.4g} %"


def chapter(page: Page, begin: str = "Pruning", end: str = "The torus over generations") -> str:
    """The text between two titles, the links to them left out."""
    return page.text.split(" Result ", 2)[2].split(f" {begin} ", 1)[1].split(f" {end} ", 1)[0]


@pytest.mark.parametrize("worlds", [1, 3])
def test_a_run_without_pruning_says_nothing_of_it(worlds: int, tmp_path: Path) -> None:
    page = report(InventedRun(worlds=worlds), tmp_path)
    assert not {"pruning", "compact", "sparsity-plot"} & page.ids
    assert "parsity" not in page.text
    assert "Pruning" not in page.text


def test_the_headline_gives_the_sparsity_of_the_best_pairing(tmp_path: Path) -> None:
    page = report(PrunedRun(InventedRun(worlds=3)), tmp_path)
    row = best_row(tmp_path, 12)
    encoder, decoder = (share(row[f"{role}_sparsity"]) for role in ROLES)
    both = f"{encoder.removesuffix(' %')} / {decoder}"
    expected = f"Sparsity of encoder / decoder {both} prunable weights that are removed Test L1"
    assert expected in page.text
    assert page.text.index("Test MSE") < page.text.index(expected)


@pytest.mark.parametrize(
    ("run", "whose"),
    [
        (PrunedRun(alike=True), "encoder and decoder"),
        (PrunedRun(roles=("encoder",)), "encoder"),
        (PrunedRun(roles=("decoder",)), "decoder"),
    ],
)
def test_the_headline_gives_one_sparsity_where_there_is_one(
    run: PrunedRun, whose: str, tmp_path: Path
) -> None:
    page = report(run, tmp_path)
    found = best_row(tmp_path, 12)[f"{run.roles[0]}_sparsity"]
    assert f"Sparsity of {whose} {share(found)} prunable weights that are removed" in page.text


@pytest.mark.parametrize("unpruned", [UNPRUNED, None])
def test_tells_what_remains_of_the_best_pairing(
    unpruned: dict[str, Any] | None, tmp_path: Path
) -> None:
    page = report(PrunedRun(InventedRun(worlds=2), unpruned=unpruned), tmp_path)
    row = best_row(tmp_path, 12)
    measures = {"parameters": "parameters", "multiply_adds": "multiply_adds", "dead_units": "units"}
    for name, roles in (("Encoder", ROLES[:1]), ("Decoder", ROLES[1:]), ("Both", ROLES)):
        cells = []
        for measure, whole in measures.items():
            found = sum(row[f"{role}_{measure}"] for role in roles)
            if unpruned is None and measure != "parameters":
                cells.append(f"{found:,}")
                continue
            total = sum(UNPRUNED[role][whole] for role in roles)
            cells.append(f"{found:,} of {total:,} ({share(found / total)})")
        assert f"{name} {' '.join(cells)}" in page.text
    assert "What remains of the best pairing, after generation 12" in page.text


def test_gives_the_sparsity_of_every_layer(tmp_path: Path) -> None:
    text = chapter(report(PrunedRun(InventedRun(worlds=3, stopped={1: 5})), tmp_path))
    best, end = best_row(tmp_path, 12), rows_of(tmp_path, generation=12)
    assert len(end) == 18
    assert "over 18 cells" in text
    for role, layers in LAYERS.items():
        columns = {name: f"{role}_sparsity.{name}" for name in layers}
        for name, column in (columns | {"all": f"{role}_sparsity"}).items():
            values = [row[column] for row in end]
            spread = f"{share(min(values))} to {share(max(values))}"
            median = share(statistics.median(values))
            assert f"{role} {name} {share(best[column])} {median} {spread}" in text


def test_counts_pruning_events_of_worlds_while_they_ran(tmp_path: Path) -> None:
    text = chapter(report(PrunedRun(InventedRun(worlds=3, stopped={1: 5})), tmp_path))
    total = 0
    for world, seed, last in ((0, 1, 12), (1, 2, 4), (2, 3, 12)):
        events = sum(row["pruning_events"] for row in rows_of(tmp_path, world=world))
        total += events
        end = rows_of(tmp_path, world=world, generation=last)
        result = json.loads((tmp_path / "result.json").read_text())["worlds"][world]
        best = result["best"] and end[result["best"]["cell"]]
        cells = [f"{world} {seed} {events:,}"]
        for role in ROLES:
            cells.append(share(best[f"{role}_sparsity"]) if best else "—")
            cells.append(share(statistics.median(row[f"{role}_sparsity"] for row in end)))
        assert " ".join(cells) in text
    assert f"{total:,} pruning events in all, over all cells of 3 worlds" in text
    lost = read(tmp_path / "records").filter(polars.col("running").not_())
    assert lost["pruning_events"].sum() > 0


def test_draws_the_spread_of_the_sparsity(tmp_path: Path) -> None:
    page = report(PrunedRun(InventedRun(worlds=2)), tmp_path)
    plot = page.data["plots"]["sparsity-plot"]
    assert len(plot["data"]) == 2 * 2 * 3
    for trace in plot["data"]:
        role, kind = trace["meta"]["alone"]["name"].removesuffix(" cell").split(", ")
        statistic = {"highest": max, "lowest": min, "median": statistics.median}[kind]
        for generation, value in zip(trace["x"], trace["y"], strict=True):
            rows = rows_of(tmp_path, world=trace["meta"]["world"], generation=generation)
            expected = statistic([row[f"{role}_sparsity"] for row in rows])
            assert value == pytest.approx(expected, rel=1e-4)
    assert {"sparsity-plot", "sparsity-plot-world"} <= page.ids
    [label] = [one["aria-label"] for one in page.named("div") if one.get("id") == "sparsity-plot"]
    assert label.startswith("Sparsity over generations. World 0: median encoder sparsity from ")


@pytest.mark.parametrize(("worlds", "bands", "lines"), [(1, 4, 2), (3, 12, 6), (8, 0, 16)])
def test_few_worlds_show_the_range_of_their_cells(
    worlds: int, bands: int, lines: int, tmp_path: Path
) -> None:
    page = report(PrunedRun(InventedRun(worlds=worlds)), tmp_path)
    traces = page.data["plots"]["sparsity-plot"]["data"]
    seen = [trace["line"]["width"] for trace in traces if trace["visible"]]
    assert (seen.count(0), len(seen) - seen.count(0)) == (bands, lines)
    named = [trace for trace in traces if trace["visible"] and trace["showlegend"]]
    assert len(named) == (2 if worlds == 1 else worlds)
    looks = [
        (trace["line"]["color"], trace["line"]["dash"])
        for trace in traces
        if "dash" in trace["line"]
    ]
    assert len(set(looks)) == 2 * worlds


@pytest.mark.parametrize("role", ROLES)
def test_one_role_alone(role: str, tmp_path: Path) -> None:
    page = report(PrunedRun(rules=({**MAGNITUDE, "roles": [role]},), roles=(role,)), tmp_path)
    other = ROLES[role == "encoder"]
    assert f"from the {role}: to a sparsity" in page.text
    assert f"{other}, median cell" not in str(page.data["plots"]["sparsity-plot"])
    assert f"{other} all" not in chapter(page)
    assert f"{other.capitalize()} {best_row(tmp_path, 12)[f'{other}_parameters']:,} of" in page.text


def test_soft_masks_are_named(tmp_path: Path) -> None:
    soft = chapter(report(PrunedRun(rules=(SOFT,)), tmp_path / "soft"))
    assert "Soft masks: what is removed is set to zero once, and training may move it again" in soft
    assert "Share of the prunable weights that are zero, of the median cell" in soft
    hard = chapter(report(PrunedRun(), tmp_path / "hard"))
    assert "Hard masks: what is removed stays exactly zero." in hard
    assert "Soft" not in hard
    both = chapter(report(PrunedRun(rules=(SOFT, MAGNITUDE)), tmp_path / "both"))
    assert "prunable weights that are removed or zero, of the median cell" in both


def test_warns_that_test_rows_were_read(tmp_path: Path) -> None:
    rule = {"operator": "conjunctive", "masks": "soft", "cases": "test", "rows": 100}
    page = report(PrunedRun(rules=(MAGNITUDE, rule)), tmp_path / "read")
    assert "Test rows were used: Pruning looked at test rows while the run went on" in page.text
    assert (
        "alone; pruning looked at test rows, so that figures on them are not held out." in page.text
    )
    assert "only afterwards" not in page.text
    assert "judged on 100 test rows" in page.text
    [warning] = [one for one in page.named("p") if one.get("role") == "note"]
    assert warning["class"] == "warning"
    clean = report(PrunedRun(), tmp_path / "clean")
    assert "only afterwards" in clean.text
    assert "test rows" not in clean.text


def test_an_unfinished_run_shows_the_best_so_far(tmp_path: Path) -> None:
    run = InventedRun(result=None, worlds=2, generations=10, every=4, planned=60)
    page = report(PrunedRun(run, compaction=None), tmp_path)
    rows = rows_of(tmp_path, generation=8)
    best = min(rows, key=lambda row: row["validation_mse"])
    encoder, decoder = (share(best[f"{role}_sparsity"]) for role in ROLES)
    assert f"{encoder.removesuffix(' %')} / {decoder}" in page.text
    assert f"Both {best['encoder_parameters'] + best['decoder_parameters']:,}" in page.text
    events = sum(row["pruning_events"] for row in rows_of(tmp_path) if row["generation"] <= 8)
    assert f"{events:,} pruning events in all" in page.text
    assert "until generation 8." in page.text
    assert "compact" not in page.ids
    assert page.data["plots"]["sparsity-plot"]["data"][0]["x"][-1] == 10


def test_a_resumed_run_is_counted_as_far_as_its_result_goes(tmp_path: Path) -> None:
    PrunedRun(InventedRun(planned=60)).write(tmp_path)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"generations": 8}))
    page = Page(write_report(tmp_path))
    row = best_row(tmp_path, 8)
    assert f"Both {row['encoder_parameters'] + row['decoder_parameters']:,} of" in page.text
    assert "after generation 8" in page.text


@pytest.mark.parametrize(
    "run",
    [
        InventedRun(worlds=2, stopped={0: 1, 1: 1}, result="failed"),
        InventedRun(worlds=2, stopped={0: 4, 1: 6}, result="failed"),
        InventedRun(unmeasured=True),
        InventedRun(unmeasured=True, result=None),
        InventedRun(generations=1, rows=1, columns=1),
    ],
)
def test_what_is_not_there_is_left_out(run: InventedRun, tmp_path: Path) -> None:
    page = report(PrunedRun(run, compaction=None), tmp_path)
    assert "pruning" in page.ids
    measured = run.generations == 1
    assert ("Sparsity of encoder " in page.text) == measured
    assert ("What remains of the best pairing" in page.text) == measured
    assert len(re.findall(r"\d pruning events? in all", page.text)) == 1


def test_a_pruned_run_that_has_just_begun_tells_its_rules(tmp_path: Path) -> None:
    PrunedRun(InventedRun(result=None), compaction=None).write(tmp_path)
    for part in (tmp_path / "records").iterdir():
        part.unlink()
    page = Page(write_report(tmp_path))
    assert "magnitude removes the weights nearest to zero" in page.text
    assert page.data == {"plots": {}, "torus": None}


def test_the_loss_on_training_rows_is_drawn(tmp_path: Path) -> None:
    page = report(PrunedRun(training_rows=True), tmp_path)
    [trace] = [
        trace
        for trace in page.data["plots"]["learning-plot"]["data"]
        if trace["name"] == "training rows, median cell"
    ]
    for generation, value in zip(trace["x"], trace["y"], strict=True):
        values = [row["training_mse"] for row in rows_of(tmp_path, generation=generation)]
        assert value == pytest.approx(statistics.median(values), rel=1e-4)
    assert "Median loss on training rows" in page.text
    assert trace["line"]["width"] < 1.5


def test_a_real_run_is_told_as_its_files_are(tmp_path: Path) -> None:
    changes = ["generations=3", "grid.rows=2", "grid.columns=2", "optimizer.steps=3"]
    changes += ["pruning.end=3", "pruning.sparsity=0.97", "network.latent=11"]
    coevo.run("digits-pruned", tmp_path / "run", overrides=changes)
    text = Page(write_report(tmp_path / "run")).text
    removed = []
    for role in ROLES:
        weights = load_file(tmp_path / "run" / "best" / f"{role}.safetensors")
        prunable = [tensor for name, tensor in weights.items() if name.endswith("weight")]
        total = sum(tensor.size for tensor in prunable)
        removed.append(share(sum((tensor == 0).sum() for tensor in prunable) / total))
        assert f"{role} all {removed[-1]}" in text
        [row] = re.findall(
            rf"{role.capitalize()} ([\d,]+ of .*?\)) ([\d,]+ .*?\)) (\d+ .*?\))", text
        )
        parameters = sum(tensor.size for tensor in weights.values())
        for cell, whole in zip(row, (parameters, total, sum(map(len, prunable))), strict=True):
            assert f"of {whole:,} (" in cell
    assert removed[0] == removed[1]
    assert f"Sparsity of encoder and decoder {removed[0]} prunable weights that are removed" in text
    # Four cells; the target of the cubic schedule moves in the second and the third generation.
    assert "8 pruning events in all" in text
