"""Tournaments: the lowest value wins, of equal ones the first drawn, and NaN never."""

from __future__ import annotations

from math import inf, isnan, nan

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import tournament

# Few different values each, so that ties are common.
FINITE = (-1.0, -0.0, 0.0, 0.5)
POOLS = (FINITE, (0.5, inf, nan), (inf, nan), (-inf, 0.0, nan))


@st.composite
def tournaments(draw: st.DrawFn, *pools: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Values ``[cells, k]`` and entrants ``[cells, n]``."""
    pool = draw(st.sampled_from(pools or POOLS))
    cells, k, n = (draw(st.integers(1, most)) for most in (4, 5, 6))
    values = draw(st.lists(st.sampled_from(pool), min_size=cells * k, max_size=cells * k))
    drawn = draw(st.lists(st.integers(0, k - 1), min_size=cells * n, max_size=cells * n))
    return torch.tensor(values).view(cells, k), torch.tensor(drawn).view(cells, n)


def winner(values: list[float], entrants: list[int]) -> int:
    """The definition: go through the entrants in the order drawn, and keep the better one."""
    chosen = entrants[0]
    for challenger in entrants[1:]:
        better = values[challenger] < values[chosen]
        if better or (isnan(values[chosen]) and not isnan(values[challenger])):
            chosen = challenger
    return chosen


def test_known_answers() -> None:
    values = torch.tensor([[0.3, 0.1, 0.2], [0.3, 0.1, 0.2]])
    assert tournament(values, torch.tensor([[2, 0], [0, 1]])).tolist() == [2, 1]
    assert tournament(values, torch.tensor([[0], [2]])).tolist() == [0, 2]


def test_of_equal_values_the_first_drawn_wins() -> None:
    values = torch.tensor([[1.0, 0.0, 0.0, 0.0]]).expand(3, 4)
    entrants = torch.tensor([[0, 3, 1, 2], [2, 1, 3, 1], [0, 0, 1, 3]])
    assert tournament(values, entrants).tolist() == [3, 2, 1]


def test_nan_wins_only_against_itself() -> None:
    values = torch.tensor([[nan, 1e30, inf, nan]])
    for entrants, expected in (([0, 1], 1), ([1, 0], 1), ([0, 2], 2), ([0, 3], 0), ([3], 3)):
        assert tournament(values, torch.tensor([entrants])).tolist() == [expected]


@given(drawn=tournaments())
def test_it_is_the_plain_definition_for_every_cell(drawn: tuple[Tensor, Tensor]) -> None:
    values, entrants = drawn
    expected = [winner(*pair) for pair in zip(values.tolist(), entrants.tolist(), strict=True)]
    assert tournament(values, entrants).tolist() == expected


@given(drawn=tournaments())
def test_the_winner_was_drawn_and_nothing_drawn_is_lower(drawn: tuple[Tensor, Tensor]) -> None:
    values, entrants = drawn
    won = tournament(values, entrants)
    assert won.dtype == torch.int64
    for row, entered, slot in zip(values, entrants.tolist(), won.tolist(), strict=True):
        assert slot in entered
        assert not any(row[other] < row[slot] for other in entered)


@given(drawn=tournaments(), data=st.data())
def test_cells_are_treated_alike(drawn: tuple[Tensor, Tensor], data: st.DataObject) -> None:
    values, entrants = drawn
    ids = data.draw(st.lists(st.integers(0, len(values) - 1), min_size=1))
    assert torch.equal(tournament(values[ids], entrants[ids]), tournament(values, entrants)[ids])


@given(drawn=tournaments(FINITE))
def test_doubling_values_changes_no_winner(drawn: tuple[Tensor, Tensor]) -> None:
    values, entrants = drawn
    assert torch.equal(tournament(2 * values, entrants), tournament(values, entrants))


@given(drawn=tournaments())
def test_inputs_are_left_alone(drawn: tuple[Tensor, Tensor]) -> None:
    values, entrants = drawn
    before = values.clone(), entrants.clone()
    tournament(values, entrants)
    assert torch.equal(values.nan_to_num(nan=7.0), before[0].nan_to_num(nan=7.0))
    assert torch.equal(entrants, before[1])
