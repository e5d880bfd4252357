"""Trials depend neither on chunks, nor on the worlds that a world is stacked with."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from coevo.optimizers.differential_evolution import CellRules
from tests.equivalence.agreement import assert_bitwise, assert_measures_bitwise
from tests.equivalence.cases import run
from tests.equivalence.evolved import BASE, SETTINGS, evolving
from tests.equivalence.test_stacking import assert_same_cells, cells_of

settings_of = pytest.mark.parametrize("name", SETTINGS)
EVERYTHING = slice(None)
GENERATIONS = 3  # what is learned from the first is used in the third


def assert_chunks_change_nothing(name: str, size: int, seeds: tuple[int, ...]) -> None:
    case = replace(BASE, seeds=seeds)
    whole, cut = (
        run(evolving(SETTINGS[name], case, **changes), GENERATIONS)
        for changes in ({}, {"cells_per_chunk": size})
    )
    for one, other in zip(whole, cut, strict=True):
        assert_same_cells(cells_of(*other, EVERYTHING), cells_of(*one, EVERYTHING))


@settings_of
def test_chunks_change_nothing(name: str) -> None:
    assert_chunks_change_nothing(name, 7, (5, 6))


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", ["as given", "sade, learns from neighbors"])
def test_small_chunks_change_nothing_either(name: str, size: int) -> None:
    assert_chunks_change_nothing(name, size, (5,))


def test_cells_that_took_different_numbers_of_steps_are_no_matter_of_chunks() -> None:
    """In the last generation all take steps, of which some have taken fewer before."""
    rules = CellRules(every=2, fallback="gradient", spread=0.0, roles="pair")
    between = run(evolving(rules), 2)[-1][1]["de_spread"].median()
    rules = replace(rules, spread=float(between))
    whole, cut = (run(evolving(rules, **changes), 3) for changes in ({}, {"cells_per_chunk": 1}))
    steps = whole[-1][0].optimizer.cell["encoder/steps"]
    assert steps.amin() < steps.amax()
    assert_same_cells(cells_of(*cut[-1], EVERYTHING), cells_of(*whole[-1], EVERYTHING))


@settings_of
def test_a_world_computes_the_same_alone_and_in_a_stack(name: str) -> None:
    case = replace(BASE, seeds=(5, 1 << 60, 9))
    stacked = run(evolving(SETTINGS[name], case), GENERATIONS)
    for place in (0, 2):
        alone = run(evolving(SETTINGS[name], replace(case, seeds=(case.seeds[place],))))
        for one, other in zip(stacked, alone, strict=True):
            cells = slice(9 * place, 9 * place + 9)
            assert_same_cells(cells_of(*one, cells), cells_of(*other, EVERYTHING))


@pytest.mark.parametrize("name", ["as given", "gradient steps where no trials"])
def test_the_same_packing_repeats_bit_for_bit(name: str) -> None:
    case = replace(BASE, dtype=torch.float32, cells_per_chunk=7)
    once, again = (run(evolving(SETTINGS[name], case), GENERATIONS) for _ in range(2))
    for one, other in zip(once, again, strict=True):
        assert_bitwise(one[0], other[0])
        assert_measures_bitwise(one[1], other[1])


def test_worlds_of_one_seed_are_twins_and_others_are_not() -> None:
    case = replace(BASE, seeds=(6, 2, 6))
    state, measures = run(evolving(SETTINGS["as given"], case), 2)[-1]
    first, second, third = (cells_of(state, measures, slice(i, i + 9)) for i in (0, 9, 18))
    assert_same_cells(first, third)
    memory = "cell/de/scale_memory"
    assert not torch.isclose(first["optimizer"][memory], second["optimizer"][memory]).all()


@pytest.mark.parametrize("name", ["as given", "sade, learns from neighbors"])
def test_a_world_that_stops_leaves_the_others_as_they_are(name: str) -> None:
    engine = evolving(SETTINGS[name], replace(BASE, seeds=(5, 6, 7)))
    healthy = run(engine, 2)[-1][0]
    weights = {n: w.clone() for n, w in healthy.decoders.weights.items()}
    next(iter(weights.values()))[9:18] = torch.nan
    ill = replace(healthy, decoders=replace(healthy.decoders, weights=weights))
    well_after, well_measures = engine.advance(healthy)
    ill_after, ill_measures = engine.advance(ill)
    assert ill_after.running.tolist() == [True] * 9 + [False] * 9 + [True] * 9
    for cells in (slice(0, 9), slice(18, 27)):
        found, expected = (
            cells_of(state, measures, cells)
            for state, measures in ((ill_after, ill_measures), (well_after, well_measures))
        )
        for shard, named in expected.items():
            assert_close(found[shard], named, rtol=0, atol=0, equal_nan=True)
    stopped = slice(9, 18)
    before, after = (cells_of(state, {}, stopped) for state in (ill, ill_after))
    for path, tensor in before["optimizer"].items():
        assert torch.equal(after["optimizer"][path], tensor), path
