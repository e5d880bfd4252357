"""Script: curves of variants over generations, with a chooser of measure and of variants."""

from __future__ import annotations

__all__ = ["COURSES"]

COURSES = """
  function chosenVariants(id) {
    const boxes = document.querySelectorAll("#" + id + "-variants input");
    const chosen = [];
    boxes.forEach((box) => box.checked && chosen.push(Number(box.value)));
    return boxes.length ? chosen : page.variants.map((variant, index) => index);
  }

  function bandOf(variant, curve) {
    const edge = {
      type: "scatter",
      mode: "lines",
      x: curve.x,
      line: { width: 0, color: variant.color },
      hoverinfo: "skip",
      showlegend: false,
      legendgroup: plain(variant.name),
    };
    const area = { y: curve.low, fill: "tonexty", fillcolor: variant.color + "26" };
    return [Object.assign({ y: curve.high }, edge), Object.assign(area, edge)];
  }

  function medianOf(variant, curve, format) {
    return {
      type: "scatter",
      mode: curve.x.length <= 30 ? "lines+markers" : "lines",
      x: curve.x,
      y: curve.median,
      name: plain(variant.name),
      legendgroup: plain(variant.name),
      line: { width: 2.25, color: variant.color, dash: variant.dash },
      marker: { symbol: variant.symbol, size: 6 },
      customdata: curve.x.map((x, place) => [curve.low[place], curve.high[place]]),
      hovertemplate:
        "%{y:" + format + "} (%{customdata[0]:" + format + "} to %{customdata[1]:" + format + "})",
    };
  }

  function showCourse(id) {
    const chooser = element(id + "-measure");
    const measure = page.courses[id].measures[chooser ? Number(chooser.value) : 0];
    const shown = chosenVariants(id).filter((index) => measure.curves[index]);
    const pairs = shown.map((index) => [page.variants[index], measure.curves[index]]);
    const bands = pairs.flatMap((pair) => bandOf(pair[0], pair[1]));
    const lines = pairs.map((pair) => medianOf(pair[0], pair[1], measure.format));
    const layout = JSON.parse(JSON.stringify(measure.layout));
    layout.showlegend = true;
    Plotly.react(element(id + "-plot"), bands.concat(lines), layout);
    element(id + "-title").textContent = measure.label;
    const count = element(id + "-count");
    if (count) count.textContent = shown.length + " of " + page.variants.length + " shown";
    fitPlot(id + "-plot");
  }

  function startCourse(id) {
    draw(id + "-plot", { data: [], layout: {} }, "hover");
    const show = () => showCourse(id);
    const chooser = element(id + "-measure"), variants = element(id + "-variants");
    if (chooser) chooser.addEventListener("change", show);
    if (variants) {
      variants.addEventListener("change", show);
      variants.querySelectorAll("button").forEach(function (button) {
        button.addEventListener("click", function () {
          variants.querySelectorAll("input").forEach(function (box) {
            const first = page.variants[Number(box.value)].shown;
            box.checked = { all: true, none: false, first: first }[button.value];
          });
          show();
        });
      });
    }
    show();
  }
"""
