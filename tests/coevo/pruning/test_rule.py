"""When a rule acts and how much it removes; which tensors it can change and what it needs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from coevo.layers import prunable_layers
from coevo.pruning import PruningRule, Timing
from operators import OPERATORS, MaskingOperator, ReachSparsity, RemoveShare
from tests.coevo.chains import linear

shares = st.floats(0, 1)


def acts(timing: Timing, generations: int) -> list[tuple[float, object] | None]:
    return [timing.at(generation) for generation in range(generations)]


def test_events_have_the_probability_that_the_schedule_says() -> None:
    timing = Timing((0.0, 0.25, 1.0), amount=0.3)
    assert acts(timing, 5) == [
        None,
        (0.25, RemoveShare(0.3)),
        (1.0, RemoveShare(0.3)),
        None,
        None,
    ]


def test_or_the_schedule_scales_what_they_remove() -> None:
    timing = Timing((0.0, 0.25, 1.0), probability=0.5, amount=0.4, scales="amount")
    assert acts(timing, 4) == [None, (0.5, RemoveShare(0.1)), (0.5, RemoveShare(0.4)), None]
    assert acts(replace(timing, probability=0.0), 4) == [None] * 4


def test_a_target_acts_where_it_moves() -> None:
    timing = Timing((0.0, 0.5, 0.5, 1.0, 1.0), sparsity=0.8)
    assert acts(timing, 6) == [
        None,
        (1.0, ReachSparsity(0.4)),
        None,
        (1.0, ReachSparsity(0.8)),
        None,
        None,
    ]


def test_a_target_that_is_there_at_once_acts_in_the_first_generation() -> None:
    assert acts(Timing((1.0, 1.0), sparsity=0.8), 2) == [(1.0, ReachSparsity(0.8)), None]


def test_a_target_that_may_be_missed_acts_again_and_again() -> None:
    timing = Timing((0.0, 0.5, 0.5, 1.0, 1.0), sparsity=0.8, again=True)
    assert acts(timing, 6) == [
        None,
        (1.0, ReachSparsity(0.4)),
        (1.0, ReachSparsity(0.4)),
        (1.0, ReachSparsity(0.8)),
        (1.0, ReachSparsity(0.8)),
        None,
    ]


@given(intensities=st.lists(shares, max_size=6), amount=shares, probability=shares)
def test_there_is_no_event_without_a_probability_and_an_amount(
    intensities: list[float], amount: float, probability: float
) -> None:
    for scales in ("probability", "amount"):
        timing = Timing(
            tuple(intensities),
            probability=probability,
            amount=amount,
            scales=scales,  # type: ignore[arg-type]  # one of two texts
        )
        for found in acts(timing, 8):
            if found is not None:
                chance, quota = found
                assert 0 < chance <= 1
                assert isinstance(quota, RemoveShare)
                assert 0 < quota.share <= 1


# rules


def rule(**changes: object) -> PruningRule:
    layers = prunable_layers(lambda: linear(4, 3, 2), (4,))
    bare = prunable_layers(lambda: nn.Sequential(nn.Linear(2, 4, bias=False)), (2,))
    plain = PruningRule(
        OPERATORS["magnitude"], {"encoder": layers, "decoder": bare}, Timing((1.0,))
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # any field


def test_the_tensors_that_a_rule_can_change() -> None:
    assert rule().names("encoder") == ["0.weight", "2.weight"]
    with_bias = ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert rule(bias=True).names("encoder") == with_bias
    assert rule(structure="unit").names("encoder") == with_bias
    assert rule(bias=True).names("decoder") == ["0.weight"]
    only = rule(layers={"encoder": rule().layers["encoder"]})
    assert only.names("decoder") == []


def test_what_has_to_be_computed_for_a_rule() -> None:
    assert rule().needs == frozenset()
    assert rule(operator=OPERATORS["wanda"]).needs == {"input_rms"}
    assert rule(regrow="random").needs == frozenset()
    assert rule(regrow="gradient").needs == {"gradients"}
    grown = rule(operator=OPERATORS["movement"], regrow="gradient")
    assert grown.needs == {"origins", "gradients"}


@pytest.mark.parametrize("needs", [{"outputs", "else"}, set()])
def test_needs_that_nothing_can_meet_are_passed_over(needs: set[str]) -> None:
    operator = MaskingOperator(
        lambda layer, quota: torch.ones(0),
        needs=frozenset(needs),  # type: ignore[arg-type]  # on purpose
    )
    assert rule(operator=operator).needs == needs - {"else"}
