"""One pruning rule acts on some cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor

from coevo.population import Population
from coevo.pruning.rule import PruningRule
from coevo.pruning.views import Pair, Part, PruningScene, parts_of
from coevo.roles import RoleName
from operators import (
    Layer,
    Pruned,
    Quota,
    ScoringOperator,
    prune_group,
    prune_units,
    prune_weights_per_unit,
    regrow,
)

__all__ = ["Acted", "act"]

_Masks: TypeAlias = Mapping[tuple[RoleName, str], Tensor]


@dataclass(frozen=True)
class Acted:
    """What a rule made of some pairings.

    Attributes:
        pair: the networks of both roles.
        sound: ``[cells]`` bool, False where the operator met a number that is not finite.
    """

    pair: Pair
    sound: Tensor


def act(rule: PruningRule, quota: Quota, pair: Pair, scene: PruningScene) -> Acted:
    """Remove weights of some cells, and let weights grow back where the rule says so.

    Args:
        rule: which of them.
        quota: how many.
        pair: the networks; left as they are.
        scene: what the operator looks at.
    """
    masks: dict[tuple[RoleName, str], Tensor] = {}
    sound: list[Tensor] = []
    for group in _groups(rule, parts_of(rule, pair, scene)):
        pruned = _pruned(rule, group, quota)
        left = pruned.masks
        if rule.regrow is not None:
            left = regrow(rule.regrow, [part.seen for part in group], left)
        if rule.regrow == "gradient":
            sound += [~part.seen.need("gradients").isnan().flatten(1).any(1) for part in group]
        sound.append(pruned.sound)
        named = zip(group, left, strict=True)
        masks |= {(part.role, part.layer.name): mask for part, mask in named}
    changed = {role: _applied(rule, role, population, masks) for role, population in pair.items()}
    return Acted(changed, torch.stack(sound).all(0))


def _groups(rule: PruningRule, parts: list[Part]) -> list[list[Part]]:
    """Layers that share an amount and are ranked together."""
    if rule.scope == "pair":
        return [parts]
    if rule.scope == "network":
        return [[part for part in parts if part.role == role] for role in rule.layers]
    return [[part] for part in parts]


def _pruned(rule: PruningRule, group: list[Part], quota: Quota) -> Pruned:
    if rule.bears_nan:
        return _ranked(rule, group, quota)
    # It may refuse what is not a number, which must stop one world and not all.
    sound = torch.stack([_sound(part.seen) for part in group]).all(0)
    tamed = [replace(part, seen=_tamed(part.seen)) for part in group]
    found = _ranked(rule, tamed, quota)
    return Pruned(found.masks, found.sound & sound)


def _ranked(rule: PruningRule, group: list[Part], quota: Quota) -> Pruned:
    operator, layers = rule.operator, [part.seen for part in group]
    if rule.scope == "tensor" and group[0].has_bias:
        weights, biases = layers[0].inputs(slice(0, -1)), _biases(layers[0])
        one, other = (prune_group(operator, [layer], quota) for layer in (weights, biases))
        return Pruned([torch.cat([one.masks[0], other.masks[0]], 2)], one.sound & other.sound)
    if isinstance(operator, ScoringOperator):
        if rule.structure == "unit":
            return prune_units(operator, layers, quota)
        if rule.scope == "unit":
            return prune_weights_per_unit(operator, layers[0], quota)
    return prune_group(operator, layers, quota)


def _biases(layer: Layer) -> Layer:
    """The biases of a layer, which stand last, as a layer with random numbers of its own."""

    def draws(purpose: str, shape: Sequence[int]) -> Tensor:
        return layer.draws(f"{purpose} of biases", shape)

    return replace(layer.inputs(slice(-1, None)), draws=draws)


def _numbers(layer: Layer) -> dict[str, Tensor]:
    """The tensors of numbers that a layer has."""
    values = {field.name: getattr(layer, field.name) for field in fields(layer)}
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, Tensor) and value.is_floating_point()
    }


def _sound(layer: Layer) -> Tensor:
    """Whether all numbers that an operator can read are finite: ``[cells]`` bool."""
    finite = [values.isfinite().flatten(1).all(1) for values in _numbers(layer).values()]
    return torch.stack(finite).all(0)


def _tamed(layer: Layer) -> Layer:
    """The layer with other numbers where they are not finite."""
    changed: dict[str, Any] = {name: v.nan_to_num() for name, v in _numbers(layer).items()}
    return replace(layer, **changed)


def _applied(
    rule: PruningRule, role: RoleName, population: Population, masks: _Masks
) -> Population:
    """The networks with these masks, or, where masks are soft, with zeros where they are False."""
    weights, own = dict(population.weights), dict(population.masks)
    origins = dict(population.origins)
    for layer in rule.layers.get(role, ()):
        found = layer.tensors(masks[role, layer.name], bias=rule.with_bias)
        for name, mask in found.items():
            weights[name] = weights[name].masked_fill(~mask, 0.0)
            if rule.masks == "hard":
                own[name] = mask.contiguous()
            if name in origins:  # a weight that grows back begins at zero
                origins[name] = origins[name].masked_fill(~mask, 0.0)
    return replace(population, weights=weights, masks=own, origins=origins)
