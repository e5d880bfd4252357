"""Refuses modules that cannot be stacked, and says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from coevo.errors import CoevoError
from coevo.networks import StackedNetwork, build_stacked, untouched_generator
from coevo.population import Population
from coevo.problems import first_line

__all__ = ["check_stackable"]

_ROWS = 3
_TOLERANCE = 1e-9


def check_stackable(
    build: Callable[[], nn.Module], input_shape: Sequence[int], *, name: str
) -> tuple[StackedNetwork, tuple[int, ...]]:
    """Try an architecture on two networks and three rows, stacked and one by one.

    Args:
        build: makes one network.
        input_shape: shape of one input row.
        name: the key that names the architecture in an experiment, for messages.

    Returns:
        The stacked architecture and the shape of one output row.

    Raises:
        CoevoError: the factory fails or returns no module; the module has no weights; it keeps
            batch statistics or draws random numbers while training; its forward pass depends on
            the values of its inputs, changes its buffers, or cannot be batched; its outputs
            differ between stacked and single calls.
    """
    prototype = _built(build, name)
    _check_layers(prototype, name)
    _check_weights(prototype, name)
    stacked = build_stacked(build)
    inputs = torch.linspace(0.0, 1.0, 2 * _ROWS * max(1, _count(input_shape)), dtype=torch.float64)
    inputs = inputs.view(2, _ROWS, *input_shape)
    single = _called_singly(stacked, inputs, name)
    _compare(stacked, inputs, single, name)
    return stacked, tuple(single.shape[2:])


def _built(build: Callable[[], nn.Module], name: str) -> nn.Module:
    with untouched_generator():
        try:
            module: object = build()
        except Exception as error:
            raise CoevoError(f"{name}: the factory failed: {first_line(error)}; mend it") from error
    if not isinstance(module, nn.Module):
        raise CoevoError(
            f"{name}: the factory returned {type(module).__name__}; return a torch.nn.Module"
        )
    return module


def _check_weights(module: nn.Module, name: str) -> None:
    if not any(True for _ in module.parameters()):
        raise CoevoError(f"{name}: the module has no trainable weights; there is nothing to train")
    frozen = [path for path, weight in module.named_parameters() if not weight.requires_grad]
    if frozen:
        raise CoevoError(
            f"{name}: weight '{frozen[0]}' does not require gradients, but every parameter is "
            "trained; register it as a buffer"
        )


def _check_layers(module: nn.Module, name: str) -> None:
    for path, layer in module.named_modules():
        where = f"layer '{path}' ({type(layer).__name__})" if path else type(layer).__name__
        keeps_statistics = isinstance(layer, nn.modules.batchnorm._NormBase) and (
            layer.training and layer.track_running_stats
        )
        batch_statistics = isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.training
        if keeps_statistics or batch_statistics:
            raise CoevoError(
                f"{name}: {where} computes statistics of the batch while training, which stacked "
                "networks cannot keep apart; use GroupNorm or LayerNorm, or call .eval() on it"
            )
        if isinstance(layer, nn.modules.dropout._DropoutNd) and layer.training and layer.p > 0:
            raise CoevoError(
                f"{name}: {where} draws random numbers from torch's global state, so that runs "
                "would not repeat; remove it (task.kind = 'denoise' gives seeded noise)"
            )
        if isinstance(layer, nn.modules.lazy.LazyModuleMixin):
            raise CoevoError(f"{name}: {where} has no sizes yet; use the layer with sizes")


def _called_singly(stacked: StackedNetwork, inputs: Tensor, name: str) -> Tensor:
    population = _initialized(stacked, name)
    outputs = []
    for cell in range(2):
        # Built after other random numbers than the prototype: weights and buffers are copied, so
        # whatever else a factory draws shows as a difference.
        with untouched_generator() as generator:
            generator.manual_seed(cell)
            module = stacked.module(population, cell)
        before = {path: buffer.clone() for path, buffer in module.named_buffers()}
        with torch.no_grad():
            try:
                output: object = module(inputs[cell])
            except Exception as error:
                raise CoevoError(
                    f"{name}: the module cannot be called on inputs of shape "
                    f"{[_ROWS, *inputs.shape[2:]]} (rows first): {first_line(error)}"
                ) from error
        if not isinstance(output, Tensor) or output.shape[:1] != (_ROWS,):
            got = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise CoevoError(
                f"{name}: the module must return one tensor with a row per input row, "
                f"[{_ROWS}, ...]; got {got}"
            )
        if any(not torch.equal(b, before[path]) for path, b in module.named_buffers()):
            raise CoevoError(
                f"{name}: the module's forward pass changes its buffers, which stacked networks "
                "cannot do; keep no state in buffers"
            )
        outputs.append(output)
    return torch.stack(outputs)


def _initialized(stacked: StackedNetwork, name: str) -> Population:
    try:
        return stacked.initialize([1, 2], dtype=torch.float64)
    except Exception as error:
        raise CoevoError(
            f"{name}: two modules of the factory cannot be stacked: {first_line(error)}; return "
            "modules of one class, without parametrizations at the top"
        ) from error


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE)


def _compare(stacked: StackedNetwork, inputs: Tensor, single: Tensor, name: str) -> None:
    population = _initialized(stacked, name)
    try:
        with torch.no_grad():
            together = stacked(population, inputs)
            again = stacked(population, inputs)
    except Exception as error:
        raise CoevoError(
            f"{name}: the module cannot be stacked: {first_line(error)}; avoid branches on the values "
            "of tensors, .item(), random layers and layers that torch.func.vmap does not know"
        ) from error
    if not torch.equal(together, again):
        raise CoevoError(f"{name}: two calls on the same inputs differ; remove random layers")
    if together.shape != single.shape or not _close(together, single):
        raise CoevoError(
            f"{name}: stacked and single calls of the module differ; keep all that it computes "
            "with in parameters and buffers, and draw nothing else at random"
        )
    with torch.no_grad():
        fewer = stacked(population, inputs[:, :-1])
    if fewer.shape != together[:, :-1].shape or not _close(fewer, together[:, :-1]):
        raise CoevoError(
            f"{name}: the module's rows depend on each other; a network must treat every row alone"
        )


def _count(shape: Sequence[int]) -> int:
    return int(torch.Size(shape).numel())
