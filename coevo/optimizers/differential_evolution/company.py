"""Whom a cell's networks may cross with: neighbors of the same lineage, and how far they spread.

Networks that were trained from different first ones compute the same in different ways: nothing
good lies between them. What lies close in weight space has a lineage in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.population import Population

__all__ = ["Company", "company"]


@dataclass(frozen=True)
class Company:
    """The neighborhoods of some cells, in one role or in both.

    Attributes:
        allowed: ``[n, k]`` bool, slots whose networks are close enough; the cell's own slot 0
            always is.
        donors: ``[n]`` int64, how many of the others are.
        spread: ``[n]`` float64, the mean distance of these networks, and the cell's own, from
            their mean, relative to the mean's norm.
    """

    allowed: Tensor
    donors: Tensor
    spread: Tensor

    def eligible(self, least: int, spread: float) -> Tensor:
        """Where there is something to recombine: ``[n]`` bool.

        Args:
            least: donors that are needed.
            spread: below this, networks are too much alike.
        """
        return (self.donors >= least) & (self.spread >= spread)


def company(populations: Sequence[Population], neighbors: Tensor, *, gate: float) -> Company:
    """Measure distances between networks.

    Args:
        populations: of all cells; of both roles where pairs are recombined as one.
        neighbors: ``[n, k]`` int64, each cell itself first.
        gate: the largest distance from the cell's own network, relative to its norm. Weights
            that one of both has lost to pruning are left out.

    Returns:
        Of n cells. Networks that are not finite are not allowed.
    """
    tensors = [_rows(population.weights) for population in populations]
    own = neighbors[:, 0]
    norm = _summed([_squares(rows.index_select(0, own)) for rows in _each(tensors)])
    distances = torch.stack(
        [
            _summed([_squares(_apart(*one, slot, own)) for one in _with_masks(populations)])
            for slot in neighbors.unbind(1)
        ],
        1,
    ).sqrt()
    allowed = distances <= gate * norm.sqrt().unsqueeze(1)
    allowed[:, 0] = True
    return Company(allowed, allowed[:, 1:].sum(1), _spread(tensors, neighbors, allowed))


def _spread(tensors: Sequence[Mapping[str, Tensor]], neighbors: Tensor, allowed: Tensor) -> Tensor:
    count = allowed.sum(1)
    squares = [torch.zeros_like(neighbors, dtype=torch.float64)]
    norms = []
    for rows in _each(tensors):
        shares = (allowed / count.unsqueeze(1)).to(rows.dtype)
        mean = torch.zeros_like(rows[: len(neighbors)])
        for slot, share in zip(neighbors.unbind(1), shares.unbind(1), strict=True):
            mean += _kept(rows.index_select(0, slot), share > 0) * share.unsqueeze(1)
        norms.append(_squares(mean))
        squares.append(
            torch.stack([_squares(rows.index_select(0, s) - mean) for s in neighbors.unbind(1)], 1)
        )
    distance = torch.where(allowed, _summed(squares).sqrt(), 0.0).sum(1) / count
    return distance / _summed(norms).sqrt().clamp(min=torch.finfo(torch.float32).tiny)


def _rows(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: weight.reshape(len(weight), -1) for name, weight in weights.items()}


def _each(tensors: Sequence[Mapping[str, Tensor]]) -> list[Tensor]:
    return [rows for named in tensors for rows in named.values()]


def _with_masks(populations: Sequence[Population]) -> list[tuple[Tensor, Tensor | None]]:
    return [
        (rows, masks.get(name))
        for population in populations
        for masks in (_rows(population.masks),)
        for name, rows in _rows(population.weights).items()
    ]


def _apart(rows: Tensor, mask: Tensor | None, one: Tensor, other: Tensor) -> Tensor:
    difference = rows.index_select(0, one) - rows.index_select(0, other)
    if mask is None:
        return difference
    both = mask.index_select(0, one) & mask.index_select(0, other)
    return torch.where(both, difference, 0.0)


def _kept(rows: Tensor, condition: Tensor) -> Tensor:
    return torch.where(condition.unsqueeze(1), rows, 0.0)


def _squares(rows: Tensor) -> Tensor:
    """Sums of squares, ``[n]`` float64."""
    return rows.square().sum(1).double()


def _summed(parts: Sequence[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
