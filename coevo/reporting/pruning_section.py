"""The chapters about pruning: rules, sparsity, what remains, and the compact form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coevo.reporting.compaction import Compaction
from coevo.reporting.figures import course, plot_figure
from coevo.reporting.findings import Findings
from coevo.reporting.markup import NOTHING, Html, join, tag
from coevo.reporting.numbers import count, plural, short
from coevo.reporting.pruning_rules import RuleInWords, gone, rules_in_words
from coevo.reporting.pruning_tables import (
    compaction_table,
    layer_table,
    pruned_world_table,
    remains_table,
)
from coevo.reporting.remains import Remains
from coevo.reporting.run_files import RunFiles
from coevo.reporting.world_style import COLORS, MOST_DETAILED
from coevo.roles import ROLES

__all__ = ["compact_form", "pruning"]

_TEST_WARNING = "Pruning looked at test rows while the run went on, so that figures on test rows are not held out."
_REMAINS_NOTE = (
    "Counted anew from masks and weights. A parameter has an effect where its unit is not dead; a "
    "unit is dead where no kept weight connects it with an input that varies, or where nothing that "
    "is kept reads it."
)


def pruning(run: RunFiles, findings: Findings) -> Html:
    """Rules, sparsity over generations, and what remains; nothing for runs without pruning."""
    rules = rules_in_words(run.experiment)
    if not rules:
        return NOTHING
    reading = any(rule.reads_test for rule in rules)
    title = tag("h2", "Pruning", id="pruning")
    warning = tag(
        "p", tag("strong", "Test rows were used: "), _TEST_WARNING, class_="warning", role="note"
    )
    told = [title, warning if reading else NOTHING, _rules(rules)]
    remains = findings.pruning
    if remains is None:
        return tag("section", *told, tag("p", "No generation has been recorded yet."))
    return tag(
        "section",
        *told,
        _events(remains),
        _curves(rules, remains, findings),
        _what_remains(run, remains),
        _layers(rules, remains),
        _worlds(remains, findings),
    )


def compact_form(run: RunFiles) -> Html:
    """The best pairing before and after it was made compact; nothing where this was not tried."""
    compaction = run.compaction
    if compaction is None:
        return NOTHING
    if compaction.compacted:
        text = "What has no effect was folded into biases and removed from the best pairing."
    else:
        reason = f": {compaction.reason.rstrip('.')}" if compaction.reason else ""
        text = f"The best pairing was not made compact{reason}."
    return tag(
        "section",
        tag("h2", "Compact form", id="compact"),
        tag("p", text),
        compaction_table(compaction),
        tag("p", _agreement(compaction)),
    )


def _agreement(compaction: Compaction) -> str:
    """How far both forms agree, where there was another one."""
    if compaction.rows == 0:
        return "Times could not be measured."
    rows, largest = (
        plural(compaction.rows, f"{compaction.split} row"),
        compaction.largest_difference,
    )
    if not compaction.compacted and not (largest or 0) > compaction.tolerance:
        return f"Times were measured on {rows}."
    return (
        f"Largest difference of the outputs on {rows}: {short(largest)}, where up to "
        f"{short(compaction.tolerance)} is taken as equal. Where a row has outputs beyond 1, it is "
        "measured by the largest of them."
    )


def _rules(rules: Sequence[RuleInWords]) -> Html:
    """One sentence or two for each rule."""
    lines = [join(tag("code", rule.operator), f" {rule.text}") for rule in rules]
    if len(lines) == 1:
        return tag("p", lines[0])
    return tag("ol", *(tag("li", line) for line in lines), class_="rules")


def _events(remains: Remains) -> Html:
    total, worlds = sum(one.events for one in remains.worlds), len(remains.worlds)
    text = f"{plural(total, 'pruning event')} in all"
    where = f" of {worlds:,} worlds" if worlds > 1 else ""
    text += f", over all cells{where}, until generation {count(remains.generation)}."
    note = " An event is one rule that acts on one cell."
    return tag("p", tag("strong", text), note)


def _curves(rules: Sequence[RuleInWords], remains: Remains, findings: Findings) -> Html:
    if not any(remains.curves.values()):
        return NOTHING
    caption = (
        f"Share of the prunable weights that are {gone(rules)}, of the median cell, with the range "
        f"over all cells (shaded): {_drawn(remains)}."
    )
    if len(findings.drawn) > 1:
        caption += " Equal curves cover each other."
    if len(findings.drawn) > len(COLORS):
        caption += " Where colors come again, encoders are dash-dotted and decoders dotted."
    if len(findings.drawn) > MOST_DETAILED:
        caption += " All worlds together are drawn as medians alone; choose one to see the rest."
    courses = [course(found, f"{role} sparsity") for role, found in remains.curves.items()]
    label = f"Sparsity over generations. {' '.join(courses)}"
    return join(
        tag("h3", "Sparsity over generations"),
        plot_figure("sparsity-plot", label, caption, findings),
    )


def _what_remains(run: RunFiles, remains: Remains) -> Html:
    if not remains.best:
        return NOTHING
    return join(
        tag("h3", f"What remains of the best pairing, {_after(remains)}"),
        remains_table(remains, _whole(run)),
        tag("p", _REMAINS_NOTE),
    )


def _layers(rules: Sequence[RuleInWords], remains: Remains) -> Html:
    cells = plural(remains.cell_count, "cell")
    note = (
        f"Share of the prunable weights that are {gone(rules)}. Median and range are over {cells}."
    )
    return join(
        tag("h3", f"Sparsity of each layer, {_after(remains)}"),
        layer_table(remains),
        tag("p", note),
    )


def _worlds(remains: Remains, findings: Findings) -> Html:
    if len(remains.worlds) < 2:
        return NOTHING
    return join(
        tag("h3", f"Pruning in each world, {_after(remains)}"),
        pruned_world_table(remains, findings.champion),
    )


def _drawn(remains: Remains) -> str:
    lines = {"encoder": "encoders solid", "decoder": "decoders dashed"}
    return ", ".join(lines[role] for role in remains.layers)


def _after(remains: Remains) -> str:
    return f"after generation {count(remains.generation)}"


def _whole(run: RunFiles) -> Mapping[str, Any]:
    """Role to what it has where nothing is removed, as far as it is known."""
    result = run.result or {}
    sizes, parameters = result.get("unpruned") or {}, result.get("parameters") or {}
    return {role: {"parameters": parameters.get(role), **(sizes.get(role) or {})} for role in ROLES}
