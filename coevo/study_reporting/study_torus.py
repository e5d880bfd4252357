"""The section with the moving torus, and the numbers that the page's script fills in."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from coevo.reporting.markup import NOTHING, Html, tag
from coevo.reporting.numbers import METRIC_NAMES, axis_title
from coevo.reporting.plots import torus_plot
from coevo.reporting.torus_section import generation_slider
from coevo.roles import ROLES
from coevo.study_reporting.choosers import select
from coevo.study_reporting.standings import Standings
from coevo.study_reporting.study_files import StudyFiles
from coevo.study_reporting.study_worlds import StudyWorld
from coevo.study_reporting.torus_worlds import TorusWorld

__all__ = ["shown_worlds", "torus_section", "torus_values"]


def shown_worlds(study: StudyFiles, found: Standings, order: Sequence[str]) -> list[StudyWorld]:
    """The worlds to show: of each variant the run with the median result, then best and worst.

    Where a variant has no result yet, its first seed.

    Args:
        study: the files.
        found: the variants.
        order: of their names.
    """
    ranked = {name: _by_result(study, name, found.loss) for name in order}
    middle = [worlds[(len(worlds) - 1) // 2] for worlds in ranked.values() if worlds]
    ends = [world for worlds in ranked.values() if worlds for world in (worlds[0], worlds[-1])]
    return list(dict.fromkeys([*middle, *ends]))


def torus_values(worlds: Sequence[TorusWorld], loss: str, per: str) -> dict[str, Any] | None:
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


def torus_section(worlds: Sequence[TorusWorld], data: Mapping[str, Any] | None, loss: str) -> Html:
    """The maps, with a chooser of worlds, a slider and a button that moves it.

    Args:
        worlds: that are shown.
        data: see `torus_values`.
        loss: the metric.
    """
    if data is None:
        return NOTHING
    caption = (
        f"Every cell at its place; opposite edges touch. Validation loss "
        f"({METRIC_NAMES[loss]}) as measured last: dark is low, and the frame marks the lowest. "
        "Lineage: the number of the cell whose first network is the ancestor; an arrow points the "
        "way that a network moved since the generation shown before."
    )
    panels = [
        tag(
            "div",
            tag("h4", panel["title"]),
            tag(
                "div",
                id=panel["id"],
                class_="plot",
                role="img",
                aria_label=f"{panel['title']} of every cell, generation by generation",
            ),
        )
        for panel in data["panels"]
    ]
    stories = [
        tag("p", tag("strong", f"{role.capitalize()}s: "), tag("span", id=f"torus-story-{role}"))
        for role in data["roles"]
    ]
    return tag(
        "section",
        tag("h2", "The torus over generations", id="torus"),
        tag(
            "figure",
            _controls(worlds),
            tag("h3", "", id="torus-title"),
            tag("div", *panels, class_="maps"),
            tag("div", *stories, class_="story"),
            tag("figcaption", caption),
        ),
    )


def _controls(worlds: Sequence[TorusWorld]) -> Html:
    names = [_name(one.world) for one in worlds]
    last = len(worlds[0].generations) - 1
    slider, output = generation_slider(last, last)
    return tag(
        "div",
        select("torus-world", "World", names, 0),
        tag("button", "Play", type="button", id="torus-play"),
        tag("label", "Generation", slider, output, class_="slider"),
        class_="controls",
    )


def _name(world: StudyWorld) -> str:
    end = f", stopped at {world.generation}" if world.state == "stopped" else ""
    return f"{world.variant}, seed {world.seed}{end}"


def _values(one: TorusWorld) -> dict[str, Any]:
    fields = {"loss": _text(one.loss, "<f4")}
    fields |= {f"sparsity_{role}": _text(found, "<f4") for role, found in one.sparsity.items()}
    fields |= {f"founder_{role}": _text(found, "<u2") for role, found in one.founder.items()}
    fields |= {f"source_{role}": _text(found, "<u2") for role, found in one.source.items()}
    return {
        "name": _name(one.world),
        "rows": one.rows,
        "columns": one.columns,
        "generations": one.generations.tolist(),
        "fields": fields,
    }


def _text(values: Any, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")


def _by_result(study: StudyFiles, variant: str, loss: str) -> list[StudyWorld]:
    """The worlds of a variant that have records, best first; by seed where none has a result."""
    worlds = [world for world in study.of(variant) if world.part is not None]
    known = [(value, world) for world in worlds if (value := world.test(loss)) is not None]
    ranked = [world for _, world in sorted(known, key=lambda one: (one[0], one[1].seed))]
    return ranked or worlds[:1]
