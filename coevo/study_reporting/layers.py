"""The sparsity of every layer at the end, variant by variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coevo.roles import ROLES
from coevo.study_reporting.study_files import Stack, StudyFiles

__all__ = ["Layers", "layer_sparsities"]


@dataclass(frozen=True)
class Layers:
    """Sparsities after the last recorded generation.

    Attributes:
        columns: role and name of each layer that can be pruned.
        shares: variant to column to the share of prunable weights that are gone: mean over the
            cells of a run, median over runs.
    """

    columns: Sequence[tuple[str, str]]
    shares: Mapping[str, Mapping[tuple[str, str], float]]


def layer_sparsities(study: StudyFiles) -> Layers | None:
    """Read them; None where nothing is pruned.

    Worlds that stopped are left out: what had been pruned there was taken back; and so are those
    that are never pruned.

    Args:
        study: the files.
    """
    found: dict[str, dict[tuple[str, str], list[float]]] = {}
    columns: dict[tuple[str, str], None] = {}
    for stack in study.stacks:
        names = {
            world.number: world.variant for world in study.worlds if world.part == stack.directory
        }
        for world, means in _ends(stack).items():
            if world not in names:
                continue
            own = found.setdefault(names[world], {})
            for layer, value in means.items():
                columns[layer] = None
                own.setdefault(layer, []).append(value)
    if not columns:
        return None
    shares = {
        variant: {layer: float(np.median(values)) for layer, values in own.items()}
        for variant, own in found.items()
    }
    ordered = [layer for role in ROLES for layer in columns if layer[0] == role]
    return Layers(ordered, shares)


def _ends(stack: Stack) -> dict[int, dict[tuple[str, str], float]]:
    """World to layer to the mean over cells in the last generation."""
    import polars as pl

    if stack.last is None:
        return {}
    known = stack.rows().collect_schema().names()
    layers: dict[str, tuple[str, str]] = {
        name: (role, name.removeprefix(f"{role}_sparsity."))
        for role in ROLES
        for name in known
        if name.startswith(f"{role}_sparsity.")
    }
    if not layers:
        return {}
    end = pl.col("generation") == stack.last
    rows = stack.collect(stack.rows().filter(end & pl.col("running")).select("world", *layers))
    result = {}
    for (world,), own in rows.partition_by("world", as_dict=True, maintain_order=True).items():
        means = {layer: own[name].to_numpy().mean() for name, layer in layers.items()}
        finite = {layer: float(mean) for layer, mean in means.items() if np.isfinite(mean)}
        if finite:
            result[int(world)] = finite
    return result
