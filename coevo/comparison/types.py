"""What a comparison finds out: figures of every variant, of pairs of variants, and of ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coevo.comparison.intervals import Interval
from coevo.comparison.ranks import Friedman
from coevo.comparison.significance import Verdict
from coevo.comparison.summaries import Quartiles

__all__ = ["BlockFindings", "Contrast", "Cover", "RankFindings", "Ranked", "Summary"]


@dataclass(frozen=True)
class Summary:
    """One variant on one data set.

    Attributes:
        variant: its name.
        values: ``[n]``, one number per seed, in the order of ``seeds``.
        seeds: ``[n]``.
        planned: how many numbers there shall be.
        quartiles: of the values.
        mean: their interquartile mean.
        interval: of that mean; None for fewer than two values.
        sparsity: share of weights and biases that are zero, median over seeds; None where it is
            not known. Where the variant holds several, the mean over them of each seed, as the
            value is.
        steps: gradient steps of all cells of a run, likewise.
        seconds: per run, of processor time or of time on a GPU, likewise.
        device: ``cpu`` or the name of a GPU.
        best: whether no other median is better.
        tied: whether it does not differ significantly from the best.
        on_front: whether no other variant is at least as sparse and as good, and better in one
            of both; None where sparsity is not known.
        sample_forwards: rows that passed through a pairing in all cells of a run, three times for
            a gradient step, as steps are; None where that is not recorded.
    """

    variant: str
    values: Sequence[float]
    seeds: Sequence[int]
    planned: int
    quartiles: Quartiles
    mean: float
    interval: Interval | None
    sparsity: float | None
    steps: float
    seconds: float
    device: str
    best: bool = False
    tied: bool = False
    on_front: bool | None = None
    sample_forwards: float | None = None

    @property
    def n(self) -> int:
        """How many numbers count."""
        return len(self.values)


@dataclass(frozen=True)
class Contrast:
    """One variant against another on one data set.

    Attributes:
        variant: its name.
        other: the name of the other, the control's mostly.
        pairs: number of seeds that pair; None where none do.
        verdict: of the test.
        smallest_p: that the test can give for as many numbers, uncorrected.
        p_holm: its p value, corrected for all contrasts of the comparison.
        shift: by how much the variant lies above the other, in the unit of the metric.
        a12: how probably a run of the variant has the larger number.
        improvement: how probably a run of the variant is the better one.
        interval: of that probability; None for fewer than two values.
    """

    variant: str
    other: str
    pairs: int | None
    verdict: Verdict
    smallest_p: float
    p_holm: float
    shift: float
    a12: float
    improvement: float
    interval: Interval | None


@dataclass(frozen=True)
class Cover:
    """The area below a front of loss against sparsity.

    Attributes:
        name: of the variants that it is of.
        variants: their names.
        volume: the area, in the unit of the metric.
    """

    name: str
    variants: Sequence[str]
    volume: float


@dataclass(frozen=True)
class BlockFindings:
    """What was found on one data set.

    Attributes:
        name: of the data set.
        summaries: one per variant, in the order of the study.
        contrasts: against the control, or of all pairs.
        reference: the number from which on nothing is covered; None where no sparsity is known.
        covers: of variants that differ in how much they prune only, and of all.
    """

    name: str
    summaries: Sequence[Summary]
    contrasts: Sequence[Contrast]
    reference: float | None
    covers: Sequence[Cover]


@dataclass(frozen=True)
class Ranked:
    """One variant over several data sets.

    Attributes:
        variant: its name.
        rank: mean of its ranks by median.
        mean: interquartile mean of all its numbers, each over the control's median on the same
            data set; None where that is not positive.
        interval: of that mean, stratified over data sets.
        improvement: over the control, averaged over data sets; None of the control itself.
        improvement_interval: of that, stratified over data sets.
    """

    variant: str
    rank: float
    mean: float | None
    interval: Interval | None
    improvement: float | None
    improvement_interval: Interval | None


@dataclass(frozen=True)
class RankFindings:
    """What was found over several data sets.

    Attributes:
        data_sets: their names.
        rows: of the variants that all of them have, best rank first.
        friedman: whether ranks differ at all.
        critical_difference: of mean ranks, at 5 %.
        nemenyi: p value of each pair of variants.
    """

    data_sets: Sequence[str]
    rows: Sequence[Ranked]
    friedman: Friedman
    critical_difference: float
    nemenyi: Mapping[tuple[str, str], float]
