"""Losses whose derivative is computed along with them, in few passes over memory.

Where batches are large, the elementwise operations behind a loss (square, mean, their
derivatives, the sigmoid's) cost as much as a matrix product; autograd makes about nine passes
over the outputs, this makes five. The mathematics is the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

__all__ = ["differentiated_losses", "fused_losses"]


def differentiated_losses(
    outputs: Tensor, targets: Tensor, derivative: Tensor, metric: str, *, squashed: bool
) -> Tensor:
    """Mean error of each network's outputs, and its derivative.

    Args:
        outputs: ``[n, batch, *shape]`` raw outputs.
        targets: of the same shape.
        derivative: of the same shape; overwritten with the derivative of each network's loss in
            its outputs.
        metric: ``mse``, ``l1``, or ``bce`` (``bce`` only with ``squashed``).
        squashed: whether a sigmoid turns outputs into images.

    Returns:
        ``[n]``.
    """
    count = outputs[0].numel()
    images = torch.sigmoid(outputs) if squashed else outputs
    errors = torch.sub(images, targets, out=derivative)
    if metric == "bce":
        entropy = functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
        # The sigmoid's derivative cancels against the cross-entropy's.
        derivative.div_(count)
        return entropy.flatten(1).mean(1)
    losses: Tensor
    if metric == "mse":
        losses = torch.linalg.vector_norm(errors.flatten(1), dim=1).square() / count
    else:
        # Not the 1-norm, which takes three times as long.
        losses = errors.abs().flatten(1).sum(1) / count
        derivative.sign_()
    if squashed:
        torch.ops.aten.sigmoid_backward.grad_input(derivative, images, grad_input=derivative)
    derivative.mul_((2.0 if metric == "mse" else 1.0) / count)
    return losses


def fused_losses(outputs: Tensor, targets: Tensor, metric: str, *, squashed: bool) -> Tensor:
    """Mean error of each network's outputs, for autograd; differentiable once in the outputs.

    Args:
        outputs: ``[n, batch, *shape]`` raw outputs.
        targets: of the same shape; no gradient.
        metric: as in `differentiated_losses`.
        squashed: likewise.

    Returns:
        ``[n]``.
    """
    losses: Tensor = _FusedLoss.apply(outputs, targets, metric, squashed)  # type: ignore[no-untyped-call]  # torch declares no types here
    return losses


class _FusedLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        outputs: Tensor,
        targets: Tensor,
        metric: str,
        squashed: bool,  # noqa: FBT001 - autograd passes by position
    ) -> Tensor:
        context.derivative = torch.empty_like(outputs)
        return differentiated_losses(
            outputs, targets, context.derivative, metric, squashed=squashed
        )

    @staticmethod
    @once_differentiable
    def backward(context: Any, upstream: Tensor) -> tuple[Tensor, None, None, None]:
        derivative: Tensor = context.derivative
        # Scaled in place: the derivative is used once.
        context.derivative = None
        factors = upstream.view(-1, *[1] * (derivative.dim() - 1))
        return derivative.mul_(factors), None, None, None
