"""Packs the worlds of a study into stacks: those that share shapes, as many as memory holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from coevo.assemble import Assembled, assemble_worlds, choose_device
from coevo.experiment import Experiment
from coevo.memory import available_memory
from coevo.stacks import BASE, World, by_variant, naming_variant, shape_of

__all__ = ["PlannedStack", "Setting", "pack", "too_large"]

# A generation holds the state before, what training makes of it, what pruning makes of that, and
# what stopped worlds keep; a checkpoint copies it twice more; and freed memory is given back late.
# Measured: 1.98 GiB in all where the state had 0.13 GiB.
_COPIES = 12
_PROCESS = 512 << 20
"""What the program takes before there is a state."""
_BYTES = 1 << 30


@dataclass(frozen=True)
class Setting:
    """Where experiments are computed, and what they may import.

    Attributes:
        device: ``cpu``, ``cuda``, or None for a GPU if there is one.
        search: folders for modules that experiments name.
        trust: whether such modules may be imported.
        kept: copies of the trained pairs that experiments start from, where a study has them.
    """

    device: str | None = None
    search: tuple[Path, ...] = (Path(),)
    trust: bool = True
    kept: Path | None = None

    def assemble(self, worlds: Sequence[World]) -> Assembled:
        """Build the engine of some worlds, as `assemble_worlds`; errors name the variant."""
        with naming_variant(worlds[0].variant):
            return assemble_worlds(
                worlds, self.device, search=self.search, trust=self.trust, kept=self.kept
            )


@dataclass(frozen=True)
class PlannedStack:
    """Worlds that run as one program.

    Attributes:
        worlds: those of a variant follow each other.
        memory: bytes that they take, as far as can be foreseen.
        limit: bytes that they may take; one world is a stack also where it takes more.
    """

    worlds: tuple[World, ...]
    memory: int
    limit: int

    @property
    def experiment(self) -> Experiment:
        """One of their experiments, for what they share."""
        return self.worlds[0].experiment

    @property
    def need(self) -> str:
        """Its memory in words, with the limit where it is beyond that."""
        beyond = f", and {self.limit / _BYTES:.2f} may be taken" if self.memory > self.limit else ""
        return f"{self.memory / _BYTES:.2f} GiB{beyond}"

    @property
    def cells(self) -> int:
        """Cells of all worlds."""
        return len(self.worlds) * self.experiment.grid.rows * self.experiment.grid.columns

    @property
    def variants(self) -> int:
        """How many variants they are of."""
        return len({world.variant for world in self.worlds})


def pack(worlds: Sequence[World], setting: Setting) -> tuple[PlannedStack, ...]:
    """Plan stacks. Every variant is assembled on the way, so that what is wrong is told now.

    Args:
        worlds: those of a variant behind each other.
        setting: where they are going to be computed.

    Raises:
        CoevoError: a variant cannot run as asked.
    """
    device, shapes = choose_device(setting.device), dict[str, list[World]]()
    for first, positions in by_variant(worlds):
        own = [worlds[position] for position in positions]
        shapes.setdefault(shape_of(first.experiment), []).extend(own)
    return tuple(stack for own in shapes.values() for stack in _stacks(own, setting, device))


def too_large(worlds: Sequence[World], setting: Setting) -> bool:
    """Whether worlds take more than ``engine.memory``, where it is given, and could be cut.

    Args:
        worlds: of one shape.
        setting: where they are going to be computed.
    """
    limit = worlds[0].experiment.engine.memory * _BYTES
    if limit == 0 or len(worlds) == 1:
        return False
    own, common = _bytes(list(worlds), setting)
    return len(worlds) * own + common > limit


def _stacks(worlds: list[World], setting: Setting, device: torch.device) -> Iterator[PlannedStack]:
    """Cut worlds of one shape into stacks of about equal size; a run is one program in any case."""
    own, common = _bytes(worlds, setting)
    limit = int(worlds[0].experiment.engine.memory * _BYTES) or available_memory(device)
    most = max(1, int((limit - common) // own))
    if worlds[0].variant == BASE:
        most = len(worlds)
    count = -(-len(worlds) // most)
    size, rest = divmod(len(worlds), count)
    first = 0
    for number in range(count):
        last = first + size + (number < rest)
        yield PlannedStack(tuple(worlds[first:last]), (last - first) * own + common, limit)
        first = last


def _bytes(worlds: list[World], setting: Setting) -> tuple[int, int]:
    """What one world takes, and what all of them share."""
    sample = [world for world, _ in by_variant(worlds)]
    engine = setting.assemble(sample).engine
    shards = engine.blank().shards().values()
    state = sum(_size(tensor) for tensors in shards for tensor in tensors.values())
    rows = [engine.training.inputs, engine.training.targets]
    rows += [engine.validation.inputs, engine.validation.targets]
    return _COPIES * state // len(sample), _PROCESS + sum(map(_size, rows))


def _size(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()
