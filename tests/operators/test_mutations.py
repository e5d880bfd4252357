"""Mutation strategies: each worked out by hand, and what holds for all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from coevo.random import Key, integers, permutation, uniform
from operators import STRATEGIES, Parents, combine, trigonometric_coefficients
from operators.mutations import mean_of_random, soup, weighted_current_to_pbest_1
from tests.operators.small_parents import MEMBERS, PARENTS, mutant, mutants, recipe_of

NAMES = list(STRATEGIES)
ARCHIVED = 3  # genomes of an archive


def drawn(seed: int, purpose: str, shape: tuple[int, ...]) -> Tensor:
    """Numbers in [-1, 1)."""
    key = Key.for_worlds(torch.tensor([seed])).of(purpose)
    return uniform(key, shape, low=-1.0, high=1.0, dtype=torch.float64)[0]


def drawn_parents(seed: int, members: int) -> Parents:
    """Parents of as many trials as there are members."""
    key = Key.for_cells(torch.full((members,), seed), torch.arange(members))
    order = permutation(key.of("donors"), members - 1)[:, :5]
    own = torch.arange(members).unsqueeze(1)
    others = order + (order >= own)
    return Parents(
        best=torch.full((members,), 1),
        pbest=integers(key.of("pbest"), (), members),
        drawn=others,
        outsider=integers(key.of("outsider"), (), members + ARCHIVED),
        losses=uniform(key.of("losses"), (5,), dtype=torch.float64),
        ranked=torch.tensor([1, 0, 2]).expand(members, -1),
        share=uniform(key.of("share"), (), dtype=torch.float64),
    )


def test_rand_1() -> None:
    assert mutant(recipe_of("rand_1")) == [8 + 0.5 * (16 - 32), -10 + 0.5 * (30 - 40)]


def test_rand_2() -> None:
    one, two = 8 + 0.5 * (16 - 32), -10 + 0.5 * (30 - 40)
    assert mutant(recipe_of("rand_2")) == [one + 0.5 * (2 - 4), two + 0.5 * (20 - 0)]


def test_best_1() -> None:
    assert mutant(recipe_of("best_1")) == [4 + 0.5 * (8 - 16), 0 + 0.5 * (-10 - 30)]


def test_rand_to_best_2_starts_at_the_target() -> None:
    one = 1 + 0.5 * (4 - 1) + 0.5 * (8 - 16) + 0.5 * (32 - 2)
    two = 10 + 0.5 * (0 - 10) + 0.5 * (-10 - 30) + 0.5 * (40 - 20)
    assert mutant(recipe_of("rand_to_best_2")) == [one, two]


def test_current_to_rand_1_goes_a_random_share_of_the_way() -> None:
    one = 1 + 0.25 * (32 - 1) + 0.5 * (8 - 16)
    two = 10 + 0.25 * (40 - 10) + 0.5 * (-10 - 30)
    assert mutant(recipe_of("current_to_rand_1")) == [one, two]


def test_current_to_pbest_1_takes_its_outsider_from_the_archive() -> None:
    one = 1 + 0.5 * (2 - 1) + 0.5 * (8 - 64)
    two = 10 + 0.5 * (20 - 10) + 0.5 * (-10 - 100)
    assert mutant(recipe_of("current_to_pbest_1")) == [one, two]


def test_an_outsider_may_be_a_member() -> None:
    parents = replace(PARENTS, outsider=torch.tensor([4]))
    one = 1 + 0.5 * (2 - 1) + 0.5 * (8 - 16)
    two = 10 + 0.5 * (20 - 10) + 0.5 * (-10 - 30)
    assert mutant(recipe_of("current_to_pbest_1", parents)) == [one, two]


def test_jso_weighs_the_pull_alone() -> None:
    recipe = weighted_current_to_pbest_1(PARENTS, torch.tensor([0.5]).double(), pull=1.2)
    one = 1 + 0.6 * (2 - 1) + 0.5 * (8 - 64)
    two = 10 + 0.6 * (20 - 10) + 0.5 * (-10 - 100)
    assert mutant(recipe) == pytest.approx([one, two])


def test_trigonometric() -> None:
    # Losses 1, 2, 1: shares 1/4, 1/2, 1/4, so 7/12, -1/6, 7/12 of 8, 16, 32 and of -10, 30, 40.
    assert mutant(recipe_of("trigonometric")) == pytest.approx([248 / 12, 12.5])


def test_trigonometric_has_no_scale() -> None:
    assert mutant(recipe_of("trigonometric", scale=0.1)) == mutant(recipe_of("trigonometric"))


def test_mean() -> None:
    assert mutant(recipe_of("mean")) == pytest.approx([56 / 3, 20.0])
    assert mutant(mean_of_random(PARENTS, PARENTS.share, k=2)) == [12.0, 10.0]


def test_soup_is_the_mean_of_the_best() -> None:
    assert mutant(recipe_of("soup")) == pytest.approx([14 / 3, 10 / 3])
    assert mutant(soup(PARENTS, PARENTS.share, k=1)) == MEMBERS[2].tolist()
    assert mutant(soup(PARENTS, PARENTS.share, k=2)) == [3.0, 10.0]


def test_a_soup_of_more_than_there_are_is_of_all() -> None:
    assert mutant(soup(PARENTS, PARENTS.share, k=9)) == mutant(recipe_of("soup"))


def test_what_is_crossed_with_the_target() -> None:
    # SaDE's fourth strategy is rotation-invariant for want of crossover; a soup stays whole.
    assert [name for name in NAMES if not STRATEGIES[name].crosses] == ["current_to_rand_1", "soup"]


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_reads_no_more_donors_than_it_says(name: str) -> None:
    fewer = replace(PARENTS, drawn=PARENTS.drawn[:, : STRATEGIES[name].donors])
    assert mutant(recipe_of(name, fewer)) == mutant(recipe_of(name))


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**40), members=st.integers(6, 9), genes=st.integers(1, 4))
def test_mutants_move_with_the_genomes(name: str, seed: int, members: int, genes: int) -> None:
    """Affine invariance: genomes x A + b have mutants v A + b, for any matrix A."""
    recipe = recipe_of(name, drawn_parents(seed, members), scale=0.7)
    genomes = drawn(seed, "genomes", (members + ARCHIVED, genes))
    matrix, shift = drawn(seed, "matrix", (genes, genes)), drawn(seed, "shift", (genes,))
    matrix, shift = 3.0 * matrix, 5.0 * shift
    moved = mutants(recipe, genomes @ matrix + shift, members)
    assert_close(moved, mutants(recipe, genomes, members) @ matrix + shift, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**40), alike=st.floats(-100, 100))
def test_genomes_that_are_all_alike_have_no_other_mutants(
    name: str, seed: int, alike: float
) -> None:
    genomes = torch.full((6 + ARCHIVED, 2), alike, dtype=torch.float64)
    made = mutants(recipe_of(name, drawn_parents(seed, 6)), genomes, 6)
    assert torch.equal(made, genomes[:6])


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**40))
def test_trials_are_made_by_themselves(name: str, seed: int) -> None:
    recipe = recipe_of(name, drawn_parents(seed, 7))
    genomes = drawn(seed, "genomes", (7 + ARCHIVED, 3))
    members, archive = genomes[:7], genomes[7:]
    whole = mutants(recipe, genomes, 7)
    for i in range(7):
        alone = combine(members[i : i + 1], members, archive, recipe.select(slice(i, i + 1)))
        assert torch.equal(alone[0], whole[i])


def test_equal_losses_make_a_plain_mean() -> None:
    losses = torch.tensor([[7.0, 7.0, 7.0], [0.0, 0.0, 0.0], [1e300, 1e300, 1e300]]).double()
    assert (trigonometric_coefficients(losses) == 1 / 3).all()
    assert (trigonometric_coefficients(torch.full((1, 3), 0.1)) == torch.tensor(1 / 3)).all()


def test_better_parents_may_count_more_than_once_and_worse_ones_less_than_nothing() -> None:
    # Shares 0.05, 0.1, 0.85, which is below 1/9 twice and above 4/9 once.
    coefficients = trigonometric_coefficients(torch.tensor([0.5, 1.0, 8.5]).double())
    assert coefficients.tolist() == pytest.approx([71 / 60, 31 / 30, -73 / 60])


def test_the_sign_of_a_loss_does_not_count() -> None:
    losses = torch.tensor([1.0, -2.0, 3.0])
    expected = trigonometric_coefficients(losses.abs())
    assert torch.equal(trigonometric_coefficients(losses), expected)


@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=3))
def test_coefficients_are_those_of_the_published_form(losses: list[float]) -> None:
    """Fan and Lampinen's v, at x1, x2, x3 = unit vectors, has the coefficients as its genes."""
    total = sum(losses)
    if total < 1e-300:
        return
    p1, p2, p3 = (loss / total for loss in losses)
    x1, x2, x3 = torch.eye(3, dtype=torch.float64)
    v = (x1 + x2 + x3) / 3 + (p2 - p1) * (x1 - x2) + (p3 - p2) * (x2 - x3) + (p1 - p3) * (x3 - x1)
    made = trigonometric_coefficients(torch.tensor(losses, dtype=torch.float64))
    assert_close(made, v, rtol=0, atol=1e-14)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=3, max_size=3))
def test_coefficients_are_finite_and_sum_to_one(losses: list[float]) -> None:
    coefficients = trigonometric_coefficients(torch.tensor(losses, dtype=torch.float64))
    assert coefficients.isfinite().all()
    assert float(coefficients.sum()) == pytest.approx(1.0, abs=1e-14)
    assert float(coefficients.min()) >= -5 / 3 - 1e-14
    assert float(coefficients.max()) <= 4 / 3 + 1e-14


@pytest.mark.parametrize("lost", [float("inf"), float("nan"), 1.7e308])
def test_a_lost_parent_is_left_behind(lost: float) -> None:
    # Its share is 1, those of the others 0.
    coefficients = trigonometric_coefficients(torch.tensor([lost, 1.0, 2.0]).double())
    assert coefficients.tolist() == pytest.approx([-5 / 3, 4 / 3, 4 / 3])


def test_losses_of_any_size_count_alike() -> None:
    losses = torch.tensor([1.0, 2.0, 5.0]).double()
    for size in (1e-300, 1e300):
        assert_close(trigonometric_coefficients(losses * size), trigonometric_coefficients(losses))
