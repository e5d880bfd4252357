"""What the records say about differential evolution: success, adaptation, spread, and cost.

A part is known where its columns are there, whatever optimizer wrote them. Rows of worlds that no
longer ran are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from coevo.reporting.curves import Band, Line, bands, evenly

if TYPE_CHECKING:
    import polars

__all__ = [
    "MEMORIES",
    "Cost",
    "DifferentialEvolution",
    "MeanRate",
    "StrategyTotal",
    "find_evolution",
    "strategies_of",
]

MOST_DRAWN = 14
_SOUP = "soup"
_POINTS_OF_ALL_RATES = 12_000
MEMORIES = {"F": "de_scale_memory", "CR": "de_crossover_memory"}
_TRIALS, _SUCCESSES, _BEST = "de_trials_", "de_successes_", "de_beats_best"
_SPREAD, _DONORS = "de_spread", "de_donors"
_COSTS = ("evaluations", "sample_forwards")


@dataclass(frozen=True)
class StrategyTotal:
    """One strategy over the whole run, all cells and worlds together.

    Attributes:
        name: as in the columns.
        trials: that were scored.
        successes: trials that beat their own parent.
    """

    name: str
    trials: int
    successes: int


@dataclass(frozen=True)
class MeanRate:
    """The success rate of a strategy, averaged over worlds.

    Attributes:
        generations: ``[n]`` increasing, those in which any world had trials.
        mean: ``[n]`` in [0, 1], over the worlds that had trials.
        lowest: ``[n]`` of those worlds.
        highest: ``[n]``.
    """

    generations: npt.NDArray[np.int64]
    mean: npt.NDArray[np.float64]
    lowest: npt.NDArray[np.float64]
    highest: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cost:
    """What generations of one kind cost, all cells and worlds together.

    Attributes:
        trials: whether trials were made in them; None for generations of both kinds.
        generations: how many there were, each world's counted by itself.
        evaluations: pairs scored on rows, or None where it is not recorded.
        sample_forwards: rows that passed through a pair, or None.
    """

    trials: bool | None
    generations: int
    evaluations: int | None
    sample_forwards: int | None


@dataclass(frozen=True)
class DifferentialEvolution:
    """What was found; what no column tells of is empty.

    Attributes:
        strategies: totals, in the order of the columns.
        beats_best: trials that beat the best of their neighborhood, without the extra trials of
            soups; or None.
        rates: strategy to world to its success rate over generations, without generations in
            which it had no trials; of the strategies that are drawn.
        means: strategy to the mean over worlds; of the same strategies.
        memories: ``F`` and ``CR`` to world to the spread over its cells.
        spread: world to the spread over cells of how far the genomes of a neighborhood are apart.
        donors: the same of the donors that passed the lineage gate.
        costs: with trials, without trials, and of all generations; one kind alone is not told
            apart. Empty where no cost is recorded.
        points: generations with trials that are drawn of each world, at most.
        thinned: whether there are more of them.
    """

    strategies: Sequence[StrategyTotal]
    beats_best: int | None
    rates: Mapping[str, Mapping[int, Line]]
    means: Mapping[str, MeanRate]
    memories: Mapping[str, Mapping[int, Band]]
    spread: Mapping[int, Band]
    donors: Mapping[int, Band]
    costs: Sequence[Cost]
    points: int
    thinned: bool

    @property
    def trials(self) -> int:
        """Of all strategies."""
        return sum(one.trials for one in self.strategies)

    @property
    def trials_of_pool(self) -> int:
        """Of all strategies, without the extra trials of soups."""
        return sum(one.trials for one in self.strategies if one.name != _SOUP)

    @property
    def successes(self) -> int:
        """Of all strategies."""
        return sum(one.successes for one in self.strategies)


def strategies_of(columns: Sequence[str]) -> list[str]:
    """The strategies that have both columns, in their order.

    Examples:
        >>> strategies_of(["de_trials_mean", "de_successes_mean", "de_trials_soup"])
        ['mean']
    """
    names = [name.removeprefix(_TRIALS) for name in columns if name.startswith(_TRIALS)]
    return [name for name in names if _SUCCESSES + name in columns]


def find_evolution(
    records: polars.DataFrame, drawn: Sequence[int], points: int
) -> DifferentialEvolution | None:
    """What the records say; None where they have no column of differential evolution.

    Args:
        records: of the run.
        drawn: the worlds that are drawn; what is counted is of all.
        points: generations to keep of each world, at most.
    """
    names, columns = strategies_of(records.columns), records.columns
    if not names and not {_BEST, _SPREAD, _DONORS, *MEMORIES.values()} & {*columns}:
        return None
    sums = _sums(records, names)
    totals = [_strategy(sums, name) for name in names]
    shown = sorted(totals, key=lambda one: -one.trials)[:MOST_DRAWN]
    used = [one.name for one in totals if one in shown and one.trials]
    own = sums.filter(sums["world"].is_in([*drawn]))
    fewer = max(2, min(points, _POINTS_OF_ALL_RATES // max(1, len(drawn) * len(used))))
    kept = records.filter(records["world"].is_in([*drawn]))

    def spread(column: str) -> dict[int, Band]:
        return bands(kept, column, points) if column in columns else {}

    memories = {name: spread(column) for name, column in MEMORIES.items()}
    return DifferentialEvolution(
        strategies=totals,
        beats_best=_total(sums, _BEST) if _BEST in columns else None,
        rates={name: _rates(own, name, fewer) for name in used},
        means={name: rate for name in used if (rate := _mean_rate(own, name, fewer))},
        memories={name: found for name, found in memories.items() if found},
        spread=spread(_SPREAD),
        donors=spread(_DONORS),
        costs=_costs(sums, names),
        points=fewer,
        thinned=_with_trials(own, used) > fewer,
    )


def _with_trials(sums: polars.DataFrame, names: Sequence[str]) -> int:
    """How many generations have trials of any strategy."""
    import polars as pl

    if not names:
        return 0
    trials = pl.sum_horizontal(pl.col(_TRIALS + name) for name in names)
    return sums.filter(trials > 0)["generation"].n_unique()


def _sums(records: polars.DataFrame, names: Sequence[str]) -> polars.DataFrame:
    """Sums over the cells that ran, one row per world and generation."""
    import polars as pl

    wanted = [prefix + name for name in names for prefix in (_TRIALS, _SUCCESSES)]
    wanted += [name for name in (_BEST, *_COSTS) if name in records.columns]
    numbers = [pl.col(name).cast(pl.Float64).fill_nan(0.0).sum() for name in wanted]
    ran = records.filter(pl.col("running"))
    return ran.group_by("world", "generation").agg(numbers).sort("world", "generation")


def _strategy(sums: polars.DataFrame, name: str) -> StrategyTotal:
    return StrategyTotal(name, _total(sums, _TRIALS + name), _total(sums, _SUCCESSES + name))


def _total(sums: polars.DataFrame, column: str) -> int:
    return round(float(sums[column].sum()))


def _rated(sums: polars.DataFrame, name: str) -> polars.DataFrame:
    """The success rate of a strategy where it had trials."""
    import polars as pl

    trials, successes = pl.col(_TRIALS + name), pl.col(_SUCCESSES + name)
    rate = (successes / trials).alias("rate")
    return sums.filter(trials > 0).select("world", "generation", rate)


def _rates(sums: polars.DataFrame, name: str, points: int) -> dict[int, Line]:
    parts = _rated(sums, name).partition_by("world", as_dict=True, maintain_order=True)
    found = {}
    for (world,), rows in parts.items():
        rows = rows[evenly(len(rows), points)]
        found[int(world)] = Line(rows["generation"].to_numpy(), rows["rate"].to_numpy())
    return found


def _mean_rate(sums: polars.DataFrame, name: str, points: int) -> MeanRate | None:
    import polars as pl

    rate = pl.col("rate")
    together = (
        _rated(sums, name)
        .group_by("generation")
        .agg(rate.mean().alias("mean"), rate.min().alias("low"), rate.max().alias("high"))
        .sort("generation")
    )
    if together.is_empty():
        return None
    rows = together[evenly(len(together), points)]
    return MeanRate(*(rows[one].to_numpy() for one in ("generation", "mean", "low", "high")))


def _costs(sums: polars.DataFrame, names: Sequence[str]) -> list[Cost]:
    import polars as pl

    known = [name for name in _COSTS if name in sums.columns]
    if not known or sums.is_empty():
        return []
    parts: list[tuple[bool | None, polars.DataFrame]] = [(None, sums)]
    if names:
        trials = pl.sum_horizontal(pl.col(_TRIALS + name) for name in names)
        kinds = [(True, sums.filter(trials > 0)), (False, sums.filter(trials == 0))]
        if all(len(rows) for _, rows in kinds):
            parts = [*kinds, *parts]
    found = []
    for kind, rows in parts:
        costs = {name: _total(rows, name) for name in known}
        found.append(Cost(kind, len(rows), *(costs.get(name) for name in _COSTS)))
    return found
