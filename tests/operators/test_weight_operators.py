"""Operators that score weights, by hand: uniform, magnitude, wanda, saliency and movement."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import OPERATORS, Layer, RemoveShare, prune_units, prune_weights_per_unit
from tests.operators.small_layers import drawn, gone, layer_of, streams

uniform = OPERATORS["uniform"]
magnitude = OPERATORS["magnitude"]
wanda = OPERATORS["wanda"]
saliency = OPERATORS["saliency"]
movement = OPERATORS["movement"]


def lost(name: str, layer: Layer, *quota: int) -> list[set[tuple[int, ...]]]:
    return gone(layer.masks, OPERATORS[name](layer, torch.tensor(quota)))


def lost_units(name: str, layer: Layer, share: float) -> list[set[int]]:
    pruned = prune_units(OPERATORS[name], [layer], RemoveShare(share))
    return [{place[0] for place in cell} for cell in gone(layer.masks, pruned.masks[0])]


# uniform


def test_uniform_takes_the_lowest_draws_whatever_the_weights_are() -> None:
    draws = drawn({"uniform": [[[0.5, 0.1, 0.9], [0.3, 0.2, 0.7]]]})
    for weights in (torch.zeros(1, 2, 3), torch.arange(6.0).view(1, 2, 3)):
        layer = layer_of(weights, draws=draws)
        assert lost("uniform", layer, 3) == [{(0, 1), (1, 1), (1, 0)}]


def test_uniform_passes_over_what_is_gone() -> None:
    draws = drawn({"uniform": [[[0.5, 0.1, 0.9]]]})
    layer = layer_of(torch.ones(1, 1, 3), [[[True, False, True]]], draws=draws)
    assert lost("uniform", layer, 1) == [{(0, 0)}]


def test_uniform_is_uniform() -> None:
    # 2,000 cells lose 6 of 20 weights: 600 times each. Without replacement, the sum of squares
    # over its expectation, (n - 1) / n of the usual one, is chi-square with 19 degrees.
    cells, n, quota = 2000, 20, 6
    layer = layer_of(torch.ones(cells, 4, 5), draws=streams(*range(cells)))
    left = uniform(layer, torch.full((cells,), quota))
    counts = (~left).sum(0).flatten().double()
    share = quota / n
    square = (
        float(((counts - cells * share) ** 2).sum() / (cells * share * (1 - share))) * (n - 1) / n
    )
    assert counts.sum() == cells * quota
    assert 5 < square < 45  # probability of leaving this: 0.0014


def test_uniform_draws_every_pair_alike() -> None:
    # Two of four weights: six pairs, each 500 times of 3,000, with a deviation of 20.
    cells = 3000
    layer = layer_of(torch.ones(cells, 2, 2), draws=streams(*range(cells)))
    left = uniform(layer, torch.full((cells,), 2)).flatten(1).long()
    pairs = (left * torch.tensor([8, 4, 2, 1])).sum(1).bincount(minlength=16)
    found = pairs[pairs > 0]
    assert len(found) == 6
    assert ((found - 500).abs() < 90).all()


def test_uniform_units_are_uniform() -> None:
    cells = 2000
    weights = torch.arange(1.0, 6.0).view(1, 5, 1).expand(cells, 5, 3)
    layer = layer_of(weights, draws=streams(*range(cells)))
    pruned = prune_units(uniform, [layer], RemoveShare(0.2)).masks[0]
    counts = (~pruned.any(2)).sum(0)
    assert counts.sum() == cells
    assert ((counts - 400).abs() < 80).all()  # deviation 18


# magnitude


def test_magnitude_takes_what_is_nearest_to_zero() -> None:
    weights = [[[3.0, -0.1, 0.2], [-4.0, 0.05, 1.0]], [[0.3, 0.1, -0.2], [0.4, 0.5, 0.0]]]
    layer = layer_of(weights)
    assert lost("magnitude", layer, 2, 3) == [{(1, 1), (0, 1)}, {(1, 2), (0, 1), (0, 2)}]


def test_magnitude_of_a_unit_is_the_sum_of_its_kept_weights() -> None:
    masks = [[[True, True], [True, True], [True, False]]]
    layer = layer_of([[[1.0, -1.0], [-3.0, 0.0], [1.5, 100.0]]], masks)
    assert lost_units("magnitude", layer, 1 / 3) == [{2}]
    assert lost_units("magnitude", layer, 2 / 3) == [{0, 2}]


# wanda


def test_wanda_weighs_weights_by_their_inputs() -> None:
    # Scores 2, 3, 4 and 6, 1, 2: by magnitude alone, (1, 1) and (1, 0) would go.
    layer = layer_of([[[2.0, -3.0, 0.4], [6.0, 1.0, 0.2]]], input_rms=[[[1.0, 1.0, 10.0]]])
    assert lost("wanda", layer, 1) == [{(1, 1)}]
    assert lost("wanda", layer, 3) == [{(1, 1), (0, 0), (1, 2)}]


def test_wanda_with_inputs_of_each_unit() -> None:
    layer = layer_of(torch.ones(1, 2, 2), input_rms=[[[4.0, 2.0], [1.0, 3.0]]])
    assert lost("wanda", layer, 2) == [{(1, 0), (0, 1)}]


def test_wanda_of_the_paper_ranks_every_unit_by_itself() -> None:
    # Half of each row of |W| * norm, as in figure 1 of Sun et al.
    weights = [[[4.0, 0.0, 1.0, -1.0], [3.0, -2.0, -1.0, -3.0], [-3.0, 1.0, 0.0, 2.0]]]
    layer = layer_of(weights, input_rms=[[[1.0, 2.0, 8.0, 3.0]]])
    pruned = prune_weights_per_unit(wanda, layer, RemoveShare(0.5))
    assert gone(layer.masks, pruned.masks[0]) == [{(0, 1), (0, 3), (1, 0), (1, 1), (2, 1), (2, 2)}]


def test_a_dead_input_makes_its_weights_go_first() -> None:
    layer = layer_of([[[9.0, 0.1], [8.0, 0.2]]], input_rms=[[[0.0, 1.0]]])
    assert lost("wanda", layer, 2) == [{(0, 0), (1, 0)}]


# saliency


def test_saliency_is_the_product_of_weight_and_gradient_whatever_its_sign() -> None:
    # Scores 0.5, 0.6, 0.2 and 0, 0.3, 1.
    layer = layer_of(
        [[[5.0, -0.2, 0.1], [7.0, -3.0, 1.0]]], gradients=[[[0.1, 3.0, -2.0], [0.0, -0.1, 1.0]]]
    )
    assert lost("saliency", layer, 1) == [{(1, 0)}]
    assert lost("saliency", layer, 3) == [{(1, 0), (0, 2), (1, 1)}]


def test_saliency_says_what_the_loss_loses_to_first_order() -> None:
    # For a loss that is linear in the weights, first order is exact.
    slopes = torch.tensor([[[0.3, -0.2, 0.05], [1.0, -0.01, 0.4]]], dtype=torch.float64)
    weights = torch.tensor([[[1.0, 2.0, -3.0], [0.1, 5.0, -0.2]]], dtype=torch.float64)
    changes = {
        (u, i): abs(float(slopes[0, u, i] * weights[0, u, i])) for u in (0, 1) for i in range(3)
    }
    least = sorted(changes, key=changes.__getitem__)
    layer = layer_of(weights, gradients=slopes)
    for quota in range(7):
        assert lost("saliency", layer, quota) == [set(least[:quota])]


# movement


def test_movement_takes_what_came_nearer_to_zero() -> None:
    # (w^2 - b^2) / 2: -1.5, 0, 1.5; -0.5, 4, 0.
    layer = layer_of(
        [[[1.0, 2.0, -2.0], [0.0, 3.0, -2.0]]], origins=[[[2.0, -2.0, 1.0], [-1.0, 1.0, 2.0]]]
    )
    torch.testing.assert_close(
        movement.scores(layer),
        torch.tensor([[[-1.5, 0.0, 1.5], [-0.5, 4.0, 0.0]]], dtype=torch.float64),
    )
    assert lost("movement", layer, 1) == [{(0, 0)}]
    assert lost("movement", layer, 3) == [{(0, 0), (1, 0), (0, 1)}]
    # By magnitude, the weight that ended at zero would have gone first.
    assert lost("magnitude", layer, 1) == [{(1, 0)}]


def _descended(begin: Tensor, target: Tensor, steepness: Tensor) -> tuple[Tensor, Tensor]:
    """Where small steps of gradient descent end, and the sum of ``w dw`` along them."""
    weights, total, rate = begin.clone(), torch.zeros_like(begin), 1e-3
    for _ in range(1500):
        change = -rate * 2 * steepness * (weights - target)
        total += weights * change
        weights = weights + change
    return weights, total


@given(
    begin=st.lists(st.floats(-2, 2), min_size=6, max_size=6),
    target=st.lists(st.floats(-2, 2), min_size=6, max_size=6),
)
def test_movement_is_the_sum_of_w_dw_along_the_path(
    begin: list[float], target: list[float]
) -> None:
    ends = (torch.tensor(values, dtype=torch.float64).view(1, 2, 3) for values in (begin, target))
    first, goal = ends
    steepness = torch.tensor([[[0.1, 0.2, 0.5], [1.0, 0.3, 0.7]]], dtype=torch.float64)
    last, total = _descended(first, goal, steepness)
    # A sum over steps misses the integral by half of the squares of the steps.
    bound = float((2e-3 * steepness * (first - goal)).square().sum() * 1500 / 2) + 1e-12
    score = movement.scores(layer_of(last, origins=first))
    torch.testing.assert_close(score, total, rtol=0.0, atol=bound)


def test_movement_forward_and_back_is_none() -> None:
    layer = layer_of([[[1.5, 0.2]]], origins=[[[1.5, 0.1]]])
    assert lost("movement", layer, 1) == [{(0, 0)}]
    assert math.isclose(float(movement.scores(layer)[0, 0, 0]), 0.0)


@pytest.mark.parametrize(
    ("name", "known"),
    [("wanda", "input_rms"), ("saliency", "gradients"), ("movement", "origins")],
)
def test_nan_in_what_is_read_is_refused(name: str, known: str) -> None:
    values = torch.ones(2, 2, 2, dtype=torch.float64)
    values[1, 0, 1] = torch.nan
    layer = layer_of(torch.ones(2, 2, 2), **{known: values})
    with pytest.raises(ValueError, match="of cell 1 is not a number"):
        OPERATORS[name](layer, torch.tensor([1, 1]))


def test_nan_among_weights_is_refused() -> None:
    for name in ("magnitude", "wanda", "saliency", "movement"):
        ones = torch.ones(1, 2, 2)
        layer = layer_of(
            [[[1.0, 1.0], [torch.nan, 1.0]]], input_rms=ones, gradients=ones, origins=ones
        )
        with pytest.raises(ValueError, match="of cell 0 is not a number"):
            OPERATORS[name](layer, torch.tensor([1]))
