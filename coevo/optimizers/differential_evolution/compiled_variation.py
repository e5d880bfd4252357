"""Lets compiled loops make trials and select among them, on CPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coevo.compiled.conventions import GENES_AT_ONCE
from coevo.optimizers.differential_evolution.trials import Crossing, Genomes, Variation
from coevo.optimizers.threads import in_threads
from operators.bounds import BOUND_RULES, Bounds
from operators.crossover import thresholds
from operators.differential import Recipe

if TYPE_CHECKING:  # this loads numba
    from coevo.compiled.bounds import Limits
    from coevo.compiled.differential import Crossover, Mixture, Rows

__all__ = ["Selection", "select_compiled", "suits", "vary_compiled"]

_NUMBERS_PER_THREAD = 1 << 17  # below, a thread costs more than it saves


@dataclass(frozen=True, eq=False)
class Selection:
    """Who takes whose place.

    Attributes:
        accepted: ``[n]`` bool, trials that take the place of their targets.
        incoming: ``[a]`` int64, the member that a row of the archive becomes; -1 where it stays.
    """

    accepted: Tensor
    incoming: Tensor


def suits(*genomes: Tensor) -> bool:
    """Whether compiled loops can work on genomes, ``[rows, genes]`` each."""
    numbers = (torch.float32, torch.float64)
    return all(rows.device.type == "cpu" and rows.dtype in numbers for rows in genomes)


def vary_compiled(variation: Variation, out: Tensor, threads: int) -> None:
    """Make trials.

    Args:
        variation: what they are made of, on a CPU.
        out: ``[n, genes]``, overwritten.
        threads: how many at most.
    """
    from coevo.compiled.differential import vary

    room = out if out.is_contiguous() else out.new_empty(out.shape)
    rows = _rows(variation.genomes)
    mixture = _mixture(variation.recipe, out.dtype)
    crossover = _crossover(variation.crossing)
    limits = _limits(variation.bounds, out)
    trials = _array(room)

    def take(part: slice) -> None:
        vary(rows, mixture, crossover, limits, trials, (part.start, part.stop))

    in_threads(take, out.shape[1], _most_threads(out, threads))
    if room is not out:
        out.copy_(room)


def select_compiled(
    members: Tensor, trials: Tensor, archive: Tensor, selection: Selection, threads: int
) -> None:
    """Let members go to the archive, then let accepted trials take their place.

    Args:
        members: ``[n, genes]``, changed in place; contiguous, as is ``archive``.
        trials: ``[n, genes]``.
        archive: ``[a, genes]``, changed in place.
        selection: who takes whose place.
        threads: how many at most.
    """
    from coevo.compiled.differential import select

    numbers = [_array(tensor) for tensor in (members, trials, archive)]
    accepted, incoming = _array(selection.accepted), _array(selection.incoming)

    def take(part: slice) -> None:
        select(*numbers, accepted, incoming, (part.start, part.stop))

    in_threads(take, members.shape[1], _most_threads(members, threads))


def _most_threads(numbers: Tensor, threads: int) -> int:
    return max(1, min(threads, numbers.numel() // _NUMBERS_PER_THREAD))


def _array(tensor: Tensor) -> NDArray[Any]:
    return np.asarray(tensor.detach().contiguous())


def _rows(genomes: Genomes) -> Rows:
    from coevo.compiled.differential import Rows

    members = genomes.members
    archive = members[:0] if genomes.archive is None else genomes.archive
    mask = members.new_empty((0, 0), dtype=torch.bool) if genomes.mask is None else genomes.mask
    return Rows(*(_array(part) for part in (genomes.targets, members, archive, mask)))


def _mixture(recipe: Recipe, dtype: torch.dtype) -> Mixture:
    from coevo.compiled.differential import Mixture

    weights = recipe.weights.to(dtype)
    return Mixture(*(_array(part) for part in (recipe.base, recipe.first, recipe.second, weights)))


def _crossover(crossing: Crossing) -> Crossover:
    from coevo.compiled.differential import Crossover

    key = crossing.key
    purposes = key.purpose_word, crossing.redraws().purpose_word
    return Crossover(
        _array(thresholds(crossing.rates)),
        _array(crossing.forced),
        _array(key.seeds).view(np.uint64),
        _array(key.cells).view(np.uint64),
        np.array((key.generation, *purposes), np.uint64),
        crossing.group,
        crossing.first,
    )


def _limits(bounds: Bounds | None, out: Tensor) -> Limits:
    from coevo.compiled.bounds import Limits

    if bounds is None or bounds.rule == "none":
        nothing = _array(out.new_empty(0))
        return Limits(nothing, nothing, alike=True, rule=0)
    low, high = bounds.like(out)
    alike = low.stride(0) == high.stride(0) == 0
    if alike:
        low, high = low[:GENES_AT_ONCE], high[:GENES_AT_ONCE]
    return Limits(_array(low), _array(high), alike, BOUND_RULES.index(bounds.rule))
