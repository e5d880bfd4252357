"""A world's results do not depend on the variants that it is stacked with (contract C1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor
from torch.testing import assert_close

from coevo.assemble import assemble_worlds
from coevo.engine import Engine, Measures
from coevo.population import Population
from coevo.roles import RoleName
from coevo.stacks import World, shape_of
from coevo.state import GridState
from tests.equivalence.agreement import TOLERANCE, assert_bitwise, assert_measures_bitwise
from tests.equivalence.cases import run
from tests.equivalence.entries import ROOT
from tests.equivalence.variant_kinds import (
    CELLS,
    GENERATIONS,
    KINDS,
    SHARED,
    Kind,
    any_groups,
    rates,
    with_tables,
)

# Every way in which the cells of a stack could be mixed up; the first with all variants.
STACKS: Mapping[str, dict[str, dict[str, Any]]] = {
    "persist": {"optimizer": {"moments": "persist", "steps": 2}},
    "migrate if better in chunks of 3": {
        "optimizer": {"moments": "migrate"},
        "selection": {"replacement": "if_better", "evaluation_batch_per": "cell"},
        "engine": {"cells_per_chunk": 3},
    },
    "reset, whole neighborhoods": {
        "optimizer": {"moments": "reset", "pairings": "all", "algorithm": "sgd"},
        "data": {"order_per": "world", "subset": 0.8, "subset_per": "cell"},
    },
    "clones in chunks of 5": {
        "optimizer": {"moments": "migrate", "pairings": "opponents_trained"},
        "selection": {"pairing": "independent"},
        "engine": {"cells_per_chunk": 5},
    },
    "copies of ancestors, isolated at first, in chunks of 3": {
        "start": {"ancestor_generations": 2, "isolated_generations": 1},
        "optimizer": {"weight_decay": 0.1, "weight_decay_spread": 4.0},
        "engine": {"cells_per_chunk": 3},
    },
    "differential evolution if better, in chunks of 3": {
        "start": {"ancestor_generations": 2, "isolated_generations": 1},
        "grid": {"neighborhood": "moore"},
        "optimizer": {"kind": "de", "learning_rate_spread": 4.0},
        "de": {"gate": 5.0, "credit": "gain", "learning_period": 1},
        "selection": {"replacement": "if_better"},
        "engine": {"cells_per_chunk": 3},
    },
}
FEW = ("none", "decaying", "blend", "drop_last", "soft", "units", "regrowing", "two entries")


def engine_of(worlds: Sequence[World]) -> Engine:
    return assemble_worlds(worlds, "cpu", search=(ROOT,)).engine


def ran(
    worlds: Sequence[World], generations: int = GENERATIONS
) -> list[tuple[GridState, Measures]]:
    """States and measures of a stack, generation by generation."""
    return run(engine_of(worlds), generations)


def of_cells(tensors: Mapping[str, Tensor], cells: slice) -> dict[str, Tensor]:
    return {name: tensor[cells] for name, tensor in tensors.items()}


def assert_same_worlds(
    stacked: tuple[GridState, Measures], cells: slice, alone: tuple[GridState, Measures]
) -> None:
    """Some cells of a stack are those of worlds that ran without the others.

    Choices, events, masks and counts are identical, floats agree. Beyond what the worlds have
    alone, the stack has nothing about them.
    """
    for shard, own in alone[0].shards().items():
        found = of_cells(stacked[0].shards()[shard], cells)
        for name in found.keys() - own.keys():
            kind = name.partition("/")[0]
            assert kind in ("masks", "origins"), name
            assert kind == "origins" or bool(found[name].all()), name
        _assert_same(shard, {name: found[name] for name in own}, own)
    found = of_cells(stacked[1], cells)
    _assert_same("measures", {name: found[name] for name in alone[1]}, alone[1])
    for name in found.keys() - alone[1].keys():
        if "_sparsity" in name:
            assert found[name].isnan().all(), name
        elif name == "pruning_events" or name.endswith("_dead_units"):
            assert not found[name].any(), name
        else:
            assert name.endswith(("_parameters", "_multiply_adds")), name
            assert len(set(found[name].tolist())) == 1, name


def _assert_same(what: str, found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, f"{what}: {name}"
        if torch.equal(found[name], tensor):  # the rule, and much faster
            continue
        assert_close(
            found[name],
            tensor,
            rtol=TOLERANCE,
            atol=TOLERANCE,
            equal_nan=True,
            msg=lambda text, name=name: f"{what}: {name}: {text}",
        )


def assert_as_alone(groups: Sequence[list[World]], generations: int = GENERATIONS) -> None:
    """Stack the worlds of several variants, and compare each variant with itself alone."""
    assert len({shape_of(worlds[0].experiment) for worlds in groups}) == 1
    stacked = ran([world for worlds in groups for world in worlds], generations)
    first = 0
    for worlds in groups:
        last = first + CELLS * len(worlds)
        for whole, alone in zip(stacked, ran(worlds, generations), strict=True):
            assert_same_worlds(whole, slice(first, last), alone)
        first = last


@pytest.mark.parametrize("name", STACKS)
def test_variants_of_all_kinds_in_one_stack_are_what_they_are_alone(name: str) -> None:
    shared, few = with_tables(STACKS[name]), name != "persist"
    chosen = enumerate(FEW if few else KINDS)
    groups = [KINDS[kind].worlds(kind, shared, (7 + place,)) for place, kind in chosen]
    assert_as_alone(groups)


def test_the_order_of_variants_in_the_stack_does_not_matter() -> None:
    chosen = ("regrowing", "none", "units", "soft", "two entries", "drop_last", "decaying")
    worlds = [world for name in chosen for world in KINDS[name].worlds(name, SHARED, (1, 1 << 40))]
    forward, backward = ran(worlds), ran(worlds[::-1])
    for one, other in zip(forward, backward, strict=True):
        for place in range(len(worlds)):
            here = slice(CELLS * place, CELLS * (place + 1))
            there = slice(CELLS * (len(worlds) - place - 1), CELLS * (len(worlds) - place))
            for shard, tensors in one[0].shards().items():
                found = of_cells(other[0].shards()[shard], there)
                _assert_same(shard, found, of_cells(tensors, here))
            _assert_same("measures", of_cells(other[1], there), of_cells(one[1], here))


def test_variants_of_one_stack_differ_and_those_that_are_equal_do_not() -> None:
    """The comparisons above would hold as well if nothing that variants say were used."""
    groups = [kind.worlds(name, SHARED, (3,)) for name, kind in KINDS.items()]
    groups += [KINDS["regrowing"].worlds("again", SHARED, (3,))]
    state, measures = ran([world for worlds in groups for world in worlds])[-1]
    seen: dict[bytes, str] = {}
    for place, (world, *_) in enumerate(groups):
        cells = slice(CELLS * place, CELLS * (place + 1))
        weights = [w[cells].numpy().tobytes() for w in state.encoders.weights.values()]
        weights += [w[cells].numpy().tobytes() for w in state.decoders.weights.values()]
        rates = measures["learning_rate"][cells].numpy().tobytes()
        before = seen.setdefault(b"".join([*weights, rates]), world.variant)
        assert before == ("regrowing" if world.variant == "again" else world.variant)


def with_zeros(state: GridState) -> dict[RoleName, Population]:
    """The networks of all cells, with weights that are zero though nothing has removed them."""
    pair: dict[RoleName, Population] = {"encoder": state.encoders, "decoder": state.decoders}
    for population in pair.values():
        for weight in population.weights.values():
            weight[:, ::3] = 0.0
    return pair


def test_zeros_that_no_mask_is_about_are_counted_as_alone() -> None:
    """A network can have masks for the sake of other variants, which say nothing about it."""
    kinds = {name: kind for name, kind in KINDS.items() if kind.pruning}
    groups = [kind.worlds(name, SHARED, (3,)) for name, kind in kinds.items()]
    engine = engine_of([world for worlds in groups for world in worlds])
    assert engine.gauge is not None
    stacked = engine.gauge.measures(with_zeros(engine.init()))
    for place, worlds in enumerate(groups):
        alone = engine_of(worlds)
        assert alone.gauge is not None
        expected = alone.gauge.measures(with_zeros(alone.init()))
        cells = slice(CELLS * place, CELLS * (place + 1))
        found = of_cells(stacked, cells)
        _assert_same(worlds[0].variant, {name: found[name] for name in expected}, expected)


def test_the_same_stack_repeats_bit_for_bit() -> None:
    shared = {**SHARED, "dtype": "float32", "engine": {"cells_per_chunk": 3}}
    worlds = [world for name in ("regrowing", "none", "soft", "blend", "walking")
              for world in KINDS[name].worlds(name, shared, (1, 2))]  # fmt: skip
    for one, other in zip(ran(worlds), ran(worlds), strict=True):
        assert_bitwise(one[0], other[0])
        assert_measures_bitwise(one[1], other[1])


def test_a_world_that_stops_leaves_the_other_variants_bitwise_as_they_are() -> None:
    sound = rates(start=0.01, maximum=1e300)
    kinds = {name: KINDS[name] for name in ("none", "regrowing", "units", "careful", "soft")}
    before = [
        world
        for name, kind in {**kinds, "wild": Kind(KINDS["blend"].pruning, sound)}.items()
        for world in kind.worlds(name, SHARED, (1, 2))
    ]
    wild = Kind(KINDS["blend"].pruning, rates(start=1e300, maximum=1e300))
    after = [*before[:-2], *wild.worlds("wild", SHARED, (1, 2))]
    cells = slice(0, CELLS * (len(before) - 2))
    for one, other in zip(ran(before), ran(after), strict=True):
        assert one[1]["running"].all()
        assert_measures_bitwise(of_cells(one[1], cells), of_cells(other[1], cells))
    assert other[1]["running"].tolist() == [True] * cells.stop + [False] * 2 * CELLS
    for shard, tensors in one[0].shards().items():
        found = other[0].shards()[shard]
        for name, tensor in tensors.items():
            assert torch.equal(tensor[cells], found[name][cells]), f"{shard}/{name}"


@settings(max_examples=30)
@given(groups=any_groups())
def test_any_variants_are_what_they_are_alone(groups: list[list[World]]) -> None:
    assert_as_alone(groups, generations=2)
