"""What goes is what scores lowest, of equal scores what stands first; never infinity or NaN."""

from __future__ import annotations

from math import inf, isnan, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import lowest, prune_lowest

# Few different values each, so that ties are common.
NUMBERS = (-1.5, -0.0, 0.0, 0.25, 7.0)
POOLS = (NUMBERS, (0.0,), (-inf, 0.0, inf), (-1.0, 0.5, nan), (inf, nan), (-inf, nan, inf))


@st.composite
def rows(
    draw: st.DrawFn, pools: tuple[tuple[float, ...], ...] = POOLS
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores ``[rows, n]``, what is eligible, and quotas that may be above what is there."""
    pool = draw(st.sampled_from(pools))
    count, n = draw(st.integers(1, 4)), draw(st.integers(0, 7))
    size = count * n
    scores = draw(st.lists(st.sampled_from(pool), min_size=size, max_size=size))
    eligible = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    quota = draw(st.lists(st.integers(0, n + 3), min_size=count, max_size=count))
    return (
        torch.tensor(scores, dtype=torch.float64).view(count, n),
        torch.tensor(eligible, dtype=torch.bool).view(count, n),
        torch.tensor(quota),
    )


def marked(scores: list[float], eligible: list[bool], quota: int) -> list[bool]:
    """The definition: sort positions by score, then by position, and take the first ones."""
    able = [i for i, s in enumerate(scores) if eligible[i] and not isnan(s) and s != inf]
    first = sorted(able, key=lambda i: (scores[i], i))[:quota]
    return [i in first for i in range(len(scores))]


def expected(scores: Tensor, eligible: Tensor, quota: Tensor) -> list[list[bool]]:
    lists = (tensor.tolist() for tensor in (scores, eligible, quota))
    return [marked(*row) for row in zip(*lists, strict=True)]


@given(case=rows())
def test_it_is_the_plain_definition_in_every_row(case: tuple[Tensor, Tensor, Tensor]) -> None:
    assert lowest(*case).tolist() == expected(*case)


@given(case=rows(), more=st.integers(0, 5))
def test_a_promise_that_is_kept_changes_nothing(
    case: tuple[Tensor, Tensor, Tensor], more: int
) -> None:
    most = int(case[2].max()) + more
    assert torch.equal(lowest(*case, most=most), lowest(*case))


@given(case=rows(), data=st.data())
def test_rows_are_treated_alike(case: tuple[Tensor, Tensor, Tensor], data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, len(case[0]) - 1), min_size=1))
    scores, eligible, quota = (tensor[ids] for tensor in case)
    assert torch.equal(lowest(scores, eligible, quota), lowest(*case)[ids])


@given(case=rows((NUMBERS, (-inf, 0.0, inf))))
def test_pruning_keeps_the_rest(case: tuple[Tensor, Tensor, Tensor]) -> None:
    scores, masks, quota = case
    left = prune_lowest(scores, masks, quota)
    assert left.dtype == torch.bool
    assert torch.equal(left, masks & ~torch.tensor(expected(*case), dtype=torch.bool).view_as(left))


@given(case=rows((NUMBERS,)), data=st.data())
def test_pruning_treats_cells_alike_and_leaves_arguments_alone(
    case: tuple[Tensor, Tensor, Tensor], data: st.DataObject
) -> None:
    before = [tensor.clone() for tensor in case]
    left = prune_lowest(*case)
    assert all(map(torch.equal, before, case))
    ids = data.draw(st.lists(st.integers(0, len(left) - 1), min_size=1))
    scores, masks, quota = (tensor[ids] for tensor in case)
    assert torch.equal(prune_lowest(scores, masks, quota), left[ids])


def test_known_answers() -> None:
    scores = torch.tensor([[0.3, -0.4, 0.1, 0.2], [0.3, -0.4, 0.1, 0.2]])
    masks = torch.tensor([[True] * 4, [True, False, True, True]])
    assert prune_lowest(scores, masks, torch.tensor([2, 2])).tolist() == [
        [True, False, False, True],
        [True, False, False, False],
    ]


def test_of_equal_scores_those_that_stand_first_go() -> None:
    scores = torch.tensor([[1.0, 0.0, 0.0, -1.0, 0.0]])
    masks = torch.ones(1, 5, dtype=torch.bool)
    left = [prune_lowest(scores, masks, torch.tensor([n]))[0].long().tolist() for n in range(6)]
    assert left == [
        [1, 1, 1, 1, 1],
        [1, 1, 1, 0, 1],
        [1, 0, 1, 0, 1],
        [1, 0, 0, 0, 1],
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_negative_zero_is_zero() -> None:
    scores = torch.tensor([[0.0, -0.0, 0.0], [-0.0, 0.0, -0.0]])
    everything = torch.ones(2, 3, dtype=torch.bool)
    one = lowest(scores, everything, torch.tensor([1, 1]))
    assert one.tolist() == [[True, False, False]] * 2


def test_infinity_never_goes_and_minus_infinity_goes_first() -> None:
    scores = torch.tensor([[inf, 1.0, -inf]])
    masks = torch.ones(1, 3, dtype=torch.bool)
    assert prune_lowest(scores, masks, torch.tensor([1])).tolist() == [[True, True, False]]
    assert prune_lowest(scores, masks, torch.tensor([3])).tolist() == [[True, False, False]]


def test_ties_with_what_was_removed_before_do_not_count() -> None:
    scores = torch.tensor([[0.0, 0.0, 0.0]])
    masks = torch.tensor([[False, True, True]])
    assert prune_lowest(scores, masks, torch.tensor([1])).tolist() == [[False, False, True]]


def test_nan_of_a_kept_weight_is_refused_and_of_a_removed_one_is_not() -> None:
    scores = torch.tensor([[[0.0, nan]], [[0.0, 1.0]], [[nan, nan]]])
    masks = torch.tensor([[[True, False]], [[True, True]], [[False, True]]])
    with pytest.raises(ValueError, match="scores") as caught:
        prune_lowest(scores, masks, torch.tensor([1, 1, 1]))
    assert str(caught.value) == (
        "scores: the score of a kept weight of cell 2 is not a number; "
        "check what the operator reads for NaN"
    )
    assert prune_lowest(scores[:2], masks[:2], torch.tensor([1, 1])).tolist() == [
        [[False, False]],
        [[False, True]],
    ]


def test_nan_is_never_marked_and_shifts_nothing() -> None:
    scores = torch.tensor([[nan, 0.2, 0.1, nan]])
    everything = torch.ones(1, 4, dtype=torch.bool)
    assert lowest(scores, everything, torch.tensor([1])).tolist() == [[False, False, True, False]]
    assert lowest(scores, everything, torch.tensor([4])).tolist() == [[False, True, True, False]]


@pytest.mark.parametrize("most", [None, 0, 3])
def test_nothing_there_means_nothing_marked(most: int | None) -> None:
    empty = torch.empty(2, 0)
    found = lowest(empty, empty.bool(), torch.tensor([0, 3]), most=most)
    assert found.shape == (2, 0)
    assert found.dtype == torch.bool


def test_masks_of_any_shape_keep_it() -> None:
    scores = torch.arange(24.0).view(1, 2, 3, 4)
    left = prune_lowest(scores, torch.ones_like(scores, dtype=torch.bool), torch.tensor([5]))
    assert left.shape == scores.shape
    assert left.flatten().tolist() == [False] * 5 + [True] * 19
