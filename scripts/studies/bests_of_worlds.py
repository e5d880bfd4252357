"""The best pair of every world, chosen on validation rows and told on test rows."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from coevo.assemble import Assembled
from coevo.engine import Pairs
from coevo.held_out import HeldOut

__all__ = ["losses_on", "told"]


def losses_on(assembled: Assembled, rows: HeldOut, pairs: Pairs) -> Tensor:
    """The task's loss of all pairs on held-out rows: ``[pairs]`` float64."""
    networks, task = assembled.engine.networks, assembled.engine.task
    return rows.metrics(networks, task, *pairs, names=(task.loss,))[task.loss]


def told(assembled: Assembled, pairs: Pairs) -> dict[str, Any]:
    """Losses of every world's best pair on both splits, and the mean of those on test rows.

    Args:
        assembled: gives the rows.
        pairs: as many of each world, those of a world behind each other.
    """
    worlds = assembled.engine.grid.worlds
    splits = {"validation": assembled.engine.validation, "test": assembled.test}
    found = {k: losses_on(assembled, rows, pairs).view(worlds, -1) for k, rows in splits.items()}
    best = found["validation"].argmin(1, keepdim=True)
    losses = {name: one.gather(1, best).squeeze(1) for name, one in found.items()}
    return {
        **{name: one.tolist() for name, one in losses.items()},
        "test_mean": float(losses["test"].mean()),
    }
