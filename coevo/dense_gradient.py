"""Loss and gradients of dense pairings, written out, in buffers that are used again.

For small batches, recording a graph for autograd and finding new memory at every step cost as
much as the products themselves. This computes what autograd computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.dense import DenseLayer
from coevo.stream import Batch
from coevo.tasks import Task

__all__ = ["DenseGradient"]

Role: TypeAlias = tuple[Sequence[DenseLayer], CellTensors]


class DenseGradient:
    """Gradients of pairings whose encoder and decoder are dense layers.

    Holds one buffer per layer's outputs, per derivative of them, and per weight's gradient; a
    call overwrites what the call before returned.
    """

    def __init__(self, encoder: Role, decoder: Role, task: Task) -> None:
        """Prepare for many steps on the same weights, which may change in between.

        Args:
            encoder: its layers, and its weights ``[n, ...]``.
            decoder: likewise.
            task: gives the loss.
        """
        self._task = task
        self._encoder_layers = len(encoder[0])
        layers = [(layer, weights) for role, weights in (encoder, decoder) for layer in role]
        self._layers = [layer for layer, _ in layers]
        self._weights = [weights[layer.weight].detach() for layer, weights in layers]
        self._biases = [
            None if layer.bias is None else weights[layer.bias].detach().unsqueeze(1)
            for layer, weights in layers
        ]
        self._transposed = [weight.transpose(1, 2) for weight in self._weights]
        self._gradients = [torch.empty_like(weight) for weight in self._weights]
        self._bias_gradients = [weight.new_empty(weight.shape[:2]) for weight in self._weights]
        self._outputs: list[Tensor] = []
        self._derivatives: list[Tensor] = []

    def __call__(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
        """Differentiate each pairing's loss.

        Args:
            batch: ``[n, batch, *shape]``.

        Returns:
            ``[n]`` losses, and the gradients of the encoder's and the decoder's weights.
        """
        inputs, targets = batch.inputs.flatten(2), batch.targets.flatten(2)
        if not self._outputs or self._outputs[0].shape[1] != inputs.shape[1]:
            shapes = [(len(w), inputs.shape[1], w.shape[1]) for w in self._weights]
            self._outputs = [inputs.new_empty(shape) for shape in shapes]
            self._derivatives = [inputs.new_empty(shape) for shape in shapes]
        self._forward(inputs)
        outputs, derivative = self._outputs[-1], self._derivatives[-1]
        losses = self._task.differentiate(outputs, targets, derivative)
        self._backward(inputs)
        found: tuple[dict[str, Tensor], dict[str, Tensor]] = ({}, {})
        for i, layer in enumerate(self._layers):
            named = found[int(i >= self._encoder_layers)]
            named[layer.weight] = self._gradients[i]
            if layer.bias is not None:
                named[layer.bias] = self._bias_gradients[i]
        return losses, *found

    def _forward(self, inputs: Tensor) -> None:
        values = inputs
        for i, layer in enumerate(self._layers):
            bias, outputs = self._biases[i], self._outputs[i]
            if bias is None:
                torch.bmm(values, self._transposed[i], out=outputs)
            else:
                torch.baddbmm(bias, values, self._transposed[i], out=outputs)
            if layer.activation == "relu":
                outputs.relu_()
            elif layer.activation == "sigmoid":
                outputs.sigmoid_()
            elif layer.activation == "tanh":
                outputs.tanh_()
            values = outputs

    def _backward(self, inputs: Tensor) -> None:
        for i in range(len(self._layers) - 1, -1, -1):
            derivative = self._derivatives[i]
            _through(self._layers[i].activation, derivative, self._outputs[i])
            before = self._outputs[i - 1] if i > 0 else inputs
            torch.bmm(derivative.transpose(1, 2), before, out=self._gradients[i])
            if self._biases[i] is not None:
                torch.sum(derivative, 1, out=self._bias_gradients[i])
            if i > 0:
                torch.bmm(derivative, self._weights[i], out=self._derivatives[i - 1])


def _through(activation: str, derivative: Tensor, outputs: Tensor) -> None:
    """Turn the derivative of an activation's outputs into that of its inputs, in place."""
    aten = torch.ops.aten
    if activation == "relu":
        aten.threshold_backward.grad_input(derivative, outputs, 0, grad_input=derivative)
    elif activation == "sigmoid":
        aten.sigmoid_backward.grad_input(derivative, outputs, grad_input=derivative)
    elif activation == "tanh":
        aten.tanh_backward.grad_input(derivative, outputs, grad_input=derivative)
