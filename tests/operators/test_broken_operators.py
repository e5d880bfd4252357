"""Each law is broken by operators that keep all the others, and says so with a small example."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from torch import Tensor

from operators import Layer, MaskingOperator, ScoringOperator, masking, prune_lowest
from operators.laws import OPERATOR_LAWS, Verdict, check_operator
from tests.operators.broken_operators import (
    BROKEN,
    regrows,
    removes_one_too_many,
    takes_all_for_float32,
    takes_turns,
)
from tests.operators.broken_rankings import divides_by_the_largest_of_all_cells

CASES = [(law, operator) for law, several in BROKEN.items() for operator in several]
LAWS = {law.name: law for law in OPERATOR_LAWS}


@pytest.mark.parametrize(("law", "operator"), CASES, ids=[operator.name for _, operator in CASES])
def test_a_broken_operator_fails_the_law_that_is_meant_for_it(
    law: str, operator: ScoringOperator | MaskingOperator
) -> None:
    verdicts = check_operator(operator)
    assert [verdict.law for verdict in verdicts if verdict.outcome == "fails"] == [law]
    for verdict in verdicts:
        rests = {first.name for first in LAWS[verdict.law].after}
        assert (verdict.outcome == "not judged") == (law in rests and not exempt(verdict, operator))


def exempt(verdict: Verdict, operator: ScoringOperator | MaskingOperator) -> bool:
    return bool(LAWS[verdict.law].exempt(operator))


def test_every_law_is_broken_by_some_operator() -> None:
    assert BROKEN.keys() == LAWS.keys()


def failing(operator: ScoringOperator | MaskingOperator) -> Verdict:
    (verdict,) = (v for v in check_operator(operator) if v.outcome == "fails")
    return verdict


def test_counterexamples_are_as_small_as_can_be() -> None:
    assert failing(regrows) == Verdict(
        "never regrows",
        "fails",
        "keeps weights that were removed before, in cell 0",
        "quota    [0]\nmasks    [[[0]]]\nweights  [[[0]]]\ngot      [[[1]]]",
    )
    assert str(failing(removes_one_too_many)) == (
        "removes its quota: fails: removes another number than its quota, in cell 0\n"
        "quota    [1]\nmasks    [[[1, 1]]]\nweights  [[[0, 0]]]\ngot      [[[0, 0]]]"
    )


def test_scores_are_shown_where_masks_are_equal() -> None:
    assert str(failing(divides_by_the_largest_of_all_cells)) == (
        "treats cells alike: fails: decides otherwise in other company, "
        "where layers are ranked together\n"
        "quota            [0, 0]\n"
        "masks            [[[1]],\n"
        "                  [[1]]]\n"
        "weights          [[[0.5]],\n"
        "                  [[1]]]\n"
        "cells chosen     [0]\n"
        "scores expected  [[[0.5]]]\n"
        "scores got       [[[1]]]"
    )


def test_the_type_of_numbers_is_shown_where_it_is_not_float32() -> None:
    verdict = failing(takes_all_for_float32)
    assert verdict.message.startswith("raises RuntimeError: ")
    assert verdict.counterexample == (
        "quota    [0]\nmasks    [[[1]]]\ndtype    float64\nweights  [[[0]]]"
    )


def test_what_does_not_repeat_itself_is_not_compared() -> None:
    verdicts = {verdict.law: verdict for verdict in check_operator(takes_turns)}
    assert verdicts["repeats itself"].message == "decides otherwise when asked again"
    assert str(verdicts["treats cells alike"]) == (
        "treats cells alike: not judged: it rests on 'repeats itself'"
    )
    assert verdicts["removes its quota"].outcome == "holds"
    assert verdicts["leaves its inputs alone"].outcome == "holds"


@pytest.mark.parametrize("wrong", [lambda n: n < 100, lambda n: n % 3 == 0], ids=["first", "third"])
def test_what_breaks_a_law_now_and_then_fails_it(wrong: Callable[[int], bool]) -> None:
    calls = count()

    @masking()
    def regrows_at_times(layer: Layer, quota: Tensor) -> Tensor:
        left = prune_lowest(layer.weights.abs(), layer.masks, quota)
        return left | ~layer.masks if wrong(next(calls)) else left

    (verdict,) = (v for v in check_operator(regrows_at_times) if v.law == "never regrows")
    assert verdict.outcome == "fails"
    assert verdict.message.startswith("keeps weights that were removed before, in cell ")
    assert verdict.counterexample.startswith("quota    [")
