"""Sizes, agreement, and what is said of a pairing before and after compaction."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load
from torch import nn

from coevo.compaction import (
    PairingSize,
    account,
    compaction_account,
    failed_account,
    largest_difference,
    outputs,
    pairing_size,
    state_tensors,
    stored_size,
    weight_bytes,
)
from tests.coevo.compaction.chains import Pruned, pairings

KEYS = {
    *("parameters", "nonzero_parameters", "multiply_adds", "nonzero_multiply_adds", "bytes"),
    "microseconds_per_row",
}


def test_weights_count_as_often_as_they_are_used() -> None:
    # 4 weights on 9 positions; 12 on one; 12 and 8 with stride 2 on 4 positions of their inputs.
    encoder = nn.Sequential(nn.Conv2d(1, 1, 2), nn.Flatten(), nn.Linear(9, 4, bias=False))
    decoder = nn.Sequential(nn.Unflatten(1, (1, 4)), nn.ConvTranspose1d(1, 3, 2, stride=2))
    with torch.no_grad():
        for weight in [*encoder.parameters(), *decoder.parameters()]:
            weight.fill_(1.0)
        encoder[0].weight[0, 0, 0, 0] = 0.0
        encoder[0].bias.zero_()
    assert pairing_size(encoder, decoder, (1, 4, 4)) == PairingSize(
        parameters=5 + 36 + 6 + 3,
        nonzero_parameters=3 + 36 + 6 + 3,
        multiply_adds=4 * 9 + 36 + 6 * 4,
        nonzero_multiply_adds=3 * 9 + 36 + 6 * 4,
    )


def test_a_layer_that_is_called_twice_counts_twice() -> None:
    layer = nn.Linear(3, 3, bias=False)
    size = pairing_size(nn.Sequential(layer, layer), nn.Linear(3, 1), (3,))
    assert (size.parameters, size.multiply_adds) == (9 + 4, 2 * 9 + 3)


@given(pairings())
def test_bytes_are_those_of_the_files(pruned: Pruned) -> None:
    size = stored_size((pruned.encoder, pruned.decoder), pruned.shape)
    files = [weight_bytes(module) for module in (pruned.encoder, pruned.decoder)]
    assert size["bytes"] == sum(map(len, files))
    for file, module in zip(files, (pruned.encoder, pruned.decoder), strict=True):
        state = module.state_dict()
        assert all(torch.equal(state[name], tensor) for name, tensor in load(file).items())


@given(st.floats(1, 1e6), st.floats(0, 1))
def test_differences_are_measured_by_the_largest_output_of_a_row(scale: float, by: float) -> None:
    expected = torch.tensor([[scale, 0.0], [0.5, 0.0]], dtype=torch.double)
    found = expected + torch.tensor([[0.0, by], [0.0, 0.0]], dtype=torch.double)
    assert largest_difference(expected, found) == pytest.approx(by / scale)
    assert largest_difference(found, found) == 0
    small = expected / scale
    assert largest_difference(small, small - by) == pytest.approx(by)


@pytest.mark.parametrize(
    "found", [torch.zeros(2, 1), torch.zeros(1, 2).double(), torch.tensor([[math.inf, 0.0]])]
)
def test_what_cannot_be_compared_is_infinitely_different(found: torch.Tensor) -> None:
    assert largest_difference(torch.zeros(1, 2), found) == math.inf


def small() -> tuple[nn.Module, nn.Module]:
    encoder, decoder = nn.Sequential(nn.Linear(4, 3), nn.ReLU()), nn.Linear(3, 4)
    with torch.no_grad():
        for number, weight in enumerate([*encoder.parameters(), *decoder.parameters()]):
            weight.copy_(torch.linspace(-1, 1 + number, weight.numel()).view(weight.shape))
        encoder[0].weight[1] = 0.0
    return encoder, decoder


def test_an_account_of_a_pairing() -> None:
    found = compaction_account(small(), torch.rand(20, 4, generator=torch.Generator()), "some")
    assert (found["rows"], found["split"], found["tolerance"]) == (20, "some", 1e-5)
    assert (found["compacted"], found["reason"]) == (True, None)
    assert 0 <= found["largest_difference"] < 1e-6
    assert found["before"].keys() == found["after"].keys() == KEYS
    assert (found["before"]["parameters"], found["after"]["parameters"]) == (31, 22)


def test_an_account_of_what_cannot_be_smaller() -> None:
    pair = nn.Linear(2, 2), nn.Linear(2, 2)
    found = compaction_account(pair, torch.zeros(3, 2), "some")
    assert (found["compacted"], found["reason"]) == (False, "there is no unit to remove")
    assert found["before"] == found["after"]


def test_a_compact_form_that_differs_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = account.compact

    def tampered(*arguments: Any) -> Any:
        found = honest(*arguments)
        with torch.no_grad():
            found.decoder.bias += 0.5
        return found

    monkeypatch.setattr(account, "compact", tampered)
    found = compaction_account(small(), torch.zeros(3, 4), "some")
    assert not found["compacted"]
    assert found["reason"].startswith("the outputs of the compact form differ by ")
    assert found["largest_difference"] > 0.01
    assert found["before"] == found["after"]
    monkeypatch.setattr(account, "largest_difference", lambda *_: math.inf)
    assert compaction_account(small(), torch.zeros(3, 4), "some")["largest_difference"] is None


def test_an_account_of_what_cannot_be_tried() -> None:
    pair = small()
    found = failed_account(pair, KeyError("codes"), "some")
    known = compaction_account(pair, torch.zeros(3, 4), "some")
    assert found.keys() == known.keys()
    assert found["before"] == found["after"]
    for name in ("parameters", "nonzero_parameters", "bytes"):
        assert found["before"][name] == known["before"][name] > 0
    assert {name for name in KEYS if found["before"][name] is None} == {
        *("multiply_adds", "nonzero_multiply_adds", "microseconds_per_row"),
    }
    assert (found["rows"], found["split"], found["tolerance"]) == (0, "some", 1e-5)
    assert (found["compacted"], found["largest_difference"]) == (False, None)
    assert found["reason"] == "it cannot be tried (KeyError: 'codes')"


def test_rows_stay_as_they_are() -> None:
    rows = torch.tensor([[-1.0, 2.0]])
    assert outputs((nn.ReLU(inplace=True), nn.Identity()), rows).tolist() == [[0.0, 2.0]]
    assert rows.tolist() == [[-1.0, 2.0]]


class Noted(nn.Linear):
    """Keeps more than tensors."""

    def get_extra_state(self) -> dict[str, int]:
        return {"version": 1}


def test_files_hold_every_tensor_by_itself_and_nothing_else() -> None:
    layer = Noted(3, 3)
    layer.register_buffer("turned", torch.arange(6.0).view(2, 3).t())
    network = nn.Sequential(layer, nn.ReLU(), layer)
    expected = {f"{place}.{name}" for place in (0, 2) for name in ("weight", "bias", "turned")}
    found = load(weight_bytes(network))
    assert found.keys() == state_tensors(network).keys() == expected
    for name, tensor in found.items():
        assert torch.equal(tensor, network.state_dict()[name])
