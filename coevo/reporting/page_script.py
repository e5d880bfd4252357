"""The script of the page: draws the plots, moves the maps, narrows plots to one world."""

from __future__ import annotations

__all__ = ["SCRIPT"]

SCRIPT = """
"use strict";
(function () {
  const page = JSON.parse(document.getElementById("report-data").textContent);
  const element = (id) => document.getElementById(id);

  function draw(id, plot, bar) {
    const config = {
      displayModeBar: bar,
      displaylogo: false,
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
      toImageButtonOptions: { filename: id, scale: 2 },
    };
    return Plotly.newPlot(element(id), plot.data, plot.layout, config);
  }

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

  function short(value) {
    return value === null ? "not measured" : String(Number(value.toPrecision(3)));
  }

  function table(values, columns) {
    const rows = [];
    for (let first = 0; first < values.length; first += columns)
      rows.push(values.slice(first, first + columns));
    return rows;
  }

  function logarithm(value) {
    return value === null ? null : Math.log10(Math.max(value, 1e-30));
  }

  function range(values) {
    let low = Infinity, high = -Infinity;
    for (const value of values)
      if (value !== null) {
        low = Math.min(low, logarithm(value));
        high = Math.max(high, logarithm(value));
      }
    if (low > high) return [-1, 0];
    return high - low < 1e-6 ? [low - 0.01, high + 0.01] : [low, high];
  }

  function frame(cell, columns) {
    const x = cell % columns, y = Math.floor(cell / columns);
    const edges = { x0: x - 0.5, x1: x + 0.5, y0: y - 0.5, y1: y + 0.5 };
    const outer = { type: "rect", line: { color: "#ffffff", width: 6 } };
    const inner = { type: "rect", line: { color: "#d55e00", width: 3 } };
    return [Object.assign(outer, edges), Object.assign(inner, edges)];
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

  function fitPlot(id) {
    const target = element(id), width = target.clientWidth;
    // Only the drawn legend knows how many lines it takes at this width.
    Plotly.relayout(target, { width: width, height: 1500 });
    const box = target.querySelector(".legend .bg");
    const legend = box ? Math.ceil(box.getBoundingClientRect().height) : 0;
    const height = (width < 500 ? 310 : 380) + legend;
    Plotly.relayout(target, { height: height, "margin.b": 52 + legend });
  }

  function fit() {
    Object.keys(page.plots).forEach(fitPlot);
    if (page.torus) fitMaps();
  }

  function printing(active) {
    document.body.classList.toggle("printing", active);
    document.querySelectorAll("details").forEach(function (details) {
      if (active) details.open = true;
    });
    fit();
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
  window.addEventListener("resize", fit);
  window.addEventListener("beforeprint", () => printing(true));
  window.addEventListener("afterprint", () => printing(false));
})();
"""
