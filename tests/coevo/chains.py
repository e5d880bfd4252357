"""Pairs of modules with known ways from units to inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from coevo.wiring import Link

__all__ = ["CHAINS", "Chain", "Residual", "linear"]

Build = Callable[[], nn.Module]


@dataclass(frozen=True)
class Chain:
    """An encoder and a decoder, the shapes of inputs and codes, and what links their layers.

    ``uses`` says how often each layer's weights are multiplied for one row.
    """

    encoder: Build
    decoder: Build
    inputs: tuple[int, ...]
    code: tuple[int, ...]
    links: tuple[Link | None, ...]
    uses: tuple[int, ...]


class Residual(nn.Module):
    """A layer with a way around it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inside = nn.Linear(width, width)
        self.outside = nn.Linear(width, width)

    def forward(self, inputs: Tensor) -> Tensor:
        result: Tensor = self.outside(inputs + torch.tanh(self.inside(inputs)))
        return result


def linear(*widths: int, bias: bool = True) -> nn.Sequential:
    """Dense layers with an activation between two."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after, bias=bias), nn.Identity()]
    return nn.Sequential(*layers[:-1])


CHAINS: Mapping[str, Chain] = {
    "dense": Chain(
        lambda: linear(4, 5, 2),
        lambda: linear(2, 3, 4),
        (4,),
        (2,),
        (Link(5, 1, 1), Link(2, 1, 1), Link(3, 1, 1)),
        (1, 1, 1, 1),
    ),
    "nested": Chain(
        lambda: nn.Sequential(nn.Flatten(), nn.Sequential(linear(4, 5), nn.Sequential(nn.GELU()))),
        lambda: nn.Sequential(linear(5, 3, bias=False), nn.Unflatten(1, (1, 3)), nn.Flatten()),
        (2, 2),
        (5,),
        (Link(5, 1, 1),),
        (1, 1),
    ),
    "convolutions": Chain(
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1),
            nn.Identity(),
            nn.Conv2d(3, 2, 2, stride=2, bias=False),
            nn.Flatten(),
            nn.Linear(8, 3),
        ),
        lambda: nn.Sequential(
            nn.Linear(3, 8),
            nn.Identity(),
            nn.Unflatten(1, (2, 2, 2)),
            nn.ConvTranspose2d(2, 3, 2, stride=2),
            nn.Conv2d(3, 1, 1),
        ),
        (1, 4, 4),
        (3,),
        (Link(3, 1, 4), Link(2, 1, 4), Link(3, 1, 1), Link(2, 4, 4), Link(3, 1, 1)),
        (16, 4, 1, 1, 4, 16),
    ),
    "code of feature maps": Chain(
        lambda: nn.Sequential(nn.Conv1d(2, 3, 2)),
        lambda: nn.Sequential(nn.ConvTranspose1d(3, 2, 2), nn.Flatten(), nn.Linear(8, 5)),
        (2, 4),
        (3, 3),
        (Link(3, 1, 2), Link(2, 1, 4)),
        (3, 3, 1),
    ),
}
