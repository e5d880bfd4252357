"""The tables about pruning: what remains, sparsity layer by layer and world by world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coevo.reporting.compaction import Compaction, Form
from coevo.reporting.markup import NOTHING, Html, join, tag
from coevo.reporting.numbers import MISSING, count, file_size, percent, short
from coevo.reporting.remains import Remains, WorldRemains
from coevo.reporting.tables import MOST_ROWS, scroll
from coevo.reporting.worlds import World
from coevo.roles import ROLES

__all__ = ["compaction_table", "layer_table", "pruned_world_table", "remains_table"]

_COUNTS = {
    "parameters": "Parameters with an effect",
    "multiply_adds": "Multiply-adds per row",
    "dead_units": "Dead units",
}


def remains_table(remains: Remains, whole: Mapping[str, Any]) -> Html:
    """What remains of the best pairing, one row per role and one for both.

    Args:
        remains: with a best pairing.
        whole: role to what it has where nothing is removed: ``parameters``, ``multiply_adds``
            and ``units``; what is missing is left out.
    """
    head = [tag("th", "", scope="col")]
    head += [tag("th", name, scope="col") for name in _COUNTS.values()]
    rows = []
    for name, roles in (("Encoder", ROLES[:1]), ("Decoder", ROLES[1:]), ("Both", ROLES)):
        cells = [_of(remains, whole, measure, roles) for measure in _COUNTS]
        rows.append(tag("tr", tag("th", name, scope="row", class_="text"), *cells))
    return _table(head, rows, "what remains of the best pairing")


def layer_table(remains: Remains) -> Html:
    """The sparsity of each layer: of the best pairing, and over all cells."""
    names = ("Role", "Layer")
    head = [tag("th", name, scope="col", class_="text") for name in names]
    numbers = ("Best pairing", "Median cell", "Lowest to highest cell")
    head += [tag("th", name, scope="col") for name in numbers]
    rows = []
    for role, layers in remains.layers.items():
        whole = (f"{role}_sparsity", "all")
        own = [(f"{role}_sparsity.{name}", name or "the module itself") for name in layers]
        for column, name in (*own, whole):
            rows.append(_layer_row(remains, role, column, name))
    return _table(head, rows, "sparsity of each layer")


def pruned_world_table(remains: Remains, champion: World | None) -> Html:
    """Pruning events and sparsities of each world.

    Args:
        remains: of the run; the first 200 worlds are listed.
        champion: the world to highlight.
    """
    roles = [f"{role.capitalize()} sparsity" for role in remains.layers]
    kinds = [tag("th", name, scope="col") for name in ("best pairing", "median cell")]
    head = tag(
        "thead",
        tag(
            "tr",
            *(
                tag("th", name, scope="col", rowspan="2")
                for name in ("World", "Seed", "Pruning events")
            ),
            *(tag("th", name, scope="colgroup", colspan="2", class_="group") for name in roles),
        ),
        tag("tr", *(kinds * len(roles))),
    )
    rows = [_world_row(one, remains, champion) for one in remains.worlds[:MOST_ROWS]]
    table = scroll(tag("table", head, tag("tbody", *rows)), "pruning in each world")
    if len(remains.worlds) <= MOST_ROWS:
        return table
    rest = f"{len(remains.worlds) - MOST_ROWS:,} more worlds are in the records."
    return join(table, tag("p", rest))


def compaction_table(compaction: Compaction) -> Html:
    """The best pairing before and after it was made compact."""
    forms = [compaction.before] + ([compaction.after] if compaction.after else [])
    names = ("As trained", "Compact", "Compact as a share")[: 1 if len(forms) == 1 else 3]
    head = [tag("th", "", scope="col"), *(tag("th", name, scope="col") for name in names)]
    kinds = (
        ("Parameters", "parameters"),
        ("Parameters that are not zero", "nonzero_parameters"),
        ("Multiply-adds per row", "multiply_adds"),
        ("Multiply-adds by weights that are not zero", "nonzero_multiply_adds"),
        ("File size", "bytes"),
        ("Inference time per row", "microseconds_per_row"),
    )
    rows = []
    for name, field in kinds:
        if any(getattr(form, field) is None for form in forms):
            continue
        cells = [tag("td", _figure(form, field)) for form in forms]
        if len(forms) == 2:
            before, after = (getattr(form, field) for form in forms)
            cells.append(tag("td", f"{100 * after / before:.3g} %" if before else MISSING))
        rows.append(tag("tr", tag("th", name, scope="row", class_="text"), *cells))
    return _table(head, rows, "the best pairing before and after it was made compact")


def _of(remains: Remains, whole: Mapping[str, Any], measure: str, roles: Sequence[str]) -> Html:
    """A count, of how many, in words."""
    found = sum(int(remains.best[f"{role}_{measure}"]) for role in roles)
    key = "units" if measure == "dead_units" else measure
    numbers = [(whole.get(role) or {}).get(key) for role in roles]
    known = [number for number in numbers if isinstance(number, int) and number > 0]
    if len(known) < len(roles):
        return tag("td", count(found))
    total = sum(known)
    whole_text = tag("span", f" of {count(total)}", class_="of")
    share = tag("span", f" ({percent(found / total)})", class_="of")
    return tag("td", count(found), whole_text, share)


def _layer_row(remains: Remains, role: str, column: str, name: str) -> Html:
    spread = remains.cells.get(column)
    own = percent(remains.best[column]) if remains.best else MISSING
    middle, among = MISSING, tag("td", MISSING)
    if spread is not None:
        low, high = percent(spread.lowest), percent(spread.highest)
        rest = NOTHING if low == high else tag("span", f" to {high}", class_="part")
        middle, among = percent(spread.median), tag("td", low, rest)
    return tag(
        "tr",
        tag("td", role, class_="text"),
        tag("td", name, class_="text"),
        tag("td", own),
        tag("td", middle),
        among,
        class_="whole" if name == "all" else "",
    )


def _world_row(one: WorldRemains, remains: Remains, champion: World | None) -> Html:
    numbers = [f"{one.world.number}", f"{one.world.seed}", count(one.events)]
    for role in remains.layers:
        pair = (one.best, one.median)
        numbers += [percent(found[role]) if role in found else MISSING for found in pair]
    best = champion is not None and one.world.number == champion.number
    return tag("tr", *(tag("td", number) for number in numbers), class_="best" if best else "")


def _figure(form: Form, field: str) -> str:
    if field == "bytes":
        return file_size(form.bytes)
    if field == "microseconds_per_row":
        return f"{short(form.microseconds_per_row)} µs"
    return count(getattr(form, field))


def _table(head: Sequence[Html], rows: Sequence[Html], name: str) -> Html:
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows))
    return scroll(table, name)
