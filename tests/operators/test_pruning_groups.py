"""Layers that are pruned together: one ranking of all their weights, or of all their units."""

from __future__ import annotations

from math import inf, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import (
    OPERATORS,
    Layer,
    Quota,
    ReachSparsity,
    RemoveShare,
    masking,
    prune_group,
    prune_units,
    prune_weights_per_unit,
    scoring,
)
from tests.operators.small_layers import gone, layer_of, numbers, streams

magnitude = OPERATORS["magnitude"]
values = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0])
quotas = st.builds(RemoveShare, st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0])) | st.builds(
    ReachSparsity, st.sampled_from([0.0, 0.2, 0.6, 0.9, 1.0])
)


@scoring(per="unit", needs=["outputs"])
def loudness(layer: Layer) -> Tensor:
    """Scores units by their outputs."""
    return layer.need("outputs").mean((1, 3))


@st.composite
def groups(draw: st.DrawFn, least: int = 1) -> list[Layer]:
    """Layers of the same cells."""
    cells, count = draw(st.integers(1, 3)), draw(st.integers(least, 3))
    found = []
    for _ in range(count):
        shape = (cells, draw(st.integers(1, 3)), draw(st.integers(1, 4)))
        size = shape[0] * shape[1] * shape[2]
        weights = draw(st.lists(values, min_size=size, max_size=size))
        masks = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        found.append(layer_of(numbers(weights).view(shape), torch.tensor(masks).view(shape)))
    return found


def ranked(items: list[tuple[float, bool]], quota: int) -> list[bool]:
    """What is left: of the kept ones, those that stand behind the quota in order of score."""
    order = sorted((i for i, item in enumerate(items) if item[1]), key=lambda i: items[i][0])
    return [kept and i not in order[:quota] for i, (_, kept) in enumerate(items)]


def number_of(quota: Quota, kept: int, total: int) -> int:
    return int(quota.of(torch.tensor([kept]), total))


@given(layers=groups(), quota=quotas)
def test_a_group_is_one_ranking_of_all_its_weights(layers: list[Layer], quota: Quota) -> None:
    pruned = prune_group(magnitude, layers, quota)
    assert pruned.sound.all()
    for cell in range(len(layers[0].weights)):
        items = [
            (abs(weight), kept)
            for layer in layers
            for weight, kept in zip(
                layer.weights[cell].flatten().tolist(),
                layer.masks[cell].flatten().tolist(),
                strict=True,
            )
        ]
        expected = ranked(items, number_of(quota, sum(kept for _, kept in items), len(items)))
        assert [m for masks in pruned.masks for m in masks[cell].flatten().tolist()] == expected


@given(layers=groups(), quota=quotas)
def test_every_unit_is_ranked_by_itself(layers: list[Layer], quota: Quota) -> None:
    layer = layers[0]
    pruned = prune_weights_per_unit(magnitude, layer, quota)
    cells, units, inputs = layer.weights.shape
    assert pruned.sound.shape == (cells,)
    for cell in range(cells):
        for unit in range(units):
            kept = layer.masks[cell, unit].tolist()
            items = list(zip(layer.weights[cell, unit].abs().tolist(), kept, strict=True))
            expected = ranked(items, number_of(quota, sum(kept), inputs))
            assert pruned.masks[0][cell, unit].tolist() == expected


@given(layers=groups(), quota=quotas)
def test_units_of_a_group_are_one_ranking_and_go_with_all_their_weights(
    layers: list[Layer], quota: Quota
) -> None:
    pruned = prune_units(magnitude, layers, quota)
    for cell in range(len(layers[0].weights)):
        units = [
            (layer.weights[cell, unit], layer.masks[cell, unit])
            for layer in layers
            for unit in range(layer.weights.shape[1])
        ]
        items = [
            (
                sum(abs(w) for w, m in zip(*map(Tensor.tolist, unit), strict=True) if m),
                unit[1].any(),
            )
            for unit in units
        ]
        living = sum(bool(kept) for _, kept in items)
        left = ranked([(s, bool(k)) for s, k in items], number_of(quota, living, len(items)))
        found = [masks[cell, unit] for masks in pruned.masks for unit in range(masks.shape[1])]
        for (_, before), stays, after in zip(units, left, found, strict=True):
            assert after.tolist() == (before.tolist() if stays else [False] * len(before))


def test_layers_compete_for_the_amount_of_their_group() -> None:
    small = layer_of([[[0.1, 0.2], [0.3, 0.4]]])
    large = layer_of([[[0.25, 5.0, 6.0, 7.0]]])
    pruned = prune_group(magnitude, [small, large], RemoveShare(0.5))
    assert [
        gone(layer.masks, m) for layer, m in zip([small, large], pruned.masks, strict=True)
    ] == [
        [{(0, 0), (0, 1), (1, 0)}],
        [{(0, 0)}],
    ]
    alone = prune_group(magnitude, [large], RemoveShare(0.5))
    assert gone(large.masks, alone.masks[0]) == [{(0, 0), (0, 1)}]


