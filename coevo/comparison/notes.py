"""What has to stand below a table so that its figures can be read and repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from coevo.comparison.comparison import Comparison
from coevo.comparison.contrasts import matched
from coevo.comparison.figures import ALPHA
from coevo.comparison.gathering import Gathered
from coevo.comparison.groups import Block
from coevo.comparison.settings import prunes, setting
from coevo.comparison.significance import MANN_WHITNEY, WILCOXON
from coevo.comparison.types import Contrast, RankFindings
from coevo.reporting.numbers import plural, short

__all__ = ["notes"]

_CELLS = {
    "best": "of the cell with the lowest loss on validation rows",
    "mean": "mean over all cells",
    "median": "median over all cells",
}
_TESTS = {
    WILCOXON: "Wilcoxon signed-rank tests on pairs of runs with the same seed (zeros by Pratt)",
    MANN_WHITNEY: "Mann-Whitney U tests where seeds do not pair",
}


def notes(
    comparison: Comparison, blocks: Sequence[Block], gathered: Sequence[Gathered]
) -> list[str]:
    """Everything that a reader has to know, a sentence or two in each.

    Args:
        comparison: the figures.
        blocks: what they are of.
        gathered: where that came from.
    """
    return [
        *_about_numbers(comparison),
        *_about_tests(comparison),
        *_about_power(comparison, blocks),
        *_about_ranks(comparison, blocks),
        *_about_sparsity(comparison),
        *_about_budget(comparison),
        *_about_groups(blocks),
        *_about_missing(blocks, gathered),
    ]


def _about_numbers(comparison: Comparison) -> Iterator[str]:
    measure, bootstrap = comparison.measure, comparison.bootstrap
    when = "" if measure.generation is None else f" in generation {measure.generation}"
    when = when or ("" if measure.final else " in the last generation that has it")
    better = "higher" if measure.higher_is_better else "lower"
    yield (
        f"Metric: {measure.metric}{when}, {_CELLS[measure.over]}; one number per run, "
        f"{better} is better."
    )
    if comparison.by:
        yield f"Groups: runs with the same {' and '.join(comparison.by)}."
    yield (
        "Quartiles in brackets after the median. IQM: interquartile mean, with the "
        f"{100 * bootstrap.confidence:g} % percentile interval of {bootstrap.resamples:,} bootstrap "
        f"resamples (seed {bootstrap.seed})."
    )


def _about_tests(comparison: Comparison) -> Iterator[str]:
    contrasts = [contrast for block in comparison.blocks for contrast in block.contrasts]
    if comparison.all_pairs:
        yield "All variants are compared with each other."
    else:
        yield f"Control: {comparison.control.name} ({comparison.control.reason})."
        yield from _about_no_control(comparison)
    if not contrasts:
        return
    kinds = [test for test in _TESTS if any(c.verdict.test == test for c in contrasts)]
    approximate = sum(not contrast.verdict.exact for contrast in contrasts)
    exact = "exact" if not approximate else f"{approximate} by the normal approximation"
    yield (
        f"p: two-sided {'; '.join(_TESTS[test] for test in kinds)}; {exact}. Holm: corrected for "
        f"{'all ' if len(contrasts) > 1 else ''}{plural(len(contrasts), 'comparison')} here; "
        "* below 0.05."
    )
    yield (
        "Shift: Hodges-Lehmann estimate of the difference. P(better): probability that a run is "
        "better than one of the other variant, ties count half, with its bootstrap interval. "
        "A12 (Vargha and Delaney): probability that its number is larger."
    )
    yield (
        "best: best median. =: not significantly different from the best at 5 % (Holm over all "
        "pairs of the same data set, because which one is best is not known before)."
    )
    yield from _about_few(contrasts)


def _about_no_control(comparison: Comparison) -> Iterator[str]:
    name = comparison.control.name
    for block in comparison.blocks:
        variants = [summary.variant for summary in block.summaries]
        if len(variants) > 1 and name not in variants:
            yield f"{block.name}: has no number of {name}, so nothing is tested against it there."


def _about_few(contrasts: Sequence[Contrast]) -> Iterator[str]:
    paired = [(c.pairs, c.smallest_p) for c in contrasts if c.pairs is not None]
    pairs, smallest = min(paired, default=(0, 0.0))
    if smallest > ALPHA:
        yield (
            f"With {plural(pairs, 'pair')} no p value of the signed-rank test is below "
            f"{short(smallest)}: more seeds are needed to find a difference."
        )


def _about_power(comparison: Comparison, blocks: Sequence[Block]) -> Iterator[str]:
    """Where not even the clearest difference could be found, for want of seeds."""
    contrasts = [contrast for block in comparison.blocks for contrast in block.contrasts]
    least = comparison.least_p
    if least is not None and least >= ALPHA:
        yield (
            f"With so few seeds no p value corrected for {plural(len(contrasts), 'comparison')} "
            f"can be below {short(least)}: no difference from the "
            f"{'others' if comparison.all_pairs else 'control'} can be found at 5 %."
        )
    for block in blocks:
        pairs = [matched(*pair).smallest_p for pair in combinations(block.groups, 2)]
        if len(pairs) * min(pairs, default=0.0) >= ALPHA:
            yield (
                f"{block.name}: with so few seeds nothing can differ from the best, corrected for "
                f"{plural(len(pairs), 'pair')} of variants, so = says nothing."
            )


def _about_ranks(comparison: Comparison, blocks: Sequence[Block]) -> Iterator[str]:
    ranks = comparison.ranks
    if ranks is None:
        if len(blocks) > 1:
            yield "No ranks over data sets: they do not have two variants in common."
        return
    yield (
        "Ranks: mean over data sets of the rank by median, 1 is best. Friedman without "
        "correction for ties, F by Iman and Davenport, Nemenyi by the studentized range "
        "(Demšar, 2006). Relative IQM: over all data sets, each number divided by the control's "
        "median there; its interval and that of P(better) are stratified over data sets."
    )
    ranked = {row.variant for row in ranks.rows}
    names = dict.fromkeys(one.variant for block in comparison.blocks for one in block.summaries)
    if ranked != {*names}:
        left_out = ", ".join(name for name in names if name not in ranked)
        yield f"Not ranked, because a data set has no number of them: {left_out}."
    yield from _about_data_sets(ranks, blocks)


def _about_data_sets(ranks: RankFindings, blocks: Sequence[Block]) -> Iterator[str]:
    """Whether there are enough, and different ones."""
    data_sets, variants = len(ranks.data_sets), len(ranks.rows)
    if data_sets <= 10 or variants <= 5:
        yield (
            "The p values of ranks are approximations for more than 10 data sets and more than 5 "
            f"variants (Demšar, 2006), and rough for {data_sets} and {variants}."
        )
    sources = {
        str(setting(number.world.experiment, "task.dataset"))
        for block in blocks
        for group in block.groups
        for number in group.numbers[:1]
    }
    if len(sources) < data_sets:
        yield (
            "Data sets that differ in settings of [data] only have rows in common; tests of ranks "
            "count them as independent."
        )


def _about_sparsity(comparison: Comparison) -> Iterator[str]:
    covered = [block for block in comparison.blocks if block.covers]
    if covered:
        yield (
            "Sparsity: share of all weights and biases that are exactly zero at the end, in the "
            "same cell or cells as the metric, median over runs. Front: no other variant is at "
            "least as sparse and as good, and better in one of both (medians)."
        )
        corners = ", ".join(f"{short(block.reference)} ({block.name})" for block in covered)
        yield (
            "Hypervolume: area of metric times sparsity that the medians dominate; reference: "
            f"sparsity 0 and the worst number of any run here, {corners}."
        )
    elif comparison.measure.generation is not None:
        yield "Sparsity is known of the end of a run only, and left out for another generation."


def _about_budget(comparison: Comparison) -> Iterator[str]:
    devices = {summary.device for block in comparison.blocks for summary in block.summaries}
    where = "processor time" if devices == {"cpu"} else f"time on {' and '.join(sorted(devices))}"
    yield (
        f"Steps: gradient steps of all cells of a run. Seconds: {where} per run, an equal share "
        "for each run of a stack; medians over runs."
    )
    summaries = [summary for block in comparison.blocks for summary in block.summaries]
    if any(summary.sample_forwards is not None for summary in summaries):
        yield (
            "Forwards: rows that passed through a pairing in all cells of a run, those of a "
            "gradient step three times; medians over runs. It is the budget of variants of which "
            "some train by gradient and others do not."
        )


def _about_groups(blocks: Sequence[Block]) -> Iterator[str]:
    several = [group for block in blocks for group in block.groups if group.variants > 1]
    if several:
        names = ", ".join(dict.fromkeys(f"{one.name} ({one.variants})" for one in several))
        yield (
            f"Several variants count as one in {names}: the numbers of a seed, its sparsity and "
            "its budget are averaged over them, and n counts seeds."
        )
    pruning = [g for block in blocks for g in block.groups if any(map(prunes, g.settings))]
    sizes = sorted({group.variants for group in pruning})
    if several and len(sizes) > 1:
        yield (
            f"Groups that prune are of different numbers of variants ({', '.join(map(str, sizes))}),"
            " so they may differ in what is averaged in them, too, and not only in the keys of --by."
        )
    for block in blocks:
        yield from _about_uneven(block)
        if len(block.groups) == 1:
            yield f"{block.name}: holds {block.groups[0].name} only, so nothing is compared there."


def _about_uneven(block: Block) -> Iterator[str]:
    """Groups whose numbers are means over other variants from seed to seed."""
    for group in block.groups:
        runs = Counter(number.world.seed for number in group.numbers)
        few = sum(count < group.variants for count in runs.values())
        if few:
            yield (
                f"{block.name}: {few} of {plural(len(runs), 'seed')} of {group.name} have not all "
                f"of its {group.variants} variants, so its numbers are means over different "
                "variants; give directories with the same variants for all seeds, or more keys "
                "as --by."
            )


def _about_missing(blocks: Sequence[Block], gathered: Sequence[Gathered]) -> Iterator[str]:
    for one in gathered:
        if one.missing:
            total = one.missing + len(one.worlds)
            yield f"{one.directory}: {one.missing} of {plural(total, 'run')} have not ended."
        if one.without_end:
            yield f"{one.directory}: no run of {', '.join(one.without_end)} has ended."
        for failure in one.failures:
            yield f"{one.directory}: failed: {failure}"
    for block in blocks:
        short_of = [g for g in block.groups if len(g.seeds) < g.planned]
        parts = [f"{g.name} {len(g.seeds)} of {g.planned}" for g in short_of]
        parts += [f"{name} 0 of {planned}" for name, planned in block.empty.items()]
        if parts:
            yield (
                f"{block.name}: numbers that count: {', '.join(parts)}; the other runs stopped, "
                "failed, have not ended or lack the metric."
            )
