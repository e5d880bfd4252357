"""From the table ``[start]`` of an experiment to an engine that begins as it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from coevo.ancestors import Ancestors
from coevo.compaction import state_tensors
from coevo.engine import Engine, FirstPairs, Pairs
from coevo.errors import CoevoError
from coevo.networks import StackedNetwork, untouched_generator
from coevo.optimizer_choice import ancestor_trainer
from coevo.population import Population
from coevo.roles import ROLES
from coevo.stacks import World
from coevo.trained_pairs import trained_pair

__all__ = ["TrainedStart", "with_start"]


@dataclass(frozen=True)
class TrainedStart:
    """Cells start from trained pairs: cell ``c`` of a world from pair ``c % pairs``.

    Attributes:
        encoders: one per pair, on the CPU.
        decoders: likewise.
    """

    encoders: Population
    decoders: Population

    def __call__(self, engine: Engine) -> Pairs:
        """The first networks of all cells."""
        which = engine.grid.cell_of.cpu() % self.encoders.cells
        device = engine.seeds.device
        return self.encoders.select(which).to(device), self.decoders.select(which).to(device)


def with_start(engine: Engine, worlds: Sequence[World], kept: Path | None) -> Engine:
    """Add to an engine what the experiments of its worlds say about the first networks.

    Args:
        engine: complete but for that.
        worlds: their ``[start]`` tables, which are the same, are used.
        kept: copies of trained pairs, as for `coevo.trained_pairs.trained_pair`.

    Raises:
        CoevoError: there is no such pair, or it is of other networks.
    """
    table = worlds[0].experiment.start
    first: FirstPairs | None = None
    if table.pairs:
        first = _trained(engine, table.pairs, kept)
    elif table.ancestor_generations:
        trainer = ancestor_trainer(worlds, engine.seeds.device)
        first = Ancestors(trainer, table.ancestor_generations)
    return replace(engine, first=first, isolated_generations=table.isolated_generations)


def _trained(engine: Engine, names: Sequence[str], kept: Path | None) -> TrainedStart:
    networks = {"encoder": engine.networks.encoder, "decoder": engine.networks.decoder}
    found: dict[str, list[Population]] = {role: [] for role in ROLES}
    for number, name in enumerate(names):
        try:
            pair = trained_pair(name, kept)
            for role in ROLES:
                whose = f"{name}: the {role}"
                one = _network(networks[role], pair.tensors[role], engine.dtype, whose)
                found[role].append(one)
        except CoevoError as error:
            raise CoevoError(f"start.pairs[{number}]: {error}") from error
    return TrainedStart(*(Population.concatenate(found[role]) for role in ROLES))


def _network(
    network: StackedNetwork, tensors: Mapping[str, Tensor], dtype: torch.dtype, whose: str
) -> Population:
    """A population of one network with weights that were read.

    Raises:
        CoevoError: they are of another network, or not finite.
    """
    with untouched_generator():
        module = network.build()
    _check(tensors, state_tensors(module), whose)
    # Buffers that are not persistent are in no file, and are as the module makes them.
    parts = {
        name: {
            key: _as_ours(tensors.get(key, own.detach()), own, dtype).unsqueeze(0)
            for key, own in named
        }
        for name, named in (
            ("weights", module.named_parameters()),
            ("buffers", module.named_buffers()),
        )
    }
    return Population(**parts)


def _as_ours(tensor: Tensor, own: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype if own.is_floating_point() else own.dtype)


def _check(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], whose: str) -> None:
    fix = "give pairs of the same networks, or change [network]"
    for name in dict.fromkeys([*own, *tensors]):
        if name not in tensors:
            raise CoevoError(f"{whose} has no tensor {name!r} of {_form(own[name])}; {fix}")
        if name not in own:
            raise CoevoError(
                f"{whose} has a tensor {name!r} of {_form(tensors[name])} too many; {fix}"
            )
        found, wanted = tensors[name], own[name]
        if found.shape != wanted.shape or found.is_floating_point() != wanted.is_floating_point():
            raise CoevoError(
                f"{whose} has {name!r} of {_form(found)}, and it is of {_form(wanted)} here; {fix}"
            )
        if not bool(found.isfinite().all()):
            raise CoevoError(f"{whose} has {name!r} with numbers that are not finite; give another")


def _form(tensor: Tensor) -> str:
    kind = "" if tensor.is_floating_point() else f" {str(tensor.dtype).removeprefix('torch.')}"
    return f"shape {list(tensor.shape)}{kind}"
