"""Lets pruning rules act on populations, generation by generation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from coevo.cells import CellTensors, expand
from coevo.networks import NetworkPair
from coevo.pairing import chunks
from coevo.population import Population
from coevo.pruning.action import Acted, act
from coevo.pruning.events import event_cells, to_device
from coevo.pruning.observer import Observer
from coevo.pruning.rule import CasesName, PruningRule
from coevo.pruning.views import Pair, PruningScene
from coevo.random import Key
from coevo.roles import ROLES, RoleName
from coevo.stream import Batch, TrainingRows, drawn_batch
from coevo.tasks import Task
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
        worlds: ``[m]`` int64, their worlds, each once.
        world_of: ``[n]`` int64, which of these each cell is in.
        key: one stream per cell, for this rule and generation.
    """

    rule: PruningRule
    quota: Quota
    ids: Tensor
    worlds: Tensor
    world_of: Tensor
    key: Key


@dataclass(frozen=True)
class PrunedGeneration:
    """What a generation's pruning made of the populations.

    Attributes:
        encoders: of all cells.
        decoders: likewise.
        events: ``[cells]`` int64, how many rules acted on a cell.
        sound: ``[cells]`` bool, False where an operator met a number that is not finite.
        removed: of each role, by the name of the weight, where weights were removed at any time
            of the generation, those that came back included: ``[cells, *shape]`` bool. Only
            where a rule lets weights come back, and False in cells where none does.
    """

    encoders: Population
    decoders: Population
    events: Tensor
    sound: Tensor
    removed: Mapping[RoleName, CellTensors]


@dataclass(frozen=True)
class Pruner:
    """All pruning rules of a stack; those of a variant act in the order of its entries.

    Attributes:
        rules: at least one.
        networks: the architectures.
        observers: look into them.
        task: corruption and loss.
        rows: of each split that operators look at.
        world_of: ``[cells]``, the world of each cell, on the host.
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
    world_of: npt.NDArray[np.int64]
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
        cells, device = trained.encoders.cells, trained.encoders.device
        events = torch.zeros(cells, dtype=torch.int64, device=device)
        sound = torch.ones(cells, dtype=torch.bool, device=device)
        happening = list(self._events(generation, device))
        pair = self._own_memory(trained, happening)
        always = self._first_masks(pair)
        for event in happening:
            ids, acted = event.ids, self._act(event, pair, trained)
            for role in ROLES:
                pair[role].put(ids, acted.pair[role], event.rule.names(role))
                for name, mask in always[role].items():
                    mask.index_copy_(0, ids, mask[ids] & acted.pair[role].masks[name])
            sound.index_copy_(0, ids, sound[ids] & acted.sound)
            events.index_add_(0, ids, torch.ones_like(ids))
        removed = {
            role: {
                name: ~mask & expand(self._regrowing, mask) for name, mask in always[role].items()
            }
            for role in ROLES
        }
        return PrunedGeneration(pair["encoder"], pair["decoder"], events, sound, removed)

    @cached_property
    def _regrowing(self) -> Tensor:
        """The cells in which weights can come back: ``[cells]`` bool."""
        cells = torch.zeros(self.cell_key.streams, dtype=torch.bool)
        for rule in self.rules:
            if rule.regrow is not None:
                cells[rule.cells] = True
        return cells.to(self.cell_key.seeds.device)

    def _own_memory(self, trained: Trained, happening: Sequence[_Event]) -> Pair:
        """The centers, so that what is going to be changed can be changed in place."""
        centers: Pair = {"encoder": trained.encoders, "decoder": trained.decoders}
        rules = {id(event.rule): event.rule for event in happening}.values()
        return {
            role: center.copied({name for rule in rules for name in rule.names(role)})
            for role, center in centers.items()
        }

    def _first_masks(self, pair: Pair) -> Mapping[RoleName, CellTensors]:
        """Copies of all masks, where a rule lets weights come back."""
        if all(rule.regrow is None for rule in self.rules):
            return {role: {} for role in ROLES}
        return {role: {n: m.clone() for n, m in pair[role].masks.items()} for role in ROLES}

    def _events(self, generation: int, device: torch.device) -> Iterator[_Event]:
        """What happens in a generation, in this order."""
        for rule in self.rules:
            timing = rule.timing.at(generation)
            if timing is None:
                continue
            probability, quota = timing
            key = self.host_key.select(rule.cells).at(generation).of("pruning").of(f"{rule.number}")
            found = event_cells(key.of("event"), probability) + (rule.cells.start or 0)
            for part in chunks(len(found), self.cells_per_chunk):
                worlds, world_of = np.unique(self.world_of[found[part]], return_inverse=True)
                ids = to_device(found[part], device)
                yield _Event(
                    rule,
                    quota,
                    ids,
                    to_device(worlds, device),
                    to_device(world_of, device),
                    self.cell_key.select(ids).at(generation).of("pruning").of(f"{rule.number}"),
                )

    def _act(self, event: _Event, pair: Pair, trained: Trained) -> Acted:
        rule, ids = event.rule, event.ids
        batch = self._batch(event) if rule.needs - {"origins"} else None
        before = trained.select_before(ids) if rule.activations == "training" else {}
        scene = PruningScene(self.networks, self.observers, self.task, batch, before, event.key)
        return act(rule, event.quota, {role: pair[role].select(ids) for role in ROLES}, scene)

    def _batch(self, event: _Event) -> Batch:
        """The rows that an operator looks at, each cell's own."""
        rule, key = event.rule, event.key
        noise = self.world_key.select(event.worlds).at(key.generation).of("pruning").of("noise")
        rows = self.rows[rule.cases]
        return drawn_batch(rows, key.of("rows"), rule.rows, self.task, noise, event.world_of)
