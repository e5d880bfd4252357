"""Makes trials of genomes, and puts those that won in their place.

On CPUs compiled loops do it in one pass over the genes; torch does it elsewhere, part by part. Both
make the same choices, and numbers that differ by rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor

from coevo.optimizers.differential_evolution.compiled_variation import (
    Selection,
    select_compiled,
    suits,
    vary_compiled,
)
from coevo.optimizers.differential_evolution.trials import Crossing, Genomes, Variation
from operators.bounds import Bounds
from operators.crossover import cross
from operators.differential import Recipe, combine

__all__ = ["Crossing", "Genomes", "select_", "vary", "vary_by_torch"]

_NUMBERS_AT_ONCE = 1 << 22  # of a trial matrix, on its way through torch


def vary(
    genomes: Genomes,
    recipe: Recipe,
    crossing: Crossing,
    *,
    bounds: Bounds | None = None,
    out: Tensor | None = None,
    threads: int | None = None,
) -> Tensor:
    """Make trials: mutants, brought within bounds, crossed with their targets, and masked.

    Args:
        genomes: read-only.
        recipe: of n mutants, in one leading dimension.
        crossing: of n trials.
        bounds: of the mutants' genes.
        out: ``[n, genes]``, where the result is to be; none of the genomes. Room that is used
            again is much faster than new one.
        threads: how many at most; as many as torch uses by default. They change no result.

    Returns:
        ``[n, genes]``.
    """
    targets = genomes.targets
    result = targets.new_empty(targets.shape) if out is None else out
    variation = Variation(genomes, recipe, crossing, bounds)
    assert (result.shape, result.dtype) == (targets.shape, targets.dtype)
    if suits(targets):
        vary_compiled(variation, result, threads or torch.get_num_threads())
    else:
        vary_by_torch(variation, result)
    return result


def select_(
    members: Tensor,
    trials: Tensor,
    accepted: Tensor,
    archive: Tensor | None = None,
    incoming: Tensor | None = None,
    threads: int | None = None,
) -> None:
    """Let members go to the archive, then let accepted trials take the place of their targets.

    Args:
        members: ``[n, genes]``, changed in place.
        trials: ``[n, genes]``, whose targets are the members in the same order.
        accepted: ``[n]`` bool.
        archive: ``[a, genes]``, changed in place; or nothing.
        incoming: ``[a]`` int64, the member that a row of the archive becomes, as it was before;
            -1 where the row stays.
        threads: as in `vary`.
    """
    if archive is None or incoming is None:
        archive, incoming = members[:0], accepted.new_empty(0, dtype=torch.int64)
    assert trials.shape == members.shape
    assert (accepted.shape, incoming.shape) == (members.shape[:1], archive.shape[:1])
    if suits(members, archive) and members.is_contiguous() and archive.is_contiguous():
        selection = Selection(accepted, incoming)
        select_compiled(members, trials, archive, selection, threads or torch.get_num_threads())
        return
    size = max(1, _NUMBERS_AT_ONCE // max(1, len(members)))
    for part in (slice(start, start + size) for start in range(0, members.shape[1], size)):
        now, places = members[:, part], archive[:, part]
        leaving = now.index_select(0, incoming.clamp(min=0))
        places.copy_(leaving.where((incoming >= 0)[:, None], places))
        now.copy_(trials[:, part].where(accepted[:, None], now))


def vary_by_torch(variation: Variation, out: Tensor) -> None:
    """Make trials by torch, so many genes at once that the room for them is small.

    Args:
        variation: what they are made of.
        out: ``[n, genes]``, overwritten.
    """
    count, genes = out.shape
    genomes = variation.genomes
    rows = count + len(genomes.members) + (0 if genomes.archive is None else len(genomes.archive))
    size = max(1, _NUMBERS_AT_ONCE // max(1, rows))
    for start in range(0, genes, size):
        part = range(start, min(start + size, genes))
        out[:, part.start : part.stop] = _made(variation, part)


def _made(variation: Variation, genes: range) -> Tensor:
    """Make some genes of all trials: ``[n, genes]``."""
    part, genomes, crossing = slice(genes.start, genes.stop), variation.genomes, variation.crossing
    targets, archive, group = genomes.targets[:, part], genomes.archive, crossing.group
    trials = combine(
        targets,
        genomes.members[:, part],
        None if archive is None else archive[:, part],
        variation.recipe,
        genes_at_once=len(genes),
    )
    if variation.bounds is not None:
        redraws = variation.bounds.rule == "redraw"
        uniforms = crossing.redrawn(genes, targets.dtype) if redraws else None
        trials = variation.bounds.genes(part).mended(trials, targets, uniforms)
    groups = range(genes.start // group, -(-genes.stop // group))
    chosen = crossing.crossed(groups)
    trials = cross(targets, trials, chosen, group=group, offset=genes.start % group)
    if genomes.mask is not None:
        trials = trials.masked_fill(~genomes.mask[:, part], 0.0)
    return trials
