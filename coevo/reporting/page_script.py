"""The script of the page of a run: draws the plots, narrows plots to one world."""

from __future__ import annotations

from coevo.reporting.script_parts import script_of
from coevo.reporting.torus_script import TORUS

__all__ = ["SCRIPT"]

_BODY = """
  function narrow(id, world) {
    page.plots[id].data.forEach(function (trace, index) {
      const change = Object.assign(
        {},
        world === "all" ? trace.meta.overview : trace.meta.alone,
      );
      if (world !== "all" && String(trace.meta.world) !== world) change.visible = false;
      Plotly.restyle(element(id), change, [index]);
    });
    fitPlot(id);
  }

  function fit() {
    Object.keys(page.plots).forEach(fitPlot);
    if (page.torus) showTorus();
  }

  for (const id in page.plots) {
    draw(id, page.plots[id], "hover");
    fitPlot(id);
    const chooser = element(id + "-world");
    if (chooser) chooser.addEventListener("change", () => narrow(id, chooser.value));
  }
  if (page.torus) startTorus();
  fitAlways(fit);
"""

SCRIPT = script_of(TORUS + _BODY)
