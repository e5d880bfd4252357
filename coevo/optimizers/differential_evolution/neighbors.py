"""Parents from a cell's neighborhood, and from its cells' archives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.optimizers.differential_evolution.company import Company
from coevo.optimizers.differential_evolution.draws import Draws
from coevo.optimizers.differential_evolution.panmixia import donors_of, pbest_ranks
from coevo.optimizers.differential_evolution.rules import Rules
from operators import Parents, distinct

__all__ = ["Neighborhoods", "neighborhood_parents"]


@dataclass(frozen=True)
class Neighborhoods:
    """What some cells see.

    Attributes:
        neighbors: ``[n, k]`` int64, cells, each itself first.
        losses: ``[n, k]``, of the networks there, with the target's partner.
        company: which of them are donors.
        archived: ``[all cells]`` int64, defeated parents that each cell keeps.
        places: for defeated parents, of each cell.
    """

    neighbors: Tensor
    losses: Tensor
    company: Company
    archived: Tensor
    places: int

    def ranked(self) -> Tensor:
        """Slots by their losses, the best first, those that are not allowed last: ``[n, k]``."""
        losses = self.losses.double().nan_to_num(nan=torch.inf)
        last = torch.where(self.company.allowed, 0.0, 1.0)
        order = losses.argsort(dim=1, stable=True)
        return order.gather(1, last.gather(1, order).argsort(dim=1, stable=True))

    def cells(self, slots: Tensor) -> Tensor:
        """The cells in slots: ``[n, *]`` int64 of ``[n, *]``."""
        return self.neighbors.gather(1, slots.flatten(1)).view_as(slots)


def neighborhood_parents(
    rules: Rules, seen: Neighborhoods, draws: Draws, progress: float, *, ranked: int
) -> Parents:
    """Draw parents for the only trial of every cell.

    Args:
        rules: which are needed.
        seen: by the cells.
        draws: ``[n, 1, *]`` random numbers.
        progress: share of the generations that are over.
        ranked: how many of the best are named.

    Returns:
        Rows of cells, then of archives, ``[n, 1, *]``. Where there are too few donors, some are
        the same.
    """
    cells, slots = len(seen.archived), seen.neighbors.shape[1]
    members = (seen.company.donors + 1).unsqueeze(1)
    order = seen.ranked()
    own = (order == 0).long().argmax(1, keepdim=True)
    pbest = pbest_ranks(rules, own, draws, progress, (slots, members))
    best = seen.cells(order)
    # Behind the last one that is allowed, the best stands again.
    rank = torch.arange(slots, device=order.device)
    best = torch.where(rank < members, best, best[:, :1])
    donors = _first(seen.company.allowed[:, 1:]) + 1
    drawn = distinct(draws.donors[:, 0, : donors_of(rules)], seen.company.donors)
    picked = donors.gather(1, drawn)
    return Parents(
        best=best[:, :1],
        pbest=best.gather(1, pbest),
        drawn=seen.cells(picked).unsqueeze(1),
        outsider=_outsiders(seen, donors, drawn[:, :1], draws.outsider, cells),
        losses=seen.losses.gather(1, picked).unsqueeze(1),
        ranked=best[:, :ranked].unsqueeze(1),
        share=draws.share,
    )


def _outsiders(
    seen: Neighborhoods, donors: Tensor, first: Tensor, fractions: Tensor, cells: int
) -> Tensor:
    """A donor or an archived genome of the neighborhood, not the first donor: ``[n, 1]`` rows."""
    count = seen.company.donors
    if seen.places == 0:
        chosen = distinct(fractions, count, first)
        return seen.cells(donors.gather(1, chosen))
    place = torch.arange(seen.places, device=donors.device)
    held = seen.archived[seen.neighbors].unsqueeze(2) > place
    held = (held & seen.company.allowed.unsqueeze(2)).flatten(1)
    rows = (cells + seen.neighbors.unsqueeze(2) * seen.places + place).flatten(1)
    archived = rows.gather(1, _first(held))
    chosen = distinct(fractions, count + held.sum(1), first)
    of_archive = (chosen - count.unsqueeze(1)).clamp(0, archived.shape[1] - 1)
    own = seen.cells(donors.gather(1, chosen.clamp(max=donors.shape[1] - 1)))
    return torch.where(chosen < count.unsqueeze(1), own, archived.gather(1, of_archive))


def _first(condition: Tensor) -> Tensor:
    """Places where a condition holds, in their order, then the others: ``[n, *]``."""
    return (~condition).long().argsort(dim=1, stable=True)
