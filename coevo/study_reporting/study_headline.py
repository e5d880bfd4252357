"""The top of the page: what was compared, what came out, and how certain that is."""

from __future__ import annotations

from coevo.reporting.markup import NOTHING, Html, join, tag
from coevo.reporting.numbers import METRIC_NAMES, axis_title, count, percent, plural, seeds, short
from coevo.study_reporting.standings import Standing, Standings
from coevo.study_reporting.study_files import StudyFiles

__all__ = ["study_header", "study_headline"]

_CERTAIN = 0.05
_MOST_NAMED = 5


def study_header(study: StudyFiles) -> Html:
    """Title and state of the study."""
    style, label, sentence = _state(study)
    return tag(
        "header",
        tag("p", "Coevo study report", class_="kind"),
        tag("h1", study.title),
        tag("p", tag("span", label, class_=f"status {style}"), sentence, class_="lead"),
    )


def study_headline(study: StudyFiles, found: Standings, per: str) -> Html:
    """What was compared and what came out, in plain words.

    Args:
        study: the files.
        found: the variants.
        per: what errors are averaged over.
    """
    told = [_compared(study, found, per), *_outcome(found)]
    return tag(
        "section",
        _warning(study),
        tag("h2", "Result", id="result"),
        *(tag("p", *sentences) for sentences in told),
        _cards(found, per),
        _facts(study),
    )


def _state(study: StudyFiles) -> tuple[str, str, str]:
    """Style, name and explanation of the state of the study."""
    total = len(study.worlds)
    states = [world.state for world in study.worlds]
    ended = states.count("complete") + states.count("stopped")
    worlds = f"{count(ended)} of {plural(total, 'world')} ended"
    if ended == total:
        return "complete", "Complete", f"All {plural(total, 'world')} ended."
    if "failed" in states:
        return "failed", "Incomplete", f"{worlds}; {count(states.count('failed'))} failed."
    return "open", "Not finished", f"{worlds}. What follows is about these; it may change."


def _compared(study: StudyFiles, found: Standings, per: str) -> list[str | Html]:
    losses = {loss for stack in study.stacks for loss in stack.losses.values()}
    metric = f"{METRIC_NAMES[found.loss]} per {per} on test rows"
    text = f"{plural(len(study.variants), 'variant')} with {plural(len(study.seeds), 'seed')} each "
    text += f"were compared by the {metric} of the best pairing of each run; lower is better. "
    text += "The best pairing of a run is chosen on validation rows."
    if len(losses) > 1:
        text += f" The variants minimize different losses; all are judged by {found.loss.upper()}."
    return [text]


def _outcome(found: Standings) -> list[list[str | Html]]:
    if not found.measured:
        return [["No variant has a result yet."]]
    several = len(found.data_sets) > 1
    told = [_best(found, found.best(name), several=several) for name in found.data_sets]
    return [*told, *_rest(found)]


def _best(found: Standings, best: Standing, *, several: bool) -> list[str | Html]:
    """The best variant of a data set, beside the control."""
    where = f" on {best.data_set}" if several else ""
    sentences: list[str | Html] = [
        f"The lowest median{where} is that of ",
        tag("strong", best.variant),
        f": {short(best.median)} over {plural(len(best.values), 'run')}",
        f", with half of the runs between {_range(best.quartiles)}. ",
    ]
    if best.variant == found.control:
        sentences.append(f"It is the control ({found.reason}): no other has a lower median.")
    elif found.control is not None and best.p is not None:
        sentences += _against_control(found, best, best.p)
    return sentences


def _against_control(found: Standings, best: Standing, p: float) -> list[str | Html]:
    control = found.of(found.control or "")
    text = (
        f" ({found.reason}), has {short(control.median)}. A run of {best.variant} is better than "
    )
    text += f"one of {control.variant} with a probability of {percent(best.improvement or 0.0)}; "
    certain = p < _CERTAIN
    text += "the difference is " + ("significant" if certain else "not significant")
    text += f" ({_p(p)}, {found.test})."
    if not certain:
        alone = sum(row.p is not None for row in found.measured) < 2
        text += f" Chance is not ruled out{_why(found) if alone else ''}."
    return ["The control, ", tag("strong", control.variant), text]


