"""The first state: every network as its module draws it, from a seed of its own."""

from __future__ import annotations

import pytest
import torch

from coevo.random import torch_seed
from tests.equivalence.cases import Case, engine_of
from tests.equivalence.modules import ARCHITECTURES
from tests.equivalence.reference import key

ROLES = ("encoder", "decoder")


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_modules_are_drawn_one_by_one(architecture: str, dtype: torch.dtype) -> None:
    case = Case(rows=2, columns=2, architecture=architecture, dtype=dtype)
    state = engine_of(case).init()
    builders = (case.shapes.encoder, case.shapes.decoder)
    for role, build, population in zip(
        ROLES, builders, (state.encoders, state.decoders), strict=True
    ):
        for place in range(8):
            seed, cell = case.seeds[place // 4], place % 4
            with torch.random.fork_rng():
                torch.manual_seed(torch_seed(key(seed, cell, 0, "initialize").of(role))[0])
                module = build().to(dtype)
            expected = {**dict(module.named_parameters()), **dict(module.named_buffers())}
            found = {**population.weights, **population.buffers}
            assert set(found) == set(expected)
            for name, tensor in expected.items():
                assert torch.equal(found[name][place], tensor)


def test_the_first_state_is_fresh() -> None:
    state = engine_of(Case(learning_rate=0.02)).init()
    assert state.generation == 0
    assert state.running.all()
    cell = dict(state.optimizer.cell)
    assert (cell.pop("learning_rate") == 0.02).all()
    assert cell
    assert not any(tensor.any() for tensor in cell.values())


def test_the_default_generator_stays_as_it_was() -> None:
    engine = engine_of(Case(architecture="residual"))
    before = torch.random.get_rng_state()
    state = engine.init()
    engine.networks.encoder.module(state.encoders, 1)
    engine.advance(state)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_a_network_taken_out_computes_the_same(architecture: str) -> None:
    case = Case(architecture=architecture)
    networks, state = engine_of(case).networks, engine_of(case).init()
    inputs = case.training[0].expand(6, *case.training[0].shape)
    codes = networks.encoder(state.encoders, inputs)
    outputs = networks(state.encoders, state.decoders, inputs)
    for cell in range(6):
        code = networks.encoder.module(state.encoders, cell)(inputs[cell])
        output = networks.decoder.module(state.decoders, cell)(code)
        torch.testing.assert_close(codes[cell], code, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(outputs[cell], output, rtol=1e-12, atol=1e-12)
