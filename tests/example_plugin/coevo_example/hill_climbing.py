"""A cell optimizer without gradients: keep a random change where it helps.

The step size follows the one-fifth success rule, in the form of Kern et al., Natural Computing
2004: it grows after a success and shrinks after a failure, so that one change in five succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from coevo import CoevoError, Key
from coevo.optimizers import CellProblem, Improved, OptimizerState
from coevo.population import Population
from coevo.random import normal

__all__ = ["HillClimbing"]

_GROWTH = 1.5
_SIZE = "step_size"


@dataclass(frozen=True)
class HillClimbing:
    """Tries one random change of the selected pairing per step, and keeps it if the loss falls.

    Attributes:
        step_size: > 0, standard deviation of the first change of every weight.
    """

    step_size: float = 0.01

    def __post_init__(self) -> None:
        if not 0.0 < self.step_size < float("inf"):
            raise CoevoError(f"step_size: {self.step_size} is not a size; give a number above 0")

    def init(self, encoders: Population, decoders: Population) -> OptimizerState:
        """Equal step sizes. They belong to the cell: they stay when networks come and go."""
        del decoders
        weight = next(iter(encoders.weights.values()))
        return OptimizerState(cell={_SIZE: weight.new_full((encoders.cells,), self.step_size)})

    def step(self, problem: CellProblem) -> Improved:
        """Climb for one generation."""
        with torch.no_grad():
            # Masks may have shrunk since the weights were set.
            encoders = problem.encoders.select(problem.source_encoders()).masked()
            decoders = problem.decoders.select(problem.source_decoders()).masked()
            sizes = problem.state.cell[_SIZE].index_select(0, problem.cells)
            losses = []
            for number, batch in enumerate(problem.batches):
                key = problem.key.of("hill climbing").of(str(number))
                tried = (
                    _changed(encoders, sizes, key.of("encoder")),
                    _changed(decoders, sizes, key.of("decoder")),
                )
                before, after = (
                    problem.task.losses(problem.networks(*pair, batch.inputs), batch.targets)
                    for pair in ((encoders, decoders), tried)
                )
                better = after < before
                encoders = tried[0].merge(better, encoders)
                decoders = tried[1].merge(better, decoders)
                sizes = torch.where(better, sizes * _GROWTH, sizes * _GROWTH**-0.25)
                losses.append(torch.where(better, after, before))
            mean = torch.stack(losses).mean(0)
        measures = {"train_loss": mean, _SIZE: sizes}
        return Improved(encoders, decoders, OptimizerState(cell={_SIZE: sizes}), measures)


def _changed(population: Population, sizes: Tensor, key: Key) -> Population:
    """Add normal noise to every kept weight."""
    weights = {}
    for name, weight in population.weights.items():
        noise = normal(key.of(name), weight.shape[1:], dtype=weight.dtype)
        weights[name] = weight + noise * sizes.view(-1, *[1] * (weight.dim() - 1))
    return replace(population, weights=weights).masked()
