"""Laws of the random choices behind splits and generated rows."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo.datasets.draws import bernoulli, permutation, split_rows
from coevo.errors import CoevoError

seeds = st.integers(0, 2**63)


@given(seeds, st.integers(1, 200))
def test_a_permutation_holds_every_row_once_and_repeats(seed: int, rows: int) -> None:
    order = permutation(seed, rows)
    assert sorted(order.tolist()) == list(range(rows))
    assert torch.equal(order, permutation(seed, rows))


def test_the_draws_of_a_seed_never_change() -> None:
    # Frozen: another result means that every split ever reported is another one.
    assert permutation(0, 12).tolist() == [0, 8, 9, 3, 7, 5, 1, 11, 2, 10, 6, 4]
    assert permutation(1, 8).tolist() == [2, 0, 1, 4, 5, 6, 7, 3]
    bits = bernoulli(0, (1, 2), 0.5, (16,)).astype(int).tolist()
    assert bits == [1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0]


def test_seeds_and_streams_differ() -> None:
    assert not torch.equal(permutation(0, 50), permutation(1, 50))
    drawn = {
        bernoulli(seed, stream, 0.5, (64,)).tobytes()
        for seed in (0, 1)
        for stream in ((), (0,), (1,), (0, 0), (0, 1))
    }
    assert len(drawn) == 10


@pytest.mark.parametrize("probability", [0.0, 0.05, 0.5, 0.75])
def test_bits_have_their_probability(probability: float) -> None:
    bits = bernoulli(7, (3,), probability, (400, 500))
    deviation = (probability * (1 - probability) / bits.size) ** 0.5
    assert abs(bits.mean() - probability) <= 4 * deviation


@given(
    seeds,
    st.integers(3, 300),
    st.sampled_from([0.0, 0.1, 0.2, 1 / 3]),
    st.sampled_from([0.0, 0.1, 0.2, 1 / 3]),
)
def test_splits_are_disjoint_and_exhaustive(
    seed: int, rows: int, validation: float, test: float
) -> None:
    parts = split_rows(
        rows, validation_share=validation, test_share=test, seed=seed, what="the rows"
    )
    assert sorted(torch.cat(parts).tolist()) == list(range(rows))
    for part, share in zip(parts[1:], (validation, test), strict=True):
        assert (len(part) == 0) == (share == 0.0)
        assert abs(len(part) - rows * share) <= 1.0


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(CoevoError) as caught:
        split_rows(2, validation_share=0.1, test_share=0.1, seed=0, what="two.npz")
    assert str(caught.value) == (
        "two.npz: 2 rows are too few; holding out 1 for validation and 1 for test leaves none to "
        "train on"
    )
