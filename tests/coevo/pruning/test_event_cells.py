"""Events happen in cells by chance, by each cell's own."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo.pruning.events import event_cells
from coevo.random import Key, uniform

CELLS = 4000


def key(generation: int = 0, *, cells: int = CELLS, seed: int = 7) -> Key:
    seeds = torch.full((cells,), seed)
    return Key.for_cells(seeds, torch.arange(cells)).at(generation).of("event")


def test_certain_and_impossible_events() -> None:
    assert event_cells(key(), 1.0).tolist() == list(range(CELLS))
    assert event_cells(key(), 0.0).tolist() == []
    assert event_cells(key(cells=0), 1.0).tolist() == []


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_events_happen_with_their_probability(probability: float) -> None:
    deviation = sqrt(probability * (1 - probability) / CELLS)
    for generation in range(3):
        found = event_cells(key(generation), probability)
        assert abs(len(found) / CELLS - probability) < 4 * deviation
        assert (found[1:] > found[:-1]).all()


def test_generations_are_independent() -> None:
    # Of two events with 1/2 each, both happen in a quarter of the cells: deviation 0.007.
    one, other = (set(event_cells(key(generation), 0.5).tolist()) for generation in (3, 4))
    assert abs(len(one & other) / CELLS - 0.25) < 0.03


@given(probability=st.floats(0, 1), generation=st.integers(0, 1000))
def test_it_is_a_draw_below_the_probability(probability: float, generation: int) -> None:
    own = key(generation, cells=50)
    drawn = uniform(own, ()).tolist()
    assert event_cells(own, probability).tolist() == [
        cell for cell, number in enumerate(drawn) if number < probability
    ]


@given(probability=st.floats(0, 1), start=st.integers(0, 40), count=st.integers(1, 10))
def test_a_cell_has_its_events_in_any_company(probability: float, start: int, count: int) -> None:
    own = key(cells=50)
    among_all = set(event_cells(own, probability).tolist())
    part = event_cells(own.select(slice(start, start + count)), probability) + start
    assert set(part.tolist()) == among_all & set(range(start, start + count))


@given(one=st.floats(0, 1), other=st.floats(0, 1))
def test_what_happens_at_a_low_probability_happens_at_a_high_one(one: float, other: float) -> None:
    low, high = sorted([one, other])
    own = key(cells=50)
    assert set(event_cells(own, low).tolist()) <= set(event_cells(own, high).tolist())
