"""Script: the torus of a chosen world, generation by generation."""

from __future__ import annotations

__all__ = ["TORUS"]

TORUS = """
  const decoded = new Map();

  function numbersOf(world, field) {
    const key = world + " " + field, text = page.torus.worlds[world].fields[field];
    if (!decoded.has(key)) {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const whole = field.startsWith("founder") || field.startsWith("source");
      decoded.set(key, whole ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer));
    }
    return decoded.get(key);
  }

  function frameOf(world, field, index) {
    const found = numbersOf(world, field), torus = page.torus.worlds[world];
    const size = torus.rows * torus.columns;
    const values = Array.from(found.subarray(index * size, (index + 1) * size));
    return values.map((value) => (Number.isNaN(value) || value === 65535 ? null : value));
  }

  function lossMap(world, index, panel) {
    const values = frameOf(world, panel.field, index), torus = page.torus.worlds[world];
    if (!torus.range) torus.range = range(Array.from(numbersOf(world, panel.field)).filter(isFinite));
    const [low, high] = element("torus-stretch").checked ? range(values) : torus.range;
    const ticks = [low, (low + high) / 2, high];
    const best = values.indexOf(Math.min.apply(null, values.filter((value) => value !== null)));
    return {
      z: values.map(logarithm), zmin: low, zmax: high, text: values.map(short), best: best,
      hover: values.map(short),
      ticks: [ticks, ticks.map((tick) => short(Math.pow(10, tick)))],
    };
  }

  function sparsityMap(world, index, panel) {
    const values = frameOf(world, panel.field, index);
    const text = values.map((value) => (value === null ? "" : Math.round(100 * value) + " %"));
    return {
      z: values, zmin: 0, zmax: 1, text: text, best: -1,
      hover: values.map((value) => (value === null ? "not recorded" : written(value, "percent"))),
      ticks: [[0, 0.5, 1], ["0 %", "50 %", "100 %"]],
    };
  }

  function arrow(from, to, rows, columns) {
    if (from === to) return "";
    const way = (a, b, n) => {
      const step = (((b - a) % n) + n) % n;
      return step === 0 ? 0 : 2 * step <= n ? 1 : -1;
    };
    const down = way(Math.floor(from / columns), Math.floor(to / columns), rows);
    const right = way(from % columns, to % columns, columns);
    return ["\\u2196\\u2191\\u2197", "\\u2190\\u00b7\\u2192", "\\u2199\\u2193\\u2198"][down + 1][right + 1];
  }

  function founderMap(world, index, panel) {
    const torus = page.torus.worlds[world], size = torus.rows * torus.columns;
    const values = frameOf(world, panel.field, index);
    const sources = frameOf(world, panel.field.replace("founder", "source"), index);
    // Neighboring founders get colors far apart.
    let stride = Math.max(1, Math.round(0.382 * size));
    const common = (a, b) => (b ? common(b, a % b) : a);
    while (common(stride, size) > 1) stride += 1;
    const place = (cell) => "row " + Math.floor(cell / torus.columns) + ", column " + (cell % torus.columns);
    const mark = (cell) => arrow(sources[cell], cell, torus.rows, torus.columns);
    return {
      z: values.map((value) => (value === null ? null : (value * stride) % size)),
      zmin: 0, zmax: Math.max(1, size - 1), best: -1, ticks: null,
      text: values.map((value, cell) => (value === null ? "?" : value) + mark(cell)),
      hover: values.map(function (value, cell) {
        const from = sources[cell] === cell ? "" : "<br>taken from " + place(sources[cell]);
        return (value === null ? "not known" : value) + from;
      }),
    };
  }

  function showPanel(world, index, panel) {
    const torus = page.torus.worlds[world], target = element(panel.id);
    target.parentElement.hidden = torus.fields[panel.field] === undefined;
    if (target.parentElement.hidden) return;
    const map = { loss: lossMap, sparsity: sparsityMap, founder: founderMap }[panel.kind](world, index, panel);
    const room = (target.clientWidth - 58) / torus.columns;
    const longest = Math.max.apply(null, map.text.map((text) => String(text).length));
    const heat = Object.assign({}, panel.plot.data[0], {
      z: table(map.z, torus.columns),
      customdata: table(map.hover, torus.columns),
      text: table(map.text, torus.columns),
      texttemplate: room > 7 * longest + 4 ? "%{text}" : "",
      zmin: map.zmin,
      zmax: map.zmax,
      showscale: map.ticks !== null,
    });
    if (map.ticks)
      heat.colorbar = Object.assign({}, heat.colorbar, { tickvals: map.ticks[0], ticktext: map.ticks[1] });
    const layout = JSON.parse(JSON.stringify(panel.plot.layout));
    Object.assign(layout.xaxis, { range: [-0.5, torus.columns - 0.5], dtick: Math.ceil(torus.columns / 10) });
    Object.assign(layout.yaxis, { range: [torus.rows - 0.5, -0.5], dtick: Math.ceil(torus.rows / 10) });
    layout.margin.b = map.ticks ? 84 : 44;
    layout.width = target.clientWidth;
    const cells = Math.max(34, ((layout.width - 58) * torus.rows) / torus.columns);
    layout.height = Math.min(1.6 * layout.width, cells + 8 + layout.margin.b);
    layout.shapes = map.best < 0 ? [] : frame(map.best, torus.columns);
    Plotly.react(target, [heat], layout);
  }

  function storyOf(world, index, role) {
    const torus = page.torus.worlds[world];
    const founders = frameOf(world, "founder_" + role, index);
    const sources = frameOf(world, "source_" + role, index);
    const taken = sources.filter((source, cell) => source !== cell).length;
    const since = index ? "since generation " + torus.generations[index - 1] : "at first";
    const moved = taken + " of " + sources.length + " cells took over another cell's " + role + " " + since;
    const count = new Map();
    founders.forEach((founder) => count.set(founder, (count.get(founder) || 0) + 1));
    if (count.has(null)) return moved + ".";
    const [first, most] = Array.from(count).reduce((a, b) => (b[1] > a[1] ? b : a));
    const alive = count.size === 1 ? "1 founder has descendants" : count.size + " founders have descendants";
    return moved + "; " + alive + ", cell " + first + "'s in " + most + " cells.";
  }

  function showTorus() {
    const world = Number(element("torus-world").value), torus = page.torus.worlds[world];
    const slider = element("torus-slider"), last = torus.generations.length - 1;
    slider.max = last;
    const index = Math.min(Number(slider.value), last);
    page.torus.panels.forEach((panel) => showPanel(world, index, panel));
    element("torus-title").textContent = torus.name + ", generation " + torus.generations[index];
    element("torus-generation").textContent = torus.generations[index];
    slider.setAttribute("aria-valuetext", "generation " + torus.generations[index]);
    page.torus.roles.forEach(function (role) {
      element("torus-story-" + role).textContent = storyOf(world, index, role);
    });
  }

  function startTorus() {
    const slider = element("torus-slider"), button = element("torus-play");
    let timer = null;
    const stop = function () {
      clearInterval(timer);
      timer = null;
      button.textContent = "Play";
    };
    const step = function () {
      slider.value = Number(slider.value) + 1;
      showTorus();
      if (Number(slider.value) >= Number(slider.max)) stop();
    };
    button.addEventListener("click", function () {
      if (timer !== null) return stop();
      if (Number(slider.value) >= Number(slider.max)) slider.value = 0;
      showTorus();
      button.textContent = "Pause";
      timer = setInterval(step, 300);
    });
    page.torus.panels.forEach((panel) => draw(panel.id, { data: [], layout: {} }, false));
    slider.addEventListener("input", showTorus);
    element("torus-stretch").addEventListener("change", showTorus);
    element("torus-world").addEventListener("change", showTorus);
    showTorus();
  }
"""
