"""Metrics of the centers on held-out rows, generation by generation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from coevo.held_out import HeldOut
from coevo.networks import NetworkPair
from coevo.state import GridState
from coevo.tasks import METRICS, Task

__all__ = ["metrics_on"]


def metrics_on(
    splits: Mapping[str, HeldOut],
    networks: NetworkPair,
    task: Task,
    state: GridState,
    *,
    measured: bool,
) -> dict[str, Tensor]:
    """All metrics of the centers on some splits.

    Args:
        splits: their rows by name.
        networks: the architectures.
        task: gives the metrics.
        state: holds the centers.
        measured: False where this generation is left out; all metrics are then NaN.

    Returns:
        ``SPLIT_METRIC`` to ``[cells]`` float64.
    """
    names: tuple[str, ...] = METRICS
    found: dict[str, Tensor] = {}
    absent = torch.full_like(state.running, torch.nan, dtype=torch.float64)
    for split, rows in splits.items():
        values = dict.fromkeys(names, absent)
        if measured:
            values = rows.metrics(networks, task, state.encoders, state.decoders)
        found |= {f"{split}_{name}": value for name, value in values.items()}
    return found
