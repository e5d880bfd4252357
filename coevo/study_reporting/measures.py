"""What is followed over generations: losses, learning rates, sparsities, and evolution."""

from __future__ import annotations

from coevo.reporting.numbers import axis_title
from coevo.roles import ROLES
from coevo.study_reporting.courses import Measure

__all__ = ["evolution_measures", "learning_measures", "sparsity_measures"]


def learning_measures(loss: str, per: str) -> list[Measure]:
    """Losses and learning rates, the most important first.

    Args:
        loss: the metric that the variants are judged by.
        per: what errors are averaged over.
    """
    title, held_out = axis_title(loss, per), f"validation_{loss}"
    return [
        Measure("best", "Validation loss, best cell", held_out, "lowest", "log", title),
        Measure("mean", "Validation loss, mean of cells", held_out, "mean", "log", title),
        Measure(
            "rows",
            "Loss on training rows, mean of cells",
            f"training_{loss}",
            "mean",
            "log",
            title,
        ),
        Measure(
            "training",
            "Loss while training, mean of cells",
            "train_loss",
            "mean",
            "log",
            "training loss",
        ),
        Measure(
            "rate",
            "Learning rate, mean of cells",
            "learning_rate",
            "mean",
            "log",
            "learning rate",
        ),
    ]


def sparsity_measures() -> list[Measure]:
    """The sparsity of both roles."""
    return [
        Measure(
            role,
            f"Sparsity of {role}s, mean of cells",
            f"{role}_sparsity",
            "mean",
            "linear",
            f"{role} sparsity (share of weights)",
        )
        for role in ROLES
    ]


def evolution_measures() -> list[Measure]:
    """Success of differential evolution, spread of its neighborhoods, and what it costs."""
    return [
        Measure(
            "success",
            "Success rate, all strategies and cells",
            "de_successes_",
            "share",
            "linear",
            "success rate (share of trials)",
            "de_trials_",
        ),
        Measure(
            "spread",
            "Spread of the neighborhoods, mean of cells",
            "de_spread",
            "mean",
            "log",
            "spread (share of the norm)",
        ),
        Measure(
            "forwards",
            "Sample-forwards so far, all cells",
            "sample_forwards",
            "total",
            "count",
            "sample-forwards so far",
        ),
    ]
