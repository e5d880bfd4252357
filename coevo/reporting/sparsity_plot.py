"""The plot of the sparsity of encoders and decoders over generations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coevo.reporting.curves import Band
from coevo.reporting.plot_layout import Plot, curve_layout
from coevo.reporting.series import Series, traces_of_worlds
from coevo.reporting.world_style import ROLE_COLORS
from coevo.reporting.worlds import World

__all__ = ["sparsity_plot"]

# Both roles often have the same sparsity: the encoder's line is seen through the decoder's gaps.
# Colors of worlds come around again; the second time the lines are dotted.
_SERIES = {
    "encoder": Series("encoder", ROLE_COLORS["encoder"], "solid", "longdashdot", 4),
    "decoder": Series("decoder", ROLE_COLORS["decoder"], "7px,7px", "dot", 2),
}


def sparsity_plot(worlds: Sequence[World], found: Mapping[str, Mapping[int, Band]]) -> Plot:
    """Sparsity over generations: the median cell of each role, with the range over cells.

    Args:
        worlds: the ones to draw.
        found: role to world to the spread over its cells.
    """
    traces = traces_of_worlds(worlds, found, _SERIES)
    layout = curve_layout("sparsity (share of weights)", traces, "linear")
    highest = max((max(trace["y"]) for trace in traces), default=0.0)
    # Some room above the curves, so that the buttons of the plot do not hide them.
    span = {"range": [0, 1.15 * (highest or 1)]}
    layout["yaxis"] |= span | {"tickformat": "~%", "hoverformat": ".4~p"}
    return {"data": traces, "layout": layout}
