"""Compaction and the records agree on what is dead and what remains."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import assume, given
from torch import Tensor, nn

from coevo.compaction import compact, pairing_size
from coevo.layers import prunable_layers
from coevo.population import Population
from coevo.pruning.gauge import Gauge
from coevo.wiring import links_between
from tests.coevo.compaction.chains import Pruned, pairings

ROLES = ("encoder", "decoder")


def counted(pruned: Pruned) -> dict[str, int]:
    """What the records say of the pairing."""
    modules = {"encoder": pruned.encoder, "decoder": pruned.decoder}
    with torch.no_grad():
        code = pruned.encoder(pruned.rows(1)).shape[1:]
    shapes: dict[str, Any] = {"encoder": pruned.shape, "decoder": code}
    layers: Any = {r: prunable_layers(lambda r=r: modules[r], shapes[r]) for r in ROLES}  # type: ignore[misc]  # a default binds it
    gauge = Gauge(
        layers=layers,
        links=links_between([modules[r] for r in ROLES], [layers[r] for r in ROLES]),
        prunable={"encoder": frozenset(), "decoder": frozenset()},
        soft={"encoder": frozenset(), "decoder": frozenset()},
        hard={"encoder": frozenset(), "decoder": frozenset()},
        parameters={r: sum(w.numel() for w in modules[r].parameters()) for r in ROLES},
    )
    populations: Any = {
        r: Population({n: w.detach().unsqueeze(0) for n, w in modules[r].named_parameters()})
        for r in ROLES
    }
    return {name: int(value) for name, value in gauge.measures(populations).items()}


def weights(encoder: nn.Module, decoder: nn.Module) -> list[Tensor]:
    found = [*encoder.parameters(), *decoder.parameters()]
    return [weight for weight in found if weight.dim() > 1]


@given(pairings(("mlp",)))
def test_units_that_the_records_call_dead_are_gone(pruned: Pruned) -> None:
    found = compact(pruned.encoder, pruned.decoder, pruned.shape)
    # Layers of one unit cannot be smaller, whether it is dead or not.
    assume(found.reason is None or min(map(len, weights(pruned.encoder, pruned.decoder))) > 1)
    records = counted(pruned)
    units = sum(len(weight) for weight in weights(pruned.encoder, pruned.decoder))
    # A unit without any weight stands for a layer of which nothing is left, or is an output.
    living = sum(int((w != 0).any(1).sum()) for w in weights(found.encoder, found.decoder))
    assert units - living == records["encoder_dead_units"] + records["decoder_dead_units"]


@given(pairings(("mlp",)))
def test_as_many_multiply_adds_remain_as_the_records_say(pruned: Pruned) -> None:
    found = compact(pruned.encoder, pruned.decoder, pruned.shape)
    # Layers of one unit cannot be smaller, whether it is dead or not.
    assume(found.reason is None or min(map(len, weights(pruned.encoder, pruned.decoder))) > 1)
    records = counted(pruned)
    after = pairing_size(found.encoder, found.decoder, pruned.shape)
    remaining = records["encoder_multiply_adds"] + records["decoder_multiply_adds"]
    assert after.nonzero_multiply_adds == remaining
