"""Groups of runs from numbers alone, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from coevo.comparison.groups import Block, Group
from coevo.comparison.samples import RunNumber
from coevo.world_results import WorldResult


def run_number(
    seed: int,
    value: float | None,
    *,
    sparsity: float | None = 0.0,
    variant: str = "",
    experiment: Mapping[str, Any] | None = None,
) -> RunNumber:
    tables = {"task": {"dataset": "digits", "loss": "mse"}} if experiment is None else experiment
    world = WorldResult(Path("part"), 0, variant, tables, seed, {}, 100, 5.0, "cpu")
    return RunNumber(world, value, sparsity)


def group(
    name: str, values: Sequence[float], *, first_seed: int = 1, sparsity: float | None = 0.0
) -> Group:
    """One run per seed; the seeds follow each other."""
    seeds = tuple(range(first_seed, first_seed + len(values)))
    experiment = {"task": {"dataset": "digits"}, "description": name}
    numbers = tuple(
        run_number(seed, value, sparsity=sparsity, experiment=experiment)
        for seed, value in zip(seeds, values, strict=True)
    )
    return Group(name, seeds, np.array(values, dtype=float), numbers, len(values), 1)


def block(*groups: Group, name: str = "digits") -> Block:
    return Block(name, groups, {})
