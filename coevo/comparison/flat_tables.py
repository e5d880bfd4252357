"""A comparison as CSV: one table, a header, numbers in full."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, TypeAlias

from coevo.comparison.comparison import Comparison
from coevo.comparison.figures import contrast_of
from coevo.comparison.intervals import Interval
from coevo.comparison.types import BlockFindings, Contrast, Summary

__all__ = ["csv_text"]

_Row: TypeAlias = dict[str, Any]


def csv_text(comparison: Comparison) -> str:
    """One row per variant and data set, or per pair and data set where all pairs are compared.

    Cells are empty where there is no number. The notes are in the other formats only.
    """
    rows = [
        {"data_set": block.name, "metric": comparison.measure.metric, **row}
        for block in comparison.blocks
        for row in (_pairs(block) if comparison.all_pairs else _variants(block))
    ]
    file = io.StringIO()
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(file, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _variants(block: BlockFindings) -> Iterator[_Row]:
    for summary in block.summaries:
        contrast = contrast_of(block.contrasts, summary.variant)
        yield _summary(summary) | (_contrast(contrast) if contrast else {})


def _pairs(block: BlockFindings) -> Iterator[_Row]:
    for contrast in block.contrasts:
        yield {"variant": contrast.variant, **_contrast(contrast)}


def _summary(summary: Summary) -> _Row:
    return {
        "variant": summary.variant,
        "n": summary.n,
        "planned": summary.planned,
        "median": summary.quartiles.median,
        "q1": summary.quartiles.q1,
        "q3": summary.quartiles.q3,
        "interquartile_mean": summary.mean,
        **_ends("interquartile_mean", summary.interval),
        "best": _yes(summary.best),
        "tied_with_best": _yes(summary.tied),
        "sparsity": summary.sparsity,
        "on_front": _yes(summary.on_front),
        "gradient_steps": summary.steps,
        "seconds": summary.seconds,
        "device": summary.device,
        "sample_forwards": summary.sample_forwards,
    }


def _contrast(contrast: Contrast) -> _Row:
    return {
        "against": contrast.other,
        "test": contrast.verdict.test,
        "exact": _yes(contrast.verdict.exact),
        "pairs": contrast.pairs,
        "statistic": contrast.verdict.statistic,
        "p": contrast.verdict.p,
        "p_holm": contrast.p_holm,
        "shift": contrast.shift,
        "a12": contrast.a12,
        "improvement": contrast.improvement,
        **_ends("improvement", contrast.interval),
    }


def _ends(name: str, interval: Interval | None) -> _Row:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _yes(value: bool | None) -> str:  # noqa: FBT001 - it is the value that is written
    return "" if value is None else str(value).lower()
