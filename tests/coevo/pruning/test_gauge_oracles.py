"""What remains of pruned networks: by autograd on real modules, and by paths in a graph."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import functional_call

from coevo.layers import PrunableLayer
from coevo.pruning import Gauge
from coevo.roles import ROLES, RoleName
from tests.coevo.chains import CHAINS, Chain
from tests.coevo.pruning.gauged import Pair, dense, gauge_of, masked, positive, random_masks

_Node = tuple[int, int]


# by autograd


class Derivatives:
    """What the derivatives of all outputs say about one network of each role.

    Weights and inputs are positive and biases zero, so that nothing cancels: a number is above
    zero exactly where there is a way.
    """

    def __init__(self, chain: Chain, pair: Pair) -> None:
        self.outputs: dict[tuple[RoleName, str], Tensor] = {}
        self.weights: dict[RoleName, dict[str, Tensor]] = {}
        current = torch.linspace(0.5, 1.5, prod(chain.inputs), dtype=torch.float64)
        current = current.view(1, *chain.inputs)
        for role, build in (("encoder", chain.encoder), ("decoder", chain.decoder)):
            module = build().double()
            for path, child in module.named_modules():
                if "weight" in child._parameters:
                    child.register_forward_hook(partial(self._note, (role, path)))
            own = {n: w[0].clone().requires_grad_() for n, w in pair[role].weights.items()}
            self.weights[role] = own
            current = functional_call(module, own, (current,))
        current.sum().backward()

    def _note(
        self, where: tuple[RoleName, str], _: nn.Module, __: tuple[Tensor, ...], output: Tensor
    ) -> None:
        output.retain_grad()
        self.outputs[where] = output

    def living(self, role: RoleName, layer: PrunableLayer) -> Tensor:
        """Units that are above zero, and that the outputs depend on."""
        output = self.outputs[role, layer.name]
        assert output.grad is not None
        value, slope = (t[0].reshape(layer.units, -1) for t in (output.detach(), output.grad))
        return value.gt(0).any(1) & slope.gt(0).any(1)

    def effective(self, role: RoleName, layer: PrunableLayer) -> int:
        """Weights that are there, and that the outputs depend on."""
        weight = self.weights[role][layer.weight]
        assert weight.grad is not None
        return int((weight.grad.gt(0) & weight.gt(0)).sum())


@pytest.mark.parametrize("name", CHAINS)
@given(data=st.data())
def test_what_remains_is_what_has_an_effect_on_the_outputs(name: str, data: st.DataObject) -> None:
    chain = CHAINS[name]
    gauge = gauge_of(chain, bias=True)
    # Of whole kernels, because at the edges of images single weights see nothing but padding.
    masks = data.draw(random_masks(gauge, whole=True))
    pair = masked(positive(chain, 1, bias=0.0), masks)
    found, derivatives = gauge.measures(pair), Derivatives(chain, pair)
    for role in ROLES:
        dead = products = parameters = 0
        for layer in gauge.layers[role]:
            living = derivatives.living(role, layer)
            weights = derivatives.effective(role, layer)
            dead += int((~living).sum())
            products += weights * layer.uses
            parameters += weights
            if layer.bias is not None:
                last = role == "decoder" and layer is gauge.layers[role][-1]
                kept = masks[role][layer.bias][0]
                parameters += int((kept if last else kept & living).sum())
        assert found[f"{role}_dead_units"].item() == dead
        assert found[f"{role}_multiply_adds"].item() == products
        assert found[f"{role}_parameters"].item() == parameters


# by paths


def reached(edges: set[tuple[_Node, _Node]], start: set[_Node]) -> set[_Node]:
    """All that can be come to from somewhere."""
    found, border = set(start), list(start)
    while border:
        node = border.pop()
        for before, after in edges:
            if before == node and after not in found:
                found.add(after)
                border.append(after)
    return found


class Graph:
    """Units of one network of each role, and which of them read which."""

    def __init__(self, gauge: Gauge, masks: Mapping[RoleName, Mapping[str, Tensor]]) -> None:
        self.units: list[list[_Node]] = []
        self.sources: dict[tuple[_Node, int], list[_Node]] = {}
        chain = [(role, layer) for role in ROLES for layer in gauge.layers[role]]
        self.start: set[_Node] = {(-1, i) for i in range(chain[0][1].inputs)}
        for number, (role, layer) in enumerate(chain):
            kept = layer.matrix(masks[role], bias=False)[0]
            self.units.append([(number, unit) for unit in range(layer.units)])
            for unit, position in kept.nonzero().tolist():
                self.sources[(number, unit), position] = self._source(gauge, number, position)
        edges = {(b, node) for (node, _), befores in self.sources.items() for b in befores}
        self.varies = reached(edges, self.start)
        self.read = reached({(b, a) for a, b in edges}, set(self.units[-1]))
        self.living = self.varies & self.read

    def _source(self, gauge: Gauge, number: int, position: int) -> list[_Node]:
        if number == 0:
            return [(-1, position)]
        link = gauge.links[number - 1]
        assert link is not None
        channel, size = position // link.inputs_per_channel, link.units_per_channel
        return self.units[-2][channel * size : (channel + 1) * size]

    def used(self, number: int) -> int:
        """Weights of a layer that bring something that varies into a living unit."""
        return sum(
            node in self.living and any(before in self.varies for before in befores)
            for (node, _), befores in self.sources.items()
            if node[0] == number
        )


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    if draw(st.booleans()):
        return draw(st.sampled_from(list(CHAINS.values())))
    widths = draw(st.lists(st.integers(1, 4), min_size=3, max_size=5))
    return dense(*widths, code=draw(st.integers(1, len(widths) - 2)))


@given(chain=chains(), data=st.data())
def test_units_live_on_paths_from_inputs_to_outputs(chain: Chain, data: st.DataObject) -> None:
    gauge = gauge_of(chain, bias=True)
    masks = data.draw(random_masks(gauge, whole=False))
    found = gauge.measures(masked(positive(chain, 1), masks))
    graph, number, last = Graph(gauge, masks), 0, len(gauge.links)
    for role in ROLES:
        dead = products = parameters = 0
        for layer in gauge.layers[role]:
            living = [node in graph.living for node in graph.units[number]]
            dead += living.count(False)
            products += graph.used(number) * layer.uses
            parameters += graph.used(number)
            if layer.bias is not None:
                kept = masks[role][layer.bias][0].tolist()
                parameters += sum(
                    k and (a or number == last) for k, a in zip(kept, living, strict=True)
                )
            number += 1
        assert found[f"{role}_dead_units"].item() == dead
        assert found[f"{role}_multiply_adds"].item() == products
        assert found[f"{role}_parameters"].item() == parameters
