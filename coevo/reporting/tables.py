"""The tables of the report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from coevo.reporting.lineage import Family
from coevo.reporting.markup import Html, join, tag
from coevo.reporting.numbers import METRICS, MISSING, short
from coevo.reporting.worlds import World
from coevo.roles import ROLES

__all__ = [
    "environment_table",
    "family_table",
    "median_test",
    "parts_of",
    "scroll",
    "world_table",
]

MOST_ROWS = 200
_OF_A_PART = {"command", "started", "generation"}


def world_table(worlds: Sequence[World], champion: World | None, loss: str) -> Html:
    """One row per world: its state and its best pairing's held-out losses.

    Args:
        worlds: all of them; the first 200 are listed.
        champion: the world to highlight.
        loss: the metric of which the median over cells is given too.
    """
    metrics = [tag("th", metric.upper(), scope="col") for metric in METRICS]
    head = tag(
        "thead",
        tag(
            "tr",
            *(
                tag("th", name, scope="col", rowspan="2", class_=style)
                for name, style in (("World", ""), ("Seed", ""), ("State", "text"))
            ),
            tag("th", "Best cell (row, column)", scope="col", rowspan="2"),
            tag("th", "Validation", scope="colgroup", colspan="3", class_="group"),
            tag("th", "Test", scope="colgroup", colspan="3", class_="group"),
            tag("th", f"Median cell, test {loss.upper()}", scope="col", rowspan="2"),
        ),
        tag("tr", *metrics, *metrics),
    )
    rows = [_world_row(world, champion, loss) for world in worlds[:MOST_ROWS]]
    table = scroll(tag("table", head, tag("tbody", *rows)), "results of each world")
    if len(worlds) <= MOST_ROWS:
        return table
    rest = f"{len(worlds) - MOST_ROWS:,} more worlds are listed in result.json."
    return join(table, tag("p", rest))


def family_table(drawn: Sequence[World], found: Mapping[int, Family]) -> Html:
    """One row per world: takeovers in the last generation, and founders alive.

    Args:
        drawn: the worlds to list.
        found: world to its families.
    """
    names = ("World", "Last generation", "Replaced")
    groups = ("From another cell", "Founders alive", "Largest family")
    roles = [tag("th", f"{role}s", scope="col") for role in ROLES]
    head = tag(
        "thead",
        tag(
            "tr",
            *(tag("th", name, scope="col", rowspan="2") for name in names),
            *(tag("th", name, scope="colgroup", colspan="2", class_="group") for name in groups),
        ),
        tag("tr", *roles, *roles, *roles),
    )
    rows = [_family_row(world, found[world.number]) for world in drawn if world.number in found]
    return scroll(tag("table", head, tag("tbody", *rows)), "descent of the networks")


def environment_table(environment: Mapping[str, Any]) -> Html:
    """One row per entry, whatever the entries are; commands have a place of their own.

    Of the parts that came later there is what was not as in the part before.
    """
    first, *later = parts_of(environment)
    rows = [_entry(key, _text(value)) for key, value in first.items() if key != "command"]
    for before, part in pairwise([first, *later]):
        changed = [
            f"{key} {_text(value)}"
            for key, value in part.items()
            if key not in _OF_A_PART and before.get(key) != value
        ]
        when = f"{part.get('started', '')}, after generation {part.get('generation', '?')}"
        rows.append(_entry("resumed", "; ".join([when, *changed])))
    return scroll(tag("table", tag("tbody", *rows)), "environment")


def parts_of(environment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The environment in which it began, and those in which it was resumed."""
    later = environment.get("resumed")
    if not isinstance(later, list) or not all(isinstance(part, Mapping) for part in later):
        return [environment]
    return [{key: value for key, value in environment.items() if key != "resumed"}, *later]


def _entry(key: str, text: str) -> Html:
    name = tag("th", key, scope="row", class_="text")
    return tag("tr", name, tag("td", text, class_="text long"))


def scroll(table: Html, name: str) -> Html:
    """A wide table moves sideways by itself, and by keyboard, on a narrow screen.

    Args:
        table: the element.
        name: of the table, for readers who cannot see it.
    """
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)


def median_test(world: World, loss: str) -> float | None:
    """The median over the cells of a world's test loss; None where it is unknown."""
    values = [value for value in world.test.get(loss) or [] if isinstance(value, int | float)]
    finite = [value for value in values if np.isfinite(value)]
    return float(np.median(finite)) if finite else None


def _world_row(world: World, champion: World | None, loss: str) -> Html:
    best, stopped = world.best, world.stopped_at
    state = world.state if stopped is None else f"{world.state} at {stopped}"
    place = MISSING if best is None else f"{best.cell} ({best.row}, {best.column})"
    held_out = [] if best is None else [best.validation, best.test]
    losses = [losses.get(metric) for losses in held_out for metric in METRICS] or [None] * 6
    return tag(
        "tr",
        tag("td", f"{world.number}"),
        tag("td", f"{world.seed}"),
        tag("td", state, class_="text"),
        tag("td", place),
        *(tag("td", short(value)) for value in losses),
        tag("td", short(median_test(world, loss))),
        class_="best" if champion is not None and world.number == champion.number else "",
    )


def _family_row(world: World, family: Family) -> Html:
    numbers = [
        world.number,
        int(family.generations[-1]),
        family.replaced,
        *(family.moved[role] for role in ROLES),
        *(int(family.alive[role][-1]) for role in ROLES),
        *(family.largest[role] for role in ROLES),
    ]
    return tag("tr", *(tag("td", f"{number}") for number in numbers))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
