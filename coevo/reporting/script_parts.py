"""What the scripts of all pages have in common."""

from __future__ import annotations

__all__ = ["script_of"]

_PARTS = """
  const page = JSON.parse(document.getElementById("report-data").textContent);
  const element = (id) => document.getElementById(id);

  function draw(id, plot, bar) {
    const config = {
      displayModeBar: bar,
      displaylogo: false,
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
      toImageButtonOptions: { filename: id, scale: 2 },
    };
    // A long legend needs room until the plot is fitted to it.
    const layout = Object.assign({}, plot.layout, { height: 1500 });
    return Plotly.newPlot(element(id), plot.data, layout, config);
  }

  function plain(text) {
    // Plots take some tags for markup.
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  }

  function short(value) {
    return value === null ? "not measured" : String(Number(value.toPrecision(3)));
  }

  function written(value, kind) {
    if (value === null) return "";
    if (kind === "percent") return String(Number((100 * value).toPrecision(3))) + " %";
    return String(Number(value.toPrecision(4)));
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

  function fitPlot(id) {
    const target = element(id), width = target.clientWidth;
    // Only the drawn legend knows how many lines it takes at this width.
    Plotly.relayout(target, { width: width, height: 1500 });
    const box = target.querySelector(".legend .bg");
    const legend = box ? Math.ceil(box.getBoundingClientRect().height) : 0;
    const height = (width < 500 ? 310 : 380) + legend;
    const size = width < 500 ? 11 : 14;
    const change = { height: height, "margin.b": 52 + legend, "yaxis.title.font.size": size };
    Plotly.relayout(target, change);
  }

  function fitAlways(fit) {
    function printing(active) {
      document.body.classList.toggle("printing", active);
      document.querySelectorAll("details").forEach(function (details) {
        if (active) details.open = true;
      });
      fit();
    }
    window.addEventListener("resize", fit);
    window.addEventListener("beforeprint", () => printing(true));
    window.addEventListener("afterprint", () => printing(false));
    window.matchMedia("print").addEventListener("change", (media) => printing(media.matches));
  }
"""


def script_of(body: str) -> str:
    """A whole script, which knows ``page``, the data of the page, and how to draw.

    Args:
        body: what this page does.
    """
    return f'\n"use strict";\n(function () {{{_PARTS}{body}}})();\n'
