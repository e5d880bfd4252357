"""Scale factors and crossover rates: ranges, distributions, sinusoids, limits."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Cauchy, Normal

from operators import (
    TERMINAL,
    cauchy_scales,
    decreasing_sinusoid,
    increasing_sinusoid,
    jso_pull,
    limited_by_jso,
    normal_rates,
    normal_scales,
)

fractions = st.floats(0, 1, exclude_max=True) | st.just(1.0 - 2.0**-53)
GRID = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000


def double(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def drawn_again(values: Tensor, allowed: Tensor) -> Tensor:
    """As many ordered quantiles of the allowed values as the grid has."""
    kept = values[allowed].sort().values
    return kept[(GRID * len(kept)).long()]


@given(fractions, st.floats(1e-8, 1.0))
def test_scales_are_above_0_and_at_most_1(fraction: float, location: float) -> None:
    assert 0.0 < float(cauchy_scales(double(fraction), double(location))) <= 1.0


@given(fractions, st.floats(1e-8, 1.0))
def test_scales_are_above_0_in_float32_too(fraction: float, location: float) -> None:
    assert float(cauchy_scales(double(fraction), double(location)).float()) > 0.0


@given(st.lists(fractions, min_size=2, max_size=2, unique=True), st.floats(1e-8, 1.0))
def test_scales_are_quantiles(pair: list[float], location: float) -> None:
    low, high = cauchy_scales(torch.tensor(sorted(pair)).double(), double(location))
    assert low <= high


@pytest.mark.parametrize("location", [1e-8, 0.1, 0.5, 1.0])
def test_scales_are_distributed_as_if_drawn_again_until_positive(location: float) -> None:
    many = (torch.arange(400_000, dtype=torch.float64) + 0.5) / 400_000
    plain = Cauchy(location, 0.1).icdf(many)
    expected = drawn_again(plain, plain > 0).clamp(max=1.0)
    found = cauchy_scales(GRID, torch.full_like(GRID, location))
    # Half a step of the finer grid apart, where the distribution is widest.
    assert float((found - expected).abs().max()) < 2e-3
    assert float((found - expected).abs().mean()) < 1e-5


@given(fractions, st.floats(0, 1) | st.just(TERMINAL), st.booleans())
def test_rates_are_in_0_to_1(fraction: float, mean: float, redrawn: bool) -> None:
    assert 0.0 <= float(normal_rates(double(fraction), double(mean), redrawn=redrawn)) <= 1.0


@pytest.mark.parametrize("redrawn", [False, True])
def test_a_terminal_entry_makes_rates_of_0(redrawn: bool) -> None:
    rates = normal_rates(GRID, torch.full_like(GRID, TERMINAL), redrawn=redrawn)
    assert (rates == 0).all()


@pytest.mark.parametrize("mean", [0.0, 0.05, 0.5, 0.97, 1.0])
def test_rates_are_cut_off_or_drawn_again(mean: float) -> None:
    means = torch.full_like(GRID, mean)
    many = (torch.arange(400_000, dtype=torch.float64) + 0.5) / 400_000
    plain = Normal(mean, 0.1).icdf(many)
    again = drawn_again(plain, (plain >= 0) & (plain <= 1))
    cut = Normal(mean, 0.1).icdf(GRID).clamp(0.0, 1.0)
    assert float((normal_rates(GRID, means, redrawn=True) - again).abs().max()) < 5e-3
    assert float((normal_rates(GRID, means, redrawn=False) - cut).abs().max()) < 1e-4


def test_sades_scales_are_normal_whatever_they_are() -> None:
    quantiles = (0.01, 0.2, 0.5, 0.95, 0.999)
    expected = [NormalDist(0.5, 0.3).inv_cdf(q) for q in quantiles]
    found = normal_scales(torch.tensor(quantiles, dtype=torch.float64))
    assert found.tolist() == pytest.approx(expected, abs=1e-5)
    assert float(found[0]) < 0.0 < 1.0 < float(found[-1])


@given(fractions)
def test_sades_scales_are_finite(fraction: float) -> None:
    assert math.isfinite(normal_scales(double(fraction)))


@given(st.integers(1, 5000), st.data())
def test_the_published_sinusoid_is_constant(horizon: int, data: st.DataObject) -> None:
    generation = data.draw(st.integers(0, horizon))
    assert decreasing_sinusoid(generation, horizon) == pytest.approx(0.5, abs=1e-9)


def test_a_quarter_period_makes_it_swing_less_and_less() -> None:
    found = [decreasing_sinusoid(g, 4, phase=math.pi / 2) for g in range(5)]
    # 0.5 -+ 0.5, 0.5 * 3/4, 0.5 * 2/4, 0.5 * 1/4, 0
    assert found == pytest.approx([0.0, 0.875, 0.25, 0.625, 0.5])


def test_the_other_sinusoid_swings_more_and_more() -> None:
    quarter = torch.full((1,), 0.25, dtype=torch.float64)
    found = [float(increasing_sinusoid(quarter, g, 8)) for g in (0, 1, 2, 3, 5, 7)]
    assert found == pytest.approx(
        [0.5, 0.5 + 1 / 16, 0.5, 0.5 - 3 / 16, 0.5 + 5 / 16, 0.5 - 7 / 16]
    )


@given(st.floats(0.0, 1.0), st.integers(1, 3000), st.data())
def test_sinusoids_are_in_0_to_1(frequency: float, horizon: int, data: st.DataObject) -> None:
    generation, phase = data.draw(st.integers(0, horizon)), data.draw(st.floats(-7, 7))
    assert 0.0 <= decreasing_sinusoid(generation, horizon, phase=phase) <= 1.0
    assert 0.0 <= float(increasing_sinusoid(double(frequency), generation, horizon)) <= 1.0


@pytest.mark.parametrize(
    ("progress", "scales", "rates"),
    [
        (0.0, [0.2, 0.7], [0.7, 0.9]),
        (0.24, [0.2, 0.7], [0.7, 0.9]),
        (0.25, [0.2, 0.7], [0.6, 0.9]),
        (0.49, [0.2, 0.7], [0.6, 0.9]),
        (0.5, [0.2, 0.7], [0.1, 0.9]),
        (0.59, [0.2, 0.7], [0.1, 0.9]),
        (0.6, [0.2, 1.0], [0.1, 0.9]),
        (1.0, [0.2, 1.0], [0.1, 0.9]),
    ],
)
def test_jsos_limits(progress: float, scales: list[float], rates: list[float]) -> None:
    found = limited_by_jso(torch.tensor([0.2, 1.0]), torch.tensor([0.1, 0.9]), progress)
    assert [x.tolist() for x in found] == [pytest.approx(scales), pytest.approx(rates)]


def test_jsos_pull_grows() -> None:
    shares = (0.0, 0.199, 0.2, 0.399, 0.4, 1.0)
    assert [jso_pull(share) for share in shares] == [0.7, 0.7, 0.8, 0.8, 1.2, 1.2]
