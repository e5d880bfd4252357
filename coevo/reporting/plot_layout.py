"""What all plots have in common: frame, fonts, axes and legend, as plotly.js layouts."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, TypeAlias

__all__ = ["INK", "Plot", "cell_ticks", "curve_layout", "plain_text", "plot_frame"]

Plot: TypeAlias = dict[str, Any]

INK = "#1f2933"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def plain_text(text: str) -> str:
    """A text for a plot, which takes some tags for markup, as it is.

    Examples:
        >>> plain_text("<b>a & b</b>")
        '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    return html.escape(text, quote=False)


def plot_frame() -> Plot:
    """Font and background."""
    return {
        "font": {"family": _FONT, "size": 13, "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "hoverlabel": {"bgcolor": "#ffffff", "font": {"size": 12}},
        "autosize": True,
    }


def cell_ticks(title: str, length: int) -> Plot:
    """Title and ticks of an axis that counts rows or columns.

    Args:
        title: of the axis.
        length: how many there are.

    Examples:
        >>> cell_ticks("row", 40)["dtick"]
        4
    """
    step = max(1, -(-length // 10))
    return {"title": {"text": title, "standoff": 6}, "tick0": 0, "dtick": step, "ticks": ""}


def curve_layout(title: str, traces: Sequence[Plot], scale: str) -> Plot:
    """The layout of curves over generations.

    Args:
        title: of the vertical axis, with unit.
        traces: that are to be drawn.
        scale: ``log`` or ``linear``.
    """
    axis = {"gridcolor": "#e4e8ed", "zeroline": False, "linecolor": "#9aa5b1", "showline": True}
    vertical = axis | {"type": scale, "title": {"text": title, "standoff": 8}, "automargin": True}
    if scale == "log":
        vertical |= {"tickformat": "~g", "hoverformat": ".4g"} | _log_ticks(traces)
    legend = {"orientation": "h", "xref": "container", "x": 0, "font": {"size": 12}}
    legend |= {"yref": "container", "y": 0, "yanchor": "bottom", "maxheight": 1}
    return plot_frame() | {
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
    if values and 7 < max(values) / min(values) < 1000:
        return {"dtick": "D2"}
    return {}
