"""Binomial crossover: which groups cross, and how trials are put together."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo.random import Key, integers
from operators.crossover import CERTAIN, cross, crossed, halves, thresholds

NONE = -1
ALL = torch.arange(CERTAIN)[None]  # every number that is drawn


@given(st.floats(0, 1))
def test_a_group_crosses_with_the_chance_of_its_rate(rate: float) -> None:
    found = crossed(ALL, thresholds(torch.tensor([rate]).double()), torch.tensor([NONE]))
    assert abs(int(found.sum()) - rate * CERTAIN) <= 0.51


def test_a_rate_of_0_crosses_the_forced_group_alone_and_1_all() -> None:
    limits = thresholds(torch.tensor([0.0, 1.0]))
    found = crossed(ALL.expand(2, -1), limits, torch.tensor([3, 3]))
    assert found[0].nonzero().tolist() == [[3]]
    assert found[1].all()


@pytest.mark.parametrize("forced", [-5, -1, 4, 1 << 40])
def test_no_group_is_forced_that_is_elsewhere(forced: int) -> None:
    numbers = torch.zeros(1, 4, dtype=torch.int64)
    assert not crossed(numbers, torch.tensor([0]), torch.tensor([forced])).any()


def test_a_number_at_the_threshold_does_not_cross() -> None:
    numbers = torch.tensor([[6, 7, 8]])
    found = crossed(numbers, torch.tensor([7]), torch.tensor([NONE]))
    assert found.tolist() == [[True, False, False]]


def test_trials_have_rates_and_forced_groups_of_their_own() -> None:
    numbers = torch.tensor([[10, 20, 30]] * 3)
    found = crossed(numbers, torch.tensor([15, 25, 0]), torch.tensor([2, NONE, 0]))
    assert found.tolist() == [[True, False, True], [True, True, False], [True, False, False]]


@given(st.integers(0, 2**40), st.integers(1, 9))
def test_halves_make_up_the_words(seed: int, count: int) -> None:
    key = Key.for_worlds(torch.tensor([seed, seed + 1]))
    words = integers(key, (count,), 1 << 31) * 2 + 1
    found = halves(words)
    assert found.shape == (2, 2 * count)
    assert ((found >= 0) & (found < CERTAIN)).all()
    assert torch.equal(found[:, ::2] + CERTAIN * found[:, 1::2], words)


def test_a_trial_takes_whole_groups() -> None:
    targets, mutants = torch.zeros(2, 7), torch.arange(1.0, 8.0).expand(2, -1)
    which = torch.tensor([[True, False, True], [False, True, False]])
    found = cross(targets, mutants, which, group=3)
    assert found.tolist() == [[1, 2, 3, 0, 0, 0, 7], [0, 0, 0, 4, 5, 6, 0]]


def test_a_group_may_begin_in_front_of_the_genes() -> None:
    found = cross(
        torch.zeros(1, 4), torch.ones(1, 4), torch.tensor([[True, False]]), group=3, offset=2
    )
    assert found.tolist() == [[1, 0, 0, 0]]


@given(st.integers(1, 20), st.integers(1, 6), st.data())
def test_parts_put_together_are_the_whole(genes: int, group: int, data: st.DataObject) -> None:
    groups = -(-genes // group)
    flags = st.lists(st.booleans(), min_size=groups, max_size=groups)
    which = torch.tensor([data.draw(flags)])
    targets, mutants = torch.zeros(1, genes), torch.arange(1.0, genes + 1)[None]
    whole = cross(targets, mutants, which, group=group)
    start = data.draw(st.integers(0, genes - 1))
    part = cross(
        targets[:, start:],
        mutants[:, start:],
        which[:, start // group :],
        group=group,
        offset=start % group,
    )
    assert torch.equal(part, whole[:, start:])
    for gene in range(genes):
        source = mutants if which[0, gene // group] else targets
        assert whole[0, gene] == source[0, gene]
