"""Small architectures for equivalence tests: the presets, and modules as users write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from coevo.architectures import ACTIVATIONS, conv_decoder, conv_encoder, mlp_decoder, mlp_encoder


@dataclass(frozen=True)
class Architecture:
    """A pair of factories, and the shapes of one input and one target."""

    encoder: Callable[[], nn.Module]
    decoder: Callable[[], nn.Module]
    inputs: tuple[int, ...]
    targets: tuple[int, ...]


class Residual(nn.Module):
    """A residual block with a layer norm and a buffer that its output depends on."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.inside = nn.Linear(before, before)
        self.norm = nn.LayerNorm(before)
        self.outside = nn.Linear(before, after)
        self.scale: Tensor
        self.register_buffer("scale", torch.rand(before))

    def forward(self, inputs: Tensor) -> Tensor:
        values = inputs + self.scale * torch.tanh(self.inside(self.norm(inputs)))
        result: Tensor = self.outside(values)
        return result


class Tempered(nn.Module):
    """A linear layer with a scalar parameter, and outputs that lie across in memory."""

    def __init__(self, before: int, shape: tuple[int, int]) -> None:
        super().__init__()
        self.shape = shape
        self.linear = nn.Linear(before, shape[0] * shape[1])
        self.temperature = nn.Parameter(torch.rand(()) + 0.5)

    def forward(self, inputs: Tensor) -> Tensor:
        values: Tensor = self.linear(inputs.flatten(1)) * self.temperature
        return values.view(-1, self.shape[1], self.shape[0]).transpose(1, 2)


def mlp(activation: str = "tanh", *, targets: int = 12, last: str = "identity") -> Architecture:
    """12-6-3 and back, optionally with a function of its own at the end."""
    return Architecture(
        partial(mlp_encoder, (12,), 3, hidden=(6,), activation=activation),
        lambda: nn.Sequential(
            mlp_decoder((targets,), 3, hidden=(6,), activation=activation), ACTIVATIONS[last]()
        ),
        (12,),
        (targets,),
    )


def _nested_encoder() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Sequential(nn.Linear(12, 5, bias=False), nn.Softplus()),
        nn.Sequential(nn.Sequential(nn.Linear(5, 4)), nn.Unflatten(1, (2, 2))),
    )


def _nested_decoder() -> nn.Module:
    # A linear layer on the last dimension of a code with two dimensions.
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(6, 12, bias=False))


def _dense_encoder() -> nn.Module:
    # Wider than the blocks of compiled loops, equally wide before and behind, with and without
    # biases, and every activation.
    return nn.Sequential(
        nn.Linear(12, 35),
        nn.Tanh(),
        nn.Linear(35, 35, bias=False),
        nn.Sigmoid(),
        nn.Linear(35, 3),
        nn.Identity(),
    )


def _dense_decoder() -> nn.Module:
    return nn.Sequential(
        nn.Linear(3, 33, bias=False), nn.ReLU(), nn.Linear(33, 34), nn.Linear(34, 12, bias=False)
    )


def _repeated() -> nn.Module:
    # One activation object at two places, as is common.
    activation = nn.Tanh()
    return nn.Sequential(nn.Linear(12, 6), activation, nn.Linear(6, 5), activation)


def _tied() -> nn.Module:
    layer = nn.Linear(12, 12)
    return nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(12, 5))


ARCHITECTURES: Mapping[str, Architecture] = {
    "mlp": mlp(),
    "mlp of images": Architecture(
        partial(mlp_encoder, (1, 3, 4), 3, hidden=(6,), latent_activation="sigmoid"),
        partial(mlp_decoder, (1, 3, 4), 3, hidden=(6,)),
        (1, 3, 4),
        (1, 3, 4),
    ),
    "mlp without hidden layers": Architecture(
        partial(mlp_encoder, (12,), 3, hidden=()),
        partial(mlp_decoder, (12,), 3, hidden=()),
        (12,),
        (12,),
    ),
    "dense of many shapes": Architecture(_dense_encoder, _dense_decoder, (12,), (12,)),
    "dense map": Architecture(
        partial(mlp_encoder, (12,), 3, hidden=(6,)),
        lambda: nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 5), nn.Sigmoid()),
        (12,),
        (5,),
    ),
    "map": mlp(targets=5),
    "ends in sigmoid": mlp(last="sigmoid"),
    **{f"mlp {name}": mlp(name) for name in ACTIVATIONS},
    "conv": Architecture(
        partial(conv_encoder, (1, 5, 4), 3, channels=(2, 3), activation="elu"),
        partial(conv_decoder, (1, 5, 4), 3, channels=(2, 3), activation="elu"),
        (1, 5, 4),
        (1, 5, 4),
    ),
    "residual": Architecture(partial(Residual, 12, 4), partial(Residual, 4, 12), (12,), (12,)),
    "tempered": Architecture(
        partial(Tempered, 12, (2, 3)), partial(Tempered, 6, (3, 4)), (12,), (3, 4)
    ),
    "repeated": Architecture(_repeated, partial(mlp_decoder, (12,), 5, hidden=()), (12,), (12,)),
    "tied": Architecture(_tied, partial(mlp_decoder, (12,), 5, hidden=()), (12,), (12,)),
    "nested": Architecture(_nested_encoder, _nested_decoder, (3, 4), (12,)),
}
