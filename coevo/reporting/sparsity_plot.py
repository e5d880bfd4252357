"""The plot of the sparsity of encoders and decoders over generations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coevo.reporting.curves import Band
from coevo.reporting.plot_layout import Plot, curve_layout
from coevo.reporting.world_style import COLORS, ROLE_COLORS, WorldStyle, restyled
from coevo.reporting.worlds import World

__all__ = ["sparsity_plot"]

# Both roles often have the same sparsity: the encoder's line is seen through the decoder's gaps.
_DASHES = {"encoder": "solid", "decoder": "7px,7px"}
# Colors of worlds come around again; the second time the lines are dotted.
_DOTTED = {"encoder": "longdashdot", "decoder": "dot"}
_WIDTHS = {"encoder": 4, "decoder": 2}


def sparsity_plot(worlds: Sequence[World], found: Mapping[str, Mapping[int, Band]]) -> Plot:
    """Sparsity over generations: the median cell of each role, with the range over cells.

    Args:
        worlds: the ones to draw.
        found: role to world to the spread over its cells.
    """
    traces: list[Plot] = []
    for position, world in enumerate(worlds):
        style = WorldStyle(position, world, len(worlds))
        roles = [role for role, curves in found.items() if world.number in curves]
        for role in roles:
            traces += _curve(style, found[role][world.number], role, named=role == roles[0])
    layout = curve_layout("sparsity (share of weights)", traces, "linear")
    highest = max((max(trace["y"]) for trace in traces), default=0.0)
    # Some room above the curves, so that the buttons of the plot do not hide them.
    span = {"range": [0, 1.15 * (highest or 1)]}
    layout["yaxis"] |= span | {"tickformat": "~%", "hoverformat": ".4~p"}
    return {"data": traces, "layout": layout}


def _curve(style: WorldStyle, band: Band, role: str, *, named: bool) -> list[Plot]:
    """Both edges and the median, in the color of the role where the world is alone.

    Args:
        style: of the world.
        band: to draw.
        role: whose it is.
        named: whether the legend names the world beside it, where several are drawn.
    """
    color, result = ROLE_COLORS[role], []
    traces = style.band(band, f"{role}, median cell")
    for trace, name in zip(traces, ("highest", "lowest", "median"), strict=True):
        trace["meta"]["alone"] |= {
            "name": f"{role}, {name} cell",
            "legendgroup": role,
            "line.color": color,
        }
        trace["meta"]["overview"]["line.color"] = style.color
        if "fill" in trace:
            trace["meta"]["alone"]["fillcolor"] = f"{color}29"
            trace["meta"]["overview"]["fillcolor"] = f"{style.color}29"
        if name == "median":
            dashes = _DASHES if style.position < len(COLORS) else _DOTTED
            trace["meta"]["alone"] |= {"line.width": _WIDTHS[role], "line.dash": _DASHES[role]}
            trace["meta"]["overview"] |= {"line.width": 2, "line.dash": dashes[role]}
            trace["meta"]["overview"]["showlegend"] = named
        result.append(restyled(trace, style.mode))
    return result
