"""A comparison as a JSON document, with every number in full."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, TypeAlias

from coevo.comparison.comparison import Comparison
from coevo.comparison.effects import magnitude
from coevo.comparison.intervals import Interval
from coevo.comparison.types import BlockFindings, Contrast, RankFindings, Summary

__all__ = ["document"]

_Object: TypeAlias = dict[str, Any]


def document(comparison: Comparison) -> _Object:
    """Everything; None where there is no number."""
    bootstrap = asdict(comparison.bootstrap)
    return {
        **asdict(comparison.measure),
        "by": list(comparison.by),
        "control": comparison.control._asdict(),
        "all_pairs": comparison.all_pairs,
        "bootstrap": bootstrap,
        "least_p_holm": comparison.least_p,
        "data_sets": [_block(block) for block in comparison.blocks],
        "ranks": None if comparison.ranks is None else _ranks(comparison.ranks),
        "notes": list(comparison.notes),
    }


def _block(block: BlockFindings) -> _Object:
    return {
        "name": block.name,
        "variants": [_summary(summary) for summary in block.summaries],
        "contrasts": [_contrast(contrast) for contrast in block.contrasts],
        "hypervolume_reference": block.reference,
        "hypervolumes": [asdict(cover) for cover in block.covers],
    }


def _summary(summary: Summary) -> _Object:
    return {
        "variant": summary.variant,
        "n": summary.n,
        "planned": summary.planned,
        "seeds": list(summary.seeds),
        "values": list(summary.values),
        **summary.quartiles._asdict(),
        "interquartile_mean": summary.mean,
        "interval": _interval(summary.interval),
        "sparsity": summary.sparsity,
        "gradient_steps": summary.steps,
        "sample_forwards": summary.sample_forwards,
        "seconds": summary.seconds,
        "device": summary.device,
        "best": summary.best,
        "tied_with_best": summary.tied,
        "on_front": summary.on_front,
    }


def _contrast(contrast: Contrast) -> _Object:
    return {
        "variant": contrast.variant,
        "against": contrast.other,
        "pairs": contrast.pairs,
        **asdict(contrast.verdict),
        "smallest_p": contrast.smallest_p,
        "p_holm": contrast.p_holm,
        "shift": contrast.shift,
        "a12": contrast.a12,
        "magnitude": magnitude(contrast.a12),
        "improvement": contrast.improvement,
        "interval": _interval(contrast.interval),
    }


def _ranks(ranks: RankFindings) -> _Object:
    friedman = asdict(ranks.friedman)
    return {
        "data_sets": list(ranks.data_sets),
        "variants": [
            {
                "variant": row.variant,
                "rank": row.rank,
                "relative_interquartile_mean": row.mean,
                "interval": _interval(row.interval),
                "improvement": row.improvement,
                "improvement_interval": _interval(row.improvement_interval),
            }
            for row in ranks.rows
        ],
        "friedman": {
            name: value if math.isfinite(value) else None for name, value in friedman.items()
        },
        "critical_difference": ranks.critical_difference,
        "nemenyi": [
            {"variant": one, "against": other, "p": p} for (one, other), p in ranks.nemenyi.items()
        ],
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
