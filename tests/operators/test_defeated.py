"""Archives take defeated parents: free places first, then random ones."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from coevo.random import Key, uniform
from operators import incoming, kept_places

NOBODY = -1


def one_by_one(defeated: list[bool], filled: int, fractions: list[float], places: int) -> list[int]:
    """The definition: parents come one after the other, each to a free or a random place."""
    entering = [NOBODY] * places
    for parent, (lost, fraction) in enumerate(zip(defeated, fractions, strict=True)):
        if lost:
            place = filled if filled < places else int(fraction * places)
            filled = min(filled + 1, places)
            entering[place] = parent
    return entering


def fractions(seed: int, populations: int, count: int) -> Tensor:
    return uniform(Key.for_worlds(torch.arange(populations) + seed), (count,), dtype=torch.float64)


@st.composite
def contests(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor, int]:
    """Who is defeated, places in use, fractions, places."""
    populations, members, places = (draw(st.integers(1, most)) for most in (3, 7, 6))
    flags = st.lists(st.booleans(), min_size=members, max_size=members)
    defeated = torch.tensor(draw(st.lists(flags, min_size=populations, max_size=populations)))
    some = st.lists(st.integers(0, places), min_size=populations, max_size=populations)
    drawn = fractions(draw(st.integers(0, 2**40)), populations, members)
    return defeated, torch.tensor(draw(some)), drawn, places


@given(contests())
def test_parents_enter_as_if_they_came_one_by_one(
    contest: tuple[Tensor, Tensor, Tensor, int],
) -> None:
    defeated, filled, drawn, places = contest
    expected = [
        one_by_one(lost, full, fraction, places)
        for lost, full, fraction in zip(
            defeated.tolist(), filled.tolist(), drawn.tolist(), strict=True
        )
    ]
    assert incoming(defeated, filled, drawn, places).tolist() == expected


def test_free_places_are_taken_in_order() -> None:
    defeated = torch.tensor([[False, True, True, False, True]])
    found = incoming(defeated, torch.tensor([1]), torch.zeros(1, 5), 6)
    assert found.tolist() == [[-1, 1, 2, 4, -1, -1]]


def test_a_full_archive_gives_random_places() -> None:
    defeated = torch.tensor([[True, False, True]])
    found = incoming(defeated, torch.tensor([4]), torch.tensor([[0.8, 0.0, 0.3]]), 4)
    assert found.tolist() == [[-1, 2, -1, 0]]


def test_nobody_enters_where_nobody_lost() -> None:
    found = incoming(
        torch.zeros(2, 3, dtype=torch.bool), torch.tensor([0, 2]), torch.zeros(2, 3), 2
    )
    assert found.tolist() == [[NOBODY, NOBODY]] * 2


@given(st.integers(0, 2**40), st.integers(1, 9), st.data())
def test_a_smaller_archive_keeps_what_is_in_use_first(
    seed: int, before: int, data: st.DataObject
) -> None:
    places = data.draw(st.integers(0, before))
    filled = data.draw(st.lists(st.integers(0, before), min_size=2, max_size=2))
    kept = kept_places(torch.tensor(filled), fractions(seed, 2, before), places)
    assert kept.shape == (2, places)
    for row, full in zip(kept.tolist(), filled, strict=True):
        assert len(set(row)) == places
        in_use = min(full, places)
        assert all(place < full for place in row[:in_use])
        assert all(place >= full for place in row[in_use:])


def test_which_are_kept_is_random() -> None:
    kept = kept_places(torch.tensor([3]), torch.tensor([[0.9, 0.2, 0.5, 0.1]]), 2)
    assert kept.tolist() == [[1, 2]]
