"""The chapter about differential evolution: success, adaptation, spread, and cost."""

from __future__ import annotations

from dataclasses import replace

from coevo.reporting.curves import vary
from coevo.reporting.differential_evolution import DifferentialEvolution, MeanRate
from coevo.reporting.evolution_plots import strategy_name
from coevo.reporting.evolution_tables import cost_table, strategy_table
from coevo.reporting.figures import course, plot_figure
from coevo.reporting.findings import Findings
from coevo.reporting.markup import NOTHING, Html, join, tag
from coevo.reporting.numbers import count, percent, plural, short
from coevo.reporting.world_style import COLORS, MOST_DETAILED

__all__ = ["evolution"]

_SUCCESS = (
    "Share of trials that beat their own parent, over all cells, by strategy; generations without "
    "trials are left out."
)
_NO_TRIALS = (
    "No strategy has made a trial so far. Trials are made in generations that do not train by "
    "gradient, where enough donors pass the lineage gate."
)
_READ_SUCCESS = (
    "A high rate near the end, with a spread that goes to zero, means averaging and not progress: "
    "see the learning curves."
)
_READ_MEMORIES = (
    "They move toward values whose trials succeeded. F near zero means small steps; CR near one "
    "means that a trial takes nearly all of its weights from the mutation."
)
_READ_SPREAD = (
    "The nearer to zero, the more alike the networks of a neighborhood are, and the less there is "
    "to recombine; gradient steps on different batches make new spread."
)
_READ_DONORS = (
    "Where few networks pass, a neighborhood holds several lineages, or none that are near enough, "
    "and trials have little to combine."
)
_READ_COST = (
    "A sample-forward is one row that passes through one pairing; a gradient step counts three "
    "times its rows. Compare variants at equal sample-forwards."
)


def evolution(findings: Findings) -> Html:
    """What differential evolution did; nothing where no record tells of it."""
    found = findings.evolution
    if found is None:
        return NOTHING
    return tag(
        "section",
        tag("h2", "Differential evolution", id="evolution"),
        _success(found, findings),
        _memories(found, findings),
        _spread(found, findings),
        _donors(found, findings),
        _cost(found, len(findings.worlds)),
    )


def _success(found: DifferentialEvolution, findings: Findings) -> Html:
    if not found.strategies:
        return _beats_best(found)
    if not found.trials:
        return tag("p", _NO_TRIALS)
    title, tables = tag("h3", "Success rates"), (strategy_table(found), _beats_best(found))
    if not found.means:  # the worlds that had trials are not among those that are drawn
        return join(title, *tables)
    caption = _SUCCESS
    if len(findings.drawn) > 1:
        caption += " All worlds together: the mean over them"
        caption += ", with their range (shaded)." if len(found.means) <= MOST_DETAILED else "."
    used = sum(one.trials > 0 for one in found.strategies)
    if len(found.means) < used:
        caption += f" Drawn are the {len(found.means)} strategies with the most trials."
    courses = " ".join(_course(name, rate) for name, rate in found.means.items())
    label = f"Success rates over generations. {courses}"
    drawn = replace(findings, points=found.points, thinned=found.thinned)
    figure = plot_figure("success-plot", label, f"{caption} {_READ_SUCCESS}", drawn)
    return join(title, figure, *tables)


def _course(name: str, rate: MeanRate) -> str:
    """A rate for readers who cannot see the plot."""
    first, last = (percent(float(rate.mean[place])) for place in (0, -1))
    begin, end = rate.generations[0], rate.generations[-1]
    return f"{strategy_name(name)}: {first} in generation {begin}, {last} in generation {end}."


def _beats_best(found: DifferentialEvolution) -> Html:
    if found.beats_best is None:
        return NOTHING
    whole, trials = plural(found.beats_best, "trial"), found.trials_of_pool
    if trials:
        share = percent(found.beats_best / trials)
        whole = f"{count(found.beats_best)} of {plural(trials, 'trial')} ({share})"
    rest = " Extra trials of soups are not counted there." if trials < found.trials else ""
    return tag("p", f"{whole} beat the best of their neighborhood.{rest}")


def _memories(found: DifferentialEvolution, findings: Findings) -> Html:
    if not found.memories:
        return NOTHING
    drawn = " and ".join(
        f"{name} ({'solid' if name == 'F' else 'dashed'})" for name in found.memories
    )
    caption = f"Mean of a cell's memories of {drawn}: the median cell{_ranges(findings)}. "
    if len(findings.drawn) > len(COLORS):
        caption += "Where colors come again, F is dash-dotted and CR dotted. "
    courses = [course(bands, f"memory of {name}") for name, bands in found.memories.items()]
    label = f"Memories over generations. {' '.join(courses)}"
    return join(
        tag("h3", f"Memories of {' and '.join(found.memories)}"),
        plot_figure("memory-plot", label, caption + _READ_MEMORIES, findings),
    )


def _spread(found: DifferentialEvolution, findings: Findings) -> Html:
    if not found.spread:
        return NOTHING
    caption = (
        "Mean distance of a neighborhood's genomes from their mean, as a share of the norm of that "
        f"mean: the median cell{_ranges(findings)}. "
    )
    label = f"Spread over generations. {course(found.spread, 'spread')}"
    return join(
        tag("h3", "Spread of the neighborhoods"),
        plot_figure("spread-plot", label, caption + _READ_SPREAD, findings),
    )


def _donors(found: DifferentialEvolution, findings: Findings) -> Html:
    if not found.donors:
        return NOTHING
    title = tag("h3", "Donors that passed the lineage gate")
    if not vary(found.donors):
        number = float(next(iter(found.donors.values())).median[0])
        return join(
            title, tag("p", f"{short(number)} in every cell and generation, as a mean over roles.")
        )
    caption = (
        "Networks of the neighborhood that a cell could take from, mean over roles: the median "
        f"cell{_ranges(findings)}. "
    )
    label = f"Donors over generations. {course(found.donors, 'number of donors')}"
    figure = plot_figure("donors-plot", label, caption + _READ_DONORS, findings)
    return join(title, figure)


def _cost(found: DifferentialEvolution, worlds: int) -> Html:
    if not found.costs:
        return NOTHING
    note = f"{_READ_COST} Numbers are of all cells"
    note += ", and each world's generations count by themselves." if worlds > 1 else "."
    return join(tag("h3", "Cost"), cost_table(found.costs), tag("p", note))


def _ranges(findings: Findings) -> str:
    if len(findings.drawn) > MOST_DETAILED:
        return "; choose one world to see the range over its cells"
    return ", with the range over all cells (shaded)"
