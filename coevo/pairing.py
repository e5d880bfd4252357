"""Evaluates the pairings of every neighborhood and selects from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from coevo.cells import in_slots
from coevo.networks import NetworkPair
from coevo.population import Population
from coevo.random import Key, integers
from coevo.stream import Batch
from coevo.tasks import Task
from grids import PairingPlan
from operators import SolutionConcept, tournament

__all__ = [
    "PairingMode",
    "Selected",
    "Selection",
    "chunks",
    "own_centers",
    "pairing_losses",
]

PairingMode: TypeAlias = Literal["together", "independent"]

# Outputs of all pairings together outgrow any memory long before the weights do.
_NUMBERS_AT_ONCE = 1 << 26


@dataclass(frozen=True)
class Selected:
    """What the tournaments picked.

    Attributes:
        encoders: ``[cells]`` int64, the slot of the selected encoder in the neighborhood.
        decoders: ``[cells]`` int64, likewise.
        losses: ``[cells]``, the loss of the selected pairing on the evaluation batch.
        pairing_losses: ``[cells, k, k]``, those of all pairings, encoder slots first.
    """

    encoders: Tensor
    decoders: Tensor
    losses: Tensor
    pairing_losses: Tensor

    def sources(self, neighbors: Tensor) -> tuple[Tensor, Tensor]:
        """The cells that the selected encoders and decoders come from, each ``[cells]`` int64.

        Args:
            neighbors: ``[cells, k]`` int64, the cells of each neighborhood.
        """
        return in_slots(neighbors, self.encoders), in_slots(neighbors, self.decoders)


@dataclass(frozen=True)
class Selection:
    """How a cell selects from its neighborhood.

    Attributes:
        concept: turns the losses with all partners into one value.
        tournament: slots drawn per tournament.
        pairing: ``together``: the decoder comes along with the selected encoder;
            ``independent``: each role has a tournament of its own.
    """

    concept: SolutionConcept
    tournament: int = 2
    pairing: PairingMode = "together"

    def select(self, losses: Tensor, key: Key) -> Selected:
        """Run the tournaments of all cells.

        Args:
            losses: ``[cells, k, k]``, encoder slots first.
            key: one stream per cell, at the generation.
        """
        if self.pairing == "together":
            encoders = self._winner(losses, key.of("tournament"))
            decoders = encoders
        else:
            encoders = self._winner(losses, key.of("tournament.encoder"))
            decoders = self._winner(losses.transpose(1, 2), key.of("tournament.decoder"))
        k = losses.shape[2]
        chosen = losses.flatten(1).gather(1, (encoders * k + decoders).unsqueeze(1)).squeeze(1)
        return Selected(encoders, decoders, chosen, losses)

    def _winner(self, losses: Tensor, key: Key) -> Tensor:
        entrants = integers(key, (self.tournament,), losses.shape[1])
        return tournament(self.concept(losses), entrants)


def own_centers(losses: Tensor) -> Selected:
    """What cells select that choose nothing but their own center.

    Args:
        losses: ``[cells, k, k]``, encoder slots first.
    """
    own = torch.zeros(len(losses), dtype=torch.int64, device=losses.device)
    return Selected(own, own, losses[:, 0, 0], losses)


def chunks(cells: int, size: int) -> Iterator[slice]:
    """Cut ``cells`` into slices of at most ``size`` cells that follow each other."""
    for first in range(0, cells, size):
        yield slice(first, min(first + size, cells))


def pairing_losses(
    networks: NetworkPair,
    task: Task,
    populations: tuple[Population, Population],
    plan: PairingPlan,
    batch: Batch,
    *,
    cells_per_chunk: int,
) -> Tensor:
    """Loss of every pairing in every neighborhood, each distinct one computed once.

    Args:
        networks: the architectures.
        task: gives the loss.
        populations: encoders and decoders of all cells.
        plan: says who runs what.
        batch: the evaluation batches, ``[batches, rows, *shape]``, numbered as in the plan.
        cells_per_chunk: the most encoders, or decoders, that run at once.

    Returns:
        ``[cells, k, k]``: center, encoder slot, decoder slot.
    """
    encoders, decoders = populations
    cells = encoders.cells
    parts = []
    for chunk in chunks(cells, cells_per_chunk):
        inputs = batch.inputs[plan.encoder_batches[chunk]].flatten(1, 2)
        parts.append(networks.encoder(encoders.chunk(chunk), inputs))
    codes = torch.cat(parts)
    rows = batch.inputs.shape[1]
    codes = codes.reshape(-1, rows, *codes.shape[2:])
    results = []
    numbers = plan.sources.shape[1] * batch.targets[0].numel()
    at_once = max(1, min(cells_per_chunk, _NUMBERS_AT_ONCE // numbers))
    for chunk in chunks(cells, at_once):
        outputs = networks.decoder(decoders.chunk(chunk), codes[plan.sources[chunk]].flatten(1, 2))
        pairings = plan.sources[chunk].numel()
        outputs = outputs.reshape(pairings, rows, *outputs.shape[2:])
        targets = batch.targets[plan.batches[chunk].flatten()]
        results.append(task.losses(outputs, targets))
    return torch.cat(results)[plan.slot]
