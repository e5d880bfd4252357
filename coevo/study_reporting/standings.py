"""How the variants compare: one number per run, and one row per variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coevo.compare import compare
from coevo.comparison.comparison import Comparison
from coevo.comparison.summaries import interquartile_mean, quartiles
from coevo.comparison.types import BlockFindings, Contrast, Summary
from coevo.errors import CoevoError
from coevo.reporting.numbers import plural
from coevo.study_reporting.study_files import StudyFiles

__all__ = ["Standing", "Standings", "standings"]


@dataclass(frozen=True)
class Standing:
    """One variant.

    Numbers are None where they are not known.

    Attributes:
        variant: its name.
        data_set: that it is of; empty where it has no results.
        values: the test loss of the best pairing of each run that ended.
        sparsities: the share of all weights and biases of that pairing that are zero, of the same
            runs; empty where it is not known.
        stopped: worlds that stopped early.
        missing: worlds that have no result.
        median: of the values.
        quartiles: of the values.
        mean: interquartile mean of the values.
        interval: of that mean.
        difference: by how much a run of the variant lies above one of the control.
        p: of a test against the control, corrected for the number of tests.
        a12: probability that a run of the variant has a higher loss than one of the control, plus
            half of that of a tie.
        improvement: probability that a run of the variant is better than one of the control.
        sparsity: the median of the sparsities.
        steps: gradient steps of all cells of a run.
        cpu_seconds: per run.
        gpu_seconds: per run.
        sample_forwards: rows that passed through a pairing in all cells of a run, three times for
            a gradient step.
    """

    variant: str
    data_set: str
    values: Sequence[float]
    sparsities: Sequence[float]
    stopped: int
    missing: int
    median: float | None = None
    quartiles: tuple[float, float] | None = None
    mean: float | None = None
    interval: tuple[float, float] | None = None
    difference: float | None = None
    p: float | None = None
    a12: float | None = None
    improvement: float | None = None
    sparsity: float | None = None
    steps: float | None = None
    cpu_seconds: float | None = None
    gpu_seconds: float | None = None
    sample_forwards: float | None = None


@dataclass(frozen=True)
class Standings:
    """All variants.

    Attributes:
        loss: the metric, on test rows.
        rows: by data set, best first; variants without results at the end.
        control: what the others are compared with, or None where nothing is compared.
        reason: why it is the control, in words.
        test: what p is of, in words.
        least_p: below which no p can be with so few runs; None where nothing is tested.
        notes: how the figures were made, a sentence or two in each.
    """

    loss: str
    rows: Sequence[Standing]
    control: str | None = None
    reason: str = ""
    test: str = ""
    least_p: float | None = None
    notes: Sequence[str] = ()

    @property
    def measured(self) -> list[Standing]:
        """The variants that have results, by data set, best first."""
        return [row for row in self.rows if row.median is not None]

    @property
    def data_sets(self) -> list[str]:
        """That variants with results are of."""
        return list(dict.fromkeys(row.data_set for row in self.measured))

    def best(self, data_set: str) -> Standing:
        """The variant with the lowest median of a data set."""
        return next(row for row in self.measured if row.data_set == data_set)

    def of(self, variant: str) -> Standing:
        """The row of a variant."""
        return next(row for row in self.rows if row.variant == variant)


def standings(study: StudyFiles) -> Standings:
    """Compare the variants as `coevo.compare` does by default, by the loss of the study.

    Args:
        study: the files.
    """
    try:
        comparison = compare(study.directory, f"test_{study.loss}")
    except CoevoError:  # there are no two variants with results on one data set
        rows = [_row(study, variant.name) for variant in study.variants]
        return Standings(study.loss, sorted(rows, key=_rank))
    found: list[Standing] = []
    for block in comparison.blocks:
        own = [_compared(study, block, summary) for summary in block.summaries]
        found += sorted(own, key=_rank)
    named = {row.variant for row in found}
    found += [_row(study, one.name) for one in study.variants if one.name not in named]
    return Standings(
        study.loss,
        found,
        comparison.control.name,
        comparison.control.reason,
        _test(comparison),
        comparison.least_p,
        [note for note in comparison.notes if not note.startswith(f"{study.directory}: ")],
    )


def _rank(row: Standing) -> float:
    return np.inf if row.median is None else row.median


def _compared(study: StudyFiles, block: BlockFindings, summary: Summary) -> Standing:
    contrast = next((one for one in block.contrasts if one.variant == summary.variant), None)
    base, on_cpu = _row(study, summary.variant), summary.device == "cpu"
    return Standing(
        variant=summary.variant,
        data_set=block.name,
        values=base.values,
        sparsities=base.sparsities,
        stopped=base.stopped,
        missing=base.missing,
        median=summary.quartiles.median,
        quartiles=(summary.quartiles.q1, summary.quartiles.q3),
        mean=summary.mean,
        interval=summary.interval,
        sparsity=summary.sparsity,
        steps=summary.steps,
        cpu_seconds=summary.seconds if on_cpu else None,
        gpu_seconds=None if on_cpu else summary.seconds,
        sample_forwards=summary.sample_forwards,
        **({} if contrast is None else _against(contrast)),
    )


def _against(contrast: Contrast) -> dict[str, float]:
    return {
        "difference": contrast.shift,
        "p": contrast.p_holm,
        "a12": contrast.a12,
        "improvement": contrast.improvement,
    }


def _row(study: StudyFiles, variant: str) -> Standing:
    """What is known of a variant without the others."""
    worlds = study.of(variant)
    values = [value for world in worlds if (value := world.test(study.loss)) is not None]
    sparsities = [found for world in worlds if (found := world.sparsity()) is not None]
    row = Standing(
        variant,
        "",
        values,
        sparsities if len(sparsities) == len(values) else [],
        stopped=sum(world.state == "stopped" for world in worlds),
        missing=sum(world.result is None for world in worlds),
    )
    return _described(row) if values else row


def _described(row: Standing) -> Standing:
    middle = quartiles(np.array(row.values))
    return replace(
        row,
        median=middle.median,
        quartiles=(middle.q1, middle.q3),
        mean=float(interquartile_mean(np.array(row.values))),
        sparsity=float(np.median(row.sparsities)) if row.sparsities else None,
    )


def _test(comparison: Comparison) -> str:
    contrasts = [contrast for block in comparison.blocks for contrast in block.contrasts]
    names = list(dict.fromkeys(contrast.verdict.test for contrast in contrasts))
    if not names:
        return ""
    total = plural(len(contrasts), "comparison")
    return f"{' or '.join(names)} test, corrected for {total} by Holm's procedure"
