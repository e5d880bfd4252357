"""How strategies, F and CR are chosen for trials, and what is kept of what became of them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.optimizers.differential_evolution import PRESETS, Rules
from coevo.optimizers.differential_evolution.adaptation import (
    Lessons,
    Moment,
    Outcomes,
    Parameters,
    choose,
    learn,
    remember,
    start,
)
from coevo.optimizers.differential_evolution.draws import Draws
from operators import STRATEGIES, cauchy_scales, normal_rates
from tests.coevo.optimizers.searches import draws

CPU = torch.device("cpu")
JSO = replace(PRESETS["jso"], memory=3)
SADE = replace(PRESETS["sade"], learning_period=2)
HALF = torch.tensor([[0.5]], dtype=torch.float64)


def known_of(rules: Rules, populations: int = 1, members: int = 4) -> dict[str, Tensor]:
    return start(rules, populations, members, CPU)


def chosen(
    rules: Rules, known: dict[str, Tensor], drawn: Draws, moment: Moment | None = None
) -> Parameters:
    moment = moment or Moment(0)
    windows = {name: value.unsqueeze(1) for name, value in known.items() if value.dim() == 3}
    return choose(rules, known, Lessons.of(rules, known | windows, moment), drawn, moment)


def outcomes(rates: list[float], strategies: list[int], success: list[bool]) -> Outcomes:
    """Of one population, all with F = 0.5 and gains of 1."""
    flags, rate = torch.tensor([success]), torch.tensor([rates], dtype=torch.float64)
    half, gain = torch.full_like(rate, 0.5), flags.double()
    everyone = torch.ones_like(flags)
    zero = torch.zeros_like(rate)
    return Outcomes(torch.tensor([strategies]), half, rate, zero, flags, gain, gain, everyone)


def test_the_last_entry_of_jso_always_reads_as_nine_tenths() -> None:
    free = replace(JSO, limits=False)
    drawn = draws(1, 3, entry=torch.tensor([[0.1, 0.5, 0.9]]))
    made = chosen(free, known_of(free), drawn)
    for place, (scale, rate) in enumerate([(0.3, 0.8), (0.3, 0.8), (0.9, 0.9)]):
        assert made.scale[0, place] == cauchy_scales(HALF, HALF * 2 * scale)
        assert made.rate[0, place] == normal_rates(HALF, HALF * 2 * rate, redrawn=False)
    assert known_of(free)["scale_memory"].tolist() == [[0.3] * 3]


def test_jso_limits_what_is_drawn() -> None:
    known = known_of(JSO) | {"crossover_memory": torch.zeros(1, 3).double()}
    drawn = draws(1, 2, entry=torch.tensor([[0.1, 0.9]]))
    for progress, scale, rate in ((0.0, 0.7, 0.7), (0.3, 0.7, 0.6), (0.55, 0.7, 0.0)):
        made = chosen(JSO, known, drawn, Moment(0, 1, progress))
        assert float(made.scale[0, 1]) == scale
        assert float(made.rate[0, 0]) == pytest.approx(rate, abs=1e-6)
    assert float(chosen(JSO, known, drawn, Moment(0, 1, 0.6)).scale[0, 1]) > 0.8


def test_each_trial_reads_the_entry_that_it_draws() -> None:
    rules = replace(PRESETS["l-shade"], memory=3)
    memories = torch.tensor([[0.1, 0.5, 0.9], [0.2, 0.4, 0.6]], dtype=torch.float64)
    known = known_of(rules, 2) | {"scale_memory": memories, "crossover_memory": memories.flip(1)}
    made = chosen(rules, known, draws(2, 3, entry=torch.tensor([0.999, 0.0, 0.34])))
    entries = torch.tensor([2, 0, 1])
    half = torch.full((2, 3), 0.5, dtype=torch.float64)
    assert torch.equal(made.scale, cauchy_scales(half, memories[:, entries]))
    assert torch.equal(made.rate, normal_rates(half, memories.flip(1)[:, entries], redrawn=False))


def test_a_terminal_entry_is_a_rate_of_0() -> None:
    rules = replace(PRESETS["l-shade"], memory=2)
    known = known_of(rules) | {"crossover_memory": torch.tensor([[-1.0, 0.5]]).double()}
    made = chosen(rules, known, draws(1, 2, entry=torch.tensor([[0.0, 0.9]]), rate=0.99))
    assert float(made.rate[0, 0]) == 0.0
    assert float(made.rate[0, 1]) > 0.5


def test_what_is_not_crossed_has_a_rate_of_1() -> None:
    rules = Rules(strategies=("rand_1", "soup", "current_to_rand_1"), crossover="fixed")
    made = chosen(rules, known_of(rules), draws(1, 3, strategy=torch.tensor([[0.2, 0.5, 0.8]])))
    assert made.strategy.tolist() == [[0, 1, 2]]
    assert made.rate.tolist() == [[0.5, 1.0, 1.0]]


def test_given_shares_deal_out_the_strategies() -> None:
    rules = Rules(strategies=("rand_1", "trigonometric"), shares=(19, 1))
    order = (torch.arange(40, dtype=torch.float64) * 0.382) % 1
    made = chosen(rules, known_of(rules), draws(1, 40, strategy=order[None]))
    assert made.strategy[0].bincount().tolist() == [38, 2]


def test_in_the_first_half_a_coin_chooses_a_sinusoid_for_all() -> None:
    rules = replace(PRESETS["sa-shade-tri-ensin"], credit="none")
    known = known_of(rules)
    spread = torch.tensor([[0.1, 0.4, 0.9]])
    common = chosen(rules, known, draws(1, 3, coin=0.49, frequency=spread), Moment(3, 10, 0.2))
    assert common.scale.tolist() == [pytest.approx([0.5] * 3)]
    assert common.frequency.tolist() == [[0.0] * 3]
    own = chosen(rules, known, draws(1, 3, coin=0.5, frequency=spread), Moment(3, 10, 0.2))
    assert len(set(own.scale[0].tolist())) == 3
    # Swings of at most g / G.
    assert ((own.scale - 0.5).abs() <= 0.5 * 3 / 10 + 1e-12).all()
    assert (own.frequency > 0).all()
    late = chosen(rules, known, draws(1, 3, coin=0.1), Moment(5, 10, 0.5))
    assert torch.equal(late.scale, cauchy_scales(HALF, HALF).expand(1, 3))


def test_frequencies_learn_from_the_sinusoid_that_has_them() -> None:
    rules = replace(PRESETS["sa-shade-tri-ensin"], memory=2)
    known = known_of(rules)
    made = outcomes([0.5, 0.5], [0, 0], [True, True])
    assert learn(rules, known, made)["frequency_memory"].tolist() == [[0.5, 0.5]]
    with_one = replace(made, frequency=torch.tensor([[0.0, 0.8]]).double())
    after = learn(rules, known, with_one)
    assert after["frequency_memory"].tolist() == [[pytest.approx(0.8), 0.5]]
    assert after["frequency_position"].tolist() == [1]


def test_sade_waits_for_the_end_of_its_first_learning_period() -> None:
    known = remember(SADE, known_of(SADE), outcomes([0.9] * 4, [0] * 4, [True] * 4), Moment(0))
    windows = {name: value.unsqueeze(1) for name, value in known.items() if value.dim() == 3}
    lessons = Lessons.of(SADE, known | windows, Moment(1))
    assert lessons.shares.tolist() == [[0.25] * 4]
    assert lessons.medians is not None
    assert lessons.medians.tolist() == [[0.5] * 4]


def test_sade_looks_back_on_one_learning_period() -> None:
    """Three generations, of which the last two count: shares and medians worked by hand."""
    known = known_of(SADE)
    told = [
        outcomes([0.9, 0.9, 0.9, 0.9], [3, 3, 3, 3], [True, True, True, True]),
        outcomes([0.2, 0.4, 0.7, 0.1], [0, 0, 1, 2], [True, True, False, True]),
        outcomes([0.6, 0.5, 0.3, 0.8], [0, 1, 2, 2], [True, False, True, False]),
    ]
    for generation, made in enumerate(told):
        known = remember(SADE, known, made, Moment(generation))
    windows = {name: value.unsqueeze(1) for name, value in known.items() if value.dim() == 3}
    lessons = Lessons.of(SADE, known | windows, Moment(3))
    # Of strategy 0, 3 of 3 trials succeeded, of 1 none of 2, of 2 two of 3; 3 was not tried.
    rates = [1.01, 0.01, 2 / 3 + 0.01, 0.01]
    assert lessons.shares.tolist() == [pytest.approx([rate / sum(rates) for rate in rates])]
    assert lessons.medians is not None
    assert lessons.medians.tolist() == [pytest.approx([0.4, math.nan, 0.2, math.nan], nan_ok=True)]


def test_sade_draws_rates_around_the_median_of_the_strategy() -> None:
    known = known_of(SADE)
    lessons = Lessons(
        torch.full((1, 4), 0.25).double(), torch.tensor([[0.1, 0.4, 0.6, 0.9]]).double()
    )
    drawn = draws(1, 4, strategy=torch.tensor([[0.1, 0.3, 0.6, 0.9]]))
    made = choose(SADE, known, lessons, drawn, Moment(9))
    assert made.strategy.tolist() == [[0, 1, 2, 3]]
    assert made.rate[0, 1:3].tolist() == pytest.approx([0.4, 0.6], abs=1e-3)
    assert 0.1 < float(made.rate[0, 0]) < 0.13  # no rate is below 0, so that the median is higher
    assert float(made.rate[0, 3]) == 1.0


def test_populations_learn_by_themselves() -> None:
    rules = replace(PRESETS["l-shade"], memory=2)
    known = known_of(rules, 2)
    one, other = (
        outcomes([0.2, 0.3], [0, 0], [True, False]),
        outcomes([0.8, 0.9], [0, 0], [False, True]),
    )
    both = Outcomes(*(torch.cat([getattr(x, name) for x in (one, other)]) for name in one.__dict__))
    after = learn(rules, known, both)
    assert after["crossover_memory"].tolist() == [
        [pytest.approx(0.2), 0.5],
        [pytest.approx(0.9), 0.5],
    ]


def test_trials_that_do_not_count_teach_nothing() -> None:
    rules = replace(PRESETS["l-shade"], memory=2)
    made = outcomes([0.2, 0.3], [0, 0], [True, True])
    made = replace(made, counts=torch.tensor([[False, False]]))
    assert learn(rules, known_of(rules), made)["memory_position"].tolist() == [0]


def test_a_strategy_without_successes_draws_around_any_rate() -> None:
    entries = torch.linspace(0.0, 0.99, 8, dtype=torch.float64).view(1, 8)
    given = draws(1, 8, rate=0.5, entry=entries)
    shares = torch.full((1, 4), 0.25, dtype=torch.float64)
    lessons = Lessons(shares, torch.full_like(shares, torch.nan))
    chosen = choose(SADE, known_of(SADE, members=8), lessons, given, Moment(99))
    crosses = torch.tensor([STRATEGIES[name].crosses for name in SADE.strategies])
    found = crosses[chosen.strategy]
    # The middle of a distribution that is cut off at 0 and 1 is a little further inside.
    assert_close(chosen.rate[found], entries[found], rtol=0, atol=0.08)
