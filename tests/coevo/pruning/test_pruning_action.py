"""One rule acts on some pairings: who shares an amount, what is zero, and what stops a world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from coevo.layers import prunable_layers
from coevo.networks import NetworkPair, build_stacked
from coevo.population import Population
from coevo.pruning import PruningRule, Timing
from coevo.pruning.action import Acted, act
from coevo.pruning.views import Pair, PruningScene
from coevo.random import Key
from coevo.roles import ROLES
from coevo.tasks import Task
from operators import OPERATORS, Layer, Quota, RemoveShare, masking
from tests.coevo.chains import linear

LAYERS = {
    "encoder": prunable_layers(lambda: linear(2, 2, 1), (2,)),
    "decoder": prunable_layers(lambda: linear(1, 2), (1,)),
}
# Magnitudes 1 to 10, biases 0.5, 2.5, ...; the second cell has them in reverse.
ENCODER = {
    "0.weight": [[1.0, -8.0], [3.0, 4.0]],
    "0.bias": [0.5, 8.5],
    "2.weight": [[-5.0, 2.0]],
    "2.bias": [4.5],
}
DECODER = {"0.weight": [[7.0], [-6.0]], "0.bias": [6.5, 1.5]}


def pair_of(*cells: int) -> Pair:
    """Networks of these cells; cell n has all weights n + 1 times as large."""
    found: Pair = {}
    for role, values in zip(ROLES, (ENCODER, DECODER), strict=True):
        weights = {
            name: torch.stack([(cell + 1) * torch.tensor(numbers) for cell in cells])
            for name, numbers in values.items()
        }
        found[role] = Population(
            weights, masks={n: torch.ones_like(w).bool() for n, w in weights.items()}
        )
    return found


def scene_of(*cells: int) -> PruningScene:
    key = Key.for_cells(torch.full((len(cells),), 3), torch.tensor(cells)).of("pruning").of("0")
    networks = NetworkPair(
        build_stacked(lambda: linear(2, 2, 1)), build_stacked(lambda: linear(1, 2))
    )
    return PruningScene(
        networks=networks, observers={}, task=Task("mse"), batch=None, before={}, key=key
    )


def rule(operator: Any = OPERATORS["magnitude"], **keys: Any) -> PruningRule:
    return PruningRule(operator, keys.pop("layers", LAYERS), Timing((1.0,)), **keys)


def acted(own: PruningRule, quota: Quota, pair: Pair) -> Acted:
    return act(own, quota, pair, scene_of(*range(pair["encoder"].cells)))


def lost(found: Acted, cell: int = 0) -> set[float]:
    """The magnitudes that one cell lost, as the first cell has them."""
    before, gone = pair_of(cell), set()
    for role in ROLES:
        for name, weight in found.pair[role].weights.items():
            was = before[role].weights[name][0] / (cell + 1)
            gone |= {abs(value) for value in was[weight[cell] == 0].flatten().tolist()}
    return gone


def test_weights_and_biases_of_a_tensor_are_drawn_apart() -> None:
    def layer() -> nn.Module:
        return nn.Linear(16, 200)

    found = {"encoder": prunable_layers(layer, (16,)), "decoder": ()}
    population = build_stacked(layer).initialize([1])
    pair = {**pair_of(0), "encoder": population}
    own = rule(OPERATORS["uniform"], layers=found, scope="tensor", bias=True, masks="soft")
    weights = act(own, RemoveShare(0.5), pair, scene_of(0)).pair["encoder"].weights
    zeros = {name: (weight == 0).flatten().tolist() for name, weight in weights.items()}
    alike = [a == b for a, b in zip(zeros["bias"], zeros["weight"][:200], strict=True)]
    # 100 of 200 by chance, with a standard deviation of 7.
    assert 70 < sum(alike) < 130


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        # Of 4, 2 and 2 weights, a half each.
        ({"scope": "layer"}, {1.0, 3.0, 2.0, 6.0}),
        # Of 6 and 2.
        ({"scope": "network"}, {1.0, 2.0, 3.0, 6.0}),
        # Of 8.
        ({"scope": "pair"}, {1.0, 2.0, 3.0, 4.0}),
        # Of every unit's 2; 1 of 1 is rounded to 0.
        ({"scope": "unit"}, {1.0, 3.0, 2.0}),
        ({"scope": "tensor"}, {1.0, 3.0, 2.0, 6.0}),
        # Biases beside weights: of 6, 3 and 4.
        ({"scope": "layer", "bias": True}, {0.5, 1.0, 3.0, 2.0, 4.5, 1.5, 6.0}),
        # By themselves: of 4 and 2, 2 and 1, 2 and 2.
        ({"scope": "tensor", "bias": True}, {1.0, 3.0, 0.5, 2.0, 6.0, 1.5}),
        ({"scope": "pair", "bias": True}, {0.5, 1.0, 1.5, 2.0, 3.0, 4.0}),
        # Units with 9.5, 15.5; 11.5; 13.5, 7.5: of 2, 1 and 2, a half each.
        ({"structure": "unit"}, {1.0, 8.0, 0.5, 6.0, 1.5}),
        ({"structure": "unit", "scope": "pair"}, {1.0, 8.0, 0.5, 6.0, 1.5}),
    ],
)
def test_who_shares_an_amount(keys: dict[str, Any], expected: set[float]) -> None:
    found = acted(rule(**keys), RemoveShare(0.5), pair_of(0, 1))
    assert lost(found) == expected
    assert lost(found, cell=1) == expected
    assert found.sound.tolist() == [True, True]


def test_only_the_rules_own_layers_change() -> None:
    layers = {"encoder": LAYERS["encoder"][1:]}
    found = acted(rule(layers=layers, scope="network"), RemoveShare(1.0), pair_of(0))
    assert lost(found) == {5.0, 2.0}
    assert found.pair["decoder"].masks["0.weight"].all()


def test_hard_masks_say_what_is_gone_and_soft_ones_do_not() -> None:
    pair = pair_of(0)
    hard = acted(rule(), RemoveShare(0.5), pair).pair["encoder"]
    assert hard.masks["0.weight"].tolist() == [[[False, True], [False, True]]]
    assert hard.weights["0.weight"].tolist() == [[[0.0, -8.0], [0.0, 4.0]]]
    soft = acted(rule(masks="soft"), RemoveShare(0.5), pair).pair["encoder"]
    assert soft.weights["0.weight"].tolist() == [[[0.0, -8.0], [0.0, 4.0]]]
    assert soft.masks["0.weight"].all()
    # The networks that it was given are as they were.
    assert pair["encoder"].weights["0.weight"].tolist() == [ENCODER["0.weight"]]
    assert pair["encoder"].masks["0.weight"].all()


def _grown(draws: str) -> tuple[Population, Population]:
    """A layer before and after a half of it was removed and regrown."""
    pair = pair_of(0)
    masks = {**pair["encoder"].masks, "0.weight": torch.tensor([[[False, True], [True, False]]])}
    origins = {"0.weight": torch.full((1, 2, 2), 9.0)}
    before = replace(pair["encoder"], masks=masks, origins=origins).masked()
    own = rule(layers={"encoder": LAYERS["encoder"][:1]}, regrow=draws)
    return before, acted(own, RemoveShare(0.5), {**pair, "encoder": before}).pair["encoder"]


def test_as_many_weights_come_back_as_went_and_begin_at_zero() -> None:
    before, after = _grown("random")
    mask, weight = after.masks["0.weight"][0], after.weights["0.weight"][0]
    assert mask.sum() == 2
    assert mask[0, 1]
    for place in mask.nonzero().tolist():
        unit, position = place
        # What went in the same step and came back is as it was.
        kept = bool(before.masks["0.weight"][0, unit, position])
        old = ENCODER["0.weight"][unit][position]
        assert weight[unit, position] == (old if kept else 0.0)  # type: ignore[comparison-overlap]  # numbers
    origins = after.origins["0.weight"][0]
    assert torch.equal(origins != 0, mask)


# operators that make masks


@masking(needs=["origins"])
def firsts(layer: Layer, quota: Tensor) -> Tensor:
    """Removes from the front; refuses what is not a number."""
    for numbers in (layer.weights, layer.need("origins")):
        if not bool(numbers.isfinite().all()):
            raise ValueError("not finite")
    return layer.masks & (layer.masks.flatten(1).cumsum(1) > quota[:, None]).view_as(layer.masks)


def test_an_operator_that_makes_masks_acts_on_every_layer() -> None:
    pair = {
        role: replace(population, origins=population.weights)
        for role, population in pair_of(0, 1).items()
    }
    found = acted(rule(firsts), RemoveShare(0.5), pair)
    assert lost(found) == {1.0, 8.0, 5.0, 7.0}
    apart = acted(rule(firsts, scope="tensor", bias=True), RemoveShare(0.5), pair)
    assert lost(apart) == {1.0, 8.0, 0.5, 5.0, 7.0, 6.5}
    assert found.sound.tolist() == [True, True]


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("where", ["weights", "origins"])
def test_numbers_that_are_not_finite_stop_one_cell_and_reach_no_mask_maker(
    where: str, value: float
) -> None:
    pair = {
        role: replace(p, origins={n: w.clone() for n, w in p.weights.items()})
        for role, p in pair_of(0, 1, 2).items()
    }
    tensors: dict[str, Tensor] = dict(getattr(pair["encoder"], where))
    tensors["2.weight"] = tensors["2.weight"].clone()
    tensors["2.weight"][1, 0, 1] = value
    pair["encoder"] = replace(pair["encoder"], **{where: tensors})  # type: ignore[arg-type]  # either
    found = acted(rule(firsts), RemoveShare(0.5), pair)
    assert found.sound.tolist() == [True, False, True]
    assert lost(found) == lost(found, cell=2) == {1.0, 8.0, 5.0, 7.0}


@pytest.mark.parametrize(
    "keys",
    [
        *(
            {"scope": scope, "bias": True}
            for scope in ("unit", "tensor", "layer", "network", "pair")
        ),
        *({"scope": scope, "structure": "unit"} for scope in ("layer", "network", "pair")),
    ],
)
def test_scores_that_are_not_a_number_stop_one_cell(keys: dict[str, Any]) -> None:
    pair = pair_of(0, 1, 2)
    weights = dict(pair["decoder"].weights)
    weights["0.weight"] = weights["0.weight"].clone()
    weights["0.weight"][1, 1, 0] = torch.nan
    pair["decoder"] = replace(pair["decoder"], weights=weights)
    assert acted(rule(**keys), RemoveShare(0.5), pair).sound.tolist() == [True, False, True]
