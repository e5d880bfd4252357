"""What holds of compaction whatever is pruned."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from coevo.compaction import Compacted, compact, folding, pairing_size
from tests.coevo.compaction.chains import BUILDERS, Pruned, outputs, pairings, parameters

TOLERANCE = 1e-12


@pytest.fixture(params=[False, True], ids=["usual", "always"])
def gathering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Inputs are selected and outputs placed where it pays, or wherever there is one to leave."""
    if request.param:
        for name in ("selecting_pays", "placing_pays"):
            monkeypatch.setattr(folding, name, lambda numbers, left, other: left < numbers)
    return bool(request.param)


def compacted(pruned: Pruned) -> Compacted:
    return compact(pruned.encoder, pruned.decoder, pruned.shape)


@pytest.mark.parametrize("kind", BUILDERS)
def test_outputs_stay_the_same(kind: str, gathering: bool) -> None:
    smaller = []

    @given(pairings((kind,)))
    def law(pruned: Pruned) -> None:
        found, rows = compacted(pruned), pruned.rows()
        expected = outputs(pruned.encoder, pruned.decoder, rows)
        result = outputs(found.encoder, found.decoder, rows)
        torch.testing.assert_close(result, expected, rtol=TOLERANCE, atol=TOLERANCE)
        smaller.append(found.reason is None)

    law()
    assert sum(smaller) > 5, "many of these have something to remove"


@given(pairings())
def test_what_was_given_stays_as_it_is(pruned: Pruned) -> None:
    pair = pruned.encoder, pruned.decoder
    before, texts = [deepcopy(module.state_dict()) for module in pair], [str(m) for m in pair]
    found = compacted(pruned)
    for module, state, text in zip(pair, before, texts, strict=True):
        assert str(module) == text
        assert all(torch.equal(state[name], tensor) for name, tensor in module.state_dict().items())
    if found.reason is None:
        memory = {tensor.data_ptr() for module in pair for tensor in module.parameters()}
        for module in (found.encoder, found.decoder):
            assert memory.isdisjoint(tensor.data_ptr() for tensor in module.parameters())


def test_it_is_never_larger_and_nothing_is_left_to_remove(gathering: bool) -> None:
    @given(pairings())
    def law(pruned: Pruned) -> None:
        found = compacted(pruned)
        if found.reason is not None:
            assert (found.encoder, found.decoder) == (pruned.encoder, pruned.decoder)
        before = pairing_size(pruned.encoder, pruned.decoder, pruned.shape)
        after = pairing_size(found.encoder, found.decoder, pruned.shape)
        assert after.parameters == parameters(found.encoder, found.decoder)
        assert after.parameters <= before.parameters
        assert after.multiply_adds <= before.multiply_adds
        assert after.nonzero_multiply_adds <= before.nonzero_multiply_adds
        again = compact(found.encoder, found.decoder, pruned.shape)
        assert again.reason is not None
        assert (again.encoder, again.decoder) == (found.encoder, found.decoder)

    law()


@given(pairings(), st.sampled_from([torch.float32, torch.float64]))
def test_types_and_modes_are_kept(pruned: Pruned, dtype: torch.dtype) -> None:
    encoder, decoder = pruned.encoder.to(dtype), pruned.decoder.to(dtype)
    found = compact(encoder, decoder, pruned.shape)
    for before, after in ((encoder, found.encoder), (decoder, found.decoder)):
        assert {weight.dtype for weight in after.parameters()} == {dtype}
        assert {module.training for module in after.modules()} == {before.training}
    rows = pruned.rows().to(dtype)
    torch.testing.assert_close(
        outputs(found.encoder, found.decoder, rows), outputs(encoder, decoder, rows)
    )


@given(pairings())
def test_no_random_number_is_drawn(pruned: Pruned) -> None:
    before = torch.get_rng_state()
    compacted(pruned)
    assert torch.equal(torch.get_rng_state(), before)


@given(pairings(("mlp", "conv")))
def test_what_it_makes_is_a_plain_chain_again(pruned: Pruned) -> None:
    found = compacted(pruned)
    for module in (found.encoder, found.decoder):
        assert type(module) is nn.Sequential
        assert not any(isinstance(child, nn.Sequential) for child in module)
