"""Gradient update rules for many networks at once, each with its own learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.optim.adam import adam

from coevo.cells import expand
from coevo.optimizers.flat import Pieces

__all__ = ["AlgorithmName", "FusedAdam", "UpdateRule"]

AlgorithmName: TypeAlias = Literal["sgd", "sign_sgd", "adam", "adamw"]


@dataclass(frozen=True)
class UpdateRule:
    """One gradient step, as `torch.optim` defines it.

    Attributes:
        algorithm: ``sgd``, ``sign_sgd`` (every weight moves by the learning rate against the
            sign of its gradient), ``adam`` (Kingma & Ba 2015) or ``adamw`` (Loshchilov & Hutter
            2019).
        momentum: of ``sgd``, in [0, 1).
        betas: decay of Adam's first and second moment, each in [0, 1).
        epsilon: added to the root of Adam's second moment.
        weight_decay: added to the gradient; decoupled in ``adamw``. A number for all networks, or
            ``[n]``, one for each.
    """

    algorithm: AlgorithmName = "adam"
    momentum: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float | Tensor = 0.0

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the moments that the rule keeps, each shaped like the weights."""
        if self.is_adam:
            return ("first_moment", "second_moment")
        return ("momentum",) if self.algorithm == "sgd" and self.momentum > 0 else ()

    @property
    def is_adam(self) -> bool:
        """Whether the rule divides by the root of a second moment."""
        return self.algorithm in ("adam", "adamw")

    def select(self, ids: Tensor) -> UpdateRule:
        """The rule of some of the networks: ``[m]`` int64, may repeat."""
        if not isinstance(self.weight_decay, Tensor):
            return self
        return replace(self, weight_decay=self.weight_decay.index_select(0, ids))

    def decay(self, weights: Sequence[Tensor], gradients: Sequence[Tensor], rates: Tensor) -> None:
        """Apply weight decay in place: to the gradients, or to the weights in ``adamw``.

        Args:
            weights: each ``[n, *shape]``.
            gradients: likewise.
            rates: ``[n]`` learning rates.
        """
        if isinstance(self.weight_decay, Tensor):
            self._own_decay(weights, gradients, rates, self.weight_decay.to(rates.dtype))
            return
        if self.weight_decay == 0:
            return
        for weight, gradient in zip(weights, gradients, strict=True):
            if self.algorithm == "adamw":
                weight.mul_(1.0 - expand(rates, weight) * self.weight_decay)
            else:
                gradient.add_(weight, alpha=self.weight_decay)

    def _own_decay(
        self, weights: Sequence[Tensor], gradients: Sequence[Tensor], rates: Tensor, decays: Tensor
    ) -> None:
        """Apply to each network its own weight decay."""
        for weight, gradient in zip(weights, gradients, strict=True):
            if self.algorithm == "adamw":
                weight.mul_(1.0 - expand(rates * decays, weight))
            else:
                gradient.addcmul_(weight, expand(decays, weight))

    def forgetful(self, weights: Pieces, gradients: Pieces, rates: Tensor, scratch: Pieces) -> None:
        """Take the first step of a new optimizer, in place: no moments are kept.

        Adam's bias-corrected moments are then the gradient and its square, so that it moves a
        weight by ``rate * g / (abs(g) + epsilon)``.

        Args:
            weights: each ``[n, *shape]``; changed.
            gradients: likewise; overwritten.
            rates: ``[n]`` learning rates.
            scratch: likewise; overwritten.
        """
        self.decay(weights.views, gradients.views, rates)
        for gradient, room in gradients.beside(scratch):
            if self.is_adam:
                gradient.div_(torch.abs(gradient, out=room).add_(self.epsilon))
            elif self.algorithm == "sign_sgd":
                gradient.sign_()
        for weight, move in zip(weights.views, gradients.views, strict=True):
            weight.addcmul_(move, expand(rates, weight), value=-1.0)

    def step(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        moments: Sequence[Sequence[Tensor]],
        steps: Tensor,
        rates: Tensor,
    ) -> None:
        """Take one step in place.

        Args:
            weights: each ``[n, *shape]``; changed.
            gradients: likewise; may be overwritten.
            moments: per slot, a tensor per weight, likewise; changed.
            steps: ``[n]`` int64, steps taken before with these moments; changed.
            rates: ``[n]`` learning rates.
        """
        self.decay(weights, gradients, rates)
        steps.add_(1)
        if self.is_adam:
            self._adam(weights, gradients, moments, steps, rates)
            return
        for i, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
            move = gradient
            if self.algorithm == "sign_sgd":
                move = gradient.sign_()
            elif self.momentum > 0:
                move = moments[0][i].mul_(self.momentum).add_(gradient)
            weight.addcmul_(move, expand(rates, weight), value=-1.0)

    def _adam(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        moments: Sequence[Sequence[Tensor]],
        steps: Tensor,
        rates: Tensor,
    ) -> None:
        first_beta, second_beta = self.betas
        # In float64: 1 - 0.999**t loses half its digits in float32.
        first_correction = 1.0 - first_beta ** steps.double()
        second_correction = (1.0 - second_beta ** steps.double()).rsqrt()
        scale = (rates / first_correction).to(rates.dtype)
        root_scale = second_correction.to(rates.dtype)
        for i, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
            first, second = moments[0][i], moments[1][i]
            first.lerp_(gradient, 1.0 - first_beta)
            second.mul_(second_beta).addcmul_(gradient, gradient, value=1.0 - second_beta)
            denominator = torch.sqrt(second, out=gradient)
            denominator.mul_(expand(root_scale, weight)).add_(self.epsilon)
            move = torch.div(first, denominator, out=gradient)
            weight.addcmul_(move, expand(scale, weight), value=-1.0)


class FusedAdam:
    """Adam by torch's fused kernel, for networks that have all taken equally many steps.

    The kernel knows one learning rate and one step count. So it steps tensors of zeros at rate
    1, which leaves the moves there; each is then scaled by its network's own rate. Three passes
    over memory in place of eight.
    """

    def __init__(
        self, rule: UpdateRule, weights: Pieces, moments: Sequence[Pieces], steps: Tensor
    ) -> None:
        """Prepare for many steps on the same tensors.

        Args:
            rule: ``adam`` or ``adamw``.
            weights: each ``[n, *shape]``.
            moments: first and second moments, in the form of the weights; changed by every step.
            steps: ``[n]`` int64, the same number everywhere but in stopped worlds, where it may
                be less; changed by every step.
        """
        self._rule = rule
        self._steps = steps
        self._moments = [slot.all for slot in moments]
        self._moves = weights.empty()
        # The largest: a stopped world's count stays behind, and its results are dropped.
        count = steps.max().float()
        self._counts = [count.clone() for _ in weights.all]

    def step(self, weights: Pieces, gradients: Pieces, rates: Tensor) -> None:
        """Take one step in place; arguments as in `UpdateRule.forgetful`."""
        self._rule.decay(weights.views, gradients.views, rates)
        self._steps.add_(1)
        torch._foreach_zero_(self._moves.all)
        adam(
            self._moves.all,
            gradients.all,
            self._moments[0],
            self._moments[1],
            [],  # no running maximum of second moments: that is amsgrad's
            self._counts,
            fused=True,
            amsgrad=False,
            beta1=self._rule.betas[0],
            beta2=self._rule.betas[1],
            lr=1.0,
            weight_decay=0.0,
            eps=self._rule.epsilon,
            maximize=False,
        )
        for weight, move in zip(weights.views, self._moves.views, strict=True):
            weight.addcmul_(move, expand(rates, weight))
