"""Worlds whose cells all start from copies of one pairing that trained alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from coevo.engine import Engine, Pairs
from coevo.optimizers import CellOptimizer
from grids import Torus

__all__ = ["Ancestors"]


@dataclass(frozen=True)
class Ancestors:
    """One ancestor per world: what a run of one cell ends with, that never rejects a result.

    Attributes:
        trainer: improves the ancestors, one cell per world.
        generations: that they train, at least 1.
    """

    trainer: CellOptimizer
    generations: int

    def __call__(self, engine: Engine) -> Pairs:
        """Train one pairing for every world, and copy it to all cells of the world.

        A world with a number that is not finite keeps what it had before.
        """
        grid = engine.grid
        alone = replace(
            engine,
            grid=replace(grid, torus=Torus(1, 1)),
            optimizer=self.trainer,
            # Nothing of it is recorded, so that nothing has to be measured.
            measure_every=self.generations + 1,
            measured_training=None,
            pruner=None,
            gauge=None,
            first=None,
            isolated_generations=self.generations,
        )
        state = alone.init()
        while state.generation < self.generations:
            state, _ = alone.advance(state)
        return state.encoders.select(grid.world_of), state.decoders.select(grid.world_of)
