"""The gradient cell optimizer: each cell descends with its own, evolving learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from coevo.cells import select
from coevo.networks import NetworkPair
from coevo.optimizers.regimes import (
    all_pairings,
    is_dense,
    opponents,
    opponents_trained,
    selected,
)
from coevo.optimizers.trainee import Trainee, empty_moments, moments_for_slot
from coevo.optimizers.types import CellProblem, Improved, OptimizerState
from coevo.optimizers.updates import UpdateRule
from coevo.population import Population
from coevo.random import normal
from coevo.roles import ROLES
from coevo.stream import with_size
from coevo.tasks import Task

__all__ = ["STEP_COST", "GradientOptimizer", "MomentsPolicy", "PairingsName"]

PairingsName: TypeAlias = Literal["selected", "opponents", "opponents_trained", "all"]
MomentsPolicy: TypeAlias = Literal["persist", "migrate", "reset"]
PerCell: TypeAlias = "float | Tensor"
"""A number for all cells, or ``[cells]`` float64 on their device, one for each cell of a stack."""
Regime: TypeAlias = Callable[[CellProblem, Trainee, Trainee], Tensor]

_REGIMES: Mapping[PairingsName, Regime] = MappingProxyType(
    {
        "selected": selected,
        "opponents": opponents,
        "opponents_trained": opponents_trained,
        "all": all_pairings,
    }
)
STEP_COST = 3
"""Of a gradient step in passes of a row: one forward, and backward at twice the cost."""

_RATE = "learning_rate"
_DECAY = "weight_decay"


@dataclass(frozen=True)
class GradientOptimizer:
    """Gradient steps on the pairings that `pairings` names; see docs/generation.md, section 3.

    Attributes:
        rule: one gradient step; a weight decay of every cell is ``[cells]``, for a whole stack.
        learning_rate: of every cell before the first generation.
        walk: standard deviation of the learning rate's step after each generation.
        decay: factor of every learning rate, after the walk, at the end of every period.
        decay_every: generations of a period.
        minimum: walk and decay are clipped to this.
        maximum: likewise.
        pairings: which pairings train.
        moments: what becomes of moments and step counts.
        always_accepted: promises that no result is rejected, so that step counts agree between
            cells and the fused kernel can be used.
        counts_differ: cells may take steps in different generations, so that they do not.
    """

    rule: UpdateRule = field(default_factory=UpdateRule)
    learning_rate: PerCell = 1e-3
    walk: PerCell = 0.0
    decay: PerCell = 1.0
    decay_every: PerCell = 100
    minimum: PerCell = 1e-9
    maximum: PerCell = 10.0
    pairings: PairingsName = "selected"
    moments: MomentsPolicy = "persist"
    always_accepted: bool = False
    counts_differ: bool = False

    def init(self, encoders: Population, decoders: Population) -> OptimizerState:
        """First learning rates, zero moments."""
        weight = next(iter(encoders.weights.values()))
        start = torch.as_tensor(self.learning_rate, dtype=torch.float64, device=weight.device)
        rates = start.to(weight.dtype).expand(encoders.cells).clone()
        fresh = {
            "encoder": empty_moments(encoders, self.rule),
            "decoder": empty_moments(decoders, self.rule),
        }
        if self.moments == "migrate":
            return OptimizerState({_RATE: rates}, fresh["encoder"], fresh["decoder"])
        cell = {_RATE: rates}
        if self.moments == "persist":
            for role in ROLES:
                cell |= {f"{role}/{name}": tensor for name, tensor in fresh[role].items()}
        return OptimizerState(cell)

    def step(self, problem: CellProblem) -> Improved:
        """Train for one generation, then let the learning rates walk."""
        rates = problem.state.cell[_RATE].index_select(0, problem.cells)
        batches, rows = with_size(problem.batches)
        problem = replace(problem, batches=batches)
        encoders = self._trainee(problem, "encoder", rates)
        decoders = self._trainee(problem, "decoder", rates)
        losses = _REGIMES[self.pairings](problem, encoders, decoders)
        walked = self._walk(rates, problem)
        result_encoders, encoder_moments = self._result(problem, encoders, "encoder")
        result_decoders, decoder_moments = self._result(problem, decoders, "decoder")
        if self.moments == "migrate":
            state = OptimizerState({_RATE: walked}, encoder_moments, decoder_moments)
        else:
            cell = {_RATE: walked}
            cell |= {f"encoder/{name}": t for name, t in encoder_moments.items()}
            cell |= {f"decoder/{name}": t for name, t in decoder_moments.items()}
            state = OptimizerState(cell)
        forwards = STEP_COST * problem.steps * rows * self.pairings_of(problem)
        measures = {
            "train_loss": losses,
            **self.standing(problem),
            "sample_forwards": torch.full_like(problem.cells, forwards),
        }
        return Improved(result_encoders, result_decoders, state, measures)

    def standing(self, problem: CellProblem) -> dict[str, Tensor]:
        """What is recorded of the hyperparameters of cells, each ``[n]``."""
        measures = {_RATE: problem.state.cell[_RATE].index_select(0, problem.cells)}
        if isinstance(self.rule.weight_decay, Tensor):
            measures[_DECAY] = self.rule.weight_decay.index_select(0, problem.cells)
        return measures

    def pairings_of(self, problem: CellProblem) -> int:
        """How many pairings a cell trains in one step."""
        if self.pairings == "all":
            return problem.neighbors.shape[1] ** 2
        return 1 if self.pairings == "selected" else 2

    def compiled(self, networks: NetworkPair, task: Task) -> bool:
        """Whether compiled loops could take the steps, where `dense_steps.suits` agrees."""
        forgets = self.moments == "reset" or not self.rule.slots
        alike = forgets and not isinstance(self.rule.weight_decay, Tensor)
        return self.pairings == "selected" and alike and networks.dense and task.fused

    @property
    def _clones(self) -> bool:
        return self.pairings in ("opponents_trained", "all")

    def _walk(self, rates: Tensor, problem: CellProblem) -> Tensor:
        walked, walk = rates.double(), _of(self.walk, problem)
        if isinstance(walk, Tensor) or walk > 0:
            walked = walked + normal(problem.key.of(_RATE), (), dtype=torch.float64) * walk
        over = (problem.key.generation + 1) % _of(self.decay_every, problem) == 0
        if isinstance(over, Tensor):
            walked = torch.where(over, walked * _of(self.decay, problem), walked)
        elif over:
            walked = walked * _of(self.decay, problem)
        walked = _clipped(walked, torch.maximum, _of(self.minimum, problem))
        return _clipped(walked, torch.minimum, _of(self.maximum, problem)).to(rates.dtype)

    def _trainee(self, problem: CellProblem, role: str, rates: Tensor) -> Trainee:
        population = problem.encoders if role == "encoder" else problem.decoders
        cells = problem.cells
        if self._clones:
            source, clones = problem.neighbors.flatten(), problem.neighbors.shape[1]
            rates, cells = rates.repeat_interleave(clones), cells.repeat_interleave(clones)
        else:
            source = self._source(problem, role)
        agree = self.always_accepted or self.moments == "persist"
        agree = agree and not self.counts_differ
        # Clones other than the selected start from zero where moments stay in their cell.
        uneven = self._clones and (self.moments == "persist" or self.pairings != "all")
        return Trainee(
            population.select(source),
            self.rule.select(cells),
            rates,
            self._moments(problem, role, source),
            counts_agree=agree and not uneven,
            flat=self.pairings == "selected" and is_dense(problem),
        )

    def _moments(self, problem: CellProblem, role: str, source: Tensor) -> dict[str, Tensor] | None:
        if self.moments == "reset":
            return None
        if self.moments == "migrate":
            kept = problem.state.encoder if role == "encoder" else problem.state.decoder
            return select(kept, source)
        prefix = f"{role}/"
        own = {
            name.removeprefix(prefix): tensor.index_select(0, problem.cells)
            for name, tensor in problem.state.cell.items()
            if name.startswith(prefix)
        }
        if not self._clones:
            return own
        return moments_for_slot(own, self._lanes(problem, role), problem.neighbors.numel())

    def _result(
        self, problem: CellProblem, trainee: Trainee, role: str
    ) -> tuple[Population, dict[str, Tensor]]:
        if not self._clones:
            return trainee.finished(), trainee.moments()
        lanes = self._lanes(problem, role)
        return trainee.finished().select(lanes), select(trainee.moments(), lanes)

    @staticmethod
    def _source(problem: CellProblem, role: str) -> Tensor:
        return problem.source_encoders() if role == "encoder" else problem.source_decoders()

    @staticmethod
    def _lanes(problem: CellProblem, role: str) -> Tensor:
        """Where the selected networks stand among the clones: ``[n]`` int64."""
        slots = problem.selected_encoders if role == "encoder" else problem.selected_decoders
        cells, k = problem.neighbors.shape
        return torch.arange(cells, device=slots.device) * k + slots


def _of(number: PerCell, problem: CellProblem) -> PerCell:
    """A number of the cells of a problem."""
    return number.index_select(0, problem.cells) if isinstance(number, Tensor) else number


def _clipped(rates: Tensor, clip: Callable[[Tensor, Tensor], Tensor], end: PerCell) -> Tensor:
    """Rates that are clipped to an end of their range."""
    return clip(rates, end if isinstance(end, Tensor) else rates.new_full((), end))
