"""Success memories: entries worked out by hand, and what holds for all outcomes."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from operators import TERMINAL, MemoryRule, Successes, SuccessMemory, lehmer_mean

SHADE = MemoryRule(crossover_mean="arithmetic", terminal=False)
L_SHADE = MemoryRule()
JSO = MemoryRule(averaged=True)


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def memory(
    entries: int = 3, position: int = 0, scale: float = 0.5, rate: float = 0.5
) -> SuccessMemory:
    """One memory whose entries are alike."""
    return SuccessMemory(
        torch.full((1, entries), scale, dtype=torch.float64),
        torch.full((1, entries), rate, dtype=torch.float64),
        torch.tensor([position]),
    )


# Gains of 1 and 3 weigh 1/4 and 3/4; the trial between them gained nothing.
OUTCOME = Successes(rows([1.0, 0.0, 3.0]), rows([0.2, 0.9, 0.6]), rows([0.1, 0.3, 0.9]))
SCALE = (0.25 * 0.04 + 0.75 * 0.36) / (0.25 * 0.2 + 0.75 * 0.6)
LEHMER_RATE = (0.25 * 0.01 + 0.75 * 0.81) / (0.25 * 0.1 + 0.75 * 0.9)


def test_shade_takes_the_lehmer_mean_of_scales_and_the_mean_of_rates() -> None:
    after = memory().learned(OUTCOME, SHADE)
    assert after.scales[0].tolist() == pytest.approx([0.56, 0.5, 0.5])
    assert after.rates[0].tolist() == pytest.approx([0.25 * 0.1 + 0.75 * 0.9, 0.5, 0.5])


def test_l_shade_takes_lehmer_means_of_both() -> None:
    after = memory().learned(OUTCOME, L_SHADE)
    assert after.scales[0].tolist() == pytest.approx([0.56, 0.5, 0.5])
    assert after.rates[0].tolist() == pytest.approx([LEHMER_RATE, 0.5, 0.5])


def test_jso_goes_half_of_the_way_from_the_old_entry() -> None:
    after = memory(scale=0.3, rate=0.8).learned(OUTCOME, JSO)
    assert after.scales[0].tolist() == pytest.approx([(0.3 + SCALE) / 2, 0.3, 0.3])
    assert after.rates[0].tolist() == pytest.approx([(0.8 + LEHMER_RATE) / 2, 0.8, 0.8])


def test_one_success_overwrites_one_entry_and_the_next_one_the_next() -> None:
    known, seen = memory(entries=2, position=1), []
    for scale in (0.7, 0.8, 0.9):
        known = known.learned(Successes(rows([2.0]), rows([scale]), rows([1.0])), L_SHADE)
        seen.append((known.scales[0].tolist(), int(known.position[0])))
    assert [position for _, position in seen] == [0, 1, 0]
    assert [scales for scales, _ in seen] == [
        pytest.approx([0.5, 0.7]),
        pytest.approx([0.8, 0.7]),
        pytest.approx([0.8, 0.9]),
    ]


@pytest.mark.parametrize("rule", [SHADE, L_SHADE, JSO])
def test_nothing_moves_without_a_success(rule: MemoryRule) -> None:
    known = memory(position=2)
    after = known.learned(Successes(rows([0.0, 0.0]), rows([0.9, 0.1]), rows([0.0, 0.0])), rule)
    assert torch.equal(after.scales, known.scales)
    assert torch.equal(after.rates, known.rates)
    assert torch.equal(after.position, known.position)


def test_memories_learn_from_their_own_trials_alone() -> None:
    two = SuccessMemory(
        rows([0.5, 0.5], [0.4, 0.4]), rows([0.5, 0.5], [0.3, 0.3]), torch.tensor([0, 1])
    )
    outcome = Successes(
        rows([0.0, 0.0], [5.0, 0.0]), rows([0.1, 0.2], [0.8, 0.2]), rows([0.1, 0.1], [0.7, 0.0])
    )
    after = two.learned(outcome, L_SHADE)
    assert_close(after.scales, rows([0.5, 0.5], [0.4, 0.8]))
    assert_close(after.rates, rows([0.5, 0.5], [0.3, 0.7]))
    assert after.position.tolist() == [0, 0]


def test_rates_of_zero_alone_end_an_entry_for_good() -> None:
    # The rate of the trial that is no success does not count.
    zeros = Successes(rows([1.0, 2.0, 0.0]), rows([0.5, 0.5, 0.5]), rows([0.0, 0.0, 1.0]))
    known = memory(entries=1).learned(zeros, L_SHADE)
    assert known.rates.tolist() == [[TERMINAL]]
    ones = Successes(rows([1.0]), rows([0.7]), rows([1.0]))
    for rule in (L_SHADE, JSO):
        after = known.learned(ones, rule)
        assert after.rates.tolist() == [[TERMINAL]]
        assert float(after.scales) > float(known.scales)


def test_one_rate_above_zero_keeps_an_entry_alive() -> None:
    outcome = Successes(rows([1.0, 1.0]), rows([0.5, 0.5]), rows([0.0, 0.001]))
    assert memory(entries=1).learned(outcome, L_SHADE).rates.tolist() == [[pytest.approx(0.001)]]


def test_shade_has_no_terminal_value() -> None:
    zeros = Successes(rows([1.0]), rows([0.5]), rows([0.0]))
    assert memory(entries=1).learned(zeros, SHADE).rates.tolist() == [[0.0]]


def test_an_entry_of_scales_stays_above_zero() -> None:
    outcome = Successes(rows([1.0, 1.0]), rows([0.0, 0.0]), rows([0.5, 0.5]))
    assert 0.0 < float(memory(entries=1).learned(outcome, L_SHADE).scales) < 1e-6


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1e300])
def test_gains_count_alike_whatever_their_size(size: float) -> None:
    outcome = Successes(rows([size, 0.0, 3 * size]), OUTCOME.scales, OUTCOME.rates)
    after = memory().learned(outcome, L_SHADE)
    assert after.scales[0].tolist() == pytest.approx([SCALE, 0.5, 0.5])
    assert after.rates[0].tolist() == pytest.approx([LEHMER_RATE, 0.5, 0.5])


def test_an_infinite_gain_outweighs_finite_ones() -> None:
    outcome = Successes(rows([math.inf, 7.0]), rows([0.3, 0.9]), rows([0.2, 0.8]))
    after = memory(entries=1).learned(outcome, L_SHADE)
    assert float(after.scales) == pytest.approx(0.3)
    assert float(after.rates) == pytest.approx(0.2)


def test_infinite_gains_count_alike() -> None:
    weights = Successes(rows([math.inf, math.inf, 0.0]), OUTCOME.scales, OUTCOME.rates).weights()
    assert weights.tolist() == [[0.5, 0.5, 0.0]]


def test_a_gain_that_is_not_a_number_is_none() -> None:
    known = memory()
    after = known.learned(Successes(rows([math.nan]), rows([0.9]), rows([0.9])), L_SHADE)
    assert torch.equal(after.scales, known.scales)
    assert after.position.tolist() == [0]


def test_lehmer_means() -> None:
    assert float(lehmer_mean(torch.ones(3), torch.tensor([1.0, 2.0, 3.0]))) == pytest.approx(14 / 6)
    assert float(lehmer_mean(torch.ones(2), torch.zeros(2))) == 0.0


fractions = st.floats(0.001, 1.0)
trials = st.lists(st.tuples(st.floats(0, 1e9), fractions, fractions), min_size=1, max_size=7)


@given(trials, st.sampled_from([SHADE, L_SHADE, JSO]))
def test_entries_lie_among_what_worked_and_what_was(
    outcomes: list[tuple[float, float, float]], rule: MemoryRule
) -> None:
    gains, scales, rates = zip(*outcomes, strict=True)
    after = memory(entries=1).learned(
        Successes(rows(list(gains)), rows(list(scales)), rows(list(rates))), rule
    )
    for made, values in ((after.scales, scales), (after.rates, rates)):
        low, high = min(0.5, *values), max(0.5, *values)
        assert low - 1e-12 <= float(made) <= high + 1e-12


@given(trials, st.integers(1, 3))
def test_a_memory_moves_if_and_only_if_something_was_gained(
    outcomes: list[tuple[float, float, float]], entries: int
) -> None:
    gains, scales, rates = (rows(list(column)) for column in zip(*outcomes, strict=True))
    after = memory(entries, scale=0.0001).learned(Successes(gains, scales, rates), L_SHADE)
    gained = bool((gains > 0).any())
    assert int(after.position) == (1 % entries if gained else 0)
    assert bool((after.scales != 0.0001).any()) == gained
    assert (after.scales != 0.0001).sum() <= 1
