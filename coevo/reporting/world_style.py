"""How one of several worlds is drawn, among the others and alone.

A plot of several worlds can be narrowed to one world: each trace carries in ``meta`` its world
and what to restyle it to in the ``overview`` and ``alone``, which the page's script does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coevo.reporting.curves import Band, Line
from coevo.reporting.numbers import rounded
from coevo.reporting.plot_layout import Plot
from coevo.reporting.worlds import World

__all__ = [
    "COLORS",
    "MOST_DETAILED",
    "ROLE_COLORS",
    "ROLE_DASHES",
    "WorldStyle",
    "restyled",
]

# Okabe and Ito (2008), without the yellow that is too light on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
ROLE_COLORS = {"encoder": COLORS[0], "decoder": COLORS[1]}
ROLE_DASHES = {"encoder": "solid", "decoder": "dot"}
MOST_DETAILED = 3
_MARKERS_BELOW = 30


@dataclass(frozen=True)
class WorldStyle:
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
        return COLORS[self.position % len(COLORS)]

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
            edges.append(restyled(edge, self.mode))
        edges[1] |= {"fill": "tonexty", "fillcolor": f"{self.color}29"}
        median = self._trace(Line(band.generations, band.median), name)
        # Colors come around again; the second time they are dashed.
        dash = "solid" if self.position < len(COLORS) else "longdash"
        median["line"] = {"width": 2.5 if few else 1.75, "color": self.color, "dash": dash}
        return [*edges, restyled(median, self.mode)]

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
        return restyled(trace, self.mode)

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


def restyled(trace: Plot, mode: str) -> Plot:
    """A trace as it looks at first.

    Args:
        trace: with its looks in ``meta``.
        mode: ``overview`` or ``alone``.
    """
    changed = dict(trace)
    for key, value in trace["meta"][mode].items():
        table, _, name = key.rpartition(".")
        if table:
            changed[table] = changed[table] | {name: value}
        else:
            changed[key] = value
    return changed
