"""Builds the architectures that an experiment names, and tries them on its data's shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from coevo.architectures import conv_decoder, conv_encoder, mlp_decoder, mlp_encoder
from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.networks import NetworkPair
from coevo.stackable import check_stackable
from coevo.user_code import load_callable

__all__ = ["network_pair"]


def network_pair(
    experiment: Experiment,
    input_shape: tuple[int, ...],
    target_shape: tuple[int, ...],
    *,
    search: tuple[Path, ...] = (Path(),),
    trust: bool = True,
) -> NetworkPair:
    """Build and try the architectures of an experiment.

    Args:
        experiment: its ``[network]`` table is used.
        input_shape: of one input row.
        target_shape: of one target row.
        search: folders for modules that the experiment names.
        trust: whether such modules may be imported.

    Raises:
        CoevoError: the networks cannot be built or stacked, or do not fit the data.
    """
    table = experiment.network
    if table.kind == "conv":
        _check_images(input_shape, target_shape, experiment.task.dataset)
    build_encoder, build_decoder = _factories(experiment, search, trust=trust)
    options = dict(table.options) if table.kind == "custom" else {}
    encoder, code_shape = check_stackable(
        partial(build_encoder, shape=input_shape, latent=table.latent, **options),
        input_shape,
        name="network.encoder",
    )
    decoder, output_shape = check_stackable(
        partial(build_decoder, shape=target_shape, latent=table.latent, **options),
        code_shape,
        name="network.decoder",
    )
    if output_shape != target_shape:
        raise CoevoError(
            f"network.decoder: outputs have shape {list(output_shape)}, targets "
            f"{list(target_shape)} (without the batch); make the decoder end in the targets' shape"
        )
    shapes = {"input_shape": list(input_shape), "target_shape": list(target_shape)}
    return NetworkPair(encoder, decoder, {**shapes, "code_shape": list(code_shape)})


def _factories(
    experiment: Experiment, search: tuple[Path, ...], *, trust: bool
) -> tuple[Callable[..., nn.Module], Callable[..., nn.Module]]:
    table = experiment.network
    if table.kind == "custom":
        return (
            load_callable("network.encoder", str(table.encoder), search=search, trust=trust),
            load_callable("network.decoder", str(table.decoder), search=search, trust=trust),
        )
    decoder: dict[str, Any] = {"hidden": table.hidden, "activation": table.activation}
    encoder = {**decoder, "latent_activation": table.latent_activation}
    if table.kind == "mlp":
        return partial(mlp_encoder, **encoder), partial(mlp_decoder, **decoder)
    channels: dict[str, Any] = {"channels": table.channels}
    return partial(conv_encoder, **encoder, **channels), partial(
        conv_decoder, **decoder, **channels
    )


def _check_images(
    input_shape: tuple[int, ...], target_shape: tuple[int, ...], dataset: str
) -> None:
    for shape in (input_shape, target_shape):
        if len(shape) != 3:
            raise CoevoError(
                f"network.kind: 'conv' needs images [channels, height, width]; {dataset} has rows "
                f"of shape {list(shape)}; use 'mlp'"
            )
