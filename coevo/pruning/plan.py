"""From the entries of ``[[pruning]]`` to an engine that prunes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.layers import PrunableLayer, prunable_layers
from coevo.networks import untouched_generator
from coevo.pruning.gauge import Gauge
from coevo.pruning.gauges import Gauges
from coevo.pruning.observer import Observer
from coevo.pruning.operator import pruning_operator
from coevo.pruning.pruner import Pruner
from coevo.pruning.rule import PruningRule
from coevo.pruning.timing import pruning_timing
from coevo.pruning_table import PruningTable
from coevo.roles import ROLES, RoleName
from coevo.stacks import World, by_variant, naming_variant
from coevo.stream import TrainingRows
from coevo.user_code import Sources
from coevo.wiring import Link, links_between
from operators import OPERATORS, ScoringOperator

__all__ = ["with_pruning"]

_Layers: TypeAlias = Mapping[RoleName, tuple[PrunableLayer, ...]]


def with_pruning(
    engine: Engine, worlds: Sequence[World], test: TrainingRows, sources: Sources
) -> Engine:
    """Add to an engine what the experiments of its worlds say about pruning.

    Args:
        engine: complete but for that.
        worlds: their entries of ``[[pruning]]`` are used.
        test: the test rows, for entries that repeat published runs which read them.
        sources: for operators and schedules of the user's own.

    Raises:
        CoevoError: code cannot be loaded or does not do what it should; a layer is not there;
            there are too few rows.
    """
    if not any(world.experiment.pruning for world in worlds):
        return engine
    builds, size = _builds(engine), engine.grid.cells_per_world
    networks = engine.networks
    layers: _Layers = {
        "encoder": prunable_layers(builds["encoder"], networks.shape("input")),
        "decoder": prunable_layers(builds["decoder"], networks.shape("code")),
    }
    common = _Common(
        layers,
        worlds[0].experiment.generations,
        engine.grid.neighbors.shape[1],
        sources,
        torch.empty(0, dtype=engine.dtype, device=engine.seeds.device),
    )
    variants = [
        (world, slice(found.start * size, found.stop * size), tuple(common.rules(world)))
        for world, found in by_variant(worlds)
    ]
    single: _Layers = {role: tuple(filter(_single, own)) for role, own in layers.items()}
    pruner = Pruner(
        rules=tuple(
            rule if len(variants) == 1 else replace(rule, cells=cells)
            for _, cells, rules in variants
            for rule in rules
        ),
        networks=engine.networks,
        observers={role: Observer(builds[role], single[role]) for role in ROLES},
        task=engine.task,
        rows={"training": engine.training, "test": test},
        world_of=np.arange(engine.grid.cells) // engine.grid.cells_per_world,
        cell_key=engine.cell_key,
        host_key=engine.cell_key.to("cpu"),
        world_key=engine.world_key,
        cells_per_chunk=engine.cells_per_chunk,
    )
    counted = _Counted.of(builds, single)
    gauges = [(counted.gauge(rules), cells.stop - cells.start) for _, cells, rules in variants]
    return replace(engine, pruner=pruner, gauge=Gauges(tuple(gauges)))


def _builds(engine: Engine) -> Mapping[RoleName, Callable[[], nn.Module]]:
    networks = engine.networks
    return {"encoder": networks.encoder.build, "decoder": networks.decoder.build}


def _single(layer: PrunableLayer) -> bool:
    """Whether a layer has its weights for itself and is called once."""
    return layer.calls == 1 and not layer.shared


@dataclass(frozen=True)
class _Counted:
    """What the gauges of all variants have in common; attributes as in `Gauge`."""

    layers: _Layers
    links: Sequence[Link | None]
    parameters: Mapping[RoleName, int]

    @staticmethod
    def of(builds: Mapping[RoleName, Callable[[], nn.Module]], layers: _Layers) -> _Counted:
        """Look at the modules of an architecture."""
        with untouched_generator():
            modules = {role: builds[role]() for role in ROLES}
        links = links_between([modules[role] for role in ROLES], [layers[role] for role in ROLES])
        parameters: dict[RoleName, int] = {
            role: sum(weight.numel() for weight in modules[role].parameters()) for role in ROLES
        }
        return _Counted(layers, links, parameters)

    def gauge(self, rules: Sequence[PruningRule]) -> Gauge:
        """Of networks that some rules prune."""
        soft, hard = ([r for r in rules if r.masks == kind] for kind in ("soft", "hard"))
        return Gauge(
            layers=self.layers,
            links=self.links,
            prunable={role: _names(rules, role) for role in ROLES},
            soft={role: _names(soft, role) for role in ROLES},
            hard={role: _names(hard, role) for role in ROLES},
            parameters=self.parameters,
        )


def _names(rules: Iterable[PruningRule], role: RoleName) -> frozenset[str]:
    return frozenset(name for rule in rules for name in rule.names(role))


@dataclass(frozen=True)
class _Common:
    """What all entries have in common.

    Attributes:
        layers: of both roles.
        generations: of the run.
        neighbors: cells of a neighborhood.
        sources: for code of the user's own.
        kind: a tensor of the type and on the device of the weights.
    """

    layers: _Layers
    generations: int
    neighbors: int
    sources: Sources
    kind: Tensor

    def rules(self, world: World) -> Iterator[PruningRule]:
        """What the entries of a variant say."""
        with naming_variant(world.variant):
            for number, entry in enumerate(world.experiment.pruning):
                rule = self._rule(entry, f"pruning[{number}]")
                yield replace(rule, number=number)

    def _rule(self, entry: PruningTable, key: str) -> PruningRule:
        """What an entry says; ``key`` is where it stands."""
        operator = pruning_operator(entry, key, self.sources, self.kind)
        return PruningRule(
            operator=operator,
            layers={r: _layers(entry, key, r, self.layers) for r in ROLES if r in entry.roles},
            timing=pruning_timing(
                entry, key, self.generations, self.neighbors, self.sources, exact=operator.exact
            ),
            scope=entry.scope,
            structure=entry.structure,
            masks=entry.masks,
            bias=entry.bias,
            rows=entry.rows,
            cases=entry.cases,
            activations=entry.activations,
            regrow=None if entry.regrow == "none" else entry.regrow,
            bears_nan=entry.operator in OPERATORS and isinstance(operator, ScoringOperator),
        )


def _layers(
    entry: PruningTable,
    key: str,
    role: RoleName,
    layers: _Layers,
) -> tuple[PrunableLayer, ...]:
    """The layers of one role that an entry is about."""
    known = {layer.name: layer for layer in layers[role]}
    single = list(filter(_single, layers[role]))
    if entry.layers is None:
        used_twice = [layer.name for layer in layers[role] if layer not in single]
        if used_twice:
            raise CoevoError(
                f"{key}.layers: layer {used_twice[0]!r} of the {role} is used more than once, and "
                f"cannot be pruned; name the layers to prune, from {_listed(single)}"
            )
        # Units of the last layer are the outputs themselves.
        chosen = single[:-1] if entry.structure == "unit" and role == "decoder" else single
    else:
        everywhere = {layer.name for own in layers.values() for layer in own}
        for number, name in enumerate(entry.layers):
            if name not in everywhere:
                both = ", ".join(f"{r}: {_listed(layers[r])}" for r in ROLES)
                raise CoevoError(
                    f"{key}.layers[{number}]: {name!r} is not a layer with weights to prune; "
                    f"there are {both}"
                )
            if name in known and known[name] not in single:
                raise CoevoError(
                    f"{key}.layers[{number}]: layer {name!r} of the {role} is used more than once, "
                    "and cannot be pruned; remove it"
                )
        chosen = [layer for layer in single if layer.name in entry.layers]
    if not chosen:
        raise CoevoError(
            f"{key}.roles: the {role} has no layer to prune"
            f"{' that layers names' if entry.layers else ''}; remove {role!r}"
        )
    return tuple(chosen)


def _listed(layers: Iterable[PrunableLayer]) -> str:
    return ", ".join(repr(layer.name) for layer in layers) or "none"
