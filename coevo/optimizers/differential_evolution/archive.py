"""Parents that were defeated in their cell, kept there as donors of differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.cells import CellTensors, expand
from coevo.population import Population

__all__ = ["Archive"]


@dataclass(frozen=True)
class Archive:
    """Places for defeated networks, of some cells, in one role or in both.

    Attributes:
        held: ``[n]`` int64, how many places are in use, which are the first.
        weights: by role and name, ``[n, places, *shape]``.
    """

    held: Tensor
    weights: Mapping[str, CellTensors]

    @staticmethod
    def empty(populations: Mapping[str, Population], places: int) -> Archive:
        """Places in which nobody is yet."""
        first = next(iter(populations.values()))
        return Archive(
            torch.zeros(first.cells, dtype=torch.int64, device=first.device),
            {
                role: {
                    name: weight.new_zeros(len(weight), places, *weight.shape[1:])
                    for name, weight in population.weights.items()
                }
                for role, population in populations.items()
            },
        )

    @staticmethod
    def of(kept: CellTensors, group: str, roles: tuple[str, ...]) -> Archive:
        """Find an archive among tensors that are kept, under the names of `tensors`."""
        prefix = f"archive/{group}/"
        return Archive(
            kept[f"archived/{group}"],
            {
                role: {
                    name.removeprefix(f"{prefix}{role}/"): tensor
                    for name, tensor in kept.items()
                    if name.startswith(f"{prefix}{role}/")
                }
                for role in roles
            },
        )

    def tensors(self, group: str) -> dict[str, Tensor]:
        """All of it by name."""
        named = {
            f"archive/{group}/{role}/{name}": tensor
            for role, tensors in self.weights.items()
            for name, tensor in tensors.items()
        }
        return {f"archived/{group}": self.held, **named}

    def select(self, cells: Tensor) -> Archive:
        """Those of some cells, ``[n]`` int64."""
        return Archive(
            self.held.index_select(0, cells),
            {
                role: {name: tensor.index_select(0, cells) for name, tensor in tensors.items()}
                for role, tensors in self.weights.items()
            },
        )

    def joined(
        self, defeated: Tensor, parents: Mapping[str, Population], fractions: Tensor
    ) -> Archive:
        """Let defeated parents in: into the next free place, then into a random one.

        Args:
            defeated: ``[n]`` bool.
            parents: by role.
            fractions: ``[n]`` in [0, 1), for the random place.
        """
        places = self.places
        if places == 0:
            return self
        drawn = (fractions * places).long().clamp(max=places - 1)
        place = torch.where(self.held < places, self.held, drawn)
        entered = torch.arange(places, device=place.device) == place.unsqueeze(1)
        entered &= defeated.unsqueeze(1)
        return Archive(
            (self.held + defeated).clamp(max=places),
            {
                role: {
                    name: torch.where(
                        expand(entered.flatten(), tensor.flatten(0, 1)).view(
                            *entered.shape, *[1] * (tensor.dim() - 2)
                        ),
                        parents[role].weights[name].unsqueeze(1),
                        tensor,
                    )
                    for name, tensor in tensors.items()
                }
                for role, tensors in self.weights.items()
            },
        )

    @property
    def places(self) -> int:
        """Of each cell."""
        named = next(iter(self.weights.values()))
        return next(iter(named.values())).shape[1]
