"""Credits of strategies: shares worked out by hand, and how trials are dealt out by them."""

from __future__ import annotations

import math
from statistics import median

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import CreditName, assigned, earned, median_where, shares


def doubles(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_sades_shares() -> None:
    # Rates 30/40, 10/50, 0/30 and none at all, each and 0.01: 0.76, 0.21, 0.01, 0.01.
    found = shares(doubles(30, 10, 0, 0), doubles(40, 50, 30, 0))
    assert found.tolist() == pytest.approx([0.76 / 0.99, 0.21 / 0.99, 0.01 / 0.99, 0.01 / 0.99])


def test_shares_are_equal_where_nothing_is_known() -> None:
    assert shares(doubles(0, 0, 0, 0), doubles(0, 0, 0, 0)).tolist() == [0.25] * 4


def test_populations_have_shares_of_their_own() -> None:
    earnings, trials = torch.tensor([[5.0, 0.0], [0.0, 5.0]]), torch.full((2, 2), 10.0)
    assert shares(earnings, trials).flatten().tolist() == pytest.approx(
        [0.51 / 0.52, 0.01 / 0.52, 0.01 / 0.52, 0.51 / 0.52]
    )


SUCCESS = torch.tensor([True, True, False, True])
GAIN = doubles(0.25, 7.0, 0.0, math.inf)
BEATS = torch.tensor([False, True, False, False])


def test_three_credits() -> None:
    assert earned("success_rate", SUCCESS, GAIN, BEATS).tolist() == [1, 1, 0, 1]
    assert earned("gain", SUCCESS, GAIN, BEATS).tolist() == [0.25, 1, 0, 1]
    assert earned("beats_best", SUCCESS, GAIN, BEATS).tolist() == [0, 1, 0, 0]
    assert earned("none", SUCCESS, GAIN, BEATS).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("credit", ["none", "success_rate", "gain", "beats_best"])
@given(
    st.lists(
        st.tuples(
            st.booleans(), st.floats(0, allow_infinity=True) | st.just(math.nan), st.booleans()
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_trial_earns_more_than_one(
    credit: CreditName, outcomes: list[tuple[bool, float, bool]]
) -> None:
    success, gain, beats = zip(*outcomes, strict=True)
    found = earned(credit, torch.tensor(success), doubles(*gain), torch.tensor(beats))
    assert found.dtype == torch.float64
    assert ((found >= 0) & (found <= 1)).all()


def test_pointers_stand_at_equal_distances() -> None:
    # Ends at 0.5, 0.8, 1; pointers at 0.1, 0.3, 0.5, 0.7, 0.9, dealt out by the ranks 4, 0, 2, 1, 3.
    order = torch.tensor([[0.9, 0.1, 0.5, 0.2, 0.7]])
    found = assigned(torch.tensor([[0.5, 0.3, 0.2]]), torch.tensor([0.5]), order)
    assert found.tolist() == [[2, 0, 1, 0, 1]]


@st.composite
def dealt(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities, start and order of one population."""
    weights = draw(st.lists(st.integers(0, 20), min_size=1, max_size=5).filter(any))
    n = draw(st.integers(1, 12))
    order = draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=n, max_size=n))
    start = draw(st.integers(0, 2**24 - 1)) / 2**24  # as numbers are drawn
    probabilities = doubles(*weights) / sum(weights)
    return probabilities[None], doubles(start), doubles(*order)[None]


@given(dealt())
def test_each_strategy_is_taken_as_often_as_its_probability_says(
    drawn: tuple[Tensor, Tensor, Tensor],
) -> None:
    probabilities, start, order = drawn
    taken = assigned(probabilities, start, order)[0].bincount(minlength=probabilities.shape[1])
    assert len(taken) == probabilities.shape[1]
    for count, probability in zip(taken.tolist(), probabilities[0].tolist(), strict=True):
        expected = probability * order.shape[1]
        assert count >= math.floor(expected + 1e-9)
        assert count <= math.ceil(expected - 1e-9)


@given(dealt())
def test_populations_are_dealt_to_by_themselves(drawn: tuple[Tensor, Tensor, Tensor]) -> None:
    probabilities, start, order = drawn
    alone = assigned(probabilities, start, order)
    other = 1.0 - order, (start + 0.37) % 1.0
    both = assigned(
        torch.cat([probabilities.flip(1), probabilities]),
        torch.cat([other[1], start]),
        torch.cat([other[0], order]),
    )
    assert torch.equal(both[1:], alone)


def test_over_all_starts_a_trial_gets_each_strategy_by_its_probability() -> None:
    starts, order = (torch.arange(1000) + 0.5) / 1000, torch.tensor([[0.4, 0.9, 0.1]])
    probabilities = torch.tensor([[0.6, 0.3, 0.1]])
    found = assigned(probabilities.expand(1000, -1), starts, order.expand(1000, -1))
    counts = torch.stack([(found == k).sum() for k in range(3)]) / found.numel()
    assert counts.tolist() == pytest.approx([0.6, 0.3, 0.1], abs=1e-3)


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=1, max_size=9), st.floats(-9, 9)
)
def test_medians_are_of_those_that_count(
    values: list[tuple[float, bool]], otherwise: float
) -> None:
    kept = [value for value, counts in values if counts]
    numbers, counts = doubles(*(v for v, _ in values)), torch.tensor([c for _, c in values])
    found = median_where(numbers, counts, torch.tensor(otherwise, dtype=torch.float64))
    assert float(found) == (pytest.approx(median(kept)) if kept else otherwise)


def test_medians_of_many_rows() -> None:
    values = torch.tensor([[3.0, 1.0, 2.0], [4.0, 8.0, 100.0], [7.0, 7.0, 7.0]])
    counts = torch.tensor([[True, True, True], [True, True, False], [False, False, False]])
    assert median_where(values, counts, torch.tensor([0.0, 0.0, 0.5])).tolist() == [2.0, 6.0, 0.5]
