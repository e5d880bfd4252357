"""Variants over several data sets: mean ranks, and numbers relative to the control's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from coevo.comparison.analysis import median_cost
from coevo.comparison.contrasts import matched
from coevo.comparison.effects import a12
from coevo.comparison.groups import Block, Group
from coevo.comparison.intervals import Bootstrap
from coevo.comparison.measure import Measure
from coevo.comparison.ranks import average_ranks, critical_difference, friedman, nemenyi
from coevo.comparison.summaries import interquartile_mean
from coevo.comparison.types import Ranked, RankFindings

__all__ = ["rank_findings", "shared_names"]


def shared_names(blocks: Sequence[Block]) -> list[str]:
    """The variants that every block has, in the order of the first."""
    return [
        group.name
        for group in blocks[0].groups
        if all(block.find(group.name) is not None for block in blocks)
    ]


def rank_findings(
    blocks: Sequence[Block], control: str, measure: Measure, bootstrap: Bootstrap
) -> RankFindings | None:
    """Rank the variants that all data sets have, by their medians.

    Args:
        blocks: one per data set.
        control: the name of the control.
        measure: what the numbers are.
        bootstrap: how intervals are made.

    Returns:
        None for fewer than two data sets, or fewer than two such variants.
    """
    names = shared_names(blocks)
    blocks = sorted(blocks, key=lambda block: block.name)  # however they were given
    if len(blocks) < 2 or len(names) < 2:
        return None
    groups = [_in_all(blocks, name) for name in names]
    costs = np.array([[median_cost(group, measure) for group in own] for own in groups]).T
    ranks = average_ranks(costs)
    p = nemenyi(ranks, len(blocks))
    controls = _in_all(blocks, control) if control in names else None
    rows = [
        _ranked(own, controls, float(rank), measure, bootstrap)
        for own, rank in zip(groups, ranks, strict=True)
    ]
    return RankFindings(
        data_sets=[block.name for block in blocks],
        rows=sorted(rows, key=lambda row: row.rank),
        friedman=friedman(ranks, len(blocks)),
        critical_difference=critical_difference(len(names), len(blocks)),
        nemenyi={
            (names[one], names[other]): float(p[one, other])
            for one, other in combinations(range(len(names)), 2)
        },
    )


def _in_all(blocks: Sequence[Block], name: str) -> list[Group]:
    """A variant in every block."""
    return [group for block in blocks for group in block.groups if group.name == name]


def _ranked(
    own: Sequence[Group],
    controls: Sequence[Group] | None,
    rank: float,
    measure: Measure,
    bootstrap: Bootstrap,
) -> Ranked:
    name = own[0].name
    if controls is None:
        return Ranked(name, rank, None, None, None, None)
    units = [float(np.median(group.values)) for group in controls]
    mean = interval = None
    if min(units) > 0:
        strata = [group.values / unit for group, unit in zip(own, units, strict=True)]
        mean = float(interquartile_mean(np.concatenate(strata)))
        interval = bootstrap.of_mean(strata)
    if controls[0].name == name:
        return Ranked(name, rank, mean, interval, None, None)
    pairs = [matched(group, control) for group, control in zip(own, controls, strict=True)]
    compared = [(measure.costs(pair.first), measure.costs(pair.second)) for pair in pairs]
    improvement = float(np.mean([a12(others, costs) for costs, others in compared]))
    spread = bootstrap.of_improvement(compared)
    return Ranked(name, rank, mean, interval, improvement, spread)