def test_a_sparsity_of_a_group_counts_what_is_gone_in_all_its_layers() -> None:
    half_gone = layer_of([[[1.0, 2.0, 3.0, 4.0]]], [[[False, False, True, True]]])
    whole = layer_of([[[0.5, 9.0, 9.0, 9.0]]])
    pruned = prune_group(magnitude, [half_gone, whole], ReachSparsity(0.5))
    assert gone(half_gone.masks, pruned.masks[0]) == [{(0, 2)}]
    assert gone(whole.masks, pruned.masks[1]) == [{(0, 0)}]


def test_units_count_as_kept_while_one_of_their_weights_is() -> None:
    masks = [[[False, False], [True, False], [True, True], [True, True]]]
    layer = layer_of([[[9.0, 9.0], [5.0, 0.1], [1.0, 1.5], [3.0, 3.0]]], masks)
    # Three units are kept, of which a third is one: the sums of kept weights are 5, 2.5 and 6.
    pruned = prune_units(magnitude, [layer], RemoveShare(1 / 3))
    assert gone(layer.masks, pruned.masks[0]) == [{(2, 0), (2, 1)}]
    # One of four units is gone, so that one more is half of them.
    assert torch.equal(
        prune_units(magnitude, [layer], ReachSparsity(0.5)).masks[0], pruned.masks[0]
    )


def test_an_operator_that_scores_units_ranks_them_by_that() -> None:
    outputs = [[[[1.0], [3.0], [2.0]], [[2.0], [3.0], [0.0]]]]
    layer = layer_of([[[9.0, 9.0], [0.0, 0.0], [8.0, 8.0]]], outputs=outputs)
    assert gone(layer.masks, prune_units(loudness, [layer], RemoveShare(0.3)).masks[0]) == [
        {(2, 0), (2, 1)}
    ]
    # As a choice of weights, those of the quietest unit go first.
    assert gone(layer.masks, loudness(layer, torch.tensor([3]))) == [{(2, 0), (2, 1), (0, 0)}]


def test_units_of_a_random_operator_are_drawn_as_units() -> None:
    draws = streams(3)
    layer = layer_of(torch.ones(1, 5, 4), draws=draws)
    order = draws("uniform units", [5])[0].argsort().tolist()
    pruned = prune_units(OPERATORS["uniform"], [layer], RemoveShare(0.4))
    assert gone(layer.masks, pruned.masks[0]) == [{(u, i) for u in order[:2] for i in range(4)}]


def test_nan_is_kept_and_told_of_its_own_cell_only() -> None:
    weights = [[[nan, 2.0], [3.0, 1.0]], [[4.0, 2.0], [3.0, 1.0]], [[nan, 2.0], [3.0, 1.0]]]
    masks = [[[True, True]] * 2, [[True, True]] * 2, [[False, True], [True, True]]]
    layer = layer_of(weights, masks)
    expected = [False, True, True]
    together = prune_group(magnitude, [layer, layer_of(torch.ones(3, 1, 1))], RemoveShare(1.0))
    per_unit = prune_weights_per_unit(magnitude, layer, RemoveShare(1.0))
    for pruned in (together, per_unit):
        assert pruned.sound.tolist() == expected
        assert pruned.masks[0].nonzero().tolist() == [[0, 0, 0]]
    units = prune_units(magnitude, [layer], RemoveShare(1.0))
    assert units.sound.tolist() == expected
    assert units.masks[0].nonzero().tolist() == [[0, 0, 0], [0, 0, 1]]


def test_nan_in_a_unit_that_is_gone_does_not_matter() -> None:
    outputs = [[[[nan], [3.0]]]]
    layer = layer_of([[[1.0], [1.0]]], [[[False], [True]]], outputs=outputs)
    assert prune_units(loudness, [layer], RemoveShare(1.0)).sound.tolist() == [True]


def test_infinite_scores_are_kept_and_sound() -> None:
    @scoring(exact=False)
    def never(layer: Layer) -> Tensor:
        return torch.full_like(layer.weights, inf)

    layer = layer_of(torch.ones(1, 2, 2))
    pruned = prune_group(never, [layer], RemoveShare(1.0))
    assert pruned.masks[0].all()
    assert pruned.sound.all()


def test_an_operator_that_makes_masks_gets_its_quota_of_one_layer() -> None:
    asked: list[list[int]] = []

    @masking(needs=["gradients"])
    def greedy(layer: Layer, quota: Tensor) -> Tensor:
        asked.append(quota.tolist())
        first = layer.masks.flatten(1).cumsum(1) <= quota.unsqueeze(1)
        # Gives back what was removed before, which must not come through.
        return ~first.view_as(layer.masks)

    masks = [[[True, True], [True, False]], [[True, True], [True, True]]]
    layer = layer_of(torch.ones(2, 2, 2), masks)
    pruned = prune_group(greedy, [layer], ReachSparsity(0.5))
    assert asked == [[1, 2]]
    assert pruned.sound.tolist() == [True, True]
    assert pruned.masks[0].tolist() == [
        [[False, True], [True, False]],
        [[False, False], [True, True]],
    ]
    with pytest.raises(ValueError, match="too many values to unpack"):
        prune_group(greedy, [layer, layer], RemoveShare(0.5))
