"""The section with the maps of the torus, and the numbers that the page's script fills in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coevo.reporting.findings import Findings
from coevo.reporting.markup import Html, tag
from coevo.reporting.numbers import METRIC_NAMES, axis_title, rounded
from coevo.reporting.plots import torus_plot
from coevo.reporting.run_files import RunFiles

__all__ = ["generation_slider", "torus", "torus_data"]


def torus_data(run: RunFiles, findings: Findings) -> dict[str, Any] | None:
    """What the page's script needs for the maps, or None without maps.

    One world is shown in its first, a chosen and its last generation; several worlds are shown
    side by side in the chosen one. A panel is ``{id, world, fixed, label}``, where ``fixed`` is
    the position of its generation, or None where the reader chooses; ``start`` is the position
    that the reader finds chosen.
    """
    maps = findings.maps
    if maps is None:
        return None
    last = len(maps.generations) - 1
    several = len(maps.frames) > 1
    places: list[tuple[int, int | None]] = [(world, None) for world in sorted(maps.frames)]
    if not several:
        alone = [0, None, last] if last > 1 else list(range(last + 1))
        places = [(places[0][0], fixed) for fixed in alone]
    labels = {world.number: world.label for world in findings.worlds}
    panels = [
        {
            "id": f"torus-{position}",
            "world": world,
            "fixed": fixed,
            "label": labels[world] if several else "Generation {generation}",
        }
        for position, (world, fixed) in enumerate(places)
    ]
    return {
        "plot": torus_plot(maps.rows, maps.columns, axis_title(run.loss, run.per)),
        "generations": maps.generations.tolist(),
        "start": last if several else last // 2,
        "rows": maps.rows,
        "columns": maps.columns,
        "panels": panels,
        "frames": {
            str(world): [rounded(frame, 4) for frame in frames.tolist()]
            for world, frames in maps.frames.items()
        },
    }


def torus(run: RunFiles, findings: Findings, data: Mapping[str, Any] | None) -> Html:
    """The maps of the loss on the torus.

    Args:
        run: the files.
        findings: what they say.
        data: see `torus_data`.
    """
    title = tag("h2", "The torus", id="torus")
    if data is None:
        reason = "There is no map: nothing was measured yet, or the torus is too large to draw."
        return tag("section", title, tag("p", reason))
    name = METRIC_NAMES[run.loss]
    caption = (
        f"Validation loss ({name}) of every cell at its place; dark is low. The frame marks the "
        "lowest loss of the generation shown. Opposite edges of the torus touch."
    )
    drawn, worlds = len(data["frames"]), len(findings.worlds)
    if drawn < worlds:
        caption += f" {drawn} of {worlds} worlds are shown."
    panels = [_panel(panel, data, findings, name) for panel in data["panels"]]
    maps = tag("div", *panels, class_="maps")
    return tag("section", title, tag("figure", _controls(data), maps, tag("figcaption", caption)))


def _panel(
    panel: Mapping[str, Any], data: Mapping[str, Any], findings: Findings, name: str
) -> Html:
    best = next((world.best for world in findings.worlds if world.number == panel["world"]), None)
    place = "" if best is None else f" The best pairing lives in {best.place}."
    label = f"Map of the validation loss ({name}) on the torus, world {panel['world']}.{place}"
    shown = data["start"] if panel["fixed"] is None else panel["fixed"]
    title = panel["label"].replace("{generation}", str(data["generations"][shown]))
    return tag(
        "div",
        tag("h3", title, id=f"{panel['id']}-title"),
        tag("div", id=panel["id"], class_="plot", role="img", aria_label=label),
    )


def generation_slider(last: int, start: int) -> tuple[Html, Html]:
    """What moves the maps of the torus, from 0 to ``last``, and where its generation is told."""
    slider = tag(
        "input",
        type="range",
        id="torus-slider",
        min="0",
        max=f"{last}",
        value=f"{start}",
        autocomplete="off",
    )
    return slider, tag("output", id="torus-generation", for_="torus-slider")


def _controls(data: Mapping[str, Any]) -> Html:
    last = len(data["generations"]) - 1
    moving = last > 0 and any(panel["fixed"] is None for panel in data["panels"])
    slider, output = generation_slider(last, data["start"])
    hidden = {} if moving else {"hidden": ""}
    stretch = tag("input", type="checkbox", id="torus-stretch", autocomplete="off")
    return tag(
        "div",
        tag("label", "Generation", slider, output, class_="slider", **hidden),
        tag("label", stretch, "Own color scale for each map"),
        class_="controls",
    )
