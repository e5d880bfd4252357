"""What a pairing is asked to do: how inputs are corrupted, and how outputs are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from coevo.fused_loss import differentiated_losses, fused_losses
from coevo.random import Key, normal, uniform

__all__ = ["LossName", "METRICS", "NoiseName", "OutputName", "Task", "draw_noise"]

NoiseName: TypeAlias = Literal["gaussian", "uniform", "masking"]
LossName: TypeAlias = Literal["mse", "bce", "l1"]
OutputName: TypeAlias = Literal["sigmoid", "identity"]

METRICS: tuple[LossName, ...] = ("mse", "l1", "bce")
_SMALLEST = 1e-7  # keeps the logarithm of an identity output finite in float32


def draw_noise(
    kind: NoiseName, key: Key, shape: tuple[int, ...], *, dtype: torch.dtype, start: int = 0
) -> Tensor:
    """Draw raw noise, one stream per world.

    Args:
        kind: ``gaussian`` draws standard normals, the others uniforms in [0, 1).
        key: the streams.
        shape: shape of one stream's noise.
        dtype: float type of the result.
        start: position in the stream of the first number.

    Returns:
        ``[streams, *shape]``.
    """
    draw = normal if kind == "gaussian" else uniform
    return draw(key, shape, dtype=dtype, start=start)


@dataclass(frozen=True)
class Task:
    """Corruption of inputs and loss of outputs.

    Networks give raw outputs ("logits"); ``output`` says how these become images, so that the
    cross-entropy can be computed from the logits and every metric from the images.

    Attributes:
        loss: what training minimizes and selection compares.
        output: ``sigmoid`` for images in [0, 1], ``identity`` where the network ends in a
            function of its own.
        noise: corruption of inputs for denoising; None leaves them alone.
        noise_level: gaussian: standard deviation; uniform: half-width of the interval around
            0; masking: probability that an input becomes 0.
    """

    loss: LossName = "mse"
    output: OutputName = "sigmoid"
    noise: NoiseName | None = None
    noise_level: float = 0.0

    def corrupt(self, inputs: Tensor, noise: Tensor | None) -> Tensor:
        """Add noise to inputs.

        Args:
            inputs: ``[..., batch, *shape]`` float.
            noise: of a shape that broadcasts against ``inputs``, from `draw_noise`; None for
                tasks without noise.

        Returns:
            ``[..., batch, *shape]``. Values may leave [0, 1].

        Examples:
            >>> task = Task(noise="masking", noise_level=0.5)
            >>> task.corrupt(torch.ones(3), torch.tensor([0.2, 0.5, 0.9]))
            tensor([0., 1., 1.])
        """
        if self.noise is None or noise is None:
            return inputs
        if self.noise == "masking":
            return inputs * (noise >= self.noise_level)
        if self.noise == "uniform":
            return inputs + (2.0 * noise - 1.0) * self.noise_level
        return inputs + noise * self.noise_level

    def images(self, outputs: Tensor) -> Tensor:
        """Turn raw outputs of a decoder into images, of the same shape."""
        return torch.sigmoid(outputs) if self.output == "sigmoid" else outputs

    def losses(self, outputs: Tensor, targets: Tensor, metric: LossName | None = None) -> Tensor:
        """Average the error over rows and output dimensions.

        Args:
            outputs: ``[n, batch, *shape]`` raw outputs.
            targets: ``[n, batch, *shape]``, or a shape that broadcasts to it.
            metric: another measure than the task's loss.

        Returns:
            ``[n]``: mean squared error, mean absolute error, or binary cross-entropy in nats.
        """
        own = metric is None or metric == self.loss
        if own and outputs.requires_grad and outputs.shape == targets.shape and self.fused:
            return fused_losses(outputs, targets, self.loss, squashed=self.output == "sigmoid")
        return self.row_losses(outputs, targets, metric).mean(1)

    @property
    def fused(self) -> bool:
        """Whether loss and derivative can be computed together."""
        return self.output == "sigmoid" or self.loss != "bce"

    def differentiate(self, outputs: Tensor, targets: Tensor, derivative: Tensor) -> Tensor:
        """The task's losses, with their derivative; only where `fused`.

        Args:
            outputs: ``[n, batch, *shape]`` raw outputs.
            targets: of the same shape.
            derivative: of the same shape; overwritten.

        Returns:
            ``[n]``.
        """
        squashed = self.output == "sigmoid"
        return differentiated_losses(outputs, targets, derivative, self.loss, squashed=squashed)

    def row_losses(
        self, outputs: Tensor, targets: Tensor, metric: LossName | None = None
    ) -> Tensor:
        """Average the error over output dimensions only: ``[n, batch]``."""
        metric = metric or self.loss
        dimensions = tuple(range(2, outputs.dim()))
        if metric == "bce":
            error = self._cross_entropy(outputs, targets)
        elif metric == "mse":
            error = (self.images(outputs) - targets).square()
        else:
            error = (self.images(outputs) - targets).abs()
        return error.mean(dimensions) if dimensions else error

    def _cross_entropy(self, outputs: Tensor, targets: Tensor) -> Tensor:
        targets = targets.expand_as(outputs)
        if self.output == "sigmoid":
            return functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
        inside = outputs.clamp(_SMALLEST, 1.0 - _SMALLEST)
        # Not binary_cross_entropy, which ends the program where one number of one cell is NaN.
        return -(targets * inside.log() + (1.0 - targets) * torch.log1p(-inside))
