"""Whom the cells of a stack see in each generation, and who evaluates what for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from coevo.batching import Per
from grids import Grid, PairingPlan, own_plan, shared_plan

__all__ = ["Surroundings"]


@dataclass(frozen=True)
class Surroundings:
    """Neighborhoods that begin with the generation in which cells stop training by themselves.

    Attributes:
        grid: cells and their neighborhoods.
        evaluation_batch_per: who shares an evaluation batch.
        isolated_generations: in generations before this one, cells see nobody but themselves.
    """

    grid: Grid
    evaluation_batch_per: Per
    isolated_generations: int

    def isolated(self, generation: int) -> bool:
        """Whether cells train by themselves; generations count from 0."""
        return generation < self.isolated_generations

    def neighbors(self, generation: int) -> Tensor:
        """The cells that each cell sees: ``[cells, k]`` int64, itself first."""
        return self._alone if self.isolated(generation) else self.grid.neighbors

    def plan(self, generation: int) -> PairingPlan:
        """Who evaluates what."""
        return self._plan_alone if self.isolated(generation) else self._plan

    @cached_property
    def _alone(self) -> Tensor:
        return self.grid.neighbors[:, :1]

    @cached_property
    def _plan_alone(self) -> PairingPlan:
        return self._plan_of(self._alone)

    @cached_property
    def _plan(self) -> PairingPlan:
        return self._plan_of(self.grid.neighbors)

    def _plan_of(self, neighbors: Tensor) -> PairingPlan:
        if self.evaluation_batch_per == "world":
            return shared_plan(neighbors, self.grid.world_of)
        return own_plan(neighbors)
