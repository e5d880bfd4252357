"""Loss and gradients of dense pairings, written out, in buffers that are used again.

For small batches, recording a graph for autograd and finding new memory at every step cost as
much as the products themselves. This computes what autograd computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.dense import DenseLayer
from coevo.stream import Batch
from coevo.tasks import Task

__all__ = ["DenseGradient", "DenseRole"]


@dataclass(frozen=True)
class DenseRole:
    """Networks of one role that are nothing but dense layers.

    Attributes:
        layers: in the order in which they are called.
        weights: of the networks, ``[n, *shape]``.
        gradients: where the gradients of the weights go, likewise.
    """

    layers: Sequence[DenseLayer]
    weights: CellTensors
    gradients: CellTensors


class DenseGradient:
    """Gradients of pairings whose encoder and decoder are dense layers.

    Holds one buffer per layer's outputs and per derivative of them.
    """

    def __init__(self, encoder: DenseRole, decoder: DenseRole, task: Task) -> None:
        """Prepare for many steps on the same weights, which may change in between.

        Args:
            encoder: its layers, weights and gradients.
            decoder: likewise.
            task: gives the loss.
        """
        self._task = task
        layers = [(layer, role) for role in (encoder, decoder) for layer in role.layers]
        self._layers = [layer for layer, _ in layers]
        self._weights = [role.weights[layer.weight] for layer, role in layers]
        self._biases = [
            None if layer.bias is None else role.weights[layer.bias].unsqueeze(1)
            for layer, role in layers
        ]
        self._transposed = [weight.transpose(1, 2) for weight in self._weights]
        self._gradients = [role.gradients[layer.weight] for layer, role in layers]
        self._bias_gradients = [
            None if layer.bias is None else role.gradients[layer.bias] for layer, role in layers
        ]
        self._outputs: list[Tensor] = []
        self._derivatives: list[Tensor] = []

    def __call__(self, batch: Batch) -> Tensor:
        """Differentiate each pairing's loss; gradients go where the roles say.

        Args:
            batch: ``[n, batch, *shape]``.

        Returns:
            ``[n]`` losses.
        """
        inputs, targets = batch.inputs.flatten(2), batch.targets.flatten(2)
        if not self._outputs or self._outputs[0].shape[1] != inputs.shape[1]:
            shapes = [(len(w), inputs.shape[1], w.shape[1]) for w in self._weights]
            self._outputs = [inputs.new_empty(shape) for shape in shapes]
            self._derivatives = [inputs.new_empty(shape) for shape in shapes]
        self._forward(inputs)
        losses = self._task.differentiate(self._outputs[-1], targets, self._derivatives[-1])
        self._backward(inputs)
        return losses

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
            bias_gradient = self._bias_gradients[i]
            if bias_gradient is not None:
                torch.sum(derivative, 1, out=bias_gradient)
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
