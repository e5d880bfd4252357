"""What is left of pruned networks, counted anew in every generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.layers import PrunableLayer
from coevo.population import Population
from coevo.roles import ROLES, RoleName
from coevo.wiring import Link

__all__ = ["Gauge"]


@dataclass(frozen=True)
class _Living:
    """One layer of many cells, as far as it does something.

    Attributes:
        kept: ``[cells, units, inputs]`` bool, weights that are not removed.
        read: ``[cells, inputs]`` bool, inputs that can vary.
        varies: ``[cells, units]`` bool, units with a kept weight on such an input.
        live: ``[cells, units]`` bool, units that vary and are read.
    """

    kept: Tensor
    read: Tensor
    varies: Tensor
    live: Tensor

    @property
    def weights(self) -> Tensor:
        """Weights from an input that varies into a live unit: ``[cells]`` int64."""
        used = self.kept & self.read.unsqueeze(1) & self.live.unsqueeze(2)
        return used.flatten(1).sum(1)


@dataclass(frozen=True)
class Gauge:
    """Counts what remains of the networks of both roles.

    A unit is dead where no kept weight connects it with an input that varies, or nothing that
    is kept reads it. Constant units are counted as dead, because they can be folded into biases.

    Attributes:
        layers: all prunable layers of both roles, in the order in which they are called.
        links: between these layers, the encoder's before the decoder's.
        prunable: the tensors of each role that some rule can prune.
        soft: those of them that some rule prunes with soft masks: their zeros are removed, too.
        hard: those of them that some rule prunes with hard masks.
        parameters: of each role, all tensors.
    """

    layers: Mapping[RoleName, tuple[PrunableLayer, ...]]
    links: Sequence[Link | None]
    prunable: Mapping[RoleName, frozenset[str]]
    soft: Mapping[RoleName, frozenset[str]]
    hard: Mapping[RoleName, frozenset[str]]
    parameters: Mapping[RoleName, int]

    @property
    def whole(self) -> dict[str, dict[str, int]]:
        """What each role has where nothing is removed.

        Per role ``parameters``, ``multiply_adds`` (of one row) and ``units``.
        """
        return {
            role: {
                "parameters": self.parameters[role],
                "multiply_adds": sum(
                    layer.units * layer.inputs * layer.uses for layer in self.layers[role]
                ),
                "units": sum(layer.units for layer in self.layers[role]),
            }
            for role in ROLES
        }

    def measures(self, pair: Mapping[RoleName, Population]) -> dict[str, Tensor]:
        """Sparsity, dead units, parameters and multiply-adds that remain.

        Args:
            pair: the networks.

        Returns:
            ``[cells]`` each; per role (``encoder``, ``decoder``): ``ROLE_sparsity`` (float64, the
            share of prunable weights that are removed), ``ROLE_sparsity.LAYER`` for every layer
            that can be pruned, ``ROLE_dead_units``, ``ROLE_parameters`` (weights and biases that
            have an effect) and ``ROLE_multiply_adds`` (of one row), all int64.
        """
        result: dict[str, Tensor] = {}
        living = self._living(pair)
        for role in ROLES:
            if self.prunable[role]:
                result |= self._sparsities(role, pair[role])
            own = [(layer, living[role, layer.name]) for layer in self.layers[role]]
            result |= self._remains(role, pair[role], own)
        return result

    def _sparsities(self, role: RoleName, population: Population) -> dict[str, Tensor]:
        removed, total = _zeros(population), 0
        found = {}
        for layer in self.layers[role]:
            tensors = (layer.weight, layer.bias)
            names = [name for name in tensors if name is not None and name in self.prunable[role]]
            if not names:
                continue
            own = torch.stack(
                [(~self._kept(role, population, n)).flatten(1).sum(1) for n in names]
            ).sum(0)
            numbers = sum(population.weights[name][0].numel() for name in names)
            found[f"{role}_sparsity.{layer.name}"] = own.double() / numbers
            removed, total = removed + own, total + numbers
        return {f"{role}_sparsity": removed.double() / total, **found}

    def _remains(
        self,
        role: RoleName,
        population: Population,
        layers: Sequence[tuple[PrunableLayer, _Living]],
    ) -> dict[str, Tensor]:
        zero = _zeros(population)
        dead, products = zero, zero
        parameters = zero + self.parameters[role]
        for number, (layer, living) in enumerate(layers):
            weights = living.weights
            dead = dead + (~living.live).sum(1)
            products = products + weights * layer.uses
            parameters = parameters - layer.units * layer.inputs + weights
            if layer.bias is not None:
                last = role == ROLES[-1] and number == len(layers) - 1
                biases = self._kept(role, population, layer.bias)
                used = biases if last else biases & living.live
                parameters = parameters - layer.units + used.sum(1)
        return {
            f"{role}_dead_units": dead,
            f"{role}_parameters": parameters,
            f"{role}_multiply_adds": products,
        }

    def _living(self, pair: Mapping[RoleName, Population]) -> dict[tuple[RoleName, str], _Living]:
        chain = [(role, layer) for role in ROLES for layer in self.layers[role]]
        kept = [self._matrix(role, pair[role], layer) for role, layer in chain]
        read, varies = _forward(kept, self.links)
        live = _backward(kept, varies, self.links)
        return {
            (role, layer.name): _Living(kept[i], read[i], varies[i], live[i])
            for i, (role, layer) in enumerate(chain)
        }

    def _matrix(self, role: RoleName, population: Population, layer: PrunableLayer) -> Tensor:
        kept = self._kept(role, population, layer.weight)
        return layer.matrix({layer.weight: kept}, bias=False)

    def _kept(self, role: RoleName, population: Population, name: str) -> Tensor:
        """Where a tensor is kept: its mask says it, and where masks are soft, its zeros."""
        mask, soft = population.masks.get(name), name in self.soft[role]
        # In a stack, a network can have a mask for the sake of other variants only.
        if mask is not None and not soft and name in self.prunable[role]:
            return mask
        numbers = population.weights[name] != 0
        return numbers if mask is None else numbers & mask


def _forward(
    kept: Sequence[Tensor], links: Sequence[Link | None]
) -> tuple[list[Tensor], list[Tensor]]:
    """Of every layer, the inputs and the units that vary with the data."""
    read, varies = [torch.ones_like(kept[0][:, 0])], list[Tensor]()
    for i, own in enumerate(kept):
        varies.append((own & read[i].unsqueeze(1)).any(2))
        if i + 1 < len(kept):
            read.append(_inputs_of(varies[i], links[i], kept[i + 1]))
    return read, varies


def _backward(
    kept: Sequence[Tensor], varies: Sequence[Tensor], links: Sequence[Link | None]
) -> list[Tensor]:
    """Of every layer, the units that vary and are read by a live one."""
    live = list(varies)
    for i in range(len(kept) - 2, -1, -1):
        link = links[i]
        if link is not None:
            inputs = (kept[i + 1] & live[i + 1].unsqueeze(2)).any(1)
            live[i] = varies[i] & _units_of(inputs, link)
    return live


def _inputs_of(units: Tensor, link: Link | None, after: Tensor) -> Tensor:
    """From units of a layer to the inputs of the next: an input varies if some unit of it does."""
    if link is None:
        return torch.ones_like(after[:, 0])
    channels = units.reshape(len(units), link.channels, -1).any(2)
    return channels.repeat_interleave(link.inputs_per_channel, 1)


def _units_of(inputs: Tensor, link: Link) -> Tensor:
    """From inputs of a layer to the units before it: a unit is read if some input of it is."""
    channels = inputs.reshape(len(inputs), link.channels, -1).any(2)
    return channels.repeat_interleave(link.units_per_channel, 1)


def _zeros(population: Population) -> Tensor:
    weight = next(iter(population.weights.values()))
    return torch.zeros(len(weight), dtype=torch.int64, device=weight.device)
