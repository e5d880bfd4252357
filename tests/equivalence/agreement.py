"""Compares the engine with the reference, number by number."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from coevo.cells import CellTensors
from coevo.engine import Engine, Measures
from coevo.population import Population
from coevo.state import GridState
from tests.equivalence.cases import Case, engine_of
from tests.equivalence.learners import Moments, Network
from tests.equivalence.reference import Center, Record, World, advance

TOLERANCE = 1e-9
# Counted by laws and by hand in the tests of coevo.pruning.gauge.
LEFT_TO_THE_GAUGE = ("_dead_units", "_parameters", "_multiply_adds")
TORCH_NAMES = {
    "first_moment": "exp_avg",
    "second_moment": "exp_avg_sq",
    "momentum": "momentum_buffer",
}


def with_own_rates(state: GridState) -> GridState:
    """Give every cell a learning rate of its own.

    Cells that share rate, batches and neighbors would train equal networks, whose ties are
    broken by the rounding of sums that are taken in another order.
    """
    rates = state.optimizer.cell["learning_rate"]
    spread = 1.0 + 0.05 * torch.arange(len(rates), dtype=rates.dtype)
    cell = {**state.optimizer.cell, "learning_rate": rates * spread}
    return replace(state, optimizer=replace(state.optimizer, cell=cell))


def worlds_of(case: Case, engine: Engine, state: GridState) -> list[World]:
    """Take a state of fresh moments apart into single modules."""
    size = case.rows * case.columns
    worlds = []
    for number, seed in enumerate(case.seeds):
        centers = []
        for cell in range(number * size, (number + 1) * size):
            rate = float(state.optimizer.cell["learning_rate"][cell])
            center = fresh_center(
                engine.networks.encoder.module(state.encoders, cell),
                engine.networks.decoder.module(state.decoders, cell),
                rate,
            )
            center.encoder.masks.update(masks_of(state.encoders, cell))
            center.decoder.masks.update(masks_of(state.decoders, cell))
            center.encoder.origins.update(origins_of(state.encoders, cell))
            center.decoder.origins.update(origins_of(state.decoders, cell))
            centers.append(center)
        worlds.append(World(seed, centers))
    return worlds


def fresh_center(encoder: nn.Module, decoder: nn.Module, learning_rate: float) -> Center:
    """A cell before the first generation."""
    return Center(Network(encoder), Network(decoder), learning_rate)


def masks_of(population: Population, cell: int) -> dict[str, Tensor]:
    return {name: mask[cell] for name, mask in population.masks.items()}


def origins_of(population: Population, cell: int) -> dict[str, Tensor]:
    return {name: weight[cell] for name, weight in population.origins.items()}


def assert_engine_agrees(
    case: Case, generations: int = 3, *, start: GridState | None = None
) -> None:
    """Run a case on both, and compare all that they compute after every generation."""
    engine = engine_of(case)
    state = start or with_own_rates(engine.init())
    worlds = worlds_of(case, engine, state)
    for generation in range(generations):
        state, measures = engine.advance(state)
        results = [advance(case, world, generation) for world in worlds]
        worlds = [world for world, _ in results]
        assert_states_agree(case, state, worlds)
        assert_measures_agree(measures, [record for _, records in results for record in records])


def assert_states_agree(case: Case, state: GridState, worlds: list[World]) -> None:
    centers = [center for world in worlds for center in world.centers]
    rates = torch.tensor([center.learning_rate for center in centers], dtype=torch.float64)
    _close("learning rate", state.optimizer.cell["learning_rate"], rates)
    size = case.rows * case.columns
    running = [world.running for world in worlds for _ in range(size)]
    assert state.running.tolist() == running
    for role in ("encoder", "decoder"):
        networks = [_network(center, role) for center in centers]
        population = state.encoders if role == "encoder" else state.decoders
        _assert_weights_agree(role, population, networks)
        _assert_moments_agree(role, state, networks)


def assert_measures_agree(measures: Measures, records: list[Record]) -> None:
    counted_elsewhere = {name for name in measures if name.endswith(LEFT_TO_THE_GAUGE)}
    assert set(measures) - counted_elsewhere == {"running", *records[0]}
    for name in records[0]:
        expected = torch.tensor([float(record[name]) for record in records], dtype=torch.float64)
        _close(name, measures[name].double(), expected)


def assert_bitwise(one: GridState, other: GridState) -> None:
    """Every tensor of two states is the same, bit for bit (NaN equals NaN)."""
    assert one.generation == other.generation
    for shard, tensors in one.shards().items():
        for name, tensor in tensors.items():
            same = torch.equal(_bits(tensor), _bits(other.shards()[shard][name]))
            assert same, f"{shard}/{name} differs"


def assert_measures_bitwise(one: Measures, other: Measures) -> None:
    assert set(one) == set(other)
    for name, values in one.items():
        assert torch.equal(_bits(values), _bits(other[name])), f"{name} differs"


def _assert_weights_agree(role: str, population: Population, networks: list[Network]) -> None:
    for name, weight in population.weights.items():
        expected = torch.stack([n.module.get_parameter(name).detach() for n in networks])
        _close(f"{role} {name}", weight, expected)
    _assert_same_names_agree(role, "masks", population, networks)
    _assert_same_names_agree(role, "origins", population, networks)
    for name, buffer in population.buffers.items():
        expected = torch.stack([n.module.get_buffer(name) for n in networks])
        _close(f"{role} {name}", buffer, expected)


def _assert_same_names_agree(
    role: str, part: str, population: Population, networks: list[Network]
) -> None:
    for name, tensor in getattr(population, part).items():
        expected = torch.stack([getattr(network, part)[name] for network in networks])
        _close(f"{role} {part} {name}", tensor, expected)
    for network in networks:
        assert set(getattr(network, part)) == set(getattr(population, part)), f"{role} {part}"


def _assert_moments_agree(role: str, state: GridState, networks: list[Network]) -> None:
    found = moments_of(state, role)
    if "steps" in found:
        assert found["steps"].tolist() == [network.moments.steps for network in networks]
    names = [name for name, _ in networks[0].module.named_parameters()]
    for path, moment in found.items():
        slot, _, name = path.partition("/")
        if slot == "steps":
            continue
        expected = [_moment(n.moments, names.index(name), TORCH_NAMES[slot]) for n in networks]
        zero = torch.zeros_like(moment[0])
        _close(f"{role} {path}", moment, torch.stack([zero if m is None else m for m in expected]))


def moments_of(state: GridState, role: str) -> CellTensors:
    """The moments of one role under names without the role, wherever the state keeps them."""
    own = state.optimizer.encoder if role == "encoder" else state.optimizer.decoder
    prefix = f"{role}/"
    cell = {
        name.removeprefix(prefix): tensor
        for name, tensor in state.optimizer.cell.items()
        if name.startswith(prefix)
    }
    return {**own, **cell}


def _moment(moments: Moments, position: int, name: str) -> Tensor | None:
    found: Tensor | None = moments.state.get(position, {}).get(name)
    return found


def _network(center: Center, role: str) -> Network:
    return center.encoder if role == "encoder" else center.decoder


def _bits(tensor: Tensor) -> Tensor:
    if not tensor.is_floating_point():
        return tensor
    return tensor.contiguous().view(torch.int64 if tensor.dtype == torch.float64 else torch.int32)


def _close(name: str, found: Tensor, expected: Tensor) -> None:
    assert_close(
        found,
        expected,
        rtol=TOLERANCE,
        atol=TOLERANCE,
        equal_nan=True,
        msg=lambda text: f"{name}: {text}",
    )
