"""One generation of a stack of worlds: evaluate, select, improve, replace, prune, measure.

docs/generation.md says exactly what is computed. Nothing here knows of files, configuration,
clocks or logs, loops over cells, or waits for the device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from coevo.batching import Batching, Per
from coevo.held_out import HeldOut
from coevo.metrics import metrics_on
from coevo.networks import NetworkPair
from coevo.optimizers import CellOptimizer, CellProblem, Improved, OptimizerState
from coevo.pairing import Selected, Selection, chunks, own_centers, pairing_losses
from coevo.population import Population
from coevo.pruning.gauges import Gauges
from coevo.pruning.pruner import Pruner, Trained
from coevo.random import Key, torch_seed
from coevo.roles import ROLES
from coevo.state import GridState
from coevo.stream import DataOrder, TrainingRows
from coevo.surroundings import Surroundings
from coevo.tasks import Task
from grids import Grid

__all__ = ["Engine", "FirstPairs", "Measures", "Pairs", "Replacement", "evolve"]

Replacement: TypeAlias = Literal["always", "if_better"]
Measures: TypeAlias = dict[str, Tensor]
"""What one generation records, each ``[cells]``."""
Pairs: TypeAlias = tuple[Population, Population]
"""The encoders and the decoders of all cells."""
FirstPairs: TypeAlias = Callable[["Engine"], Pairs]
"""Makes the first networks of all cells of an engine; the same ones whenever it is called."""


@dataclass(frozen=True)
class Engine:
    """Everything about an experiment that does not change from generation to generation.

    Attributes:
        grid: cells, worlds and neighborhoods.
        seeds: ``[worlds]`` int64, the seed that is each world's identity.
        networks: the architectures of both roles.
        task: corruption and loss.
        training: the training rows.
        validation: held-out rows for replacement, records and the choice of the best pairing.
        selection: concept and tournament.
        optimizer: improves the selected pairings.
        order: cuts the training rows into batches.
        cells_per_chunk: cells that are improved, or evaluated, at once.
        dtype: float type of weights and data.
        evaluation_rows: size of the evaluation batch.
        evaluation_batch_per: who shares an evaluation batch.
        order_per: who shares a data order.
        subset_per: who shares a data subset.
        replacement: when the improved pair becomes the center.
        replacement_rows: validation rows that ``if_better`` compares on; None for all.
        measure_every: metrics are taken in every so manyth generation.
        measured_training: training rows that metrics are taken on too; None for none.
        pruner: removes weights; None for none.
        gauge: counts what remains of pruned networks.
        threads: CPU threads for compiled loops of the optimizer; None for torch's number.
        first: makes the first networks; None for those that the modules themselves draw.
        isolated_generations: in generations before this one, cells train by themselves.
    """

    grid: Grid
    seeds: Tensor
    networks: NetworkPair
    task: Task
    training: TrainingRows
    validation: HeldOut
    selection: Selection
    optimizer: CellOptimizer
    order: DataOrder
    cells_per_chunk: int
    dtype: torch.dtype = torch.float32
    evaluation_rows: int = 64
    evaluation_batch_per: Per = "world"
    order_per: Per = "cell"
    subset_per: Per = "world"
    replacement: Replacement = "always"
    replacement_rows: int | None = None
    measure_every: int = 1
    measured_training: HeldOut | None = None
    pruner: Pruner | None = None
    gauge: Gauges | None = None
    threads: int | None = None
    first: FirstPairs | None = None
    isolated_generations: int = 0

    @cached_property
    def cell_key(self) -> Key:
        """One random stream per cell."""
        return Key.for_cells(self.seeds[self.grid.world_of], self.grid.cell_of)

    @cached_property
    def world_key(self) -> Key:
        """One random stream per world."""
        return Key.for_worlds(self.seeds)

    @cached_property
    def surroundings(self) -> Surroundings:
        """Whom cells see."""
        return Surroundings(self.grid, self.evaluation_batch_per, self.isolated_generations)

    @cached_property
    def batching(self) -> Batching:
        """Who sees which training rows."""
        return Batching(
            self.grid,
            self.cell_key,
            self.world_key,
            self.training,
            self.task,
            self.order,
            self.order_per,
            self.subset_per,
            self.evaluation_rows,
            self.evaluation_batch_per,
        )

    def init(self) -> GridState:
        """The state before the first generation."""
        encoders, decoders = self._drawn() if self.first is None else self.first(self)
        if self.pruner is not None:
            encoders = self.pruner.prepare("encoder", encoders)
            decoders = self.pruner.prepare("decoder", decoders)
        running = torch.ones(self.grid.cells, dtype=torch.bool, device=self.seeds.device)
        return GridState(0, encoders, decoders, self.optimizer.init(encoders, decoders), running)

    def blank(self) -> GridState:
        """A state of the form of the first one, for less: networks are never trained ones."""
        return replace(self, first=None).init()

    def advance(self, state: GridState) -> tuple[GridState, Measures]:
        """Compute one generation.

        Args:
            state: left as it is.

        Returns:
            The state after it, and what is to be recorded of it.
        """
        with torch.no_grad():
            selected = self._select(state)
        improved = self._improve(state, selected)
        sources = improved.sources or selected.sources(self.grid.neighbors)
        with torch.no_grad():
            accepted, encoders, decoders, optimizer = self._replace(state, improved)
            finite, pruned = self._finite(improved), {}
            if self.pruner is not None:
                own = torch.arange(self.grid.cells, device=accepted.device)
                trained = Trained(
                    encoders,
                    decoders,
                    (state.encoders, state.decoders),
                    *(torch.where(accepted, source, own) for source in sources),
                )
                cut = self.pruner.prune(trained, state.generation)
                encoders, decoders, finite = cut.encoders, cut.decoders, finite & cut.sound
                optimizer = optimizer.without(cut.removed["encoder"], cut.removed["decoder"])
                pruned = {"pruning_events": cut.events}
            running = state.running & self._whole_world(finite)
            after = GridState(state.generation + 1, encoders, decoders, optimizer, running)
            after = after.merge(running, state)
            measures = self._measures(after, selected, accepted, improved, sources)
        return after, measures | pruned

    def _drawn(self) -> Pairs:
        """Networks as the modules themselves draw them."""
        seeds = {role: torch_seed(self.cell_key.of("initialize").of(role)) for role in ROLES}
        encoders = self.networks.encoder.initialize(seeds["encoder"], dtype=self.dtype)
        decoders = self.networks.decoder.initialize(seeds["decoder"], dtype=self.dtype)
        return encoders.to(self.seeds.device), decoders.to(self.seeds.device)

    def _select(self, state: GridState) -> Selected:
        losses = pairing_losses(
            self.networks,
            self.task,
            (state.encoders, state.decoders),
            self.surroundings.plan(state.generation),
            self.batching.evaluation(state.generation),
            cells_per_chunk=self.cells_per_chunk,
        )
        if self.surroundings.isolated(state.generation):
            return own_centers(losses)
        return self.selection.select(losses, self.cell_key.at(state.generation))

    def _improve(self, state: GridState, selected: Selected) -> Improved:
        parts = [
            self.optimizer.step(self._problem(state, selected, chunk))
            for chunk in chunks(self.grid.cells, self.cells_per_chunk)
        ]
        return Improved.concatenate(parts)

    def _problem(self, state: GridState, selected: Selected, chunk: slice) -> CellProblem:
        return CellProblem(
            cells=torch.arange(chunk.start, chunk.stop, device=self.seeds.device),
            neighbors=self.surroundings.neighbors(state.generation)[chunk],
            selected_encoders=selected.encoders[chunk],
            selected_decoders=selected.decoders[chunk],
            losses=selected.pairing_losses[chunk],
            cells_per_world=self.grid.cells_per_world,
            encoders=state.encoders,
            decoders=state.decoders,
            state=state.optimizer,
            networks=self.networks,
            task=self.task,
            batches=self.batching.steps(chunk, state.generation),
            steps=self.order.steps,
            key=self.cell_key.select(chunk).at(state.generation),
            threads=self.threads,
        )

    def _replace(
        self, state: GridState, improved: Improved
    ) -> tuple[Tensor, Population, Population, OptimizerState]:
        if self.replacement == "always" or self.surroundings.isolated(state.generation):
            accepted = torch.ones_like(state.running)
            return accepted, improved.encoders, improved.decoders, improved.state
        rows, loss = self.validation.first(self.replacement_rows), self.task.loss
        before, after = (
            rows.metrics(self.networks, self.task, *pair, names=(loss,))[loss]
            for pair in ((state.encoders, state.decoders), (improved.encoders, improved.decoders))
        )
        accepted = after < before
        return (
            accepted,
            improved.encoders.merge(accepted, state.encoders),
            improved.decoders.merge(accepted, state.decoders),
            improved.state.accepted(accepted, state.optimizer),
        )

    def _finite(self, improved: Improved) -> Tensor:
        """Whether all numbers of a cell are finite: ``[cells]`` bool."""
        finite = improved.measures["train_loss"].isfinite()
        return finite & improved.encoders.finite() & improved.decoders.finite()

    def _whole_world(self, cells: Tensor) -> Tensor:
        """Whether something holds for all cells of a cell's world: ``[cells]`` bool."""
        return cells.view(self.grid.worlds, -1).all(1)[self.grid.world_of]

    def _measures(
        self,
        state: GridState,
        selected: Selected,
        accepted: Tensor,
        improved: Improved,
        sources: tuple[Tensor, Tensor],
    ) -> Measures:
        encoder_of, decoder_of = sources
        measures = {
            "running": state.running,
            "selection_loss": selected.losses,
            "encoder_from": self.grid.cell_of[encoder_of],
            "decoder_from": self.grid.cell_of[decoder_of],
            "replaced": accepted,
            **improved.measures,
        }
        if self.gauge is not None:
            measures |= self.gauge.measures({"encoder": state.encoders, "decoder": state.decoders})
        splits = {"validation": self.validation}
        if self.measured_training is not None:
            splits["training"] = self.measured_training
        measured = state.generation % self.measure_every == 0
        return measures | metrics_on(splits, self.networks, self.task, state, measured=measured)


def evolve(
    engine: Engine, state: GridState, generations: int
) -> Iterator[tuple[GridState, Measures]]:
    """Compute generations until the state has completed ``generations`` of them.

    Logging, checkpoints and stopping are the caller's, around its loop.

    Args:
        engine: the experiment.
        state: where to start; `Engine.init` gives the first one.
        generations: the total to reach.

    Yields:
        The state after each generation, and what is to be recorded of it.
    """
    while state.generation < generations:
        state, measures = engine.advance(state)
        yield state, measures
