"""Differential evolution as a cell optimizer: networks cross with their neighbors'.

A cell's own network is the target. Donors are the networks of its neighborhood, as they were at
the start of the generation, and defeated parents; encoders cross with encoders and decoders with
decoders. Trial and target are scored on the same rows, with the same partners.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from coevo.cells import CellTensors, select
from coevo.optimizers.differential_evolution.adaptation import start
from coevo.optimizers.differential_evolution.archive import Archive
from coevo.optimizers.differential_evolution.cell_measures import counts, standing
from coevo.optimizers.differential_evolution.cell_rules import CellRules
from coevo.optimizers.differential_evolution.cell_trials import Trials
from coevo.optimizers.differential_evolution.scope import OUTCOMES
from coevo.optimizers.gradient import GradientOptimizer
from coevo.optimizers.types import CellProblem, Improved, OptimizerState
from coevo.population import Population

__all__ = ["DifferentialEvolution"]

_PREFIX = "de/"


@dataclass(frozen=True)
class DifferentialEvolution:
    """Differential evolution, in turns with gradient steps where the settings say so.

    Attributes:
        settings: when and how cells make trials.
        gradient: takes the steps of the other generations.
    """

    settings: CellRules = field(default_factory=CellRules)
    gradient: GradientOptimizer = field(default_factory=GradientOptimizer)

    def init(self, encoders: Population, decoders: Population) -> OptimizerState:
        """What gradient steps keep, first memories, and empty archives."""
        settings, state = self.settings, self.gradient.init(encoders, decoders)
        kept = start(settings.rules, encoders.cells, settings.trials, encoders.device)
        shape = encoders.cells, settings.trials
        kept |= {
            name: torch.zeros(shape, dtype=torch.float64, device=encoders.device)
            for name in OUTCOMES
        }
        everyone = {"encoder": encoders, "decoder": decoders}
        for group, roles in settings.groups.items():
            archive = Archive.empty({role: everyone[role] for role in roles}, settings.archive)
            kept |= archive.tensors(group)
        return OptimizerState({**state.cell, **_named(kept)}, state.encoder, state.decoder)

    def step(self, problem: CellProblem) -> Improved:
        """Take gradient steps, or make trials, as the generation's turn is."""
        state, kept = _parted(problem.state)
        if not self.settings.makes_trials(problem.key.generation):
            return self._steps(problem, state, kept)
        if self.settings.fallback == "keep":
            with torch.no_grad():
                return self._trials(problem, state, kept)[0]
        batches = list(problem.batches)
        with torch.no_grad():
            again = replace(problem, batches=iter(batches))
            improved, eligible = self._trials(again, state, kept)
        again = replace(problem, batches=iter(batches))
        return _joined(problem, improved, self._steps(again, state, kept), eligible)

    def _steps(self, problem: CellProblem, state: OptimizerState, kept: CellTensors) -> Improved:
        """A generation of gradient steps; what trials keep stays."""
        with torch.no_grad():
            own = select(kept, problem.cells)
            measures = counts(self.settings, (), problem.cells)
            measures |= standing(self.settings.rules, own, {})
        # Cells that made trials instead have taken fewer steps than others.
        differ = self.settings.fallback == "gradient"
        gradient = replace(self.gradient, counts_differ=differ)
        improved = gradient.step(replace(problem, state=state))
        measures["evaluations"] = torch.zeros_like(problem.cells)
        cell = {**improved.state.cell, **_named(own)}
        after = OptimizerState(cell, improved.state.encoder, improved.state.decoder)
        return replace(improved, state=after, measures={**improved.measures, **measures})

    def _trials(
        self, problem: CellProblem, state: OptimizerState, kept: CellTensors
    ) -> tuple[Improved, Tensor]:
        """A generation of trials, and which cells made any: ``[n]`` bool."""
        settings, sources = self.settings, (problem.cells, problem.cells)
        if settings.target == "selected":
            sources = problem.source_encoders(), problem.source_decoders()
        targets = {
            "encoder": problem.encoders.select(sources[0]).masked(),
            "decoder": problem.decoders.select(sources[1]).masked(),
        }
        trials = Trials(settings, problem, kept, targets)
        trials.take()
        pair, after = trials.pair, trials.kept()
        own = OptimizerState(
            select(state.cell, problem.cells),
            select(state.encoder, sources[0]),
            select(state.decoder, sources[1]),
        )
        if settings.moments == "reset":
            # They belong to weights that are no longer there.
            own = own.without(*(_changed(pair[role], targets[role]) for role in targets))
        losses = torch.stack([one.loss for one in trials.attempts]).mean(0)
        measures = {
            "train_loss": losses.to(own.cell["learning_rate"].dtype),
            **self.gradient.standing(replace(problem, state=state)),
            **counts(settings, trials.attempts, problem.cells),
            **standing(settings.rules, after, trials.companies),
            "evaluations": torch.full_like(problem.cells, trials.evaluations),
            "sample_forwards": torch.full_like(problem.cells, trials.sample_forwards),
        }
        result = OptimizerState({**own.cell, **_named(after)}, own.encoder, own.decoder)
        eligible = torch.stack([trials.eligible(group) for group in settings.groups]).any(0)
        return Improved(pair["encoder"], pair["decoder"], result, measures, sources), eligible


def _named(kept: CellTensors) -> dict[str, Tensor]:
    return {_PREFIX + name: tensor for name, tensor in kept.items()}


def _parted(state: OptimizerState) -> tuple[OptimizerState, dict[str, Tensor]]:
    """What gradient steps keep, and what trials do."""
    ours = {
        name.removeprefix(_PREFIX): tensor
        for name, tensor in state.cell.items()
        if name.startswith(_PREFIX)
    }
    theirs = {name: t for name, t in state.cell.items() if not name.startswith(_PREFIX)}
    return OptimizerState(theirs, state.encoder, state.decoder), ours


def _changed(after: Population, before: Population) -> dict[str, Tensor]:
    """Where weights are others than before, by name: ``[n, *shape]`` bool."""
    return {name: weight != before.weights[name] for name, weight in after.weights.items()}


def _joined(problem: CellProblem, trials: Improved, steps: Improved, eligible: Tensor) -> Improved:
    """Trials where there were any, and gradient steps elsewhere; all cells pay for both."""
    ours, loss = _parted(trials.state)[1], "train_loss"
    cell = {**steps.state.cell, **_named(ours)}
    state = OptimizerState(cell, steps.state.encoder, steps.state.decoder)
    measures = {
        **trials.measures,
        loss: torch.where(eligible, trials.measures[loss], steps.measures[loss]),
        "sample_forwards": trials.measures["sample_forwards"] + steps.measures["sample_forwards"],
    }
    assert trials.sources is not None
    encoders, decoders = trials.sources
    return Improved(
        trials.encoders.merge(eligible, steps.encoders),
        trials.decoders.merge(eligible, steps.decoders),
        trials.state.merge(eligible, state),
        measures,
        (
            torch.where(eligible, encoders, problem.source_encoders()),
            torch.where(eligible, decoders, problem.source_decoders()),
        ),
    )
