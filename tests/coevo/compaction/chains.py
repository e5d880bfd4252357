"""Pairings of all kinds of chains, with weights removed at random."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from coevo.architectures import (
    ACTIVATIONS,
    conv_decoder,
    conv_encoder,
    mlp_decoder,
    mlp_encoder,
)

SPARSITIES = (0.3, 0.6, 0.9, 0.97, 1.0)


@dataclass(frozen=True)
class Pruned:
    """A pairing in float64, with zeros in it."""

    encoder: nn.Module
    decoder: nn.Module
    shape: tuple[int, ...]
    seed: int

    def rows(self, count: int = 5) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed)
        return 4 * torch.rand(count, *self.shape, generator=generator, dtype=torch.double) - 2


def parameters(*modules: nn.Module) -> int:
    return sum(weight.numel() for module in modules for weight in module.parameters())


def outputs(encoder: nn.Module, decoder: nn.Module, rows: Tensor) -> Tensor:
    with torch.no_grad():
        found: Tensor = decoder(encoder(rows))
    return found


def sparse(module: nn.Module, seed: int, sparsity: float, units: float = 0.0) -> nn.Module:
    """Draw all weights, and remove some of them, and whole units, at random."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator, dtype=weight.dtype))
            share = sparsity if weight.dim() > 1 else sparsity / 2
            weight.mul_(torch.rand(weight.shape, generator=generator) >= share)
            if weight.dim() > 1:
                kept = torch.rand(len(weight), generator=generator) >= units
                weight.mul_(kept.view(-1, *[1] * (weight.dim() - 1)))
    return module


def _mlp(draw: Any, activation: str) -> tuple[nn.Module, nn.Module, tuple[int, ...]]:
    shape = draw(st.sampled_from([(5,), (1, 2, 3)]))
    hidden = draw(st.lists(st.integers(1, 6), max_size=2))
    latent = draw(st.integers(1, 4))
    last = draw(st.sampled_from(sorted(ACTIVATIONS)))
    encoder = mlp_encoder(
        shape, latent, hidden=hidden, activation=activation, latent_activation=last
    )
    decoder = mlp_decoder(shape, latent, hidden=hidden, activation=activation)
    return encoder, decoder, shape


def _conv(draw: Any, activation: str) -> tuple[nn.Module, nn.Module, tuple[int, ...]]:
    shape = (draw(st.integers(1, 2)), 5, 6)
    options: dict[str, Any] = {
        "channels": draw(st.lists(st.integers(1, 4), min_size=1, max_size=2)),
        "hidden": draw(st.lists(st.integers(1, 4), max_size=1)),
        "activation": activation,
    }
    return conv_encoder(shape, 3, **options), conv_decoder(shape, 3, **options), shape


def _unusual(draw: Any, activation: str) -> tuple[nn.Module, nn.Module, tuple[int, ...]]:
    """Convolutions with and without padding, biases missing, chains in chains, a flat end."""
    act = ACTIVATIONS[activation]
    padding = draw(st.sampled_from([0, 1, "same", "valid"]))
    mode = draw(st.sampled_from(["zeros", "reflect", "circular"]))
    encoder = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=padding, padding_mode=mode),
        act(),
        nn.Sequential(nn.Conv2d(3, 4, 3, bias=draw(st.booleans())), act()),
    )
    size = encoder(torch.zeros(1, 2, 6, 6)).shape[-1] + 2
    decoder = nn.Sequential(
        nn.ConvTranspose2d(4, 3, 3, bias=draw(st.booleans())),
        act(),
        nn.Conv2d(3, 2, 1, bias=False),
        nn.Flatten(),
        nn.Linear(2 * size * size, 7),
        nn.Sigmoid(),
    )
    return encoder, decoder, (2, 6, 6)


def _with_unknown(draw: Any, activation: str) -> tuple[nn.Module, nn.Module, tuple[int, ...]]:
    """Codes that are reshaped, and something in the middle of which nothing is known."""
    act = ACTIVATIONS[activation]
    encoder = nn.Sequential(
        nn.Linear(4, 5, bias=False), act(), nn.Linear(5, 8), nn.Unflatten(1, (2, 2, 2))
    )
    decoder = nn.Sequential(
        nn.Flatten(),
        draw(st.sampled_from([nn.Identity, partial(nn.LayerNorm, 8)]))(),
        nn.Linear(8, 6, bias=False),
        act(),
        nn.Unflatten(1, (2, 3)),
        nn.ConvTranspose1d(2, 3, 2),
    )
    return encoder, decoder, (4,)


BUILDERS = {"mlp": _mlp, "conv": _conv, "unusual": _unusual, "with_unknown": _with_unknown}


@st.composite
def pairings(draw: Any, kinds: tuple[str, ...] = tuple(BUILDERS)) -> Pruned:
    """Pairings with weights drawn and removed at random."""
    build = BUILDERS[draw(st.sampled_from(kinds))]
    before = torch.get_rng_state()
    encoder, decoder, shape = build(draw, draw(st.sampled_from(sorted(ACTIVATIONS))))
    torch.set_rng_state(before)
    seed = draw(st.integers(0, 10_000))
    share, units = draw(st.sampled_from(SPARSITIES)), draw(st.sampled_from([0.0, 0.5]))
    for number, module in enumerate((encoder, decoder)):
        sparse(module.double(), 2 * seed + number, share, units)
        if draw(st.booleans()):
            module.eval()
    return Pruned(encoder, decoder, shape, seed)
