"""The preset architectures: fully connected and convolutional autoencoders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import nn

__all__ = [
    "ACTIVATIONS",
    "conv_decoder",
    "conv_encoder",
    "mlp_decoder",
    "mlp_encoder",
]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
}


def mlp_encoder(
    shape: Sequence[int],
    latent: int,
    *,
    hidden: Sequence[int] = (48,),
    activation: str = "relu",
    latent_activation: str = "identity",
) -> nn.Sequential:
    """Fully connected encoder.

    Args:
        shape: shape of one input, flattened.
        latent: width of the code.
        hidden: widths of the hidden layers, from the input on.
        activation: a key of `ACTIVATIONS`, after every hidden layer.
        latent_activation: likewise, after the code.

    Returns:
        A module from ``[batch, *shape]`` to ``[batch, latent]``.

    Examples:
        >>> [m.out_features for m in mlp_encoder((8, 8), 4, hidden=[6]) if hasattr(m, "weight")]
        [6, 4]
    """
    layers: list[nn.Module] = [nn.Flatten()] if len(shape) > 1 else []
    layers += _dense([prod(shape), *hidden], activation)
    layers += _final((hidden or [prod(shape)])[-1], latent, latent_activation)
    return nn.Sequential(*layers)


def mlp_decoder(
    shape: Sequence[int], latent: int, *, hidden: Sequence[int] = (48,), activation: str = "relu"
) -> nn.Sequential:
    """Fully connected decoder, the mirror of `mlp_encoder`, with raw outputs.

    Args:
        shape: shape of one output.
        latent: width of the code.
        hidden: widths of the encoder's hidden layers; used in reverse.
        activation: a key of `ACTIVATIONS`, after every hidden layer.

    Returns:
        A module from ``[batch, latent]`` to ``[batch, *shape]``.
    """
    widths = [latent, *reversed(hidden)]
    layers = [*_dense(widths, activation), nn.Linear(widths[-1], prod(shape))]
    if len(shape) > 1:
        layers.append(nn.Unflatten(1, tuple(shape)))
    return nn.Sequential(*layers)


def conv_encoder(
    shape: Sequence[int],
    latent: int,
    *,
    channels: Sequence[int] = (16, 32),
    hidden: Sequence[int] = (),
    activation: str = "relu",
    latent_activation: str = "identity",
) -> nn.Sequential:
    """Convolutional encoder: 3 x 3 filters, each layer halves the image (rounding up).

    Args:
        shape: ``(channels, height, width)`` of one input.
        latent: width of the code.
        channels: feature maps of each convolution.
        hidden: widths of dense layers between the convolutions and the code.
        activation: a key of `ACTIVATIONS`, after every layer but the last.
        latent_activation: likewise, after the code.

    Returns:
        A module from ``[batch, *shape]`` to ``[batch, latent]``.
    """
    sizes = _halved(shape, len(channels))
    layers: list[nn.Module] = []
    for before, after in zip([shape[0], *channels], channels, strict=False):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), ACTIVATIONS[activation]()]
    flat = [shape[0], *channels][-1] * prod(sizes[-1])
    layers += [nn.Flatten(), *_dense([flat, *hidden], activation)]
    layers += _final([flat, *hidden][-1], latent, latent_activation)
    return nn.Sequential(*layers)


def conv_decoder(
    shape: Sequence[int],
    latent: int,
    *,
    channels: Sequence[int] = (16, 32),
    hidden: Sequence[int] = (),
    activation: str = "relu",
) -> nn.Sequential:
    """Convolutional decoder, the mirror of `conv_encoder`, with raw outputs.

    Args:
        shape: ``(channels, height, width)`` of one output.
        latent: width of the code.
        channels: the encoder's feature maps; used in reverse.
        hidden: the encoder's dense widths; used in reverse.
        activation: a key of `ACTIVATIONS`, after every layer but the last.

    Returns:
        A module from ``[batch, latent]`` to ``[batch, *shape]``.
    """
    sizes = _halved(shape, len(channels))
    maps = [shape[0], *channels]
    widths = [latent, *reversed(hidden), maps[-1] * prod(sizes[-1])]
    layers: list[nn.Module] = _dense(widths, activation)
    layers.append(nn.Unflatten(1, (maps[-1], *sizes[-1])))
    for i in range(len(channels), 0, -1):
        # A stride-2 layer loses whether the larger image had an odd size; this gives it back.
        extra = tuple(sizes[i - 1][d] - (2 * sizes[i][d] - 1) for d in (0, 1))
        layers.append(
            nn.ConvTranspose2d(
                maps[i], maps[i - 1], 3, stride=2, padding=1, output_padding=(extra[0], extra[1])
            )
        )
        if i > 1:
            layers.append(ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def _dense(widths: Sequence[int], activation: str) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), ACTIVATIONS[activation]()]
    return layers


def _final(before: int, latent: int, activation: str) -> list[nn.Module]:
    linear = nn.Linear(before, latent)
    return [linear] if activation == "identity" else [linear, ACTIVATIONS[activation]()]


def _halved(shape: Sequence[int], times: int) -> list[tuple[int, int]]:
    """Height and width before the first and after every stride-2 layer."""
    sizes = [(shape[1], shape[2])]
    for _ in range(times):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes
