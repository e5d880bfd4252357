"""Several quantities in one plot: of each the median cell, with the range over cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coevo.reporting.curves import Band
from coevo.reporting.plot_layout import Plot
from coevo.reporting.world_style import COLORS, WorldStyle, restyled
from coevo.reporting.worlds import World

__all__ = ["Series", "traces_of_worlds"]


@dataclass(frozen=True)
class Series:
    """How one of the quantities is drawn.

    Attributes:
        name: of the quantity.
        color: where a world is alone; among others it has the color of its world.
        dash: of its line.
        again: of its line among several worlds, where colors come around again.
        width: of its line where a world is alone.
    """

    name: str
    color: str
    dash: str
    again: str
    width: float


def traces_of_worlds(
    worlds: Sequence[World],
    found: Mapping[str, Mapping[int, Band]],
    series: Mapping[str, Series],
) -> list[Plot]:
    """Edges and medians of all quantities in all worlds.

    Args:
        worlds: the ones to draw.
        found: quantity to world to the spread over its cells.
        series: how each quantity is drawn.
    """
    traces: list[Plot] = []
    for position, world in enumerate(worlds):
        style = WorldStyle(position, world, len(worlds))
        known = [name for name, bands in found.items() if world.number in bands]
        for name in known:
            band, named = found[name][world.number], name == known[0]
            traces += _traces(style, band, series[name], named=named)
    return traces


def _traces(style: WorldStyle, band: Band, series: Series, *, named: bool) -> list[Plot]:
    """Both edges and the median.

    Args:
        style: of the world.
        band: to draw.
        series: what it is of.
        named: whether the legend names the world beside it, where several are drawn.
    """
    color, result = series.color, []
    traces = style.band(band, f"{series.name}, median cell")
    for trace, statistic in zip(traces, ("highest", "lowest", "median"), strict=True):
        trace["meta"]["alone"] |= {
            "name": f"{series.name}, {statistic} cell",
            "legendgroup": series.name,
            "line.color": color,
        }
        trace["meta"]["overview"]["line.color"] = style.color
        if "fill" in trace:
            trace["meta"]["alone"]["fillcolor"] = f"{color}29"
            trace["meta"]["overview"]["fillcolor"] = f"{style.color}29"
        if statistic == "median":
            dash = series.dash if style.position < len(COLORS) else series.again
            trace["meta"]["alone"] |= {"line.width": series.width, "line.dash": series.dash}
            trace["meta"]["overview"] |= {"line.width": 2, "line.dash": dash}
            trace["meta"]["overview"]["showlegend"] = named
        result.append(restyled(trace, style.mode))
    return result
