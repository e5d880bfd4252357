"""Plots as plain plotly.js documents: ``{"data": [...], "layout": {...}}``.

A plot of several worlds can be narrowed to one world: see `coevo.reporting.world_style`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from coevo.reporting.curves import Band, Line, evenly
from coevo.reporting.lineage import Family
from coevo.reporting.plot_layout import INK, Plot, cell_ticks, curve_layout, plot_frame
from coevo.reporting.world_style import (
    MOST_DETAILED,
    ROLE_COLORS,
    ROLE_DASHES,
    WorldStyle,
    restyled,
)
from coevo.reporting.worlds import World

__all__ = [
    "Plot",
    "founders_plot",
    "learning_plot",
    "learning_rate_plot",
    "torus_plot",
]

_GRAY = "#5f6b7a"


def learning_plot(
    worlds: Sequence[World],
    validation: Mapping[int, Band],
    best: Mapping[int, Line],
    training: Mapping[int, Band],
    training_rows: Mapping[int, Band],
    loss: str,
) -> Plot:
    """Validation and training loss over generations.

    Args:
        worlds: the ones to draw.
        validation: world to the spread over its cells.
        best: world to the line of its best cell.
        training: world to the spread over its cells, of which the median is drawn.
        training_rows: the same of the loss on training rows after training.
        loss: title of the axis, with unit.
    """
    traces: list[Plot] = []
    detailed = len(worlds) <= MOST_DETAILED
    for position, world in enumerate(worlds):
        style = WorldStyle(position, world, len(worlds))
        if world.number in validation:
            traces += style.band(validation[world.number], "validation, median cell")
        if world.number in best:
            pen = {"dash": "dash", "width": 1.75}
            line = best[world.number]
            traces.append(style.line(line, "validation, best cell", pen, INK, detailed=detailed))
        for found, name, dash in (
            (training, "training, median cell", "dot"),
            (training_rows, "training rows, median cell", "dashdot"),
        ):
            if world.number in found:
                line = Line(found[world.number].generations, found[world.number].median)
                thin = {"dash": dash, "width": 1.25}
                traces.append(style.line(line, name, thin, _GRAY, detailed=detailed))
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
            style = WorldStyle(position, world, len(worlds))
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
        style = WorldStyle(position, world, len(worlds))
        kept = evenly(len(family.generations), points)
        for role, dash in ROLE_DASHES.items():
            line = Line(family.generations[kept], family.alive[role][kept].astype(np.float64))
            pen = {"dash": dash, "width": 2, "shape": "hv"}
            trace = style.line(line, f"{role}s", pen, ROLE_COLORS[role], detailed=True)
            trace["meta"]["overview"]["showlegend"] = role == "encoder"
            traces.append(restyled(trace, "overview" if len(worlds) > 1 else "alone"))
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
