"""Plots of a study as plain plotly.js documents, and what its script draws plots from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from coevo.comparison.fronts import pareto
from coevo.reporting.numbers import METRIC_NAMES, axis_title, rounded
from coevo.reporting.plot_layout import INK, Plot, curve_layout, plain_text, plot_frame
from coevo.study_reporting.courses import Course, Measure
from coevo.study_reporting.matrix import Matrix
from coevo.study_reporting.standings import Standing, Standings
from coevo.study_reporting.variant_style import VariantStyle

__all__ = ["course_data", "front_of", "matrix_data", "pareto_plot", "variant_data"]


_FORMATS = {"log": ".4~g", "linear": ".4~p", "count": ".4~s"}


def variant_data(styles: Sequence[VariantStyle]) -> list[dict[str, Any]]:
    """How the script draws each variant."""
    return [
        {
            "name": style.name,
            "color": style.color,
            "dash": style.dash,
            "symbol": style.symbol,
            "shown": style.shown,
        }
        for style in styles
    ]


def course_data(
    measures: Sequence[Measure],
    courses: Mapping[str, Mapping[str, Course]],
    styles: Sequence[VariantStyle],
) -> dict[str, Any] | None:
    """Curves that a reader chooses from; None where nothing was measured.

    Args:
        measures: in the order of the chooser; those without curves are left out.
        courses: key of a measure to variant to its course.
        styles: of the variants, whose order is that of the page.
    """
    found = []
    for measure in measures:
        known = courses.get(measure.key) or {}
        curves = {
            f"{place}": _curve(known[style.name])
            for place, style in enumerate(styles)
            if style.name in known
        }
        if curves:
            layout = _course_layout(measure, list(curves.values()))
            entry = {"label": measure.label, "layout": layout, "curves": curves}
            found.append(entry | {"format": _FORMATS[measure.scale]})
    return {"measures": found} if found else None


def pareto_plot(found: Standings, styles: Sequence[VariantStyle], per: str) -> Plot | None:
    """Test loss against the share of zeros; None where nothing is known of zeros.

    Args:
        found: the variants.
        styles: of them.
        per: what errors are averaged over.
    """
    rows = {row.variant: row for row in found.measured if row.sparsity is not None}
    if not rows or not any(row.sparsity for row in rows.values()):
        return None
    shown = [style for style in styles if style.name in rows]
    traces = [_runs(rows[style.name], style) for style in shown]
    traces += [_middle(rows[style.name], style) for style in shown]
    best = [rows[name] for name in front_of(found)]
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "front of medians",
        "x": rounded([row.sparsity or 0.0 for row in best]),
        "y": rounded([row.median or 0.0 for row in best]),
        "line": {"color": INK, "width": 1.5, "dash": "dot", "shape": "vh"},
        "hoverinfo": "skip",
    }
    values = [value for row in rows.values() for value in row.values if value > 0]
    scale = "log" if values and max(values) > 10 * min(values) else "linear"
    layout = curve_layout(f"test {axis_title(found.loss, per)}", traces, scale)
    layout["xaxis"] |= {
        "title": {"text": "true sparsity (share of zeros)", "standoff": 8},
        "range": [-0.02, 1.02],
        "tickformat": "~%",
        "dtick": 0.2,
    }
    layout["hovermode"] = "closest"
    return {"data": [line, *traces], "layout": layout}


def front_of(found: Standings) -> list[str]:
    """The variants whose median run no other variant's beats in loss and sparsity, by sparsity."""
    rows = [row for row in found.measured if row.sparsity is not None]
    if not rows:
        return []
    losses = np.array([row.median for row in rows])
    sparsities = np.array([row.sparsity for row in rows])
    kept = np.flatnonzero(pareto(losses, sparsities)).tolist()
    return [rows[place].variant for place in sorted(kept, key=lambda place: sparsities[place])]


def matrix_data(matrix: Matrix | None, found: Standings) -> dict[str, Any] | None:
    """What the script fills the table of two axes with.

    Args:
        matrix: where the variants stand, or None.
        found: what they reached.
    """
    rows = [row for row in found.measured if matrix and any(_known(matrix.places[row.variant]))]
    if matrix is None or not rows:
        return None
    return {
        "plot": _matrix_plot(),
        "axes": [{"name": axis.name, "labels": list(axis.labels)} for axis in matrix.axes],
        **_matrix_values(matrix, found, rows),
    }


