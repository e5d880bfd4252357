"""Lets pruning rules act on populations, generation by generation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from coevo.networks import NetworkPair
from coevo.pairing import chunks
from coevo.population import Population
from coevo.pruning.action import act
from coevo.pruning.events import event_cells
from coevo.pruning.observer import Observer
from coevo.pruning.rule import ROLES, CasesName, PruningRule, RoleName
from coevo.pruning.views import Pair, PruningScene
from coevo.random import Key, integers
from coevo.stream import Batch, TrainingRows
from coevo.tasks import Task, draw_noise
from operators import Quota

__all__ = ["PrunedGeneration", "Pruner", "Trained"]


@dataclass(frozen=True)
class Trained:
    """The centers that a generation's training made, and what it made them of.

    Attributes:
        encoders: after training.
        decoders: likewise.
        before: encoders and decoders of all cells before it.
        encoder_of: ``[cells]`` int64, the cell whose encoder each center was trained from.
        decoder_of: ``[cells]`` int64, likewise.
    """

    encoders: Population
    decoders: Population
    before: tuple[Population, Population]
    encoder_of: Tensor
    decoder_of: Tensor

    def select_before(self, ids: Tensor) -> Pair:
        """The networks before training of the centers of some cells."""
        encoders, decoders = self.before
        return {
            "encoder": encoders.select(self.encoder_of[ids]),
            "decoder": decoders.select(self.decoder_of[ids]),
        }


@dataclass(frozen=True)
class _Event:
    """A rule acts on some cells.

    Attributes:
        rule: which one.
        quota: how much it removes.
        ids: ``[n]`` int64, the cells.
        key: one stream per cell, for this rule and generation.
    """

    rule: PruningRule
    quota: Quota
    ids: Tensor
    key: Key


@dataclass(frozen=True)
class PrunedGeneration:
    """What a generation's pruning made of the populations.

    Attributes:
        encoders: of all cells.
        decoders: likewise.
        events: ``[cells]`` int64, how many rules acted on a cell.
        sound: ``[cells]`` bool, False where an operator met a number that is not finite.
    """

    encoders: Population
    decoders: Population
    events: Tensor
    sound: Tensor


@dataclass(frozen=True)
class Pruner:
    """All pruning rules of an experiment, in the order in which they act.

    Attributes:
        rules: at least one.
        networks: the architectures.
        observers: look into them.
        task: corruption and loss.
        rows: of each split that operators look at.
        world_of: ``[cells]`` int64, the world of each cell.
        cell_key: one stream per cell.
        host_key: the same on the CPU, for what the host decides.
        world_key: one stream per world.
        cells_per_chunk: cells that are pruned at once.
    """

    rules: tuple[PruningRule, ...]
    networks: NetworkPair
    observers: Mapping[RoleName, Observer]
    task: Task
    rows: Mapping[CasesName, TrainingRows]
    world_of: Tensor
    cell_key: Key
    host_key: Key
    world_key: Key
    cells_per_chunk: int

    def prepare(self, role: RoleName, population: Population) -> Population:
        """Give new networks what the rules work with: masks, all True, and their first weights.

        Args:
            role: of the networks.
            population: before the first generation.
        """
        hard, moved = set[str](), set[str]()
        for rule in self.rules:
            if rule.masks == "hard":
                hard |= set(rule.names(role))
            if "origins" in rule.needs:
                moved |= set(rule.names(role))
        weights = population.weights
        return replace(
            population,
            masks={
                n: torch.ones_like(w, dtype=torch.bool) for n, w in weights.items() if n in hard
            },
            origins={name: w.clone() for name, w in weights.items() if name in moved},
        )

    def prune(self, trained: Trained, generation: int) -> PrunedGeneration:
        """Let every rule act whose time it is.

        Args:
            trained: the centers; left as they are.
            generation: from 0, the one that is being computed.
        """
        pair: Pair = {"encoder": trained.encoders, "decoder": trained.decoders}
        events = torch.zeros_like(self.world_of)
        sound = torch.ones_like(self.world_of, dtype=torch.bool)
        for event in self._events(generation):
            pair, fine = self._act(event, pair, trained)
            ids = event.ids
            sound = sound.index_copy(0, ids, sound.index_select(0, ids) & fine)
            events = events.index_copy(0, ids, events.index_select(0, ids) + 1)
        return PrunedGeneration(pair["encoder"], pair["decoder"], events, sound)

    def _events(self, generation: int) -> Iterator[_Event]:
        """What happens in a generation, in this order."""
        for number, rule in enumerate(self.rules):
            timing = rule.timing.at(generation)
            if timing is None:
                continue
            probability, quota = timing
            happening = self.host_key.at(generation).of("pruning").of(f"{number}").of("event")
            found = event_cells(happening, probability)
            for part in chunks(len(found), self.cells_per_chunk):
                ids = torch.from_numpy(found[part]).to(self.world_of.device)
                key = self.cell_key.select(ids).at(generation).of("pruning").of(f"{number}")
                yield _Event(rule, quota, ids, key)

    def _act(self, event: _Event, pair: Pair, trained: Trained) -> tuple[Pair, Tensor]:
        rule, ids = event.rule, event.ids
        batch = self._batch(event) if rule.needs - {"origins"} else None
        before = trained.select_before(ids) if rule.activations == "training" else {}
        scene = PruningScene(self.networks, self.observers, self.task, batch, before, event.key)
        acted = act(rule, event.quota, {role: pair[role].select(ids) for role in ROLES}, scene)
        changed: Pair = {
            role: pair[role].replaced(ids, acted.pair[role], rule.names(role)) for role in ROLES
        }
        return changed, acted.sound

    def _batch(self, event: _Event) -> Batch:
        """The rows that an operator looks at, each cell's own."""
        rule, key = event.rule, event.key
        split = self.rows[rule.cases]
        drawn = integers(key.of("rows"), (rule.rows,), split.rows)
        inputs, targets = split.inputs[drawn], split.targets[drawn]
        if self.task.noise is not None:
            noise_key = self.world_key.at(key.generation).of("pruning").of("noise")
            shape = tuple(inputs.shape[1:])
            noise = draw_noise(self.task.noise, noise_key, shape, dtype=inputs.dtype)
            inputs = self.task.corrupt(inputs, noise[self.world_of[event.ids]])
        return Batch(inputs, targets)
