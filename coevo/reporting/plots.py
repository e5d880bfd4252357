"""Plots as plain plotly.js documents: ``{"data": [...], "layout": {...}}``.

A plot of several worlds can be narrowed to one world: each trace carries in ``meta`` its world
and what to restyle it to in the ``overview`` and ``alone``, which the page's script does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coevo.reporting.curves import Band, Line, evenly
from coevo.reporting.lineage import Family
from coevo.reporting.numbers import rounded
from coevo.reporting.plot_layout import INK, Plot, cell_ticks, curve_layout, plot_frame
from coevo.reporting.worlds import World

__all__ = [
    "MOST_DETAILED",
    "Plot",
    "founders_plot",
    "learning_plot",
    "learning_rate_plot",
    "torus_plot",
]

# Okabe and Ito (2008), without the yellow that is too light on white.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_GRAY = "#5f6b7a"
_MARKERS_BELOW = 30
MOST_DETAILED = 3


def learning_plot(
    worlds: Sequence[World],
    validation: Mapping[int, Band],
    best: Mapping[int, Line],
    training: Mapping[int, Band],
    loss: str,
) -> Plot:
    """Validation and training loss over generations.

    Args:
        worlds: the ones to draw.
        validation: world to the spread over its cells.
        best: world to the line of its best cell.
        training: world to the spread over its cells, of which the median is drawn.
        loss: title of the axis, with unit.
    """
    traces: list[Plot] = []
    detailed = len(worlds) <= MOST_DETAILED
    for position, world in enumerate(worlds):
        style = _Style(position, world, len(worlds))
        if world.number in validation:
            traces += style.band(validation[world.number], "validation, median cell")
        if world.number in best:
            line = best[world.number]
            dash = {"dash": "dash", "width": 1.75}
            traces.append(style.line(line, "validation, best cell", dash, INK, detailed=detailed))
        if world.number in training:
            band = training[world.number]
            line = Line(band.generations, band.median)
            thin = {"dash": "dot", "width": 1.25}
            traces.append(style.line(line, "training, median cell", thin, _GRAY, detailed=detailed))
    return {"data": traces, "layout": curve_layout(loss, traces, "log")}


def learning_rate_plot(worlds: Sequence[World], rates: Mapping[int, Band]) -> Plot:
    """Learning rates over generations.

    Args:
        worlds: the ones to draw.
        rates: world to the spread over its cells.
    """
    traces: list[Plot] = []
    for position, world in enumerate(worlds):
        if world.number in rates:
            style = _Style(position, world, len(worlds))
            traces += style.band(rates[world.number], "median cell")
    return {"data": traces, "layout": curve_layout("learning rate", traces, "log")}


def founders_plot(worlds: Sequence[World], found: Mapping[int, Family], points: int) -> Plot:
    """Founders whose descendants are alive, over generations.

    Args:
        worlds: the ones to draw.
        found: world to its families.
        points: generations to keep of each world, at most.
    """
    traces: list[Plot] = []
    for position, world in enumerate(worlds):
        if world.number not in found:
            continue
        family = found[world.number]
        style = _Style(position, world, len(worlds))
        kept = evenly(len(family.generations), points)
        for role, dash in (("encoder", "solid"), ("decoder", "dot")):
            line = Line(family.generations[kept], family.alive[role][kept].astype(np.float64))
            pen = {"dash": dash, "width": 2, "shape": "hv"}
            color = _COLORS[0] if role == "encoder" else _COLORS[1]
            trace = style.line(line, f"{role}s", pen, color, detailed=True)
            trace["meta"]["overview"]["showlegend"] = role == "encoder"
            traces.append(_restyled(trace, "overview" if len(worlds) > 1 else "alone"))
    layout = curve_layout("founders alive", traces, "linear")
    layout["yaxis"]["rangemode"] = "tozero"
    if all(family.cells <= 10 for family in found.values()):
        layout["yaxis"]["dtick"] = 1
    return {"data": traces, "layout": layout}


def torus_plot(rows: int, columns: int, loss: str) -> Plot:
    """An empty map of the torus; the page's script fills in the generation to show.

    Args:
        rows: of the torus.
        columns: of the torus.
        loss: what the colors mean.
    """
    gap = 1 if max(rows, columns) <= 30 else 0
    hover = f"row %{{y}}, column %{{x}}<br>{loss} %{{customdata}}<extra></extra>"
    cells = {
        "type": "heatmap",
        "z": [],
        "colorscale": "Viridis",
        "hovertemplate": hover,
        "xgap": gap,
        "ygap": gap,
        "colorbar": {
            "orientation": "h",
            "thickness": 10,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "ypad": 4,
            "len": 1,
            "outlinewidth": 0,
            "tickfont": {"size": 11},
        },
    }
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True, "constrain": "domain"}
    layout = plot_frame() | {
        "xaxis": axis | cell_ticks("column", columns) | {"range": [-0.5, columns - 0.5]},
        "yaxis": axis
        | cell_ticks("row", rows)
        | {"range": [rows - 0.5, -0.5], "scaleanchor": "x", "scaleratio": 1},
        "plot_bgcolor": "#d9dee4",
        "showlegend": False,
        "margin": {"l": 46, "r": 12, "t": 8, "b": 84},
    }
    return {"data": [cells], "layout": layout}


@dataclass(frozen=True)
class _Style:
    """How one of several worlds is drawn.

    Attributes:
        position: among the drawn worlds.
        world: the one to draw.
        worlds: how many are drawn.
    """

    position: int
    world: World
    worlds: int

    @property
    def mode(self) -> str:
        """The key of ``meta`` that holds at first."""
        return "overview" if self.worlds > 1 else "alone"

    @property
    def color(self) -> str:
        """Of the world, where several are drawn."""
        return _COLORS[self.position % len(_COLORS)]

    def band(self, band: Band, name: str) -> list[Plot]:
        """The area from the lowest to the highest cell, and the median."""
        few = self.worlds <= MOST_DETAILED
        edges = []
        for values, text in ((band.highest, "highest cell"), (band.lowest, "lowest cell")):
            edge = self._trace(Line(band.generations, values), text)
            edge |= {"mode": "lines", "line": {"width": 0, "color": self.color}}
            edge["meta"]["overview"] |= {
                "visible": few,
                "showlegend": False,
                "hoverinfo": "skip",
            }
            edge["meta"]["alone"] |= {"showlegend": False, "hoverinfo": "all"}
            edges.append(_restyled(edge, self.mode))
        edges[1] |= {"fill": "tonexty", "fillcolor": f"{self.color}29"}
        median = self._trace(Line(band.generations, band.median), name)
        # Colors come around again; the second time they are dashed.
        dash = "solid" if self.position < len(_COLORS) else "longdash"
        median["line"] = {"width": 2.5 if few else 1.75, "color": self.color, "dash": dash}
        return [*edges, _restyled(median, self.mode)]

    def line(
        self, line: Line, name: str, pen: Mapping[str, Any], color: str, *, detailed: bool
    ) -> Plot:
        """One more line of the world, of a color of its own where the world is alone."""
        trace = self._trace(line, name)
        trace["line"] = dict(pen)
        trace["meta"]["overview"] |= {
            "visible": detailed,
            "showlegend": False,
            "line.color": self.color,
        }
        trace["meta"]["alone"]["line.color"] = color
        return _restyled(trace, self.mode)

    def _trace(self, line: Line, name: str) -> Plot:
        number = self.world.number
        shown = {"visible": True, "showlegend": True}
        markers = len(line.generations) <= _MARKERS_BELOW
        return {
            "type": "scatter",
            "mode": "lines+markers" if markers else "lines",
            "marker": {"size": 4},
            "x": line.generations.tolist(),
            "y": rounded(line.values.tolist()),
            "meta": {
                "world": number,
                "overview": shown | {"name": self.world.label, "legendgroup": f"{number}"},
                "alone": shown | {"name": name, "legendgroup": name},
            },
        }


def _restyled(trace: Plot, mode: str) -> Plot:
    """The trace as it looks at first."""
    changed = dict(trace)
    for key, value in trace["meta"][mode].items():
        table, _, name = key.rpartition(".")
        if table:
            changed[table] = changed[table] | {name: value}
        else:
            changed[key] = value
    return changed
