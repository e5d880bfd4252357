"""The plots of differential evolution over generations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from coevo.reporting.curves import Band, Line, vary
from coevo.reporting.differential_evolution import DifferentialEvolution, MeanRate
from coevo.reporting.numbers import rounded
from coevo.reporting.plot_layout import Plot, curve_layout, plain_text
from coevo.reporting.series import Series, traces_of_worlds
from coevo.reporting.world_style import COLORS, MOST_DETAILED, WorldStyle, restyled
from coevo.reporting.worlds import World

__all__ = ["evolution_plots", "strategy_name"]

_NAMES = {
    "rand_1": "rand/1",
    "rand_2": "rand/2",
    "best_1": "best/1",
    "rand_to_best_2": "rand-to-best/2",
    "current_to_rand_1": "current-to-rand/1",
    "current_to_pbest_1": "current-to-pbest/1",
    "weighted_current_to_pbest_1": "weighted current-to-pbest/1",
    "soup": "soup (extra trial)",
}
_DASHES = ("solid", "dash", "dot")
_MARKERS_BELOW = 30
_SERIES = {
    "F": Series("F", COLORS[0], "solid", "longdashdot", 2.5),
    "CR": Series("CR", COLORS[1], "dash", "dot", 2.5),
}


def evolution_plots(worlds: Sequence[World], found: DifferentialEvolution) -> dict[str, Plot]:
    """The plots of the chapter, by the id of their place.

    Args:
        worlds: the ones to draw.
        found: what the records say.
    """
    plots = {}
    if found.means:
        plots["success-plot"] = _success_plot(worlds, found.rates, found.means)
    if found.memories:
        plots["memory-plot"] = _memory_plot(worlds, found.memories)
    if found.spread:
        plots["spread-plot"] = _spread_plot(worlds, found.spread)
    if vary(found.donors):
        plots["donors-plot"] = _donors_plot(worlds, found.donors)
    return plots


def strategy_name(name: str) -> str:
    """What the literature calls a strategy of the records.

    Examples:
        >>> strategy_name("current_to_pbest_1"), strategy_name("of_a_plugin")
        ('current-to-pbest/1', 'of_a_plugin')
    """
    return _NAMES.get(name, name)


def _success_plot(
    worlds: Sequence[World],
    rates: Mapping[str, Mapping[int, Line]],
    means: Mapping[str, MeanRate],
) -> Plot:
    """Success rates: a line per strategy, of one world or of the mean of all that are drawn.

    Args:
        worlds: the ones to draw.
        rates: strategy to world to its rate.
        means: strategy to the mean over worlds.
    """
    traces: list[Plot] = []
    ranges = len(means) <= MOST_DETAILED
    for place, (name, mean) in enumerate(means.items()):
        text, pen = plain_text(strategy_name(name)), _pen(place)
        if len(worlds) > 1:
            traces += _mean(mean, text, pen, ranges=ranges)
        for position, world in enumerate(worlds):
            if world.number in rates[name]:
                style = WorldStyle(position, world, len(worlds))
                line, color = rates[name][world.number], pen["color"]
                traces.append(style.line(line, text, pen, color, detailed=False))
    layout = curve_layout("success rate (share of trials)", traces, "linear")
    layout["yaxis"] |= _from_zero(traces) | {"tickformat": "~%", "hoverformat": ".4~p"}
    return {"data": traces, "layout": layout}


def _memory_plot(worlds: Sequence[World], memories: Mapping[str, Mapping[int, Band]]) -> Plot:
    """The memories of F and CR: the median cell, with the range over cells.

    Args:
        worlds: the ones to draw.
        memories: ``F`` and ``CR`` to world to the spread over its cells.
    """
    traces = traces_of_worlds(worlds, memories, _SERIES)
    return _linear(f"memory of {' and '.join(memories)}", traces)


def _spread_plot(worlds: Sequence[World], found: Mapping[int, Band]) -> Plot:
    """The spread of the neighborhoods; on a logarithmic axis where medians span a factor of ten.

    Args:
        worlds: the ones to draw.
        found: world to the spread over its cells.
    """
    traces = _bands(worlds, found)
    medians = np.concatenate([np.array([1.0]), *(band.median for band in found.values())])[1:]
    above = medians[medians > 0]
    wide = len(above) > 0 and bool(above.max() >= 10 * above.min())
    title = "spread (share of the norm)"
    if not wide:
        return _linear(title, traces)
    return {"data": traces, "layout": curve_layout(title, traces, "log")}


def _donors_plot(worlds: Sequence[World], found: Mapping[int, Band]) -> Plot:
    """Donors that passed the lineage gate.

    Args:
        worlds: the ones to draw.
        found: world to the spread over its cells.
    """
    return _linear("donors of a cell", _bands(worlds, found))


def _linear(title: str, traces: list[Plot]) -> Plot:
    """A plot whose axis begins at zero."""
    layout = curve_layout(title, traces, "linear")
    layout["yaxis"] |= _from_zero(traces) | {"hoverformat": ".4~g"}
    return {"data": traces, "layout": layout}


def _bands(worlds: Sequence[World], found: Mapping[int, Band]) -> list[Plot]:
    traces: list[Plot] = []
    for position, world in enumerate(worlds):
        if world.number in found:
            style = WorldStyle(position, world, len(worlds))
            traces += style.band(found[world.number], "median cell")
    return traces


def _pen(place: int) -> Plot:
    """Color and dash of a strategy; no two of those that are drawn look alike."""
    dash = _DASHES[place // len(COLORS) % len(_DASHES)]
    return {"width": 2, "color": COLORS[place % len(COLORS)], "dash": dash}


def _mean(rate: MeanRate, name: str, pen: Plot, *, ranges: bool) -> list[Plot]:
    """The mean over worlds, above the range where there are few strategies."""
    edges: list[Plot] = []
    if ranges:
        hidden = {"mode": "lines", "showlegend": False, "hoverinfo": "skip"}
        line = {"width": 0, "color": pen["color"]}
        edges = [
            _together(rate, values, name) | hidden | {"line": line}
            for values in (rate.highest, rate.lowest)
        ]
        edges[1] |= {"fill": "tonexty", "fillcolor": f"{pen['color']}29"}
    mean = _together(rate, rate.mean, name) | {"line": dict(pen)}
    if len(rate.generations) > _MARKERS_BELOW:
        mean["mode"] = "lines"
    return [restyled(trace, "overview") for trace in (*edges, mean)]


def _together(rate: MeanRate, values: np.ndarray, name: str) -> Plot:
    """A line of all worlds, which goes where one of them is chosen."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "marker": {"size": 4},
        "name": name,
        "legendgroup": name,
        "x": rate.generations.tolist(),
        "y": rounded(values.tolist()),
        "meta": {"world": "all", "overview": {"visible": True}, "alone": {"visible": False}},
    }


def _from_zero(traces: Sequence[Plot]) -> Plot:
    """A range in which lines at zero are whole, and the plot's buttons hide no curve."""
    highest = max((y for trace in traces for y in trace["y"] if y is not None), default=0.0) or 1
    return {"range": [-0.02 * highest, 1.15 * highest]}
