"""Amounts become whole numbers once: to the nearest, halves to even."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import Quota, ReachSparsity, RemoveShare

QUOTAS = pytest.mark.parametrize("quota", [RemoveShare, ReachSparsity])
shares = st.floats(0, 1) | st.integers(0, 1000).map(lambda n: n / 1000)
# Shares as people write them, which floats do not hold exactly.
written = st.integers(0, 1000).map(lambda n: Decimal(n) / 1000)


@st.composite
def counts(draw: st.DrawFn) -> tuple[Tensor, int]:
    """How many are kept in some rows, and of how many."""
    total = draw(st.integers(0, 100_000))
    return torch.tensor(draw(st.lists(st.integers(0, total), min_size=1, max_size=5))), total


def nearest(exact: Decimal) -> int:
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


@given(share=written, kept=st.integers(0, 100_000))
def test_a_share_is_rounded_as_in_exact_arithmetic(share: Decimal, kept: int) -> None:
    found = RemoveShare(float(share)).of(torch.tensor([kept]), kept).item()
    exact = share * kept
    # A float that is a hair off a half may go either way.
    is_half = exact % 1 == Decimal("0.5")
    assert found == nearest(exact) or (is_half and abs(found - exact) == Decimal("0.5"))


@given(sparsity=written, total=st.integers(0, 100_000))
def test_a_sparsity_is_reached_as_in_exact_arithmetic(sparsity: Decimal, total: int) -> None:
    found = ReachSparsity(float(sparsity)).of(torch.tensor([total]), total).item()
    exact = sparsity * total
    is_half = exact % 1 == Decimal("0.5")
    assert found == nearest(exact) or (is_half and abs(found - exact) == Decimal("0.5"))


@pytest.mark.parametrize(
    ("share", "kept", "expected"),
    [
        (0.1, 30_000, 3000),
        (0.1, 30_340, 3034),
        (0.1, 31_330, 3133),
        (0.9, 10, 9),
        (0.7, 10, 7),
        (0.29, 100, 29),
        (0.57, 100, 57),
        (0.5, 1, 0),
        (0.5, 3, 2),
        (0.5, 5, 2),
        (0.25, 2, 0),
        (0.25, 6, 2),
        (0.1, 4, 0),
        (0.1, 6, 1),
        (1 / 3, 300_000, 100_000),
        (1.0, 16_777_217, 16_777_217),
        (0.5, 33_554_434, 16_777_217),
    ],
)
def test_known_shares(share: float, kept: int, expected: int) -> None:
    assert RemoveShare(share).of(torch.tensor([kept]), kept).tolist() == [expected]
    assert ReachSparsity(share).of(torch.tensor([kept]), kept).tolist() == [expected]


@QUOTAS
@given(share=shares, case=counts())
def test_a_quota_is_never_more_than_is_kept_or_than_it_promises(
    quota: type[RemoveShare | ReachSparsity], share: float, case: tuple[Tensor, int]
) -> None:
    kept, total = case
    own: Quota = quota(share)
    found = own.of(kept, total)
    assert found.dtype == torch.int64
    assert found.shape == kept.shape
    assert (found >= 0).all()
    assert (found <= kept).all()
    assert (found <= own.most(total)).all()
    assert own.most(total) <= total


@QUOTAS
@given(case=counts())
def test_nothing_and_everything(
    quota: type[RemoveShare | ReachSparsity], case: tuple[Tensor, int]
) -> None:
    kept, total = case
    assert torch.equal(quota(0.0).of(kept, total), torch.zeros_like(kept))
    assert torch.equal(quota(1.0).of(kept, total), kept)


@given(share=shares, case=counts())
def test_a_share_is_of_what_is_kept_and_not_of_all(share: float, case: tuple[Tensor, int]) -> None:
    kept, total = case
    found = RemoveShare(share).of(kept, total)
    assert torch.equal(found, RemoveShare(share).of(kept, total + 7))
    for number, one in zip(kept.tolist(), found.tolist(), strict=True):
        assert abs(Fraction(share) * number - one) <= Fraction(1, 2) + Fraction(1, 10**9)


@given(sparsity=shares, case=counts())
def test_a_sparsity_is_reached_exactly_or_was_passed_before(
    sparsity: float, case: tuple[Tensor, int]
) -> None:
    kept, total = case
    own = ReachSparsity(sparsity)
    removed_after = (total - kept + own.of(kept, total)).tolist()
    for before, after in zip((total - kept).tolist(), removed_after, strict=True):
        assert after == max(before, own.most(total))
    assert abs(Fraction(sparsity) * total - own.most(total)) <= Fraction(1, 2) + Fraction(1, 10**9)


@given(sparsity=shares, case=counts())
def test_a_sparsity_that_is_reached_asks_for_nothing_more(
    sparsity: float, case: tuple[Tensor, int]
) -> None:
    kept, total = case
    own = ReachSparsity(sparsity)
    assert not own.of(kept - own.of(kept, total), total).any()


@QUOTAS
@given(share=shares, case=counts(), data=st.data())
def test_rows_are_treated_alike(
    quota: type[RemoveShare | ReachSparsity],
    share: float,
    case: tuple[Tensor, int],
    data: st.DataObject,
) -> None:
    kept, total = case
    ids = data.draw(st.lists(st.integers(0, len(kept) - 1), min_size=1))
    assert torch.equal(quota(share).of(kept[ids], total), quota(share).of(kept, total)[ids])


@QUOTAS
def test_everything_is_a_share_of_1_and_no_less(
    quota: type[RemoveShare | ReachSparsity],
) -> None:
    assert quota(1.0).everything
    assert not quota(1.0 - 1e-9).everything
    assert not quota(0.0).everything
