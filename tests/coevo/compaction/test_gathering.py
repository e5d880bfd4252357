"""When inputs are selected and outputs placed, and what networks of MNIST's size gain."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from coevo.architectures import mlp_decoder, mlp_encoder
from coevo.compaction import PlaceOutputs, SelectInputs, compact, pairing_size, stored_size
from coevo.compaction.gathering import placing_pays, selecting_pays
from tests.coevo.compaction.chains import outputs

SHAPE = (1, 28, 28)


def magnitude(sparsity: float, *, quiet_pixels: bool) -> tuple[nn.Module, nn.Module]:
    """A 784-128-32-128-784 pairing without the weights nearest to zero of every layer.

    Args:
        sparsity: of every layer.
        quiet_pixels: whether weights of pixels at the border are small, as they stay in training.
    """
    generator = torch.Generator().manual_seed(7)
    encoder = mlp_encoder(SHAPE, 32, hidden=[128])
    decoder = mlp_decoder(SHAPE, 32, hidden=[128])
    y, x = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
    loud = (((y - 13.5) ** 2 + (x - 13.5) ** 2).sqrt() < 13).flatten()
    with torch.no_grad():
        for weight in [*encoder.parameters(), *decoder.parameters()]:
            weight.copy_(0.1 * torch.randn(weight.shape, generator=generator))
            if weight.dim() < 2:
                continue
            if quiet_pixels and weight.shape[1] == 784:
                weight[:, ~loud] *= 0.1
            removed = round(sparsity * weight.numel())
            weight.flatten()[weight.abs().flatten().argsort()[:removed]] = 0.0
    return encoder, decoder


def rows() -> Tensor:
    return torch.rand(100, *SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("sparsity", "share"), [(0.9, 0.98), (0.98, 0.5)])
def test_pruned_networks_of_the_size_of_mnist_get_smaller(sparsity: float, share: float) -> None:
    pair = magnitude(sparsity, quiet_pixels=False)
    found = compact(*pair, SHAPE)
    before, after = stored_size(pair, SHAPE), stored_size((found.encoder, found.decoder), SHAPE)
    assert before["parameters"] == 209_968
    assert before["multiply_adds"] == 208_896
    for name, value in after.items():
        assert value <= before[name] * (1 if name.startswith("nonzero") else share)
    expected = outputs(*pair, rows())
    torch.testing.assert_close(
        outputs(found.encoder, found.decoder, rows()), expected, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("sparsity", [0.9, 0.98])
def test_pixels_that_nothing_reads_are_left_out(sparsity: float) -> None:
    encoder, decoder = magnitude(sparsity, quiet_pixels=True)
    read = int((encoder.get_submodule("1").get_parameter("weight") != 0).any(0).sum())
    assert read < 560
    found = compact(encoder, decoder, SHAPE)
    selection = found.encoder.get_submodule("0")
    assert isinstance(selection, SelectInputs)
    assert len(selection.index) <= read
    after = pairing_size(found.encoder, found.decoder, SHAPE)
    assert after.parameters < 0.85 * 209_968


def test_an_unpruned_network_stays_as_it_is() -> None:
    pair = magnitude(0.0, quiet_pixels=False)
    assert compact(*pair, SHAPE).reason == "there is no unit to remove"


@given(st.integers(1, 2000), st.integers(1, 2000), st.data())
def test_gathering_pays_the_more_the_less_is_left(
    numbers: int, others: int, data: st.DataObject
) -> None:
    for pays in (selecting_pays, placing_pays):
        left = data.draw(st.integers(0, numbers))
        fewer = data.draw(st.integers(0, left))
        assert pays(numbers, fewer, others) >= pays(numbers, left, others)
        assert pays(numbers, left, others + 1) >= pays(numbers, left, others)
        assert not pays(numbers, numbers, others)


@given(st.integers(1, 20), st.data())
def test_selected_numbers_are_those_at_the_index(size: int, data: st.DataObject) -> None:
    index = data.draw(st.lists(st.integers(0, 2 * size - 1), max_size=30))
    values = torch.arange(6.0 * size).view(3, 2, size)
    selected = SelectInputs(torch.tensor(index, dtype=torch.int64))(values)
    for row, found in zip(values, selected, strict=True):
        assert found.tolist() == [float(row.flatten()[place]) for place in index]


@given(st.data())
def test_placed_numbers_are_where_the_positions_say(data: st.DataObject) -> None:
    positions = data.draw(st.permutations(range(5)))
    module = PlaceOutputs(torch.tensor(positions), torch.tensor([8.0, 9.0]))
    placed = module(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    for row, values in zip(placed, ([1, 2, 3, 8, 9], [4, 5, 6, 8, 9]), strict=True):
        assert row.tolist() == [values[position] for position in positions]
