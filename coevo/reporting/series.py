"""Several quantities in one plot: of each the median cell, with the range over cells."""

from __future__ import annotations

from dataclasses import dataclass

from coevo.reporting.curves import Band
from coevo.reporting.plot_layout import Plot
from coevo.reporting.world_style import COLORS, WorldStyle, restyled

__all__ = ["Series", "series_traces"]


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


def series_traces(style: WorldStyle, band: Band, series: Series, *, named: bool) -> list[Plot]:
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