def _matrix_values(
    matrix: Matrix, found: Standings, rows: Sequence[Standing]
) -> dict[str, list[dict[str, Any]]]:
    """What a reader can choose to see, and where each variant stands with its numbers."""
    titles = [("number", f"Median test {METRIC_NAMES[found.loss]}", True)]
    numbers: list[list[float | None]] = [[row.median for row in rows]]
    if any(row.sparsity for row in rows):
        titles.append(("percent", "True sparsity, median run", False))
        numbers.append([row.sparsity for row in rows])
    if any(row.improvement is not None for row in rows):
        text = f"Probability that a run is better than one of {found.control}"
        titles.append(("percent", text, False))
        numbers.append([row.improvement for row in rows])
    entries = [
        {"places": list(matrix.places[row.variant]), "values": [_number(one) for one in values]}
        for row, values in zip(rows, zip(*numbers, strict=True), strict=True)
    ]
    values = [{"kind": kind, "title": text, "low": low} for kind, text, low in titles]
    return {"values": values, "entries": entries}


def _known(places: Sequence[int | None]) -> list[bool]:
    return [place is not None for place in places]


def _number(value: float | None) -> float | None:
    return None if value is None else rounded([value])[0]


def _curve(course: Course) -> dict[str, Any]:
    return {
        "x": course.generations.tolist(),
        "median": rounded(course.median.tolist(), 4),
        "low": rounded(course.low.tolist(), 4),
        "high": rounded(course.high.tolist(), 4),
    }


def _course_layout(measure: Measure, curves: Sequence[Mapping[str, Any]]) -> Plot:
    traces = [{"x": one["x"], "y": one["low"] + one["high"]} for one in curves]
    scale = "log" if measure.scale == "log" else "linear"
    layout = curve_layout(measure.title, traces, scale)
    if measure.scale == "count":
        layout["yaxis"] |= {"rangemode": "tozero", "exponentformat": "SI"}
    if measure.scale == "linear":
        highest = max((y for one in traces for y in one["y"] if y is not None), default=0.0)
        # Some room above the curves, so that the buttons of the plot do not hide them.
        span = {"range": [-0.01, 1.15 * (highest or 1)]}
        layout["yaxis"] |= span | {"tickformat": "~%"}
    return layout


def _runs(row: Standing, style: VariantStyle) -> Plot:
    """Every run as a faint point."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": rounded(list(row.sparsities)),
        "y": rounded(list(row.values)),
        "marker": {"color": style.color, "symbol": style.symbol, "size": 5, "opacity": 0.3},
        "legendgroup": plain_text(style.name),
        "showlegend": False,
        "hovertemplate": "one run: %{y:.4~g} at %{x:.4~p}<extra></extra>",
    }


def _middle(row: Standing, style: VariantStyle) -> Plot:
    """The median run, with its quartiles."""
    low, high = row.quartiles or (0.0, 0.0)
    median = row.median or 0.0
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain_text(style.name),
        "legendgroup": plain_text(style.name),
        "x": rounded([row.sparsity or 0.0]),
        "y": rounded([median]),
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": rounded([high - median]),
            "arrayminus": rounded([median - low]),
            "color": style.color,
            "thickness": 1.5,
            "width": 3,
        },
        "marker": {
            "color": style.color,
            "symbol": style.symbol,
            "size": 11,
            "line": {"color": INK, "width": 1},
        },
        "hovertemplate": "%{y:.4~g} at %{x:.4~p}",
    }


def _matrix_plot() -> Plot:
    axis = {
        "type": "category",
        "showgrid": False,
        "fixedrange": True,
        "automargin": True,
        "ticks": "",
    }
    heat = {
        "type": "heatmap",
        "colorscale": "Viridis",
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "%{y}, %{x}: %{text}<extra></extra>",
        "hoverongaps": False,
        "colorbar": {
            "orientation": "h",
            "thickness": 12,
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "ypad": 4,
            "len": 1,
            "outlinewidth": 0,
            "tickfont": {"size": 11},
        },
    }
    layout = plot_frame() | {
        "xaxis": axis | {"title": {"text": "", "standoff": 6}, "tickangle": 0},
        "yaxis": axis | {"title": {"text": "", "standoff": 8}, "autorange": "reversed"},
        "plot_bgcolor": "#eef1f4",
        "margin": {"l": 60, "r": 12, "t": 8, "b": 110},
    }
    return {"data": [heat], "layout": layout}
