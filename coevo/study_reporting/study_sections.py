"""The sections of the page of a study below the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coevo.reporting.controls import select
from coevo.reporting.markup import NOTHING, Html, join, tag
from coevo.reporting.numbers import METRIC_NAMES, plural
from coevo.study_reporting.choosers import measure_chooser, variant_chooser
from coevo.study_reporting.layers import Layers
from coevo.study_reporting.matrix import Matrix
from coevo.study_reporting.spread import FEWEST
from coevo.study_reporting.standings import Standings
from coevo.study_reporting.study_files import StudyFiles
from coevo.study_reporting.study_plots import front_of
from coevo.study_reporting.study_tables import (
    layers_table,
    settings_table,
    summary_table,
    troubles_table,
)
from coevo.study_reporting.variant_style import VariantStyle

__all__ = [
    "course_section",
    "layers_section",
    "matrix_section",
    "pareto_section",
    "settings_section",
    "summary_section",
    "troubles_section",
]

_BAND = (
    "Lines: the median over runs, one number per run. Shaded: a 95 % interval of that median; with "
    f"fewer than {FEWEST} runs, their range. Worlds count until they stop."
)


def summary_section(found: Standings) -> Html:
    """The table of variants."""
    name = METRIC_NAMES[found.loss]
    note = (
        f"One number per run: the test {name} of the pairing that is best on validation rows. "
        "Below the median: the middle half of the runs; below the interquartile mean (IQM): its "
        "95 % interval. Worlds that stopped are left out. "
    )
    if found.control is not None:
        note += (
            f"Difference (by how much a run lies higher), p and A12 (the probability of a higher "
            f"loss, ties counted half) are against {found.control}: {found.test}. "
        )
    note += (
        "Sparsity: the share of all weights and biases that are exactly zero. Gradient steps of "
        "all cells, and time, are per run."
    )
    if any(row.sample_forwards is not None for row in found.rows):
        note += (
            " Sample-forwards: rows that passed through a pairing in all cells of a run, those of "
            "a gradient step three times."
        )
    how = NOTHING
    if found.notes:
        lines = tag("ul", *(tag("li", line) for line in found.notes), class_="rules")
        how = tag("details", tag("summary", "How the figures are made"), lines)
    title = tag("h2", "Summary", id="summary")
    return tag("section", title, summary_table(found), tag("p", note), how)


def course_section(
    identity: str,
    title: str,
    caption: str,
    data: Mapping[str, Any] | None,
    styles: Sequence[VariantStyle],
) -> Html:
    """Curves of variants over generations; nothing where there are none.

    Args:
        identity: of the section, and of its plot.
        title: of the section.
        caption: below the plot, before what the lines are.
        data: what the script draws.
        styles: of the variants.
    """
    if data is None:
        return NOTHING
    measures = [measure["label"] for measure in data["measures"]]
    label = f"{title}: {measures[0]}, of {plural(len(styles), 'variant')}."
    return tag(
        "section",
        tag("h2", title, id=identity),
        tag(
            "figure",
            measure_chooser(identity, measures),
            tag("h3", measures[0], id=f"{identity}-title"),
            tag("div", id=f"{identity}-plot", class_="plot", role="img", aria_label=label),
            variant_chooser(identity, styles),
            tag("figcaption", f"{caption}{_BAND}"),
        ),
    )


def matrix_section(matrix: Matrix | None, data: Mapping[str, Any] | None) -> Html:
    """The table of two axes; nothing where the sweep has no two.

    Args:
        matrix: its axes.
        data: what the script fills it with.
    """
    if matrix is None or data is None:
        return NOTHING
    axes = [axis.name for axis in matrix.axes]
    values = [value["title"] for value in data["values"]]
    # The page is narrow: the longer of the first two axes goes down.
    longer = int(len(matrix.axes[1].labels) > len(matrix.axes[0].labels))
    choosers = tag(
        "div",
        select("matrix-value", "Show", values, 0),
        *(
            tag("span", select(f"matrix-{side}", name, axes, place), **_hidden(len(axes)))
            for side, name, place in (("rows", "Rows", longer), ("columns", "Columns", 1 - longer))
        ),
        class_="controls",
    )
    caption = (
        "Variants by two axes of the sweep; where several share a place, the median of them. The "
        "frame marks the best. Empty places have no result."
    )
    label = f"Table of {axes[0]} and {axes[1]}: {values[0]}."
    plot = tag("div", id="matrix-plot", class_="plot", role="img", aria_label=label)
    title = tag("h2", _plainly(f"{axes[0]} and {axes[1]}"), id="matrix")
    name = tag("h3", values[0], id="matrix-title")
    return tag("section", title, tag("figure", choosers, name, plot, tag("figcaption", caption)))


def pareto_section(found: Standings, *, drawn: bool) -> Html:
    """Loss against sparsity.

    Args:
        found: the variants.
        drawn: whether there is a plot; otherwise nothing is told.
    """
    if not drawn:
        return NOTHING
    names = ", ".join(front_of(found))
    caption = (
        "Large: the median run of each variant, with the middle half of its runs; small: every "
        "run. Down and to the right is better. Dotted: the front of the medians that no other "
        f"variant beats in both: {names}."
    )
    label = f"Test loss against true sparsity. On the front: {names}."
    return tag(
        "section",
        tag("h2", "Loss and sparsity", id="pareto"),
        tag(
            "figure",
            tag("div", id="pareto-plot", class_="plot", role="img", aria_label=label),
            tag("figcaption", caption),
        ),
    )


def layers_section(layers: Layers | None, names: Sequence[str]) -> Html:
    """Sparsity layer by layer; nothing where nothing is pruned."""
    if layers is None:
        return NOTHING
    note = (
        "Share of the prunable weights that are gone after the last recorded generation: mean over "
        "the cells of a run, median over runs. Worlds that stopped, and variants that prune "
        "nothing, are left out."
    )
    title = tag("h2", "Sparsity of each layer", id="layers")
    return tag("section", title, layers_table(layers, names), tag("p", note))


def troubles_section(study: StudyFiles) -> Html:
    """Worlds that stopped, failed, still run or have not begun; nothing where all ended."""
    bad = [world for world in study.worlds if world.state in ("stopped", "failed")]
    waiting = [world for world in study.worlds if world.state in ("running", "not begun")]
    if not bad and not waiting:
        return NOTHING
    parts: list[Html] = [tag("h2", "Worlds without a result", id="troubles")]
    if bad:
        parts.append(troubles_table(bad))
    if waiting:
        running = sum(world.state == "running" for world in waiting)
        rest = len(waiting) - running
        text = f"{plural(running, 'world')} still running or interrupted, {rest} not begun."
        parts.append(tag("p", text))
        begun = {world.part: world for world in waiting if world.part is not None}
        lines = [
            f"Stack {part.name}: generation {world.generation or 0} of {_generations(study)}."
            for part, world in begun.items()
            if part is not None
        ]
        parts.append(tag("ul", *(tag("li", line) for line in lines)) if lines else NOTHING)
    return tag("section", *parts)


def settings_section(study: StudyFiles) -> Html:
    """What the variants set."""
    title = tag("h2", "Variants", id="variants")
    note = "What each variant sets; everything else is as in the experiment file below."
    return join(tag("section", title, settings_table(study), tag("p", note)))


def _generations(study: StudyFiles) -> str:
    return str(study.experiment.get("generations") or "?")


def _hidden(axes: int) -> dict[str, str]:
    return {} if axes > 2 else {"hidden": ""}


def _plainly(text: str) -> str:
    return text.replace("pruning.", "").capitalize()
