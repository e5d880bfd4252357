"""What an operator may look at, of one pairing: weights, masks, activations, gradients, draws."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from coevo.random import Key, integers, uniform
from tests.equivalence.cases import Case
from tests.equivalence.entries import Entry
from tests.equivalence.learners import Network, corrupt, pair_loss
from tests.equivalence.looks import Seen, called_once, joined, seen_by

__all__ = ["ROLES", "Layer", "Matrix", "NearTieError", "Pair", "Place", "Scene", "entry_layers"]

ROLES = ("encoder", "decoder")
Pair = dict[str, Network]
Matrix = list[list[float]]
"""One number per unit and weight."""


class NearTieError(Exception):
    """Rounding decides between two scores, so that the case says nothing."""


class Place(NamedTuple):
    """One weight of a unit, and where it is stored."""

    role: str
    tensor: str
    position: int
    is_bias: bool


@dataclass(frozen=True)
class Layer:
    """A layer of one network, or its weights or biases alone: the places of every unit."""

    role: str
    name: str
    units: list[list[Place]]

    @property
    def places(self) -> list[Place]:
        return [place for unit in self.units for place in unit]


def entry_layers(entry: Entry, pair: Pair, shape: tuple[int, ...]) -> list[Layer]:
    """The layers that an entry may prune."""
    layers = []
    row = torch.zeros(1, *shape, dtype=torch.float64)
    for role in ROLES:
        module = pair[role].module
        row, names = called_once(module, row)
        if entry.layers is not None:
            names = [name for name in names if name in entry.layers]
        elif entry.structure == "unit" and role == "decoder":
            names = names[:-1]
        if role in entry.roles:
            layers += [Layer(role, name, _units(entry, role, name, module)) for name in names]
    return layers


def _units(entry: Entry, role: str, name: str, module: nn.Module) -> list[list[Place]]:
    layer: Any = module.get_submodule(name)
    prefix = f"{name}." if name else ""
    places = torch.arange(layer.weight.numel()).view(layer.weight.shape)
    if isinstance(layer, nn.ConvTranspose2d):
        places = places.transpose(0, 1)
    units = [
        [Place(role, f"{prefix}weight", index, False) for index in unit.flatten().tolist()]
        for unit in places
    ]
    if layer.bias is not None and (entry.bias or entry.structure == "unit"):
        for number, unit in enumerate(units):
            unit.append(Place(role, f"{prefix}bias", number, True))
    return units


class Scene:
    """One entry beside one pairing. What is not looked at is not computed."""

    def __init__(
        self, case: Case, entry: Entry, pair: Pair, before: Pair, keys: tuple[Key, Key]
    ) -> None:
        self.case, self.entry, self.pair, self.before = case, entry, pair, before
        self.key, self._noise = keys
        self._batch: tuple[Tensor, Tensor] | None = None
        self._lists: dict[tuple[str, str, str], list[Any]] = {}
        self._seen: dict[str, dict[str, Seen]] = {}
        self._slopes: dict[tuple[str, str], list[float]] = {}

    def kept(self, place: Place) -> bool:
        mask = self.pair[place.role].masks.get(place.tensor)
        return mask is None or self._listed("masks", place, mask)[place.position]

    def weight(self, place: Place) -> float:
        weight = self.pair[place.role].module.get_parameter(place.tensor)
        return float(self._listed("weights", place, weight)[place.position])

    def origin(self, place: Place) -> float:
        origin = self.pair[place.role].origins[place.tensor]
        return float(self._listed("origins", place, origin)[place.position])

    def gradient(self, place: Place) -> float:
        """The derivative of the pairing's loss on the rows."""
        if not self._slopes:
            self._slopes = self._differentiated()
        return self._slopes[place.role, place.tensor][place.position]

    def draws(self, layer: Layer, purpose: str, count: int) -> list[float]:
        if all(place.is_bias for place in layer.places):
            purpose = f"{purpose} of biases"
        key = self.key.of(layer.role).of(layer.name).of(purpose)
        drawn: list[float] = uniform(key, (count,))[0].tolist()
        return drawn

    def drawn(self, layer: Layer, purpose: str) -> Matrix:
        """A random number for every weight."""
        numbers = iter(self.draws(layer, purpose, len(layer.places)))
        return [[next(numbers) for _ in unit] for unit in layer.units]

    def cases(self, layer: Layer) -> list[list[list[float]]]:
        """The outputs of every row, unit and position."""
        return self._saw(layer).cases()

    def root_mean_squares(self, layer: Layer) -> Matrix:
        """Of what each weight is multiplied with, which is 1 for a bias."""
        found = self._saw(layer).root_mean_squares()
        return [[1.0 if p.is_bias else found[i] for i, p in enumerate(u)] for u in layer.units]

    def rows(self) -> tuple[Tensor, Tensor]:
        """Inputs, corrupted as in training, and targets."""
        if self._batch is None:
            inputs, targets = self.case.test if self.entry.cases == "test" else self.case.training
            drawn = integers(self.key.of("rows"), (self.entry.rows,), len(inputs))[0]
            self._batch = corrupt(self.case, inputs[drawn], self._noise), targets[drawn]
        return self._batch

    def _listed(self, kind: str, place: Place, tensor: Tensor) -> list[Any]:
        at = (kind, place.role, place.tensor)
        if at not in self._lists:
            self._lists[at] = tensor.flatten().tolist()
        return self._lists[at]

    def _saw(self, layer: Layer) -> Seen:
        if not self._seen:
            inputs = self.rows()[0]
            # One point on the way through training for every piece of the rows.
            points = min(10, len(inputs)) if self.entry.activations == "training" else 1
            found: dict[str, list[dict[str, Seen]]] = {role: [] for role in ROLES}
            for number, piece in enumerate(inputs.tensor_split(points)):
                share = 1.0 if self.entry.activations == "now" else (number + 0.5) / points
                values = piece
                for role in ROLES:
                    values, seen = seen_by(self._between(role, share), values)
                    found[role].append(seen)
            self._seen = {role: joined(parts) for role, parts in found.items()}
        return self._seen[layer.role][layer.name]

    @torch.no_grad()
    def _between(self, role: str, share: float) -> nn.Module:
        """A network on the straight line from before this generation's training to now."""
        if share == 1.0:
            return self.pair[role].module
        module, before = deepcopy(self.pair[role].module), self.before[role].module
        for weight, first in zip(module.parameters(), before.parameters(), strict=True):
            weight.copy_(first + share * (weight - first))
        return module

    def _differentiated(self) -> dict[tuple[str, str], list[float]]:
        modules = [self.pair[role].module for role in ROLES]
        named = {
            (role, name): weight
            for role, module in zip(ROLES, modules, strict=True)
            for name, weight in module.named_parameters()
        }
        loss = pair_loss(self.case, modules[0], modules[1], self.rows())
        slopes = torch.autograd.grad(loss, list(named.values()))
        return {at: slope.flatten().tolist() for at, slope in zip(named, slopes, strict=True)}
