"""The tables of the report of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coevo.reporting.markup import NOTHING, Child, Html, join, tag
from coevo.reporting.numbers import MISSING, count, duration, percent, short
from coevo.reporting.tables import MOST_ROWS, scroll
from coevo.study_reporting.layers import Layers
from coevo.study_reporting.standings import Standing, Standings
from coevo.study_reporting.study_files import StudyFiles
from coevo.study_reporting.study_worlds import StudyWorld

__all__ = ["layers_table", "settings_table", "summary_table", "troubles_table"]


def summary_table(found: Standings) -> Html:
    """One row per variant, best first; columns that nothing is known of are left out."""
    columns = [
        (name, text)
        for name, text, known in _COLUMNS
        if name in _ALWAYS or any(known(row) is not None for row in found.rows)
        if name != "Data set" or len(found.data_sets) > 1
    ]
    head = tag(
        "tr",
        tag("th", "Variant", scope="col", class_="text"),
        *(tag("th", name, scope="col") for name, _ in columns),
    )
    rows = [_summary_row(row, found, [text for _, text in columns]) for row in found.rows]
    return scroll(
        tag("table", tag("thead", head), tag("tbody", *rows), class_="wide"), "summary of variants"
    )


def layers_table(layers: Layers, names: Sequence[str]) -> Html:
    """Sparsity of every layer, the darker the sparser.

    Args:
        layers: the sparsities.
        names: of the variants, in order; those without sparsities are left out.
    """
    head = tag(
        "tr",
        tag("th", "Variant", scope="col", class_="text"),
        *(
            tag("th", f"{role} {layer or '(the module itself)'}", scope="col")
            for role, layer in layers.columns
        ),
    )
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row", class_="text"),
            *(_shade(layers.shares[name].get(layer)) for layer in layers.columns),
        )
        for name in names
        if name in layers.shares
    ]
    return scroll(tag("table", tag("thead", head), tag("tbody", *rows)), "sparsity of each layer")


def troubles_table(worlds: Sequence[StudyWorld]) -> Html:
    """One row per world that did not run to its end; the first 200."""
    names = ("Variant", "Seed", "State", "Generation", "Stack", "Reason")
    head = tag("tr", *(tag("th", name, scope="col", class_="text") for name in names))
    rows = [_trouble_row(world) for world in worlds[:MOST_ROWS]]
    table = scroll(tag("table", tag("thead", head), tag("tbody", *rows)), "worlds without a result")
    if len(worlds) <= MOST_ROWS:
        return table
    return join(table, tag("p", f"{len(worlds) - MOST_ROWS:,} more worlds are left out here."))


def settings_table(study: StudyFiles) -> Html:
    """What each variant sets."""
    keys = list(dict.fromkeys(key for one in study.variants for key in one.settings))
    head = tag(
        "tr",
        tag("th", "Variant", scope="col", class_="text"),
        *(tag("th", key, scope="col", class_="text") for key in keys),
    )
    rows = [
        tag(
            "tr",
            tag("th", one.name, scope="row", class_="text"),
            *(
                tag("td", _setting(one.settings[key]) if key in one.settings else "", class_="text")
                for key in keys
            ),
        )
        for one in study.variants
    ]
    return scroll(tag("table", tag("thead", head), tag("tbody", *rows)), "settings of variants")


def _summary_row(
    row: Standing, found: Standings, texts: Sequence[Callable[[Standing], Child]]
) -> Html:
    name: list[str | Html] = [row.variant]
    if row.variant == found.control:
        name.append(tag("span", " control", class_="more"))
    best = row.median is not None and row is found.best(row.data_set)
    return tag(
        "tr",
        tag("th", *name, scope="row", class_="text"),
        *(tag("td", text(row)) for text in texts),
        class_="best" if best else "",
    )


def _shade(share: float | None) -> Html:
    if share is None:
        return tag("td", MISSING)
    color = "#fff" if share > 0.7 else "inherit"
    style = f"background: rgba(0, 84, 138, {share:.3f}); color: {color}"
    return tag("td", percent(share), style=style)


def _trouble_row(world: StudyWorld) -> Html:
    reason = world.error or ""
    if world.state == "stopped":
        reason = "a loss or a weight was not finite; the last good networks were kept"
    cells = [
        world.variant,
        f"{world.seed}",
        world.state,
        MISSING if world.generation is None else count(world.generation),
        MISSING if world.part is None else world.part.name,
    ]
    return tag(
        "tr",
        *(tag("td", cell, class_="text") for cell in cells),
        tag("td", reason, class_="text long"),
    )


def _setting(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _runs(row: Standing) -> Html:
    """How many runs count, and below how many stopped."""
    stopped = tag("span", f"{row.stopped} stopped", class_="under") if row.stopped else NOTHING
    return join(f"{len(row.values)}", stopped)


def _over(value: float | None, ends: tuple[float, float] | None) -> Html:
    """A number, and below it the range that goes with it."""
    under = NOTHING if ends is None else tag("span", _range(ends), class_="under")
    return join(short(value), under)


def _range(ends: tuple[float, float]) -> str:
    return f"{short(ends[0])} to {short(ends[1])}"


def _share(share: float | None) -> str:
    return MISSING if share is None else percent(share)


def _p(row: Standing) -> str:
    if row.p is None:
        return MISSING
    return "< 0.0001" if row.p < 0.0001 else f"{row.p:.2g}"


_ALWAYS = ("Runs", "Median")
_COLUMNS: tuple[tuple[str, Callable[[Standing], Child], Callable[[Standing], object]], ...] = (
    ("Data set", lambda row: row.data_set or MISSING, lambda row: row.data_set or None),
    ("Runs", _runs, lambda row: row.values),
    (
        "Median",
        lambda row: _over(row.median, row.quartiles),
        lambda row: row.median,
    ),
    (
        "IQM",
        lambda row: _over(row.mean, row.interval),
        lambda row: row.mean,
    ),
    ("Difference", lambda row: short(row.difference), lambda row: row.difference),
    ("p (Holm)", _p, lambda row: row.p),
    ("A12", lambda row: MISSING if row.a12 is None else f"{row.a12:.2f}", lambda row: row.a12),
    ("Sparsity", lambda row: _share(row.sparsity), lambda row: row.sparsity),
    (
        "Gradient steps",
        lambda row: MISSING if row.steps is None else count(round(row.steps)),
        lambda row: row.steps,
    ),
    (
        "Sample-forwards",
        lambda row: MISSING if row.sample_forwards is None else count(round(row.sample_forwards)),
        lambda row: row.sample_forwards,
    ),
    ("CPU time", lambda row: duration(row.cpu_seconds), lambda row: row.cpu_seconds),
    ("GPU time", lambda row: duration(row.gpu_seconds), lambda row: row.gpu_seconds),
)
