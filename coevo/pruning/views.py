"""Shows the layers of some pairings to a pruning operator, with what it needs to know of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.layers import PrunableLayer
from coevo.networks import NetworkPair
from coevo.optimizers.trainee import gradients
from coevo.population import Population
from coevo.pruning.observer import Observer, Seen
from coevo.pruning.rule import PruningRule
from coevo.random import Key, uniform
from coevo.roles import ROLES, RoleName
from coevo.stream import Batch
from coevo.tasks import Task
from operators import Layer

__all__ = ["Pair", "Part", "PruningScene", "parts_of"]

Pair: TypeAlias = dict[RoleName, Population]

# Points on the way from the weights before training to those after it.
_POINTS = 10
_Statistics: TypeAlias = Callable[[RoleName, PrunableLayer], dict[str, Any]]


@dataclass(frozen=True)
class PruningScene:
    """What operators may look at, beside the networks themselves.

    Attributes:
        networks: the architectures.
        observers: look into them.
        task: gives the loss.
        batch: rows of each cell, ``[cells, rows, *shape]``; None where no operator looks at any.
        before: the networks that this generation's training began with.
        key: one stream per cell, for this rule and generation.
    """

    networks: NetworkPair
    observers: Mapping[RoleName, Observer]
    task: Task
    batch: Batch | None
    before: Pair
    key: Key


@dataclass(frozen=True)
class Part:
    """A layer of one role, as an operator sees it.

    Attributes:
        role: of its network.
        layer: which one.
        seen: what the operator sees.
        has_bias: whether the last input stands for the bias.
    """

    role: RoleName
    layer: PrunableLayer
    seen: Layer
    has_bias: bool


def parts_of(rule: PruningRule, pair: Pair, scene: PruningScene) -> list[Part]:
    """All layers that a rule may prune, with what its operator needs."""
    statistics = [_observed(rule, pair, scene), _differentiated(rule, pair, scene)]
    parts = []
    for role, layers in rule.layers.items():
        for layer in layers:
            view = _view(rule, layer, pair[role], scene.key.of(role).of(layer.name))
            for of in statistics:
                view = replace(view, **of(role, layer))
            if "origins" in rule.needs:
                origins = layer.matrix(pair[role].origins, bias=rule.with_bias)
                view = replace(view, origins=origins)
            parts.append(Part(role, layer, view, rule.with_bias and layer.bias is not None))
    return parts


def _view(rule: PruningRule, layer: PrunableLayer, population: Population, key: Key) -> Layer:
    def draws(purpose: str, shape: Sequence[int]) -> Tensor:
        return uniform(key.of(purpose), shape)

    weights = layer.matrix(population.weights, bias=rule.with_bias)
    masks = {
        name: population.masks.get(name, torch.ones_like(weight, dtype=torch.bool))
        for name, weight in population.weights.items()
        if name in (layer.weight, layer.bias)
    }
    return Layer(weights, layer.matrix(masks, bias=rule.with_bias), draws)


def _observed(rule: PruningRule, pair: Pair, scene: PruningScene) -> _Statistics:
    """What a layer does with the batch."""
    wanted = rule.needs & {"outputs", "input_rms"}
    if not wanted:
        return lambda role, layer: {}
    assert scene.batch is not None
    look = _seen_in_training if rule.activations == "training" else _seen
    seen = look(pair, scene, scene.batch.inputs)

    def of(role: RoleName, layer: PrunableLayer) -> dict[str, Any]:
        observer, own = scene.observers[role], seen[role][layer.name]
        found = {}
        if "outputs" in wanted:
            found["outputs"] = observer.outputs(layer.name, own)
        if "input_rms" in wanted:
            weights = pair[role].weights
            found["input_rms"] = observer.input_rms(layer.name, own, weights, bias=rule.with_bias)
        return found

    return of


def _seen(pair: Pair, scene: PruningScene, inputs: Tensor) -> dict[RoleName, dict[str, Seen]]:
    codes, encoders = scene.observers["encoder"](pair["encoder"], inputs)
    _, decoders = scene.observers["decoder"](pair["decoder"], codes)
    return {"encoder": encoders, "decoder": decoders}


def _seen_in_training(
    pair: Pair, scene: PruningScene, inputs: Tensor
) -> dict[RoleName, dict[str, Seen]]:
    """What layers do with the batch, each part of it at another point of the training.

    The points lie evenly on the straight line from the weights before to the weights after.
    """
    parts = []
    pieces = inputs.tensor_split(min(_POINTS, inputs.shape[1]), 1)
    for number, rows in enumerate(pieces):
        share = (number + 0.5) / len(pieces)
        between: Pair = {
            role: replace(
                population,
                weights={
                    name: scene.before[role].weights[name].lerp(weight, share)
                    for name, weight in population.weights.items()
                },
            )
            for role, population in pair.items()
        }
        parts.append(_seen(between, scene, rows))
    return {
        role: {
            name: Seen(
                torch.cat([part[role][name].inputs for part in parts], 1),
                torch.cat([part[role][name].outputs for part in parts], 1),
            )
            for name in parts[0][role]
        }
        for role in ROLES
    }


def _differentiated(rule: PruningRule, pair: Pair, scene: PruningScene) -> _Statistics:
    """Derivatives of each pairing's loss on the batch, by removed weights too."""
    if "gradients" not in rule.needs:
        return lambda role, layer: {}
    assert scene.batch is not None
    leaves: dict[RoleName, CellTensors] = {
        role: {name: w.detach().requires_grad_() for name, w in population.weights.items()}
        for role, population in pair.items()
    }
    encoders, decoders = (replace(pair[role], weights=leaves[role]) for role in ROLES)
    with torch.enable_grad():
        outputs = scene.networks(encoders, decoders, scene.batch.inputs)
        loss = scene.task.losses(outputs, scene.batch.targets).sum()
        found = iter(gradients(loss, [leaf for role in ROLES for leaf in leaves[role].values()]))
    slopes = {role: {name: next(found) for name in leaves[role]} for role in ROLES}
    return lambda role, layer: {"gradients": layer.matrix(slopes[role], bias=rule.with_bias)}
