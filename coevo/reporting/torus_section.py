"""The section with the moving torus, and the numbers that the page's script fills in."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from coevo.reporting.controls import select
from coevo.reporting.markup import Html, tag
from coevo.reporting.numbers import METRIC_NAMES, axis_title
from coevo.reporting.plots import torus_plot
from coevo.reporting.torus_frames import TorusFrames
from coevo.roles import ROLES

__all__ = ["torus_section", "torus_values"]

_NOTHING = "There are no maps: nothing is recorded yet, or the torus is too large to draw."


def torus_values(worlds: Sequence[TorusFrames], loss: str, per: str) -> dict[str, Any] | None:
    """What the script needs; None without worlds.

    Arrays are base64: floats of 4 bytes and whole numbers of 2, the lowest byte first.

    Args:
        worlds: that are shown.
        loss: the metric.
        per: what errors are averaged over.
    """
    if not worlds:
        return None
    pruned = [role for role in ROLES if any(role in world.sparsity for world in worlds)]
    panels = [("loss", "loss", "Validation loss", axis_title(loss, per))]
    panels += [
        (f"sparsity_{role}", "sparsity", f"Sparsity of {role}s", "sparsity") for role in pruned
    ]
    panels += [
        (f"founder_{role}", "founder", f"Lineage of {role}s", "founder: cell") for role in ROLES
    ]
    return {
        "roles": list(ROLES),
        "panels": [
            {
                "id": f"torus-{field.replace('_', '-')}",
                "field": field,
                "kind": kind,
                "title": title,
                "plot": torus_plot(1, 1, unit),
            }
            for field, kind, title, unit in panels
        ],
        "worlds": [_values(world) for world in worlds],
    }


def torus_section(
    worlds: Sequence[TorusFrames], data: Mapping[str, Any] | None, loss: str, *, known: int
) -> Html:
    """The maps, with a chooser of worlds, a slider and a button that moves it.

    Args:
        worlds: that are shown.
        data: see `torus_values`.
        loss: the metric.
        known: how many worlds there are.
    """
    title = tag("h2", "The torus over generations", id="torus")
    if data is None:
        return tag("section", title, tag("p", _NOTHING))
    panels = [_panel(panel) for panel in data["panels"]]
    stories = [
        tag("p", tag("strong", f"{role.capitalize()}s: "), tag("span", id=f"torus-story-{role}"))
        for role in data["roles"]
    ]
    return tag(
        "section",
        title,
        tag(
            "figure",
            _controls(worlds),
            tag("h3", "", id="torus-title"),
            tag("div", *panels, class_="maps"),
            tag("div", *stories, class_="story"),
            tag("figcaption", _caption(worlds, loss, known)),
        ),
    )


def _caption(worlds: Sequence[TorusFrames], loss: str, known: int) -> str:
    caption = (
        f"Every cell at its place; opposite edges touch. Validation loss "
        f"({METRIC_NAMES[loss]}) as measured last: dark is low, and the frame marks the lowest. "
        "Lineage: the number of the cell whose first network is the ancestor; an arrow points the "
        "way that a network moved since the generation shown before."
    )
    return (
        caption if len(worlds) == known else f"{caption} {len(worlds)} of {known} worlds are here."
    )


def _panel(panel: Mapping[str, Any]) -> Html:
    label = f"{panel['title']} of every cell, generation by generation"
    plot = tag("div", id=panel["id"], class_="plot", role="img", aria_label=label)
    return tag("div", tag("h4", panel["title"]), plot)


def _controls(worlds: Sequence[TorusFrames]) -> Html:
    last = len(worlds[0].generations) - 1
    slider = tag(
        "input",
        type="range",
        id="torus-slider",
        min="0",
        max=f"{last}",
        value=f"{last}",
        autocomplete="off",
    )
    output = tag("output", id="torus-generation", for_="torus-slider")
    stretch = tag("input", type="checkbox", id="torus-stretch", autocomplete="off")
    chooser = select("torus-world", "World", [one.name for one in worlds], 0)
    return tag(
        "div",
        chooser if len(worlds) > 1 else tag("span", chooser, hidden=""),
        tag("button", "Play", type="button", id="torus-play"),
        tag("label", "Generation", slider, output, class_="slider"),
        tag("label", stretch, "Own color scale for each generation"),
        class_="controls",
    )


def _values(one: TorusFrames) -> dict[str, Any]:
    fields = {"loss": _text(one.loss, "<f4")}
    fields |= {f"sparsity_{role}": _text(found, "<f4") for role, found in one.sparsity.items()}
    fields |= {f"founder_{role}": _text(found, "<u2") for role, found in one.founder.items()}
    fields |= {f"source_{role}": _text(found, "<u2") for role, found in one.source.items()}
    return {
        "name": one.name,
        "rows": one.rows,
        "columns": one.columns,
        "generations": one.generations.tolist(),
        "fields": fields,
    }


def _text(values: Any, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")
