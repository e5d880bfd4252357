"""Chains as data: what is described is what is built, and nothing else is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import torch
from hypothesis import given
from safetensors.torch import load
from torch import Tensor, nn

from coevo.architectures import mlp_encoder
from coevo.compaction import PlaceOutputs, SelectInputs, compact, weight_bytes
from coevo.exporting.architecture import built, described
from tests.coevo.compaction.chains import Pruned, outputs, pairings

LAYERS = [
    nn.Flatten(),
    nn.Linear(3, 2, bias=False),
    nn.Conv2d(1, 4, (3, 2), stride=2, padding="valid", dilation=(1, 2)),
    nn.Conv1d(4, 4, 3, padding=1, groups=2, padding_mode="circular", bias=False),
    nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=(1, 0)),
    nn.Unflatten(1, (2, 3)),
    nn.LeakyReLU(0.2),
    nn.ELU(0.5),
    nn.GELU("tanh"),
    nn.Softplus(2.0, 10.0),
    SelectInputs(torch.tensor([2, 0])),
    PlaceOutputs(torch.tensor([1, 0]), torch.tensor([0.5])),
]


def around(document: object, module: nn.Module) -> nn.Sequential:
    """What is read back of a description and of weights, both as files hold them."""
    return built(json.loads(json.dumps(document)), load(weight_bytes(module)))


@given(pairings(("mlp", "conv", "unusual")))
def test_what_is_read_computes_what_was_written(pruned: Pruned) -> None:
    for pair in (pruned, compact(pruned.encoder, pruned.decoder, pruned.shape)):
        rows = pruned.rows()
        with torch.no_grad():
            codes = pair.encoder(rows)
        encoder = described(pair.encoder, pruned.shape)
        decoder = described(pair.decoder, tuple(codes.shape[1:]))
        assert encoder is not None
        assert decoder is not None
        expected = outputs(pair.encoder, pair.decoder, rows)
        assert torch.equal(outputs(around(*encoder), around(*decoder), rows), expected)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_everything_of_a_layer_is_described(layer: nn.Module) -> None:
    shapes = {nn.Linear: (3,), nn.Conv1d: (4, 5), nn.Conv2d: (1, 9, 9), nn.Unflatten: (6,)}
    shapes |= {nn.ConvTranspose2d: (2, 3, 3), PlaceOutputs: (1,)}
    found = described(layer, shapes.get(type(layer), (2, 2)))
    assert found is not None
    (again,) = around(*found)
    assert str(again) == str(layer)
    assert again.state_dict().keys() == layer.state_dict().keys()


def test_weights_stand_under_the_places_of_layers() -> None:
    network = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.ReLU(), nn.Linear(2, 1))
    found = described(network, (2,))
    assert found is not None
    description, plain = found
    assert [entry["module"] for entry in description] == ["Linear", "ReLU", "Linear"]
    assert list(plain.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert torch.equal(plain[0].weight, network[0][0].weight)


class Own(nn.Linear):
    pass


def hooked() -> nn.Module:
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(lambda module, inputs, output: output + 1)
    return layer


def twice() -> nn.Module:
    layer = nn.Linear(2, 2)
    return nn.Sequential(layer, layer)


class Split(nn.Module):
    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        return rows, rows


class Join(nn.Module):
    def forward(self, given: tuple[Tensor, Tensor]) -> Tensor:
        return given[0] * given[1]


class Picky(nn.Module):
    def forward(self, rows: Tensor) -> Tensor:
        if not rows.any():
            raise ValueError("no zeros")
        return rows


OTHERS = {
    "own": Own(2, 2),
    "norm": nn.LayerNorm(2),
    "hooked": hooked(),
    "twice": twice(),
    "tuples": nn.Sequential(Split(), Join()),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_modules_are_not_described(name: str) -> None:
    assert described(nn.Sequential(nn.Linear(2, 2), OTHERS[name]), (2,)) is None


def test_a_network_that_takes_no_zeros_is_not_described() -> None:
    assert described(nn.Sequential(Picky(), nn.Linear(2, 2)), (2,)) is None


def entry(module: object = "Linear", **changes: Any) -> dict[str, Any]:
    arguments = {"in_features": 2, "out_features": 1, "bias": False} | changes
    return {"module": module, "arguments": {k: v for k, v in arguments.items() if v is not None}}


WEIGHT = {"0.weight": torch.ones(1, 2)}
DAMAGED = {
    "a chain is a list, not dict": ({}, WEIGHT),
    "layer 3 has no arguments": ([3], WEIGHT),
    "layer {'module': 'ReLU'} has no arguments": ([{"module": "ReLU"}], WEIGHT),
    "'os.system' is not a layer; known are Linear, ": ([entry("os.system")], WEIGHT),
    "['Linear'] is not a layer; ": ([entry(["Linear"])], WEIGHT),
    "'Bilinear' is not a layer; ": ([entry("Bilinear")], WEIGHT),
    "Linear has the arguments ['bias', 'device', ": ([entry(device="cuda")], WEIGHT),
    "Linear has the arguments ['bias', 'in_features'], ": ([entry(out_features=None)], WEIGHT),
    "Linear: ": ([entry(in_features="two")], WEIGHT),
    "Error(s) in loading state_dict for Sequential: size mismatch": (
        [entry(out_features=10**12)],
        WEIGHT,
    ),
    "Error(s) in loading state_dict for Sequential: Missing": ([entry(bias=True)], WEIGHT),
    "Error(s) in loading state_dict for Sequential: Unexpected": ([], WEIGHT),
    "places are not whole numbers >= 0": ([{"module": "SelectInputs", "arguments": {}}], WEIGHT),
}


@pytest.mark.parametrize("message", DAMAGED)
def test_what_is_damaged_is_refused(message: str) -> None:
    description, tensors = DAMAGED[message]
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        built(description, tensors)


@pytest.mark.parametrize("index", [torch.tensor([-1]), torch.tensor([[0]]), torch.tensor([0.0])])
def test_places_that_are_none_are_refused(index: Tensor) -> None:
    description = [{"module": "SelectInputs", "arguments": {}}]
    with pytest.raises(ValueError, match="places are not whole numbers >= 0"):
        built(description, {"0.index": index})


def test_building_draws_nothing_at_random() -> None:
    found = described(mlp_encoder((4,), 2), (4,))
    assert found is not None
    before = torch.get_rng_state()
    around(*found)
    assert torch.equal(torch.get_rng_state(), before)
