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

__all__ = ["fused_losses"]


def fused_losses(outputs: Tensor, targets: Tensor, metric: str, *, squashed: bool) -> Tensor:
    """Mean error of each network's outputs, differentiable once in the outputs.

    Args:
        outputs: ``[n, batch, *shape]`` raw outputs.
        targets: of the same shape; no gradient.
        metric: ``mse``, ``l1``, or ``bce`` (``bce`` only with ``squashed``).
        squashed: whether a sigmoid turns outputs into images.

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
        count = outputs[0].numel()
        images = torch.sigmoid(outputs) if squashed else outputs
        errors = images - targets
        if metric == "bce":
            entropy = functional.binary_cross_entropy_with_logits(
                outputs, targets, reduction="none"
            )
            # The sigmoid's derivative cancels against the cross-entropy's.
            context.derivative, context.scale = errors, 1.0 / count
            return entropy.flatten(1).mean(1)
        order = 2 if metric == "mse" else 1
        losses = torch.linalg.vector_norm(errors.flatten(1), order, dim=1)
        result: Tensor = (losses.square() if metric == "mse" else losses) / count
        derivative = errors if metric == "mse" else errors.sign_()
        if squashed:
            derivative = torch.ops.aten.sigmoid_backward(derivative, images)
        context.derivative, context.scale = derivative, (2.0 if metric == "mse" else 1.0) / count
        return result

    @staticmethod
    @once_differentiable
    def backward(context: Any, upstream: Tensor) -> tuple[Tensor, None, None, None]:
        derivative: Tensor = context.derivative
        # Scaled in place: the derivative is used once.
        context.derivative = None
        factors = (upstream * context.scale).view(-1, *[1] * (derivative.dim() - 1))
        return derivative.mul_(factors), None, None, None
