"""Plans that evaluate every neighborhood without computing anything twice.

A center compares each encoder with each decoder of its neighborhood: ``k * k`` pairings.
Neighborhoods overlap, so centers want the same results again and again. A plan says what each
cell computes, and where each center finds its results:

1. encoder ``e`` encodes the batches ``encoder_batches[e]``: a table of codes ``[cells * s]``;
2. decoder ``d`` decodes the codes ``sources[d]`` and is judged on the batches ``batches[d]``:
   a table of losses ``[cells * m]``;
3. ``losses.flatten()[slot]`` is ``[cells, k, k]``: center, encoder neighbor, decoder neighbor.

Where all cells of a world share one batch, a pairing has one result for all centers that look
at it: 13 decodes per cell instead of 25 for the 5-cell neighborhood, 5 instead of 9 for the
3-cell ring. Where each center brings its own batch, nothing can be shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["PairingPlan", "own_plan", "shared_plan"]


@dataclass(frozen=True, eq=False)
class PairingPlan:
    """What every encoder encodes, what every decoder decodes, and who asked for it.

    With ``neighbors`` ``[cells, k]``, ``codes = encoder_batches.flatten()`` and for every
    center ``c``, encoder neighbor ``i`` and decoder neighbor ``j``, the plan fulfills::

        slot[c, i, j] // m == neighbors[c, j]                            # the decoder
        sources.flatten()[slot[c, i, j]] // s == neighbors[c, i]         # the encoder
        codes[sources[d, n]] == batches[d, n]                            # the same batch

    and no result stands in it twice.

    Attributes:
        encoder_batches: ``[cells, s]`` int64, the batches that each encoder encodes.
        sources: ``[cells, m]`` int64, the codes that each decoder decodes, as indices into
            the flattened ``[cells * s]`` codes.
        batches: ``[cells, m]`` int64, the batch that each of these codes came from.
        slot: ``[cells, k, k]`` int64, for each center, encoder neighbor and decoder neighbor,
            the index into the flattened ``[cells * m]`` results.
    """

    encoder_batches: Tensor
    sources: Tensor
    batches: Tensor
    slot: Tensor


def shared_plan(neighbors: Tensor, world_of: Tensor) -> PairingPlan:
    """Plan for one batch per world: each encoder runs once, each distinct pairing once.

    A decoder meets every encoder with which it shares a neighborhood, in ascending order.

    Args:
        neighbors: ``[cells, k]`` int64, cell ids, no cell twice in a row.
        world_of: ``[cells]`` int64, the world of each cell, whose batch has the same number.

    Returns:
        A plan with ``s = 1``, where ``m`` is the number of encoders that a decoder meets. It
        lies on the device of ``neighbors``.

    Raises:
        ValueError: the table is not as described, a neighborhood reaches into another world,
            or decoders differ in how many encoders they meet.

    Examples:
        >>> ring = torch.tensor([[0, 1, 4], [1, 2, 0], [2, 3, 1], [3, 4, 2], [4, 0, 3]])
        >>> plan = shared_plan(ring, torch.zeros(5, dtype=torch.int64))
        >>> plan.sources.shape, plan.encoder_batches.flatten().tolist()
        (torch.Size([5, 5]), [0, 0, 0, 0, 0])
    """
    table, worlds = _checked(neighbors), world_of.cpu()
    cells = len(table)
    _check_worlds(table, worlds)
    pairings = table[:, None, :] * cells + table[:, :, None]
    distinct, slot = torch.unique(pairings, return_inverse=True)
    met = torch.bincount(distinct // cells, minlength=cells)
    if met.min() != met.max():
        raise ValueError(
            f"neighbors: decoder {met.argmin()} meets {met.min()} encoders and decoder "
            f"{met.argmax()} meets {met.max()}, want the same number for every cell; "
            "use a table that looks alike from every cell, such as Grid.neighbors"
        )
    sources = (distinct % cells).view(cells, -1)
    batches = worlds[:, None].expand_as(sources).contiguous()
    return _on(neighbors.device, PairingPlan(worlds[:, None], sources, batches, slot))


def own_plan(neighbors: Tensor) -> PairingPlan:
    """Plan for one batch per center: each center pays for its own ``k * k`` pairings.

    A cell works for the centers whose neighborhood it belongs to, in ascending order. The
    batch of a center has the number of its cell.

    Args:
        neighbors: ``[cells, k]`` int64, cell ids, no cell twice in a row.

    Returns:
        A plan with ``s = k`` and ``m = k * k``: of each center that a decoder works for, the
        ``k`` encoder neighbors in the order of ``neighbors``. It lies on the device of
        ``neighbors``.

    Raises:
        ValueError: the table is not as described, or a cell does not belong to exactly ``k``
            neighborhoods.

    Examples:
        >>> plan = own_plan(torch.tensor([[0, 1], [1, 2], [2, 0]]))
        >>> plan.encoder_batches.tolist()
        [[0, 2], [0, 1], [1, 2]]
    """
    table = _checked(neighbors)
    cells, size = table.shape
    seen = torch.bincount(table.flatten(), minlength=cells)
    if (seen != size).any():
        odd = (seen != size).int().argmax()
        raise ValueError(
            f"neighbors: cell {odd} belongs to {seen[odd]} neighborhoods, want {size} for every "
            "cell; use a table that looks alike from every cell, such as Grid.neighbors"
        )
    # Sorted by the cell that is seen, the table's entries are the codes in their order: k for
    # each encoder, by ascending center, because the sort is stable.
    entries = table.flatten().argsort(stable=True)
    code = torch.empty_like(entries)
    code[entries] = torch.arange(cells * size)
    code = code.view(cells, size)
    centers = (entries // size).view(cells, size)
    return _on(
        neighbors.device,
        PairingPlan(
            encoder_batches=centers,
            sources=code[centers].flatten(1),
            batches=centers.repeat_interleave(size, dim=1),
            slot=code[:, None, :] * size + torch.arange(size)[:, None],
        ),
    )


def _checked(neighbors: Tensor) -> Tensor:
    """Return the table on the host, where plans are built once and alike for all devices."""
    if neighbors.dim() != 2 or neighbors.dtype != torch.int64 or neighbors.numel() == 0:
        raise ValueError(
            f"neighbors: got {neighbors.dtype} of shape {list(neighbors.shape)}, "
            "want int64 of shape [cells, k], both at least 1"
        )
    table = neighbors.cpu()
    if table.min() < 0 or table.max() >= len(table):
        raise ValueError(
            f"neighbors: got cell ids from {table.min()} to {table.max()}, "
            f"want ids from 0 to {len(table) - 1}, one row for each cell"
        )
    if (table.sort(dim=1).values.diff(dim=1) == 0).any():
        raise ValueError("neighbors: a row holds a cell twice, want each cell at most once")
    return table


def _check_worlds(table: Tensor, worlds: Tensor) -> None:
    if worlds.shape != table.shape[:1] or worlds.dtype != torch.int64:
        raise ValueError(
            f"world_of: got {worlds.dtype} of shape {list(worlds.shape)}, "
            f"want int64 of shape [{len(table)}], the world of each cell"
        )
    abroad = (worlds[table] != worlds[:, None]).any(dim=1)
    if abroad.any():
        raise ValueError(
            f"neighbors: cell {abroad.int().argmax()} sees a cell of another world; "
            "use the world_of that belongs to the table, such as Grid.world_of"
        )


def _on(device: torch.device, plan: PairingPlan) -> PairingPlan:
    return PairingPlan(
        encoder_batches=plan.encoder_batches.to(device),
        sources=plan.sources.to(device),
        batches=plan.batches.to(device),
        slot=plan.slot.to(device),
    )
