"""Script: the table of two axes of the sweep as a heat map, with choosers of axes and values."""

from __future__ import annotations

__all__ = ["MATRIX"]

MATRIX = """
  function middle(values) {
    const known = values.filter((value) => value !== null).sort((a, b) => a - b);
    if (!known.length) return null;
    const half = Math.floor(known.length / 2);
    return known.length % 2 ? known[half] : (known[half - 1] + known[half]) / 2;
  }

  function matrixTable(down, across, chosen) {
    const rows = page.matrix.axes[down].labels.map(() =>
      page.matrix.axes[across].labels.map(() => []),
    );
    page.matrix.entries.forEach(function (entry) {
      const row = entry.places[down], column = entry.places[across];
      if (row !== null && column !== null) rows[row][column].push(entry.values[chosen]);
    });
    return rows.map((row) => row.map(middle));
  }

  function fitMatrix(heat, layout, rows, columns) {
    const longest = (texts) => Math.max.apply(null, texts.map((text) => text.length));
    layout.width = element("matrix-plot").clientWidth;
    layout.margin.l = 52 + 7.5 * longest(rows);
    const room = (layout.width - layout.margin.l - layout.margin.r) / columns.length;
    if (7.5 * longest(columns) > room) {
      layout.xaxis.tickangle = -40;
      layout.margin.b += 4 * longest(columns);
    }
    const size = Math.min(13, Math.floor((1.6 * room) / longest(heat.text.flat())));
    heat.texttemplate = size < 8 ? "" : "%{text}";
    heat.textfont = { size: size };
    const cells = Math.max(130, rows.length * 44);
    layout.height = layout.margin.t + layout.margin.b + cells;
  }

  function showMatrix() {
    const matrix = page.matrix, chosen = Number(element("matrix-value").value);
    const down = Number(element("matrix-rows").value);
    const across = Number(element("matrix-columns").value);
    const value = matrix.values[chosen], z = matrixTable(down, across, chosen);
    const rows = matrix.axes[down], columns = matrix.axes[across];
    const flat = z.flat(), known = flat.filter((one) => one !== null);
    const best = value.low ? Math.min.apply(null, known) : Math.max.apply(null, known);
    const heat = Object.assign({}, matrix.plot.data[0], {
      x: columns.labels.map(plain),
      y: rows.labels.map(plain),
      z: z,
      text: z.map((row) => row.map((one) => written(one, value.kind))),
      reversescale: !value.low,
    });
    const format = value.kind === "percent" ? "~%" : "~g";
    heat.colorbar = Object.assign({}, heat.colorbar, { tickformat: format });
    element("matrix-title").textContent = value.title;
    if (value.kind === "percent") Object.assign(heat, { zmin: 0, zmax: 1 });
    const layout = JSON.parse(JSON.stringify(matrix.plot.layout));
    layout.xaxis.title.text = plain(columns.name);
    layout.yaxis.title.text = plain(rows.name);
    layout.shapes = known.length ? frame(flat.indexOf(best), columns.labels.length) : [];
    fitMatrix(heat, layout, rows.labels, columns.labels);
    Plotly.react(element("matrix-plot"), [heat], layout);
  }

  function startMatrix() {
    draw("matrix-plot", { data: [], layout: {} }, false);
    const choosers = [element("matrix-rows"), element("matrix-columns")];
    const axes = choosers.map((chooser) => chooser.value);
    choosers.forEach(function (chooser, place) {
      chooser.addEventListener("change", function () {
        // No axis stands on both sides: the other one takes what this one had.
        if (axes[1 - place] === chooser.value) axes[1 - place] = axes[place];
        axes[place] = chooser.value;
        choosers.forEach((one, side) => (one.value = axes[side]));
        showMatrix();
      });
    });
    element("matrix-value").addEventListener("change", showMatrix);
    showMatrix();
  }
"""
