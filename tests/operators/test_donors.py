"""Donors: never one that is taken, all different, every choice equally likely."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations, product
from math import perm

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from operators import distinct

BELOW_1 = 1.0 - 2.0**-53


@given(st.integers(1, 9), st.data())
def test_donors_differ_from_each_other_and_from_those_taken(
    candidates: int, data: st.DataObject
) -> None:
    taken = data.draw(st.permutations(range(candidates)))[: data.draw(st.integers(0, candidates))]
    count = data.draw(st.integers(0, candidates - len(taken)))
    drawn = st.floats(0, 1, exclude_max=True)
    fractions = data.draw(st.lists(drawn, min_size=count, max_size=count))
    if not count:
        return
    found = distinct(
        torch.tensor([fractions], dtype=torch.float64),
        candidates,
        torch.tensor([taken], dtype=torch.int64),
    )[0].tolist()
    assert len({*found, *taken}) == count + len(taken)
    assert all(0 <= number < candidates for number in found)


@pytest.mark.parametrize(("candidates", "excluded", "count"), [(5, 0, 3), (5, 1, 3), (6, 2, 4)])
def test_every_choice_is_equally_likely(candidates: int, excluded: int, count: int) -> None:
    """A grid of fractions whose cells are equally likely: each choice comes once, in any order."""
    left = [candidates - excluded - drawn for drawn in range(count)]
    grid = list(product(*([(k + 0.5) / n for k in range(n)] for n in left)))
    for taken in combinations(range(candidates), excluded):
        rows = torch.tensor(taken, dtype=torch.int64).expand(len(grid), -1)
        found = distinct(torch.tensor(grid, dtype=torch.float64), candidates, rows)
        others = [number for number in range(candidates) if number not in taken]
        expected = Counter(permutations(others, count))
        assert len(expected) == perm(len(others), count) == len(grid)
        assert Counter(map(tuple, found.tolist())) == expected


def test_the_order_of_those_taken_does_not_matter() -> None:
    fractions = torch.tensor([[0.1, 0.5, 0.9]]).double()
    found = [distinct(fractions, 7, torch.tensor([order])) for order in permutations([5, 0, 3])]
    assert all(torch.equal(one, found[0]) for one in found)


def test_nothing_taken_is_the_default() -> None:
    assert distinct(torch.tensor([[0.0, 0.0, 0.0]]), 3).tolist() == [[0, 1, 2]]


def test_each_row_has_its_own_number_of_candidates() -> None:
    # As where archives are filled differently.
    fractions = torch.full((3, 1), BELOW_1, dtype=torch.float64)
    taken = torch.tensor([[0, 1], [3, 8], [19, 18]])
    assert distinct(fractions, torch.tensor([3, 9, 20]), taken).tolist() == [[2], [7], [17]]


def test_leading_dimensions_are_kept() -> None:
    fractions = torch.linspace(0, 0.99, 24, dtype=torch.float64).view(2, 3, 4)
    taken = torch.tensor([[[0], [1], [2]], [[3], [4], [5]]])
    found = distinct(fractions, torch.tensor([[6, 7, 8], [9, 10, 11]]), taken)
    assert found.shape == (2, 3, 4)
    for i, j in product(range(2), range(3)):
        alone = distinct(fractions[i, j][None], 6 + 3 * i + j, taken[i, j][None])
        assert torch.equal(found[i, j], alone[0])


@pytest.mark.parametrize("fraction", [0.0, 0.5, BELOW_1])
def test_too_few_candidates_repeat_but_there_is_no_other(fraction: float) -> None:
    fractions = torch.full((1, 4), fraction, dtype=torch.float64)
    found = distinct(fractions, 2, torch.tensor([[1]]))[0]
    assert found[0] == 0
    assert ((found >= 0) & (found < 2)).all()
