"""Chains with gauges, and masked networks of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

import torch
from hypothesis import strategies as st
from torch import Tensor

from coevo.layers import prunable_layers
from coevo.networks import build_stacked
from coevo.population import Population
from coevo.pruning import Gauge
from coevo.roles import ROLES, RoleName
from coevo.wiring import links_between
from tests.coevo.chains import Chain, linear

__all__ = ["Pair", "dense", "gauge_of", "masked", "positive", "random_masks"]

Pair = dict[RoleName, Population]


def dense(*widths: int, code: int) -> Chain:
    """A chain of dense layers; ``code`` is the position of the code among the widths."""
    encoder, decoder = widths[: code + 1], widths[code:]
    return Chain(
        lambda: linear(*encoder), lambda: linear(*decoder), widths[:1], encoder[-1:], (), ()
    )


def gauge_of(
    chain: Chain, *, bias: bool = False, roles: tuple[RoleName, ...] = ROLES, soft: bool = False
) -> Gauge:
    builds = {"encoder": chain.encoder, "decoder": chain.decoder}
    shapes = {"encoder": chain.inputs, "decoder": chain.code}
    modules = {role: builds[role]() for role in ROLES}
    layers = {role: prunable_layers(builds[role], shapes[role]) for role in ROLES}

    def names(role: RoleName) -> frozenset[str]:
        found = [layer.weight for layer in layers[role]]
        found += [layer.bias for layer in layers[role] if layer.bias and bias]
        return frozenset(found if role in roles else ())

    return Gauge(
        layers=layers,
        links=links_between([modules[role] for role in ROLES], [layers[role] for role in ROLES]),
        prunable={role: names(role) for role in ROLES},
        soft={role: names(role) if soft else frozenset() for role in ROLES},
        hard={role: frozenset() if soft else names(role) for role in ROLES},
        parameters={role: sum(w.numel() for w in modules[role].parameters()) for role in ROLES},
    )


def positive(chain: Chain, cells: int, *, bias: float = 0.5) -> Pair:
    """Networks whose weights are all positive, and whose biases are all the same."""
    builds = {"encoder": chain.encoder, "decoder": chain.decoder}
    pair: Pair = {}
    for role in ROLES:
        population = build_stacked(builds[role]).initialize([5] * cells, dtype=torch.float64)
        weights = {
            name: torch.full_like(w, bias) if name.endswith("bias") else w.abs() + 0.1
            for name, w in population.weights.items()
        }
        pair[role] = replace(population, weights=weights)
    return pair


def masked(pair: Pair, masks: Mapping[RoleName, Mapping[str, Tensor]]) -> Pair:
    return {role: replace(p, masks=dict(masks.get(role, {}))).masked() for role, p in pair.items()}


@st.composite
def random_masks(
    draw: st.DrawFn, gauge: Gauge, *, whole: bool
) -> dict[RoleName, dict[str, Tensor]]:
    """Masks of one network of any density, biases too; of whole kernels, or of single weights."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    links = iter(gauge.links)
    found: dict[RoleName, dict[str, Tensor]] = {role: {} for role in ROLES}
    block = prod(gauge.layers["encoder"][0].shape[2:])
    for role in ROLES:
        for layer in gauge.layers[role]:
            density = draw(st.sampled_from([0.15, 0.4, 0.8]))
            size = block if whole else 1
            shape = (1, layer.units, layer.inputs // size)
            kept = torch.rand(shape, generator=generator) < density
            matrix = kept.repeat_interleave(size, 2)
            found[role] |= layer.tensors(matrix, bias=False)
            if layer.bias is not None:
                found[role][layer.bias] = (
                    torch.rand((1, layer.units), generator=generator) < density
                )
            link = next(links, None)
            block = 1 if link is None else link.inputs_per_channel
    return found
