"""docs/pruning.md in plain words: one entry, one pairing and one weight at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from math import inf, isfinite, isnan
from typing import TypeVar

import torch
from torch import Tensor, nn

from coevo.random import Key, uniform
from tests.equivalence.cases import Case
from tests.equivalence.learners import Moments, Network
from tests.equivalence.scene import ROLES, Layer, NearTieError, Pair, Place, Scene, entry_layers
from tests.equivalence.scores import MASKING, is_exact, unit_scores, weight_scores
from tests.equivalence.times import Amount, happening

__all__ = ["Moment", "PrunedPair", "prune", "sparsities"]

NEAR, NOISE = 1e-9, 1e-13
Item = TypeVar("Item")


@dataclass(frozen=True)
class Moment:
    """Where and when: a cell of a world in a generation, with so many cells around it."""

    seed: int
    cell: int
    generation: int
    neighbors: int


@dataclass(frozen=True)
class PrunedPair:
    """What pruning made of a pairing; not ``sound`` where an operator met what is no number."""

    pair: Pair
    events: int
    sound: bool


def prune(case: Case, pair: Pair, before: Pair, moment: Moment) -> PrunedPair:
    """Let every entry act on one cell whose time it is.

    Args:
        case: its entries.
        pair: the cell's center, after replacement.
        before: what this generation's training, if any, made the center of.
        moment: of which cell, and when.
    """
    events, sound = 0, True
    seed, generation = torch.tensor([moment.seed]), moment.generation
    own = Key.for_cells(seed, torch.tensor([moment.cell])).at(generation).of("pruning")
    noise = Key.for_worlds(seed).at(generation).of("pruning").of("noise")
    if any(entry.regrow != "none" for entry in case.pruning):
        pair = {
            role: replace(own, moments=_without_moments(own.module, own.masks, own.moments))
            for role, own in pair.items()
        }
    for number, entry in enumerate(case.pruning):
        found = happening(
            entry,
            generation,
            horizon=case.horizon,
            neighbors=moment.neighbors,
            exact=is_exact(entry.operator),
        )
        key = own.of(str(number))
        if found is None or uniform(key.of("event"), ()).item() >= found[0]:
            continue
        events += 1
        pair, fine = _acted(Scene(case, entry, pair, before, (key, noise)), found[1])
        sound = sound and fine
    return PrunedPair(pair, events, sound)


def sparsities(case: Case, pair: Pair) -> dict[str, float]:
    """The share of each layer's prunable weights that is gone, and of each role's."""
    found: dict[str, float] = {}
    for role in ROLES:
        layers: dict[str, set[Place]] = {}
        for entry in case.pruning:
            for layer in entry_layers(entry, pair, case.shapes.inputs):
                if layer.role == role:
                    layers.setdefault(layer.name, set()).update(layer.places)
        soft = {
            place.tensor
            for entry in case.pruning
            for layer in entry_layers(entry, pair, case.shapes.inputs)
            for place in layer.places
            if (entry.masks, layer.role) == ("soft", role)
        }
        tensors = {p.tensor for own in layers.values() for p in own}
        empty = {name: _empty(pair[role], name, name in soft) for name in tensors}
        gone = {name: [empty[p.tensor][p.position] for p in own] for name, own in layers.items()}
        if gone:
            everything = [here for name in gone for here in gone[name]]
            found[f"{role}_sparsity"] = sum(everything) / len(everything)
            found |= {f"{role}_sparsity.{n}": sum(g) / len(g) for n, g in gone.items()}
    return found


def _empty(network: Network, tensor: str, soft: bool) -> list[bool]:
    """Where a tensor is removed: by its mask, or where masks are soft, by being zero."""
    zero = (network.module.get_parameter(tensor) == 0).flatten().tolist()
    mask = network.masks.get(tensor)
    gone = zero if mask is None else (~mask).flatten().tolist()
    return [here or (soft and there) for here, there in zip(gone, zero, strict=True)]


def _acted(scene: Scene, amount: Amount) -> tuple[Pair, bool]:
    """Remove what an entry removes, and let come back what it lets come back."""
    layers = entry_layers(scene.entry, scene.pair, scene.case.shapes.inputs)
    stay, sound = set[Place](), True
    for group in _groups(scene.entry.scope, layers):
        places = [place for layer in group for place in layer.places]
        before = {place for place in places if scene.kept(place)}
        removed, fine = _removed(scene, group, amount)
        left = before - removed
        if scene.entry.regrow != "none":
            promise = _promise(scene, group)
            empty = [place for place in places if place not in left]
            left |= set(_lowest(empty, promise, len(removed)))
            fine = fine and not any(isnan(promise[place]) for place in places)
        stay |= left
        sound = sound and fine
    gone = {place for layer in layers for place in layer.places} - stay
    changed = {role: _changed(scene, role, layers, gone) for role in ROLES}
    return changed, sound


def _groups(scope: str, layers: list[Layer]) -> list[list[Layer]]:
    """Layers that share an amount and are ranked together."""
    if scope == "pair":
        return [layers]
    if scope == "network":
        return [own for role in ROLES if (own := [at for at in layers if at.role == role])]
    return [[layer] for layer in layers]


def _removed(scene: Scene, group: list[Layer], amount: Amount) -> tuple[set[Place], bool]:
    """What goes of a group, and whether all scores were numbers."""
    if scene.entry.structure == "unit":
        return _removed_units(scene, group, amount)
    if scene.entry.scope == "tensor" and any(place.is_bias for place in group[0].places):
        (layer,) = group
        weights = replace(layer, units=[unit[:-1] for unit in layer.units])
        biases = replace(layer, units=[unit[-1:] for unit in layer.units])
        parts = [_removed_weights(scene, [part], amount) for part in (weights, biases)]
        return parts[0][0] | parts[1][0], parts[0][1] and parts[1][1]
    return _removed_weights(scene, group, amount)


def _removed_units(scene: Scene, group: list[Layer], amount: Amount) -> tuple[set[Place], bool]:
    scores: dict[tuple[int, int], float] = {}
    kept = []
    for number, layer in enumerate(group):
        for unit, score in enumerate(unit_scores(scene, layer)):
            scores[number, unit] = score
            if any(scene.kept(place) for place in layer.units[unit]):
                kept.append((number, unit))
    chosen = _lowest(kept, scores, _quota(amount, len(kept), len(scores)))
    removed = {place for number, unit in chosen for place in group[number].units[unit]}
    return removed, not any(isnan(scores[unit]) for unit in kept)


def _removed_weights(scene: Scene, group: list[Layer], amount: Amount) -> tuple[set[Place], bool]:
    places = [place for layer in group for place in layer.places]
    kept = [place for place in places if scene.kept(place)]
    if scene.entry.operator in MASKING:
        quota = _quota(amount, len(kept), len(places))
        return set(kept[len(kept) - quota :]), _readable(scene, places)
    scores = {
        place: score
        for layer in group
        for unit, row in zip(layer.units, weight_scores(scene, layer), strict=True)
        for place, score in zip(unit, row, strict=True)
    }
    rows = group[0].units if scene.entry.scope == "unit" else [places]
    removed = set[Place]()
    for row in rows:
        own = [place for place in row if scene.kept(place)]
        removed |= set(_lowest(own, scores, _quota(amount, len(own), len(row))))
    return removed, not any(isnan(scores[place]) for place in kept)


def _quota(amount: Amount, kept: int, total: int) -> int:
    kind, share = amount
    if kind == "remove":
        return round(kept * share)
    return max(0, kept - (total - round(total * share)))


def _lowest(items: Sequence[Item], scores: Mapping[Item, float], quota: int) -> list[Item]:
    """The items with the lowest scores; of equal scores, those that stand first."""
    ranked = sorted((item for item in items if scores[item] < inf), key=lambda i: scores[i])
    if 0 < quota < len(ranked):
        for edge in (scores[ranked[quota - 1]], scores[ranked[quota]]):
            apart = {abs(scores[item] - edge) for item in ranked} - {0.0}
            if apart and min(apart) <= max(NEAR * abs(edge), NOISE):
                raise NearTieError
    return ranked[:quota]


def _promise(scene: Scene, group: list[Layer]) -> dict[Place, float]:
    """The lower, the sooner a weight comes back."""
    if scene.entry.regrow == "gradient":
        return {p: -abs(scene.gradient(p)) for layer in group for p in layer.places}
    return {
        place: -number
        for layer in group
        for place, number in zip(
            layer.places, scene.draws(layer, "regrow", len(layer.places)), strict=True
        )
    }


def _readable(scene: Scene, places: list[Place]) -> bool:
    """Whether all numbers of a layer are finite."""
    return all(isfinite(scene.weight(p)) and isfinite(scene.gradient(p)) for p in places)


@torch.no_grad()
def _changed(scene: Scene, role: str, layers: list[Layer], gone: set[Place]) -> Network:
    """A network without the weights that are gone."""
    network = scene.pair[role]
    module, masks, origins = deepcopy(network.module), dict(network.masks), dict(network.origins)
    tensors = {p.tensor for layer in layers if layer.role == role for p in layer.places}
    for name in tensors:
        weight = module.get_parameter(name)
        indices = [place.position for place in gone if (place.role, place.tensor) == (role, name)]
        kept = torch.ones(weight.numel(), dtype=torch.bool)
        kept[indices] = False
        weight.copy_(_emptied(weight, kept))
        if scene.entry.masks == "hard":
            masks[name] = kept.view(weight.shape)
        if name in origins:
            origins[name] = _emptied(origins[name], kept)
    moments = network.moments
    if any(entry.regrow != "none" for entry in scene.case.pruning):
        moments = _without_moments(module, masks, moments)
    return replace(network, module=module, masks=masks, origins=origins, moments=moments)


def _without_moments(module: nn.Module, masks: dict[str, Tensor], moments: Moments) -> Moments:
    """Weights that come back begin without moments, wherever their cell has them from."""
    state = deepcopy(moments.state)
    for number, (name, weight) in enumerate(module.named_parameters()):
        for tensor in state.get(number, {}).values():
            if name in masks and tensor is not None and tensor.shape == weight.shape:
                tensor[~masks[name]] = 0.0
    return replace(moments, state=state)


def _emptied(tensor: Tensor, kept: Tensor) -> Tensor:
    """Zero where it is not kept."""
    return tensor.flatten().masked_fill(~kept, 0.0).view(tensor.shape)
