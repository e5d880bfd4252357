"""The networks of one role while they train: weights, moments and step counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.optimizers.flat import FlatLayout, Pieces
from coevo.optimizers.updates import FusedAdam, UpdateRule
from coevo.population import Population

__all__ = ["STEPS", "Trainee", "empty_moments", "gradients", "moments_for_slot"]

STEPS = "steps"


class Trainee:
    """Networks that take gradient steps, in place, on copies of their own.

    Weights under a False mask, their gradients and their moments stay exactly zero.
    """

    def __init__(
        self,
        population: Population,
        rule: UpdateRule,
        rates: Tensor,
        moments: CellTensors | None,
        *,
        counts_agree: bool = False,
        flat: bool = False,
    ) -> None:
        """Take ownership of the tensors given.

        Args:
            population: ``[n, ...]`` networks, in memory of their own.
            rule: how to step.
            rates: ``[n]`` learning rates.
            moments: ``SLOT/NAME`` tensors ``[n, *shape]`` and ``steps`` ``[n]`` int64, in memory
                of their own; None when moments are thrown away after every step.
            counts_agree: promises that all step counts are the same number.
            flat: keep tensors in one piece of memory, and gradients where `gradients` says, so
                that one operation changes all.
        """
        self._population = population.masked()
        self.rule, self.rates = rule, rates
        self._moments: list[Pieces] = []
        self._steps: Tensor | None = None
        self._fused: FusedAdam | None = None
        self.names = list(population.weights)
        weights = [self._population.weights[name].detach() for name in self.names]
        self._weights = Pieces(weights, FlatLayout(weights) if flat else None)
        self.leaves = [view.detach().requires_grad_() for view in self._weights.views]
        self._masks = self._float_masks()
        self._flat = flat
        self._gradients: Pieces | None = None
        self._scratch: Pieces | None = None
        if moments is not None:
            self._steps = moments[STEPS]
            for slot in rule.slots:
                self._moments.append(
                    self._weights.like([moments[f"{slot}/{n}"] for n in self.names])
                )
                self._mask(self._moments[-1])
            if counts_agree and rule.is_adam:
                self._fused = FusedAdam(rule, self._weights, self._moments, self._steps)

    def population(self) -> Population:
        """The networks as they are now, for a forward pass with gradients."""
        return replace(self._population, weights=dict(zip(self.names, self.leaves, strict=True)))

    def gradients(self) -> dict[str, Tensor]:
        """Where flat networks want the gradient of every weight to be written."""
        assert self._flat
        if self._gradients is None:
            self._gradients = self._weights.empty()
        return dict(zip(self.names, self._gradients.views, strict=True))

    def step(self, gradients: Sequence[Tensor] | None = None) -> None:
        """Take one step with all networks.

        Args:
            gradients: one per leaf, may be overwritten; None for what stands where `gradients`
                says.
        """
        found = self._gradients if gradients is None else Pieces(gradients, None)
        assert found is not None
        with torch.no_grad():
            self._mask(found)
            if self._fused is not None:
                self._fused.step(self._weights, found, self.rates)
            elif self._steps is None:
                if self._scratch is None:
                    self._scratch = self._weights.empty()
                self.rule.forgetful(self._weights, found, self.rates, self._scratch)
            else:
                moments = [slot.views for slot in self._moments]
                self.rule.step(self._weights.views, found.views, moments, self._steps, self.rates)

    @property
    def remembers(self) -> bool:
        """Whether a step depends on the steps before, other than by the weights."""
        return self._steps is not None and len(self.rule.slots) > 0

    def overwrite(self, weights: CellTensors, steps: int) -> None:
        """Take over the weights that steps elsewhere led to, where nothing is remembered.

        Args:
            weights: each ``[n, *shape]``.
            steps: how many these were.
        """
        for name, view in zip(self.names, self._weights.views, strict=True):
            view.copy_(weights[name])
        if self._steps is not None:
            self._steps.add_(steps)

    def part(self, lanes: Tensor) -> Trainee:
        """A copy of some of the networks, to be trained and then put back.

        Args:
            lanes: ``[m]`` int64, distinct.
        """
        with torch.no_grad():
            return Trainee(
                self.finished().select(lanes),
                self.rule.select(lanes),
                self.rates.index_select(0, lanes),
                {name: t.index_select(0, lanes) for name, t in self.moments().items()}
                if self._steps is not None
                else None,
            )

    def put_back(self, lanes: Tensor, part: Trainee) -> None:
        """Overwrite some of the networks with what `part` gave and was trained since."""
        with torch.no_grad():
            for whole, changed in zip(self._weights.views, part._weights.views, strict=True):
                whole.index_copy_(0, lanes, changed)
            theirs = part.moments()
            for name, tensor in self.moments().items():
                tensor.index_copy_(0, lanes, theirs[name])

    def finished(self) -> Population:
        """The networks without gradients."""
        weights = dict(zip(self.names, self._weights.views, strict=True))
        return replace(self._population, weights=weights)

    def moments(self) -> dict[str, Tensor]:
        """Moments and step counts, as given to the constructor; empty when there are none."""
        if self._steps is None:
            return {}
        named = {
            f"{slot}/{name}": tensor
            for slot, pieces in zip(self.rule.slots, self._moments, strict=True)
            for name, tensor in zip(self.names, pieces.views, strict=True)
        }
        return {**named, STEPS: self._steps}

    def _float_masks(self) -> Pieces | None:
        """The masks as numbers, because a product with bools takes ten times as long on a CPU."""
        masks = self._population.masks
        if not masks:
            return None
        views = zip(self.names, self._weights.views, strict=True)
        return self._weights.like(
            [masks[n].to(v.dtype) if n in masks else torch.ones_like(v) for n, v in views]
        )

    def _mask(self, found: Pieces) -> None:
        if self._masks is None:
            return
        for tensor, mask in found.beside(self._masks):
            tensor.mul_(mask)


def gradients(loss: Tensor, leaves: Sequence[Tensor]) -> list[Tensor]:
    """Derivatives of a sum of losses, safe to overwrite.

    Args:
        loss: a scalar; the sum over networks, so that each network gets its own gradient.
        leaves: tensors that require gradients.

    Returns:
        One tensor per leaf, none of which shares memory with another.
    """
    found = torch.autograd.grad(loss, leaves, allow_unused=True)
    result: list[Tensor] = []
    seen: set[int] = set()
    for leaf, gradient in zip(leaves, found, strict=True):
        own = torch.zeros_like(leaf) if gradient is None else gradient
        # Autograd may hand the same memory to two leaves, or an expanded view.
        if own.data_ptr() in seen or not own.is_contiguous():
            own = own.clone(memory_format=torch.contiguous_format)
        seen.add(own.data_ptr())
        result.append(own)
    return result


def empty_moments(population: Population, rule: UpdateRule) -> dict[str, Tensor]:
    """Moments and step counts before the first step."""
    cells, device = population.cells, population.device
    named = {
        f"{slot}/{name}": torch.zeros_like(weight)
        for slot in rule.slots
        for name, weight in population.weights.items()
    }
    return {**named, STEPS: torch.zeros(cells, dtype=torch.int64, device=device)}


def moments_for_slot(own: CellTensors, lanes: Tensor, total: int) -> dict[str, Tensor]:
    """Zeros for all networks but some.

    Args:
        own: ``[n, *shape]`` moments.
        lanes: ``[n]`` int64 in ``[0, total)``: where these go.
        total: number of networks.

    Returns:
        The same names, each ``[total, *shape]``.
    """
    return {
        name: tensor.new_zeros(total, *tensor.shape[1:]).index_copy_(0, lanes, tensor)
        for name, tensor in own.items()
    }
