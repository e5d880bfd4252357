"""What is regrown: as many weights as went, where nothing was left, by gradient or at random."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import Layer, RegrowBy, regrow
from tests.operators.small_layers import drawn, layer_of, numbers, streams

BY = pytest.mark.parametrize("by", ["gradient", "random"])
_Case = tuple[list[Layer], list[Tensor]]


@st.composite
def prunings(draw: st.DrawFn) -> _Case:
    """Layers, and masks that are left of them."""
    cells, count = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    layers, left = [], []
    for _ in range(count):
        shape = (cells, draw(st.integers(1, 3)), draw(st.integers(1, 4)))
        size = shape[0] * shape[1] * shape[2]
        flags = st.lists(st.booleans(), min_size=size, max_size=size)
        slopes = draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))
        before = torch.tensor(draw(flags)).view(shape)
        stays = torch.tensor(draw(flags)).view(shape)
        gradients = numbers(slopes).view(shape)
        layers.append(layer_of(torch.ones(shape), before, gradients=gradients))
        left.append(before & stays)
    return layers, left


def joined(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten(1) for tensor in tensors], 1)


@BY
@given(case=prunings())
def test_the_number_of_kept_weights_is_what_it_was(by: RegrowBy, case: _Case) -> None:
    layers, left = case
    grown = regrow(by, layers, left)
    assert [masks.shape for masks in grown] == [masks.shape for masks in left]
    before = joined([layer.masks for layer in layers]).sum(1)
    assert torch.equal(joined(grown).sum(1), before)


@BY
@given(case=prunings())
def test_what_was_left_stays(by: RegrowBy, case: _Case) -> None:
    layers, left = case
    for masks, grown in zip(left, regrow(by, layers, left), strict=True):
        assert not (masks & ~grown).any()


@given(case=prunings())
def test_nothing_that_grows_has_less_gradient_than_what_does_not(case: _Case) -> None:
    layers, left = case
    slopes = joined([layer.need("gradients") for layer in layers]).abs()
    before, grown = joined(left), joined(regrow("gradient", layers, left))
    for slope, was, now in zip(slopes.tolist(), before.tolist(), grown.tolist(), strict=True):
        came = [s for s, a, b in zip(slope, was, now, strict=True) if b and not a]
        stayed_out = [s for s, b in zip(slope, now, strict=True) if not b]
        assert min(came, default=9.0) >= max(stayed_out, default=-9.0)


@BY
@given(case=prunings(), data=st.data())
def test_cells_are_treated_alike(by: RegrowBy, case: _Case, data: st.DataObject) -> None:
    layers, left = case
    ids = data.draw(st.lists(st.integers(0, len(left[0]) - 1), min_size=1))
    some = [
        layer_of(
            layer.weights[ids],
            layer.masks[ids],
            gradients=layer.need("gradients")[ids],
            draws=streams(*ids),
        )
        for layer in layers
    ]
    found = regrow(by, some, [masks[ids] for masks in left])
    assert torch.equal(joined(found), joined(regrow(by, layers, left))[ids])


def test_the_largest_slope_grows_whatever_its_sign() -> None:
    before = [[[True, True, False, False]], [[True, True, False, False]]]
    left = torch.tensor([[[False, True, False, False]], [[False, True, False, False]]])
    gradients = [[[0.1, 9.0, 0.2, -0.3]], [[-0.4, 9.0, 0.2, 0.3]]]
    layer = layer_of(torch.ones(2, 1, 4), before, gradients=gradients)
    # In the second cell, the weight that went comes back.
    assert regrow("gradient", [layer], [left])[0].tolist() == [
        [[False, True, False, True]],
        [[True, True, False, False]],
    ]


def test_of_equal_slopes_the_first_grows() -> None:
    layer = layer_of(torch.ones(1, 1, 3), [[[True, False, False]]], gradients=torch.ones(1, 1, 3))
    left = torch.zeros(1, 1, 3, dtype=torch.bool)
    assert regrow("gradient", [layer], [left])[0].tolist() == [[[True, False, False]]]


def test_layers_are_ranked_together() -> None:
    one = layer_of(torch.ones(1, 1, 2), [[[True, False]]], gradients=[[[0.5, 0.1]]])
    other = layer_of(torch.ones(1, 1, 2), [[[True, False]]], gradients=[[[0.2, 0.9]]])
    left = [torch.tensor([[[False, False]]]), torch.tensor([[[True, False]]])]
    assert [masks.tolist() for masks in regrow("gradient", [one, other], left)] == [
        [[[False, False]]],
        [[[True, True]]],
    ]


def test_random_places_are_those_with_the_largest_draws() -> None:
    draws = drawn({"regrow": [[[0.3, 0.9, 0.1, 0.6]]]})
    layer = layer_of(torch.ones(1, 1, 4), [[[True, True, True, False]]], draws=draws)
    left = torch.tensor([[[False, True, False, False]]])
    assert regrow("random", [layer], [left])[0].tolist() == [[[True, True, False, True]]]


def test_random_places_differ_between_streams_and_are_the_same_again() -> None:
    shape = (1, 10, 10)
    kept = torch.zeros(shape, dtype=torch.bool)
    kept[0, 0] = True
    layers = [layer_of(torch.ones(shape), kept, draws=streams(n)) for n in (1, 2, 1)]
    one, other, again = (
        regrow("random", [layer], [torch.zeros_like(kept)])[0].tolist() for layer in layers
    )
    assert one != other
    assert one == again


def test_random_places_are_anywhere() -> None:
    # 400 cells put back 1 of 10 weights: of each place about 40, with a deviation of 6.
    shape = (400, 1, 10)
    kept = torch.zeros(shape, dtype=torch.bool)
    kept[:, :, 0] = True
    layer = layer_of(torch.ones(shape), kept, draws=streams(*range(400)))
    grown = regrow("random", [layer], [torch.zeros_like(kept)])[0]
    counts = grown.sum((0, 1))
    assert counts.sum() == 400
    assert ((counts - 40).abs() < 25).all()


def test_gradients_are_asked_for_by_name() -> None:
    layer = layer_of(torch.ones(1, 1, 2))
    with pytest.raises(ValueError, match=r"layer\.gradients: not computed"):
        regrow("gradient", [layer], [layer.masks])
