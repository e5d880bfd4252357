"""The script of the page of a run: draws the plots, moves the maps, narrows plots to one world."""

from __future__ import annotations

from coevo.reporting.script_parts import script_of

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

  function showMap(panel, index) {
    const maps = page.torus, values = maps.frames[panel.world][index];
    const known = values.filter((value) => value !== null);
    const best = values.indexOf(Math.min.apply(null, known));
    const [low, high] = element("torus-stretch").checked ? range(values) : maps.range;
    const ticks = [low, (low + high) / 2, high];
    const cells = {
      z: [table(values.map(logarithm), maps.columns)],
      customdata: [table(values.map(short), maps.columns)],
      zmin: low,
      zmax: high,
      "colorbar.tickvals": [ticks],
      "colorbar.ticktext": [ticks.map((tick) => short(Math.pow(10, tick)))],
    };
    if (maps.columns <= 6 && maps.rows <= 12) {
      cells.text = cells.customdata;
      cells.texttemplate = "%{text}";
    }
    Plotly.restyle(element(panel.id), cells, [0]);
    Plotly.relayout(element(panel.id), { shapes: best < 0 ? [] : frame(best, maps.columns) });
    const label = panel.label.replace("{generation}", maps.generations[index]);
    element(panel.id + "-title").textContent = label;
  }

  function showMaps() {
    const slider = element("torus-slider"), chosen = Number(slider.value);
    page.torus.panels.forEach(function (panel) {
      showMap(panel, panel.fixed === null ? chosen : panel.fixed);
    });
    const generation = page.torus.generations[chosen];
    element("torus-generation").textContent = generation;
    slider.setAttribute("aria-valuetext", "generation " + generation);
  }

  function fitMaps() {
    page.torus.panels.forEach(function (panel) {
      const target = element(panel.id), width = target.clientWidth;
      const ratio = page.torus.rows / page.torus.columns;
      const height = Math.min(1.6 * width, Math.max(40, (width - 58) * ratio) + 92);
      Plotly.relayout(target, { width: width, height: height });
    });
  }

  function fit() {
    Object.keys(page.plots).forEach(fitPlot);
    if (page.torus) fitMaps();
  }

  for (const id in page.plots) {
    draw(id, page.plots[id], "hover");
    fitPlot(id);
    const chooser = element(id + "-world");
    if (chooser) chooser.addEventListener("change", () => narrow(id, chooser.value));
  }
  if (page.torus) {
    page.torus.range = range(Object.values(page.torus.frames).flat(2));
    page.torus.panels.forEach(function (panel) {
      draw(panel.id, JSON.parse(JSON.stringify(page.torus.plot)), false);
    });
    fitMaps();
    showMaps();
    element("torus-slider").addEventListener("input", showMaps);
    element("torus-stretch").addEventListener("change", showMaps);
  }
  fitAlways(fit);
"""

SCRIPT = script_of(_BODY)
