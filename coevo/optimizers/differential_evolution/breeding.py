"""Makes the networks of trials: tensor by tensor, with one crossover over all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Literal, TypeAlias

from torch import Tensor

from coevo.optimizers.differential_evolution.variation import Crossing, Genomes, vary
from coevo.population import Population
from coevo.random import Key
from operators import Recipe

__all__ = ["Breeding", "GrainName", "Stock", "groups"]

GrainName: TypeAlias = Literal["weight", "unit", "tensor"]


@dataclass(frozen=True)
class Stock:
    """What the trials of one role are made of.

    Attributes:
        targets: ``[n, *]`` networks.
        members: ``[cells, *]`` weights of all cells.
        archive: ``[cells, places, *]`` weights of defeated parents; there may be no places.
        transposed: names of weights that are stored by inputs.
    """

    targets: Population
    members: Mapping[str, Tensor]
    archive: Mapping[str, Tensor]
    transposed: Collection[str] = ()


@dataclass(frozen=True)
class Breeding:
    """How trials are made.

    Attributes:
        recipe: of n trials.
        rates: ``[n]``, CR.
        forced: ``[n]`` in [0, 1), which group crosses in any case.
        key: of n streams, for crossover.
        grain: what crosses as one.
        threads: of the CPU, at most.
    """

    recipe: Recipe
    rates: Tensor
    forced: Tensor
    key: Key
    grain: GrainName
    threads: int | None = None

    def trials(self, stocks: Mapping[str, Stock]) -> dict[str, Population]:
        """The networks of trials, by role; buffers, masks and origins are the targets'.

        Args:
            stocks: of the roles that make up one genome.
        """
        places, total = groups(stocks, self.grain)
        forced = (self.forced * total).long().clamp(max=total - 1)
        return {role: self._trials(stock, places[role], forced) for role, stock in stocks.items()}

    def _trials(
        self, stock: Stock, places: Mapping[str, tuple[int, int]], forced: Tensor
    ) -> Population:
        weights = {}
        for name, target in stock.targets.weights.items():
            size, first = places[name]
            crossing = Crossing(self.rates, self.key, forced, size, first)
            archive, mask = stock.archive[name], stock.targets.masks.get(name)
            genomes = Genomes(
                _rows(target),
                _rows(stock.members[name]),
                _rows(archive.flatten(0, 1)) if archive.shape[1] else None,
                None if mask is None else _rows(mask),
            )
            made = vary(genomes, self.recipe, crossing, threads=self.threads)
            weights[name] = made.view_as(target)
        return replace(stock.targets, weights=weights)


def groups(
    stocks: Mapping[str, Stock], grain: GrainName
) -> tuple[dict[str, dict[str, tuple[int, int]]], int]:
    """Which genes cross together.

    Weights and biases of a unit are in the same group, where the names of both begin alike. Of a
    transposed convolution, a group is what leaves a unit before it, or one bias.

    Args:
        stocks: give the shapes, by role.
        grain: of the groups.

    Returns:
        By role and name of each tensor: genes of a group, and the number of its first group;
        then the number of all groups.
    """
    found: dict[str, dict[str, tuple[int, int]]] = {role: {} for role in stocks}
    layers: dict[tuple[str, str, int], int] = {}
    total = 0
    for role, stock in stocks.items():
        for name, weight in stock.targets.weights.items():
            shape = tuple(weight.shape[1:])
            count = prod(shape)
            units = {"weight": count, "unit": shape[0] if shape else 1, "tensor": 1}[grain]
            layer = (role, name.rpartition(".")[0], units)
            by_outputs = grain == "unit" and name not in stock.transposed
            shared = by_outputs and layer in layers
            first = layers[layer] if shared else total
            if by_outputs:
                layers[layer] = first
            total += 0 if shared else units
            found[role][name] = (max(1, count // max(1, units)), first)
    return found, total


def _rows(tensor: Tensor) -> Tensor:
    return tensor.reshape(len(tensor), -1)
