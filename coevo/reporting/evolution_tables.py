"""The tables about differential evolution: trials of each strategy, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence

from coevo.reporting.differential_evolution import Cost, DifferentialEvolution
from coevo.reporting.evolution_plots import strategy_name
from coevo.reporting.markup import Html, join, tag
from coevo.reporting.numbers import MISSING, count, percent
from coevo.reporting.tables import MOST_ROWS, scroll

__all__ = ["cost_table", "strategy_table"]

_KINDS = {True: "with trials", False: "without trials", None: "all"}
_COSTS = {"evaluations": "Evaluations", "sample_forwards": "Sample-forwards"}


def strategy_table(found: DifferentialEvolution) -> Html:
    """Trials, successes and their share, one row per strategy and one for all.

    Args:
        found: of the run; the first 200 strategies are listed.
    """
    head = [tag("th", "Strategy", scope="col", class_="text")]
    heads = ("Trials", "Successes", "Success rate")
    head += [tag("th", name, scope="col") for name in heads]
    listed = found.strategies[:MOST_ROWS]
    rows = [_strategy(strategy_name(one.name), one.trials, one.successes) for one in listed]
    if len(found.strategies) > 1:
        rows.append(_strategy("all", found.trials, found.successes))
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows))
    shown = scroll(table, "trials and successes of each strategy")
    rest = len(found.strategies) - len(listed)
    return join(shown, tag("p", f"{rest:,} more are in the records.")) if rest else shown


def cost_table(costs: Sequence[Cost]) -> Html:
    """Evaluations and sample-forwards in total and per generation; what is not known is left out.

    Args:
        costs: of each kind of generation, at least one.
    """
    known = [field for field in _COSTS if getattr(costs[-1], field) is not None]
    head = tag(
        "thead",
        tag(
            "tr",
            tag("th", "Generations", scope="col", rowspan="2", class_="text"),
            tag("th", "Number", scope="col", rowspan="2"),
            *(
                tag("th", _COSTS[field], scope="colgroup", colspan="2", class_="group")
                for field in known
            ),
        ),
        tag(
            "tr",
            *(tag("th", name, scope="col") for _ in known for name in ("total", "per generation")),
        ),
    )
    rows = [_cost(cost, known) for cost in costs]
    return scroll(tag("table", head, tag("tbody", *rows)), "cost of the generations")


def _strategy(name: str, trials: int, successes: int) -> Html:
    rate = percent(successes / trials) if trials else MISSING
    first = tag("th", name, scope="row", class_="text")
    numbers = [tag("td", text) for text in (count(trials), count(successes), rate)]
    return tag("tr", first, *numbers, class_="whole" if name == "all" else "")


def _cost(cost: Cost, known: Sequence[str]) -> Html:
    cells = [count(cost.generations)]
    for field in known:
        total = getattr(cost, field)
        cells += [count(total), count(round(total / cost.generations))]
    return tag(
        "tr",
        tag("th", _KINDS[cost.trials], scope="row", class_="text"),
        *(tag("td", text) for text in cells),
        class_="whole" if cost.trials is None else "",
    )
