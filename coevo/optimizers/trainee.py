"""The networks of one role while they train: weights, moments and step counts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from coevo.cells import CellTensors
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
    ) -> None:
        """Take ownership of the tensors given.

        Args:
            population: ``[n, ...]`` networks, in memory of their own.
            rule: how to step.
            rates: ``[n]`` learning rates.
            moments: ``SLOT/NAME`` tensors ``[n, *shape]`` and ``steps`` ``[n]`` int64, in memory
                of their own; None when moments are thrown away after every step.
            counts_agree: promises that all step counts are the same number.
        """
        masked = population.masked()
        self.names = list(masked.weights)
        self.leaves = [masked.weights[name].detach().requires_grad_() for name in self.names]
        self._population = masked
        self._rule = rule
        self._rates = rates
        self._masks = {i: masked.masks[n] for i, n in enumerate(self.names) if n in masked.masks}
        self._steps: Tensor | None = None
        self._moments: list[list[Tensor]] = []
        self._fused: FusedAdam | None = None
        if moments is not None:
            self._steps = moments[STEPS]
            self._moments = [[moments[f"{s}/{n}"] for n in self.names] for s in rule.slots]
            for slot in self._moments:
                for i, mask in self._masks.items():
                    slot[i].mul_(mask)
            if counts_agree and rule.is_adam:
                self._fused = FusedAdam(rule, self.leaves, self._moments, self._steps)

    def population(self) -> Population:
        """The networks as they are now, for a forward pass with gradients."""
        weights = dict(zip(self.names, self.leaves, strict=True))
        return Population(weights, self._population.buffers, self._population.masks)

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Take one step with all networks; ``gradients`` may be overwritten."""
        with torch.no_grad():
            for i, mask in self._masks.items():
                gradients[i].mul_(mask)
            if self._fused is not None:
                self._fused.step(self.leaves, gradients, self._rates)
            elif self._steps is None:
                self._rule.forgetful(self.leaves, gradients, self._rates)
            else:
                self._rule.step(self.leaves, gradients, self._moments, self._steps, self._rates)

    def part(self, lanes: Tensor) -> Trainee:
        """A copy of some of the networks, to be trained and then put back.

        Args:
            lanes: ``[m]`` int64, distinct.
        """
        with torch.no_grad():
            return Trainee(
                self.finished().select(lanes),
                self._rule,
                self._rates.index_select(0, lanes),
                {name: t.index_select(0, lanes) for name, t in self.moments().items()}
                if self._steps is not None
                else None,
            )

    def put_back(self, lanes: Tensor, part: Trainee) -> None:
        """Overwrite some of the networks with what `part` gave and was trained since."""
        with torch.no_grad():
            for whole, changed in zip(self.leaves, part.leaves, strict=True):
                whole.index_copy_(0, lanes, changed)
            theirs = part.moments()
            for name, tensor in self.moments().items():
                tensor.index_copy_(0, lanes, theirs[name])

    def finished(self) -> Population:
        """The networks without gradients."""
        weights = {n: leaf.detach() for n, leaf in zip(self.names, self.leaves, strict=True)}
        return Population(weights, self._population.buffers, self._population.masks)

    def moments(self) -> dict[str, Tensor]:
        """Moments and step counts, as given to the constructor; empty when there are none."""
        if self._steps is None:
            return {}
        named = {
            f"{slot}/{name}": tensor
            for slot, tensors in zip(self._rule.slots, self._moments, strict=True)
            for name, tensor in zip(self.names, tensors, strict=True)
        }
        return {**named, STEPS: self._steps}


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
