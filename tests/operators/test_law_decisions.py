"""Laws judge what the engine does with an operator, and what other layers would see of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from operators import OPERATORS, Layer, prune_group, prune_units, scoring
from operators.laws import check_operator
from operators.laws.decision import on_units, on_weights
from operators.laws.trial import trials


@dataclass(frozen=True)
class Given:
    """A quota that is known already."""

    numbers: Tensor
    everything: bool = False

    def of(self, kept: Tensor, total: int) -> Tensor:
        return self.numbers.minimum(kept)

    def most(self, total: int) -> int:
        return total


@pytest.mark.parametrize("name", OPERATORS)
@settings(deadline=None)
@given(data=st.data())
def test_what_is_judged_is_what_is_done(name: str, data: st.DataObject) -> None:
    operator = OPERATORS[name]
    trial = data.draw(trials(operator))
    case, quota = trial.case, Given(trial.case.quota)
    for weights in (trial.decision, on_weights(operator, case)):
        assert weights.left.equal(operator(case.layer, case.quota))
        assert weights.left.equal(prune_group(operator, [case.layer], quota).masks[0])
        assert weights.scores is not None
        assert weights.scores.equal(operator.scores(case.layer))
        assert weights.kept.equal(case.layer.masks)
    units = on_units(operator, case)
    masks = prune_units(operator, [case.layer], quota).masks[0]
    assert units.left.equal(masks.any(2))
    assert units.kept.equal(case.layer.masks.any(2))


@pytest.mark.parametrize(
    ("difference", "outcome"), [(2.0**-20, "holds"), (2.0**-14, "fails"), (64.0, "fails")]
)
def test_scores_may_differ_by_rounding_but_not_by_more(difference: float, outcome: str) -> None:
    @scoring()
    def larger_in_company(layer: Layer) -> Tensor:
        return layer.weights.abs() * (1 + difference * (len(layer.weights) - 1))

    verdicts = {verdict.law: verdict for verdict in check_operator(larger_in_company)}
    verdict = verdicts.pop("treats cells alike")
    assert verdict.outcome == outcome
    assert {other.outcome for other in verdicts.values()} == {"holds", "does not apply"}


def test_scores_of_what_was_removed_have_no_meaning() -> None:
    @scoring()
    def anything_under_removed_weights(layer: Layer) -> Tensor:
        return layer.weights.abs().where(layer.masks, layer.weights.sum() + torch.nan)

    verdicts = check_operator(anything_under_removed_weights)
    assert {verdict.outcome for verdict in verdicts} == {"holds", "does not apply"}


def test_infinite_scores_are_equal_or_not() -> None:
    def outcome(infinite_for: int) -> str:
        @scoring(exact=False)
        def never_removes_large_weights(layer: Layer) -> Tensor:
            alone = len(layer.weights) <= infinite_for
            size = layer.weights.abs()
            return size.masked_fill(size >= 8, torch.inf if alone else 2.0**20)

        verdicts = {v.law: v for v in check_operator(never_removes_large_weights)}
        return verdicts["treats cells alike"].outcome

    assert outcome(infinite_for=99) == "holds"
    assert outcome(infinite_for=1) == "fails"
