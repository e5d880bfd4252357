"""The top of the page: what the run was, how far it came, and what it reached."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from coevo.reporting.findings import Findings
from coevo.reporting.markup import NOTHING, Html, join, tag
from coevo.reporting.numbers import (
    METRICS,
    MISSING,
    axis_title,
    count,
    duration,
    percent,
    plural,
    seeds,
    short,
)
from coevo.reporting.pruning_rules import gone, reads_test_rows, rules_in_words
from coevo.reporting.run_files import RunFiles
from coevo.reporting.worlds import World
from coevo.roles import ROLES

__all__ = ["header", "headline"]

_MOST_NAMED = 10
_SEEN = "pruning looked at test rows, so that figures on them are not held out."
_UNSEEN = "the test split was looked at only afterwards."


def header(run: RunFiles) -> Html:
    """Title and state of the run."""
    style, label, sentence = _state(run)
    return tag(
        "header",
        tag("p", "Coevo run report", class_="kind"),
        tag("h1", run.title),
        tag("p", tag("span", label, class_=f"status {style}"), sentence, class_="lead"),
    )


def headline(run: RunFiles, findings: Findings) -> Html:
    """The best pairing's held-out losses, the spread over worlds, and the run in numbers."""
    return tag(
        "section",
        _warning(findings.worlds),
        tag("h2", "Result", id="result"),
        _cards(run, findings),
        _spread(run, findings.worlds),
        _facts(run, findings),
    )


def _state(run: RunFiles) -> tuple[str, str, str]:
    """Style, name and explanation of the state of the run."""
    planned, recorded = run.experiment.get("generations"), run.generation
    place = f"generation {count(recorded)}" + (f" of {count(planned)}" if planned else "")
    if run.result is None:
        return "open", "Not finished", f"Still running, or interrupted, at {place}."
    reached = int(run.result.get("generations") or 0)
    if recorded > reached:
        earlier = f"the results below are those of generation {count(reached)}"
        return "open", "Resumed", f"Still running, or interrupted, at {place}; {earlier}."
    status = str(run.result.get("status"))
    if status == "complete":
        took = duration(run.result.get("seconds"))
        return "complete", "Complete", f"{plural(reached, 'generation')} in {took}."
    if status == "interrupted":
        return "open", "Interrupted", f"Interrupted at {place}; it can be resumed."
    return "failed", status.capitalize(), f"Ended at {place}."


def _warning(worlds: list[World]) -> Html:
    stopped = [world for world in worlds if world.stopped_at is not None]
    if not stopped:
        return NOTHING
    places = [f"{world.name} in generation {world.stopped_at}" for world in stopped[:_MOST_NAMED]]
    if len(stopped) > _MOST_NAMED:
        places.append(f"{len(stopped) - _MOST_NAMED} more")
    reason = "A loss or a weight was not finite there; the last good networks were kept."
    return tag(
        "p",
        tag("strong", f"{len(stopped)} of {plural(len(worlds), 'world')} stopped early: "),
        f"{', '.join(places)}. {reason}",
        class_="warning",
        role="note",
    )


def _cards(run: RunFiles, findings: Findings) -> Html:
    best, champion = findings.best, findings.champion
    if best is None or champion is None:
        if run.result is None:
            return tag("p", "No pairing has been measured on held-out data yet.")
        return tag("p", "There is no best pairing: no world ran to the end with finite losses.")
    ordered = sorted(METRICS, key=lambda metric: metric != run.loss)
    cards = [
        _card(metric, run, best.test.get(metric), best.validation.get(metric)) for metric in ordered
    ]
    sparsities = {} if findings.pruning is None else findings.pruning.sparsities()
    if sparsities:
        cards.insert(1, _sparsity_card(run, sparsities))
    where = f"{best.place} of {champion.name}"
    seen = reads_test_rows(run.experiment)
    if best.test:
        text = f"The best pairing lives in {where}. It was chosen on the validation split alone; "
        text += _SEEN if seen else _UNSEEN
    else:
        text = f"The best pairing so far, on the validation split, lives in {where}. "
        text += "The test split is looked at only when the run ends" + (
            ", but for the rows that pruning looks at." if seen else "."
        )
    return join(tag("dl", *cards, class_="cards"), tag("p", text))


def _sparsity_card(run: RunFiles, sparsities: Mapping[str, float]) -> Html:
    """The share of prunable weights that the best pairing has lost."""
    found = [percent(value) for value in sparsities.values()]
    alike = len(set(found)) == 1
    if not alike:
        found = ["\xa0/ ".join(text.removesuffix("\xa0%") for text in found) + "\xa0%"]
    word = gone(rules_in_words(run.experiment))
    return tag(
        "div",
        tag("dt", f"Sparsity of {(' and ' if alike else ' / ').join(sparsities)}"),
        tag("dd", found[0], class_="value"),
        tag("dd", f"prunable weights that are {word}", class_="more"),
        class_="card" if alike else "card pair",
    )


def _card(metric: str, run: RunFiles, test: Any, validation: Any) -> Html:
    split, value = ("Validation", validation) if test is None else ("Test", test)
    chosen = (
        NOTHING if test is None else tag("dd", f"validation {short(validation)}", class_="more")
    )
    return tag(
        "div",
        tag("dt", f"{split} {metric.upper()}"),
        tag("dd", short(value), class_="value"),
        tag("dd", axis_title(metric, run.per), class_="more"),
        chosen,
        class_="card main" if metric == run.loss else "card",
    )


def _spread(run: RunFiles, worlds: list[World]) -> Html:
    found = [world.best.test.get(run.loss) for world in worlds if world.best is not None]
    tested = [loss for loss in found if loss is not None]
    if len(tested) < 2:
        return NOTHING
    rest = "." if len(tested) == len(worlds) else "; worlds that stopped are left out."
    return tag(
        "p",
        f"Test {run.loss.upper()} of the best pairing of each of {len(tested)} worlds: median ",
        tag("strong", short(statistics.median(tested))),
        f", from {short(min(tested))} to {short(max(tested))}{rest}",
    )


def _facts(run: RunFiles, findings: Findings) -> Html:
    result, worlds = run.result or {}, findings.worlds
    facts: list[tuple[str, str]] = []
    if run.records is not None:
        rows, columns = (int(run.records[name].max()) + 1 for name in ("row", "column"))  # type: ignore[arg-type]  # a column of integers
        facts.append(("Torus", f"{rows} by {columns}, {plural(rows * columns, 'cell')}"))
    if worlds:
        numbers = seeds([world.seed for world in worlds])
        seed = "seed" if len(worlds) == 1 else "seeds"
        facts.append(("Worlds", f"{len(worlds):,} ({seed} {numbers})"))
    facts.append(("Generations", count(run.generation)))
    parameters = result.get("parameters") or {}
    if result:
        facts.append(("Gradient steps per cell", count(result.get("gradient_steps_per_cell"))))
        facts += [
            (f"{role.capitalize()} parameters", count(parameters.get(role))) for role in ROLES
        ]
        facts.append(("Time", duration(result.get("seconds"))))
    dataset = result.get("dataset") or run.setting("task", "dataset")
    facts += [("Data set", str(dataset or MISSING)), ("Training loss", run.loss.upper())]
    if run.environment.get("device"):
        facts.append(("Device", str(run.environment["device"])))
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]
    description = str(result.get("dataset_description") or "")
    note = tag("p", f"Data: {description}.", class_="more") if description else NOTHING
    return join(tag("dl", *pairs, class_="facts"), note)
