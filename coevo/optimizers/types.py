"""The plug-in point of cell optimizers: how a cell improves its selected pairing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from coevo.cells import CellTensors, concatenate, in_slots, merge
from coevo.networks import NetworkPair
from coevo.population import Population
from coevo.random import Key
from coevo.stream import Batch
from coevo.tasks import Task

__all__ = ["CellOptimizer", "CellProblem", "Improved", "OptimizerState"]


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer keeps between generations; every tensor is ``[cells, *shape]``.

    Attributes:
        cell: belongs to the place (a learning rate); stays when networks come and go.
        encoder: belongs to the cell's encoder; dropped with it when a result is rejected.
        decoder: belongs to the cell's decoder, likewise.
    """

    cell: CellTensors = field(default_factory=dict)
    encoder: CellTensors = field(default_factory=dict)
    decoder: CellTensors = field(default_factory=dict)

    def accepted(self, accepted: Tensor, before: OptimizerState) -> OptimizerState:
        """The state after replacement; ``accepted`` is ``[cells]`` bool."""
        return OptimizerState(
            self.cell,
            merge(accepted, self.encoder, before.encoder),
            merge(accepted, self.decoder, before.decoder),
        )

    def merge(self, condition: Tensor, otherwise: OptimizerState) -> OptimizerState:
        """Keep a cell's state where ``condition`` (``[cells]`` bool) holds, else the other's."""
        return OptimizerState(
            merge(condition, self.cell, otherwise.cell),
            merge(condition, self.encoder, otherwise.encoder),
            merge(condition, self.decoder, otherwise.decoder),
        )

    def without(self, encoder: CellTensors, decoder: CellTensors) -> OptimizerState:
        """Zero what is kept for weights that were removed, so that they begin anew.

        That is every tensor ``.../NAME`` of the shape of a weight NAME: of its role's own tensors,
        and of those of the cell that begin with ``ROLE/``.

        Args:
            encoder: where they were, by the name of the weight: ``[cells, *shape]`` bool.
            decoder: likewise.
        """
        cell = _zeroed(self.cell, encoder, "encoder/")
        return OptimizerState(
            _zeroed(cell, decoder, "decoder/"),
            _zeroed(self.encoder, encoder, ""),
            _zeroed(self.decoder, decoder, ""),
        )

    @staticmethod
    def concatenate(parts: list[OptimizerState]) -> OptimizerState:
        """Join chunks of cells that follow each other."""
        return OptimizerState(
            concatenate([part.cell for part in parts]),
            concatenate([part.encoder for part in parts]),
            concatenate([part.decoder for part in parts]),
        )


def _zeroed(tensors: CellTensors, removed: CellTensors, prefix: str) -> CellTensors:
    result = dict(tensors)
    for path, tensor in tensors.items():
        gone = removed.get(path.rsplit("/", 1)[-1])
        if gone is not None and gone.shape == tensor.shape and path.startswith(prefix):
            result[path] = tensor.masked_fill(gone, 0)
    return result


@dataclass(frozen=True)
class CellProblem:
    """What some cells are to improve in one generation. All of it is read-only.

    Attributes:
        cells: ``[n]`` int64, their numbers in the stack.
        neighbors: ``[n, k]`` int64, the cells whose networks each may use, itself first; nothing
            but itself in generations in which cells are isolated.
        selected_encoders: ``[n]`` int64 in ``[0, k)``, the slot of the selected encoder.
        selected_decoders: ``[n]`` int64 in ``[0, k)``.
        losses: ``[n, k, k]``, of all pairings of each neighborhood on the evaluation batch, encoder
            slots first; what selection was based on.
        cells_per_world: worlds are contiguous in the stack: the world of ``cells`` is
            ``cells // cells_per_world``.
        encoders: the encoders of ALL cells at the start of the generation.
        decoders: the decoders of all cells, likewise.
        state: the optimizer's state of all cells, likewise.
        networks: the architectures.
        task: gives the loss.
        batches: training batches of these cells, one per step, ``[n, batch, *shape]``; can be
            read once.
        steps: number of batches.
        key: one random stream per cell, at this generation.
        threads: CPU threads for compiled loops of an optimizer's own; None for torch's number.
    """

    cells: Tensor
    neighbors: Tensor
    selected_encoders: Tensor
    selected_decoders: Tensor
    losses: Tensor
    cells_per_world: int
    encoders: Population
    decoders: Population
    state: OptimizerState
    networks: NetworkPair
    task: Task
    batches: Iterator[Batch]
    steps: int
    key: Key
    threads: int | None = None

    def source_encoders(self) -> Tensor:
        """The cells that the selected encoders come from: ``[n]`` int64."""
        return in_slots(self.neighbors, self.selected_encoders)

    def source_decoders(self) -> Tensor:
        """The cells that the selected decoders come from: ``[n]`` int64."""
        return in_slots(self.neighbors, self.selected_decoders)


@dataclass(frozen=True)
class Improved:
    """The result of one step, for the cells of the problem, in their order.

    Attributes:
        encoders: ``[n, ...]`` weights, the improved encoders; exactly zero under their masks.
        decoders: the improved decoders, likewise.
        state: what the optimizer keeps.
        measures: named ``[n]`` tensors for the records; ``train_loss`` among them, whose
            not being finite stops the world.
        sources: the cells whose encoder and whose decoder each was made of, each ``[n]`` int64;
            None for the selected ones'. Records and pruning follow it.
    """

    encoders: Population
    decoders: Population
    state: OptimizerState
    measures: CellTensors
    sources: tuple[Tensor, Tensor] | None = None

    @staticmethod
    def concatenate(parts: list[Improved]) -> Improved:
        """Join chunks of cells that follow each other."""
        named = [part.sources for part in parts if part.sources is not None]
        encoders, decoders = zip(*named, strict=True) if len(named) == len(parts) else ((), ())
        return Improved(
            Population.concatenate([part.encoders for part in parts]),
            Population.concatenate([part.decoders for part in parts]),
            OptimizerState.concatenate([part.state for part in parts]),
            concatenate([part.measures for part in parts]),
            (torch.cat(encoders), torch.cat(decoders)) if encoders else None,
        )


class CellOptimizer(Protocol):
    """Hyperparameters with two pure functions, batched over cells.

    All that differs between cells or changes is state. Laws: cells are treated alike (the step
    of a selection of cells is the selection of the step); a weight under a False mask is exactly
    zero in the result, also right after masks shrank; inputs are left alone.
    """

    def init(self, encoders: Population, decoders: Population) -> OptimizerState:
        """The state before the first generation."""
        ...

    def step(self, problem: CellProblem) -> Improved:
        """Improve the selected pairings of some cells for one generation."""
        ...
