"""Constants that are folded and units that go, worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from coevo.compaction import Compacted, PlaceOutputs, SelectInputs, compact, folding


def linear(weight: Sequence[Sequence[float]], bias: Sequence[float] | None = None) -> nn.Linear:
    matrix = torch.tensor(weight)
    layer = nn.Linear(matrix.shape[1], matrix.shape[0], bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(matrix)
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer


def tensors(module: nn.Module) -> dict[str, list[float]]:
    return {name: tensor.tolist() for name, tensor in module.state_dict().items()}


def outputs(found: Compacted, rows: Tensor) -> Tensor:
    with torch.no_grad():
        result: Tensor = found.decoder(found.encoder(rows))
    return result


def test_a_constant_unit_goes_into_the_biases_behind_it() -> None:
    # The second unit gives relu(3) = 3 whatever comes in: 10 + 4 * 3 and 20 - 5 * 3.
    encoder = nn.Sequential(linear([[1.0, 2.0], [0.0, 0.0]], [0.5, 3.0]), nn.ReLU())
    decoder = linear([[7.0, 4.0], [8.0, -5.0]], [10.0, 20.0])
    found = compact(encoder, decoder, [2])
    assert found.reason is None
    assert tensors(found.encoder[0]) == {"weight": [[1.0, 2.0]], "bias": [0.5]}
    assert tensors(found.decoder) == {"weight": [[7.0], [8.0]], "bias": [22.0, 5.0]}


def test_the_activation_of_a_constant_counts() -> None:
    # sigmoid(0) = 1/2 and relu(-3) = 0, and what is behind both activations is 4 * relu(1/2).
    encoder = nn.Sequential(linear([[1.0], [0.0]], [0.0, 0.0]), nn.Sigmoid(), nn.ReLU())
    found = compact(encoder, linear([[1.0, 4.0]], [1.0]), [1])
    assert tensors(found.decoder) == {"weight": [[1.0]], "bias": [3.0]}
    encoder = nn.Sequential(linear([[1.0], [0.0]], [0.0, -3.0]), nn.ReLU())
    found = compact(encoder, linear([[1.0, 4.0]], [1.0]), [1])
    assert tensors(found.decoder) == {"weight": [[1.0]], "bias": [1.0]}


def test_a_constant_makes_a_bias_where_there_was_none() -> None:
    encoder = nn.Sequential(linear([[1.0], [0.0]], [0.0, 3.0]))
    found = compact(encoder, linear([[1.0, 4.0], [2.0, 0.0]]), [1])
    assert tensors(found.decoder) == {"weight": [[1.0], [2.0]], "bias": [12.0, 0.0]}
    unbiased = nn.Sequential(linear([[1.0], [0.0]]))
    found = compact(unbiased, linear([[1.0, 4.0], [2.0, 0.0]]), [1])
    assert tensors(found.encoder[0]) == {"weight": [[1.0]]}
    assert tensors(found.decoder) == {"weight": [[1.0], [2.0]]}


def test_what_only_reads_constants_is_constant_too() -> None:
    # relu(2) = 2 goes into the second layer's first unit: relu(1 + 3 * 2) = 7, and 7 * 5 on.
    encoder = nn.Sequential(
        linear([[0.0], [1.0]], [2.0, 0.0]),
        nn.ReLU(),
        linear([[3.0, 0.0], [0.0, 1.0]], [1.0, 0.0]),
        nn.ReLU(),
    )
    found = compact(encoder, linear([[5.0, 6.0]], [0.0]), [1])
    assert [tuple(weight.shape) for weight in found.encoder.parameters()] == [
        (1, 1),
        (1,),
        (1, 1),
        (1,),
    ]
    assert tensors(found.decoder) == {"weight": [[6.0]], "bias": [35.0]}


def test_what_nothing_reads_goes_and_what_only_that_reads() -> None:
    encoder = nn.Sequential(linear([[1.0], [1.0]], [0.0, 0.0]), nn.Tanh(), linear([[1.0, 0.0]] * 2))
    with torch.no_grad():
        encoder[2].weight[1] = torch.tensor([0.0, 9.0])
    # The decoder reads the first number of the code alone, which reads the first unit alone.
    found = compact(encoder, linear([[2.0, 0.0]]), [1])
    assert tensors(found.encoder) == {"0.weight": [[1.0]], "0.bias": [0.0], "2.weight": [[1.0]]}
    assert tensors(found.decoder) == {"weight": [[2.0]]}


def test_a_pairing_that_gives_a_constant_keeps_one_unit_per_layer() -> None:
    encoder = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), linear([[0.0] * 4] * 2, [1.0, -1.0]))
    decoder = nn.Sequential(nn.ReLU(), linear([[5.0, 6.0], [7.0, 8.0]], [0.0, 1.0]))
    found = compact(encoder, decoder, [3])
    assert [m.out_features for m in (found.encoder[0], found.encoder[2])] == [1, 1]
    assert tensors(found.decoder[1]) == {"weight": [[0.0], [0.0]], "bias": [5.0, 8.0]}
    assert outputs(found, torch.randn(2, 3, generator=torch.Generator())).tolist() == [[5, 8]] * 2


def convolutions(padding: int | str, mode: str = "zeros") -> tuple[nn.Sequential, nn.Sequential]:
    """Two feature maps, the second of them a constant, and a convolution that reads both."""
    encoder = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    with torch.no_grad():
        encoder[0].weight[1] = 0.0
        encoder[0].bias.copy_(torch.tensor([0.5, 2.0]))
    decoder = nn.Sequential(nn.Conv2d(2, 1, 3, padding=padding, padding_mode=mode))
    with torch.no_grad():
        decoder[0].weight[0, 1] = torch.arange(9.0).view(3, 3)
        decoder[0].bias.fill_(1.0)
    return encoder, decoder


@pytest.mark.parametrize(
    ("padding", "mode"),
    [(0, "zeros"), ("valid", "zeros"), (1, "reflect"), (1, "circular"), ("same", "replicate")],
)
def test_a_constant_map_is_folded_where_no_zeros_are_beside_it(
    padding: int | str, mode: str
) -> None:
    found = compact(*convolutions(padding, mode), [1, 8, 8])
    assert found.encoder[0].out_channels == 1
    assert found.decoder[0].in_channels == 1
    assert found.decoder[0].bias.item() == 1 + 2 * 36


@pytest.mark.parametrize("padding", [1, "same"])
def test_a_constant_map_stays_where_it_is_padded_with_zeros(padding: int | str) -> None:
    encoder, decoder = convolutions(padding)
    found = compact(encoder, decoder, [1, 8, 8])
    assert found.reason == "there is no unit to remove"
    with torch.no_grad():
        encoder[0].bias[1] = -2.0  # relu makes it zero, as the padding is
    found = compact(encoder, decoder, [1, 8, 8])
    assert found.encoder[0].out_channels == 1
    assert found.decoder[0].bias.item() == 1.0


def test_a_constant_map_stays_before_a_transposed_convolution() -> None:
    encoder, _ = convolutions(0)
    decoder = nn.Sequential(nn.ConvTranspose2d(2, 1, 3, stride=2))
    assert compact(encoder, decoder, [1, 8, 8]).reason == "there is no unit to remove"
    with torch.no_grad():
        encoder[0].bias[1] = 0.0
    assert compact(encoder, decoder, [1, 8, 8]).decoder[0].in_channels == 1


def test_a_constant_map_is_folded_behind_flatten() -> None:
    encoder, _ = convolutions(0)
    decoder = nn.Sequential(nn.Flatten(), linear([[1.0] * 4 + [3.0] * 4], [1.0]))
    found = compact(encoder, decoder, [1, 4, 4])
    assert tensors(found.decoder[1]) == {"weight": [[1.0] * 4], "bias": [1 + 4 * 3 * 2.0]}


def test_a_map_made_of_different_constants_stays() -> None:
    encoder = nn.Sequential(linear([[1.0], [1.0], [0.0], [0.0]], [0.0, 0.0, 2.0, 3.0]))
    decoder = nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Conv1d(2, 1, 1))
    assert compact(encoder, decoder, [1]).reason == "there is no unit to remove"
    with torch.no_grad():
        encoder[0].bias[3] = 2.0
        decoder[1].weight.copy_(torch.tensor([[[1.0], [5.0]]]))
        decoder[1].bias.fill_(1.0)
    found = compact(encoder, decoder, [1])
    assert str(found.decoder[0]) == "Unflatten(dim=1, unflattened_size=(1, 2))"
    assert tensors(found.decoder[1]) == {"weight": [[[1.0]]], "bias": [11.0]}


def test_inputs_that_nothing_reads_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "selecting_pays", lambda inputs, selected, units: True)
    encoder = nn.Sequential(nn.Flatten(), linear([[0.0, 2.0, 0.0, 3.0]], [1.0]))
    found = compact(encoder, linear([[1.0]]), [1, 2, 2])
    assert isinstance(found.encoder[0], SelectInputs)
    assert found.encoder[0].index.tolist() == [1, 3]
    assert tensors(found.encoder[1]) == {"weight": [[2.0, 3.0]], "bias": [1.0]}
    assert outputs(found, torch.tensor([[[[1.0, 10.0], [100.0, 1000.0]]]])).tolist() == [[3021.0]]


def test_constant_outputs_are_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "placing_pays", lambda outputs, computed, inputs: True)
    encoder = nn.Sequential(linear([[1.0]], [0.0]))
    decoder = nn.Sequential(linear([[0.0], [2.0], [0.0]], [7.0, 8.0, 9.0]), nn.ReLU())
    found = compact(encoder, decoder, [1])
    assert tensors(found.decoder[0]) == {"weight": [[2.0]], "bias": [8.0]}
    assert isinstance(found.decoder[1], PlaceOutputs)
    assert found.decoder[1].positions.tolist() == [1, 0, 2]
    assert found.decoder[1].constants.tolist() == [7.0, 9.0]
    assert outputs(found, torch.tensor([[1.0], [-5.0]])).tolist() == [[7, 10, 9], [7, 0, 9]]


def test_biases_that_outweigh_what_goes_are_not_made() -> None:
    encoder = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), linear([[0.0, 0.0]], [3.0]))
    decoder = linear([[1.0]] * 5)
    found = compact(encoder, decoder, [2])
    assert found.reason == "without dead units it would not be smaller"
    assert found.decoder is decoder
    assert compact(encoder, linear([[1.0]] * 4), [2]).reason is None
