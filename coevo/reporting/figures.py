"""Figures over generations: the place of a plot, its caption, its chooser and its description."""

from __future__ import annotations

from collections.abc import Mapping

from coevo.reporting.curves import Band
from coevo.reporting.findings import Findings
from coevo.reporting.markup import NOTHING, Html, tag
from coevo.reporting.numbers import short
from coevo.reporting.worlds import World

__all__ = ["course", "plot_figure"]


def plot_figure(identity: str, label: str, caption: str, findings: Findings) -> Html:
    """The place of a plot over generations, with a chooser where there are several worlds.

    Args:
        identity: of the plot.
        label: what a reader who cannot see it should know.
        caption: below it; what is left out is added.
        findings: say what is drawn.
    """
    shown, all_worlds = findings.drawn, findings.worlds
    if len(shown) < len(all_worlds):
        caption += f" {len(shown)} of {len(all_worlds)} worlds are drawn."
    if findings.thinned:
        caption += f" Of each world, {findings.points} generations are drawn, evenly spread."
    return tag(
        "figure",
        _chooser(identity, shown) if len(shown) > 1 else NOTHING,
        tag("div", id=identity, class_="plot", role="img", aria_label=label),
        tag("figcaption", caption),
    )


def course(found: Mapping[int, Band], name: str) -> str:
    """What a reader who cannot see a plot should know.

    Args:
        found: world to the spread over its cells.
        name: of what is drawn.
    """
    courses = [
        f"World {world}: median {name} from {short(float(band.median[0]))} in generation "
        f"{band.generations[0]} to {short(float(band.median[-1]))} in generation "
        f"{band.generations[-1]}."
        for world, band in found.items()
    ]
    return " ".join(courses)


def _chooser(identity: str, shown: list[World]) -> Html:
    options = [tag("option", world.label, value=f"{world.number}") for world in shown]
    everything = tag("option", "All worlds", value="all")
    chooser = tag("select", everything, *options, id=f"{identity}-world", autocomplete="off")
    return tag("div", tag("label", "Show", chooser), class_="controls")
