"""From groups of runs to figures of every variant, and what they cover of loss and sparsity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from coevo.comparison.contrasts import not_worse_than_best
from coevo.comparison.fronts import hypervolume, pareto
from coevo.comparison.groups import Block, Group
from coevo.comparison.intervals import Bootstrap
from coevo.comparison.measure import Measure
from coevo.comparison.samples import RunNumber
from coevo.comparison.settings import differing, family, named
from coevo.comparison.summaries import interquartile_mean, quartiles
from coevo.comparison.types import BlockFindings, Contrast, Cover, Summary
from coevo.files import canonical_json

__all__ = ["ALL", "findings", "median_cost"]

ALL = "all variants"

_USUAL = ("pruning[0].operator", "pruning[0].schedule")  # what to call a family without others


def findings(
    block: Block, contrasts: Sequence[Contrast], measure: Measure, bootstrap: Bootstrap
) -> BlockFindings:
    """Everything about one data set.

    Args:
        block: the groups.
        contrasts: of the block, corrected.
        measure: what the numbers are.
        bootstrap: how intervals are made.
    """
    summaries = [_summary(group, bootstrap) for group in block.groups]
    costs = np.array([median_cost(group, measure) for group in block.groups])
    tied = not_worse_than_best(block, measure)
    summaries = [
        replace(summary, best=best, tied=best or tied[summary.variant])
        for summary, best in zip(summaries, (costs == costs.min()).tolist(), strict=True)
    ]
    sparsities = [summary.sparsity for summary in summaries]
    known = np.array([sparsity for sparsity in sparsities if sparsity is not None])
    if len(known) < len(sparsities):
        return BlockFindings(block.name, summaries, contrasts, None, ())
    worst = max(float(measure.costs(group.values).max()) for group in block.groups)
    front = pareto(costs, known)
    summaries = [
        replace(summary, on_front=bool(on))
        for summary, on in zip(summaries, front.tolist(), strict=True)
    ]
    covers = [
        Cover(name, [block.groups[place].name for place in places], volume)
        for name, places in _families(block.groups)
        for volume in [hypervolume(costs[places], known[places], worst)]
    ]
    reference = -worst if measure.higher_is_better else worst
    return BlockFindings(block.name, summaries, contrasts, reference, covers)


def median_cost(group: Group, measure: Measure) -> float:
    """The median of a group's numbers, such that the lowest is the best."""
    return float(np.median(measure.costs(group.values)))


def _summary(group: Group, bootstrap: Bootstrap) -> Summary:
    numbers = group.numbers
    known = all(number.sparsity is not None for number in numbers)
    return Summary(
        variant=group.name,
        values=group.values.tolist(),
        seeds=group.seeds,
        planned=group.planned,
        quartiles=quartiles(group.values),
        mean=float(interquartile_mean(group.values)),
        interval=bootstrap.of_mean([group.values]),
        sparsity=_typical(group, lambda number: number.sparsity or 0.0) if known else None,
        steps=_typical(group, lambda number: number.world.gradient_steps),
        seconds=_typical(group, lambda number: number.world.seconds),
        device=" and ".join(sorted({number.world.device for number in numbers})),
        sample_forwards=None
        if any(number.sample_forwards is None for number in numbers)
        else _typical(group, lambda number: number.sample_forwards or 0.0),
    )


def _typical(group: Group, figure: Callable[[RunNumber], float]) -> float:
    """The median over seeds of what the runs of a seed have on average, as their number is."""
    by_seed: dict[int, list[float]] = {}
    for number in group.numbers:
        by_seed.setdefault(number.world.seed, []).append(figure(number))
    return float(np.median([np.mean(sorted(own)) for own in by_seed.values()]))


def _families(groups: Sequence[Group]) -> list[tuple[str, list[int]]]:
    """All groups, and those that differ in how much they prune only: names and positions."""
    tables = [[family(settings) for settings in group.settings] for group in groups]
    families: dict[str, list[int]] = {}
    for place, own in enumerate(tables):
        families.setdefault(canonical_json(own), []).append(place)
    several = [places for places in families.values() if 1 < len(places) < len(groups)]
    names = _names([tables[places[0]] for places in several])
    return [(ALL, list(range(len(groups)))), *zip(names, several, strict=True)]


def _names(families: Sequence[Sequence[Mapping[str, Any]]]) -> list[str]:
    """What each family has, and others have not: by keys that all have, where these suffice."""
    tables = [table for own in families for table in own]
    keys = differing(tables) or _USUAL
    shared = [key for key in keys if all(key in table for table in tables)]
    names = [_name(own, shared) for own in families]
    distinct = all(names) and len({*names}) == len(names)
    return names if distinct else [_name(own, keys) for own in families]


def _name(tables: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    """What the experiments of one family have, and others have not."""
    parts = []
    for key in keys:
        values = [table[key] for table in tables if key in table]
        parts.append("/".join(dict.fromkeys(named(key, value) for value in values)))
    return ", ".join(filter(None, parts))
