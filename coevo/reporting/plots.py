"""Plots as plain plotly.js documents: ``{"data": [...], "layout": {...}}``.

A plot of several worlds can be narrowed to one world: each trace carries in ``meta`` its world
and what to restyle it to in the ``overview`` and ``alone``, which the page's script does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from coevo.reporting.curves import Band, Line, evenly
from coevo.reporting.lineage import Family
from coevo.reporting.numbers import rounded
from coevo.reporting.worlds import World

__all__ = [
    "MOST_DETAILED",
    "Plot",
    "founders_plot",
    "learning_plot",
    "learning_rate_plot",
    "torus_plot",
]

Plot: TypeAlias = dict[str, Any]

# Okabe and Ito (2008), without the yellow that is too light on white.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_INK, _GRAY, _GRID = "#1f2933", "#5f6b7a", "#e4e8ed"
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
            traces.append(style.line(line, "validation, best cell", dash, _INK, detailed=detailed))
        if world.number in training:
            band = training[world.number]
            line = Line(band.generations, band.median)
            thin = {"dash": "dot", "width": 1.25}
            traces.append(style.line(line, "training, median cell", thin, _GRAY, detailed=detailed))
    return {"data": traces, "layout": _layout(loss, traces, "log")}


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
    return {"data": traces, "layout": _layout("learning rate", traces, "log")}


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
    layout = _layout("founders alive", traces, "linear")
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
    hover = f"row %{{y}}, column %{{x}}<br>{loss} %{{customdata}}<extra></extra>"
    cells = {
        "type": "heatmap",
        "z": [],
        "colorscale": "Viridis",
        "hovertemplate": hover,
        "xgap": 1,
        "ygap": 1,
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
    layout = _frame() | {
        "xaxis": axis | _ticks("column", columns) | {"range": [-0.5, columns - 0.5]},
        "yaxis": axis
        | _ticks("row", rows)
        | {"range": [rows - 0.5, -0.5], "scaleanchor": "x", "scaleratio": 1},
        "plot_bgcolor": "#d9dee4",
        "showlegend": False,
        "margin": {"l": 46, "r": 12, "t": 8, "b": 84},
    }
    return {"data": [cells], "layout": layout}


class _Style:
    """How one of several worlds is drawn."""

    def __init__(self, position: int, world: World, worlds: int) -> None:
        self._world = world
        self._mode = "overview" if worlds > 1 else "alone"
        self._color = _COLORS[position % len(_COLORS)]
        self._dash = "solid" if position < len(_COLORS) else "longdash"
        self._banded = worlds <= MOST_DETAILED

    def band(self, band: Band, name: str) -> list[Plot]:
        """The area from the lowest to the highest cell, and the median."""
        edges = []
        for values, text in ((band.highest, "highest cell"), (band.lowest, "lowest cell")):
            edge = self._trace(Line(band.generations, values), text)
            edge |= {"mode": "lines", "line": {"width": 0, "color": self._color}}
            edge["meta"]["overview"] |= {
                "visible": self._banded,
                "showlegend": False,
                "hoverinfo": "skip",
            }
            edge["meta"]["alone"] |= {"showlegend": False, "hoverinfo": "all"}
            edges.append(_restyled(edge, self._mode))
        edges[1] |= {"fill": "tonexty", "fillcolor": f"{self._color}29"}
        median = self._trace(Line(band.generations, band.median), name)
        median["line"] = {
            "width": 2.5 if self._banded else 1.75,
            "color": self._color,
            "dash": self._dash,
        }
        return [*edges, _restyled(median, self._mode)]

    def line(
        self, line: Line, name: str, pen: Mapping[str, Any], color: str, *, detailed: bool
    ) -> Plot:
        """One more line of the world, of a color of its own where the world is alone."""
        trace = self._trace(line, name)
        trace["line"] = dict(pen)
        trace["meta"]["overview"] |= {
            "visible": detailed,
            "showlegend": False,
            "line.color": self._color,
        }
        trace["meta"]["alone"]["line.color"] = color
        return _restyled(trace, self._mode)

    def _trace(self, line: Line, name: str) -> Plot:
        number = self._world.number
        shown = {"visible": True, "showlegend": True}
        markers = len(line.generations) <= _MARKERS_BELOW
        return {
            "type": "scatter",
            "mode": "lines+markers" if markers else "lines",
            "marker": {"size": 4},
            "x": line.generations.tolist(),
            "y": rounded(line.values.tolist()),
            "legendgroup": f"{number}" if self._mode == "overview" else name,
            "meta": {
                "world": number,
                "overview": shown | {"name": self._world.label},
                "alone": shown | {"name": name},
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


def _frame() -> Plot:
    return {
        "font": {"family": _FONT, "size": 13, "color": _INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "hoverlabel": {"bgcolor": "#ffffff", "font": {"size": 12}},
        "autosize": True,
    }


def _ticks(title: str, length: int) -> Plot:
    step = max(1, -(-length // 10))
    return {"title": {"text": title, "standoff": 6}, "tick0": 0, "dtick": step, "ticks": ""}


def _layout(title: str, traces: Sequence[Plot], scale: str) -> Plot:
    axis = {"gridcolor": _GRID, "zeroline": False, "linecolor": "#9aa5b1", "showline": True}
    vertical = axis | {"type": scale, "title": {"text": title, "standoff": 8}, "automargin": True}
    if scale == "log":
        vertical |= {"tickformat": "~g", "hoverformat": ".4g"} | _log_ticks(traces)
    legend = {"orientation": "h", "xref": "container", "x": 0, "font": {"size": 12}}
    legend |= {"yref": "container", "y": 0, "yanchor": "bottom", "maxheight": 1}
    return _frame() | {
        "margin": {"l": 64, "r": 14, "t": 12, "b": 80},
        "hovermode": "x unified",
        "legend": legend,
        "xaxis": axis | _generations(traces),
        "yaxis": vertical,
    }


def _generations(traces: Sequence[Plot]) -> Plot:
    """The horizontal axis, with whole numbers alone, and a little room for markers."""
    first = min((trace["x"][0] for trace in traces), default=0)
    last = max((trace["x"][-1] for trace in traces), default=1)
    room = 0.012 * (last - first) or 0.5
    axis: Plot = {"range": [first - room, last + room], "automargin": True}
    axis["title"] = {"text": "generation", "standoff": 8}
    return axis | ({"dtick": 1} if last - first < 10 else {})


def _log_ticks(traces: Sequence[Plot]) -> Plot:
    """Ticks at 1, 2 and 5 where plotly's own choice would print one label over the other."""
    values = [value for trace in traces for value in trace["y"] if value is not None and value > 0]
    if values and 5 < max(values) / min(values) < 1000:
        return {"dtick": "D2"}
    return {}
