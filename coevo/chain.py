"""The short way for plain chains of layers: one batched matrix product per linear layer.

It computes what ``vmap(functional_call)`` computes, without the cost of tracing every layer at
every call, which is most of the time of a small network.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from coevo.cells import CellTensors

__all__ = ["ELEMENTWISE", "chain_forward", "has_own_weights"]

# Elementwise layers act on stacked inputs as they do on single ones.
ELEMENTWISE: tuple[type[nn.Module], ...] = (
    nn.Identity,
    nn.ReLU,
    nn.LeakyReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Tanh,
    nn.Sigmoid,
    nn.Softplus,
)

Layer = Callable[[CellTensors, Tensor], Tensor]


def chain_forward(
    module: nn.Module,
) -> Callable[[CellTensors, CellTensors, Tensor], Tensor] | None:
    """Build the forward pass of a stacked chain.

    Args:
        module: any module.

    Returns:
        ``(weights, buffers, inputs [cells, batch, *shape]) -> [cells, batch, *shape]`` when the
        module is an `nn.Sequential` of `nn.Linear`, `nn.Flatten`, `nn.Unflatten` and the
        activations in `ELEMENTWISE` (nested chains too), without hooks; None otherwise.
    """
    if not has_own_weights(module):
        return None
    layers = _layers(module, "")
    if layers is None:
        return None

    def forward(weights: CellTensors, buffers: CellTensors, inputs: Tensor) -> Tensor:
        del buffers  # none of these layers has any
        values = inputs
        for layer in layers:
            values = layer(weights, values)
        return values

    return forward


def has_own_weights(module: nn.Module) -> bool:
    """Whether no weight of a module has two names, as tied layers have."""
    named = module.named_parameters(remove_duplicate=False)
    return len(list(named)) == len(list(module.parameters()))


def _layers(module: nn.Module | None, prefix: str) -> list[Layer] | None:
    if module is None or module._forward_hooks or module._forward_pre_hooks:
        return None
    if type(module) is not nn.Sequential:
        layer = _layer(module, prefix)
        return None if layer is None else [layer]
    chain: list[Layer] = []
    # Not named_children, which leaves out a layer's second appearance.
    for name, child in module._modules.items():
        layers = _layers(child, f"{prefix}{name}.")
        if layers is None:
            return None
        chain += layers
    return chain


def _layer(module: nn.Module, prefix: str) -> Layer | None:
    # Exact types: a subclass may compute something else.
    if type(module) is nn.Linear:
        return _linear(prefix, has_bias=module.bias is not None)
    if type(module) is nn.Flatten and module.start_dim == 1 and module.end_dim == -1:
        return lambda weights, values: values.flatten(2)
    if type(module) is nn.Unflatten and module.dim == 1:
        shape = tuple(module.unflattened_size)
        return lambda weights, values: values.reshape(*values.shape[:2], *shape)
    if type(module) in ELEMENTWISE:
        # In place would overwrite what the backward pass of the layer before still needs.
        if getattr(module, "inplace", False):
            return None
        return lambda weights, values: module(values)
    return None


def _linear(prefix: str, *, has_bias: bool) -> Layer:
    weight_name, bias_name = f"{prefix}weight", f"{prefix}bias"

    def apply(weights: CellTensors, values: Tensor) -> Tensor:
        # nn.Linear acts on the last dimension whatever stands before it.
        rows = values.flatten(1, -2)
        bias = weights[bias_name] if has_bias else None
        outputs: Tensor = _StackedLinear.apply(rows, weights[weight_name], bias)  # type: ignore[no-untyped-call]  # torch declares no types here
        return outputs.reshape(*values.shape[:-1], -1)

    return apply


class _StackedLinear(torch.autograd.Function):
    """``inputs [cells, rows, in] @ weights [cells, out, in] ^ T + biases [cells, out]``.

    Autograd's own derivative of the transposed product gives the weights' gradient transposed
    in memory, and copying it into the weights' order costs as much as the product itself where
    batches are small. This one computes it in order.
    """

    @staticmethod
    def forward(
        context: FunctionCtx, inputs: Tensor, weights: Tensor, biases: Tensor | None
    ) -> Tensor:
        context.save_for_backward(inputs, weights)
        if biases is None:
            return torch.bmm(inputs, weights.transpose(1, 2))
        return torch.baddbmm(biases.unsqueeze(1), inputs, weights.transpose(1, 2))

    @staticmethod
    @once_differentiable
    def backward(
        context: FunctionCtx, outputs: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        inputs, weights = context.saved_tensors  # type: ignore[attr-defined]  # set by autograd
        wanted = context.needs_input_grad  # type: ignore[attr-defined]  # set by autograd
        return (
            torch.bmm(outputs, weights) if wanted[0] else None,
            torch.bmm(outputs.transpose(1, 2), inputs) if wanted[1] else None,
            outputs.sum(1) if wanted[2] else None,
        )