def _why(found: Standings) -> str:
    """Where so few runs could not rule it out, whatever they had been."""
    if found.least_p is None or found.least_p < _CERTAIN:
        return ""
    return f": with so few seeds, no p could be below {short(found.least_p)}"


def _rest(found: Standings) -> list[list[str | Html]]:
    """How many variants differ significantly from the control, and in which direction."""
    tested = [(row, row.p) for row in found.measured if row.p is not None]
    if len(tested) < 2:
        return []
    certain = [row for row, p in tested if p < _CERTAIN]
    better = [row.variant for row in certain if (row.difference or 0.0) < 0]
    worse = [row.variant for row in certain if (row.difference or 0.0) >= 0]
    text = f"Of the {plural(len(tested), 'variant')} that were tested against the control, "
    text += f"{_named(better)} significantly better and {_named(worse)} significantly worse"
    text += f"; {_number(len(tested) - len(certain))} not differ significantly from it"
    text += "." if certain else f"{_why(found)}."
    return [[text]]


def _named(names: list[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    if not names or len(names) > _MOST_NAMED:
        return f"{len(names) or 'none'} {verb}"
    return f"{len(names)} ({', '.join(names)}) {verb}"


def _number(number: int) -> str:
    return f"{number} does" if number == 1 else f"{number or 'none'} do"


def _p(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def _range(ends: tuple[float, float] | None) -> str:
    low, high = ends or (None, None)
    return f"{short(low)} and {short(high)}"


def _cards(found: Standings, per: str) -> Html:
    if not found.measured:
        return NOTHING
    best = found.measured[0]
    if len(found.data_sets) > 1:
        return NOTHING
    cards = [_card("Best variant", best, axis_title(found.loss, per), main=True)]
    control = None if found.control is None else found.of(found.control)
    if control is not None and control.median is not None and control.variant != best.variant:
        cards.append(_card("Control", control, axis_title(found.loss, per), main=False))
    if best.sparsity is not None:
        cards.append(
            tag(
                "div",
                tag("dt", "Sparsity of the best variant"),
                tag("dd", percent(best.sparsity), class_="value"),
                tag("dd", "weights and biases that are zero, median run", class_="more"),
                class_="card",
            )
        )
    return tag("dl", *cards, class_="cards")


def _card(kind: str, row: Standing, unit: str, *, main: bool) -> Html:
    return tag(
        "div",
        tag("dt", f"{kind}: {row.variant}"),
        tag("dd", short(row.median), class_="value"),
        tag("dd", f"median test {unit}", class_="more"),
        class_="card main" if main else "card",
    )


def _facts(study: StudyFiles) -> Html:
    table = study.experiment.get("grid")
    grid = table if isinstance(table, dict) else {}
    facts = [
        ("Variants", count(len(study.variants))),
        ("Seeds", seeds(list(study.seeds)) if study.seeds else "none"),
        ("Worlds", count(len(study.worlds))),
        ("Stacks", count(len(study.stacks))),
    ]
    if {"rows", "columns"} <= grid.keys():
        facts.append(("Torus", f"{grid['rows']} by {grid['columns']}"))
    if study.experiment.get("generations"):
        facts.append(("Generations", count(study.experiment["generations"])))
    if study.environment.get("device"):
        facts.append(("Device", str(study.environment["device"])))
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]
    return tag("dl", *pairs, class_="facts")


def _warning(study: StudyFiles) -> Html:
    states = [world.state for world in study.worlds]
    stopped, failed = states.count("stopped"), states.count("failed")
    if not stopped + failed:
        return NOTHING
    parts = [f"{plural(stopped, 'world')} stopped early"] if stopped else []
    parts += [f"{plural(failed, 'world')} failed"] if failed else []
    link = tag("a", "the list below", href="#troubles")
    text = "What stopped or failed is left out of the comparison: see "
    return join(
        tag(
            "p",
            tag("strong", f"{' and '.join(parts)}. "),
            text,
            link,
            ".",
            class_="warning",
            role="note",
        )
    )
