"""Each draw follows its distribution; fixed keys, so that no test can fail by chance."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coevo.keys import Key
from coevo.random import bits, choice, integers, normal, permutation, torch_seed, uniform


def grid(*seeds: int, cells: int = 4) -> Key:
    """The cells of some worlds, stacked."""
    return Key.for_cells(
        torch.tensor(seeds).repeat_interleave(cells), torch.arange(cells).repeat(len(seeds))
    )


keys = st.builds(
    lambda seeds, cells, generation, purpose: grid(*seeds, cells=cells).at(generation).of(purpose),
    st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
    st.text(max_size=4),
)


class TestCorrelation:
    @pytest.mark.parametrize("varied", ["seeds", "cells", "generation", "purpose", "worlds"])
    def test_streams_are_not_correlated(self, varied: str) -> None:
        one = grid(0, cells=1)
        streams = {
            "seeds": normal(grid(*range(30), cells=1), (20_000,)),
            "cells": normal(grid(0, cells=30), (20_000,)),
            "generation": torch.cat([normal(one.at(g), (20_000,)) for g in range(30)]),
            "purpose": torch.cat([normal(one.of(str(p)), (20_000,)) for p in range(30)]),
            "worlds": normal(Key.for_worlds(torch.arange(30)), (20_000,)),
        }[varied]
        correlation = torch.corrcoef(streams.double()).fill_diagonal_(0)
        # 435 pairs with deviation 1 / sqrt(20000): the largest is near 3.1 deviations.
        assert correlation.abs().max() < 4.5 / math.sqrt(20_000)
        assert math.isclose(correlation.square().sum() * 20_000 / 870, 1, abs_tol=0.2)

    def test_neighboring_positions_are_not_correlated(self) -> None:
        numbers = uniform(grid(0, cells=1), (200_000,), dtype=torch.float64)[0] - 0.5
        for lag in (1, 2, 3, 4, 5, 8):
            correlation = (numbers[lag:] * numbers[:-lag]).mean() * 12
            assert correlation.abs() < 4 / math.sqrt(200_000)


class TestUniform:
    # A float32 near a bound is rounded up to it now and then, hence the many numbers.
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize(
        ("low", "high"), [(0.0, 1.0), (1.0, 2.0), (-0.1, 0.7), (0.7, 0.8), (-1e6, 3), (1e-9, 2e-9)]
    )
    def test_stays_in_range(self, low: float, high: float, dtype: torch.dtype) -> None:
        made = uniform(grid(1), (50_000,), low=low, high=high, dtype=dtype).double()
        assert made.min() >= low
        assert made.max() < high
        width = high - low
        assert made.min() < low + width * 1e-3
        assert made.max() > high - width * 1e-3

    def test_takes_its_lower_bound_and_never_rounds_up_to_the_upper(self) -> None:
        made = uniform(grid(1), (300_000,), low=2.0**20, high=2.0**20 + 1)
        assert made.max() == 2.0**20 + 0.875
        assert made.min() == 2.0**20

    def test_both_dtypes_take_the_same_decision(self) -> None:
        single = uniform(grid(1), (9999,))
        double = uniform(grid(1), (9999,), dtype=torch.float64)
        assert single.dtype == torch.float32
        assert torch.equal(single.double(), double)
        assert torch.equal((double * 2**24).long(), bits(grid(1), (9999,)) >> 8)

    def test_is_uniform(self) -> None:
        made = uniform(grid(8, cells=1), (100_000,), low=-1, high=3, dtype=torch.float64)[0]
        assert stats.kstest(made.numpy(), "uniform", args=(-1, 4)).pvalue > 0.01

    def test_every_bit_is_fair(self) -> None:
        made = bits(grid(3), (25_000,)).flatten()
        assert made.min() >= 0
        assert made.max() < 2**32
        ones = torch.stack([(made >> place & 1).double().mean() for place in range(32)])
        assert (ones - 0.5).abs().max() < 4 * 0.5 / math.sqrt(100_000)


class TestNormal:
    def test_moments_and_distribution(self) -> None:
        made = normal(grid(2), (50_000,), dtype=torch.float64).flatten().numpy()
        n = len(made)
        assert abs(made.mean()) < 3 / math.sqrt(n)
        assert abs(made.std() - 1) < 3 / math.sqrt(2 * n)
        assert abs(stats.skew(made)) < 3 * math.sqrt(6 / n)
        assert abs(stats.kurtosis(made)) < 3 * math.sqrt(24 / n)
        assert stats.kstest(made, "norm").pvalue > 0.01

    def test_both_numbers_of_a_pair_are_independent(self) -> None:
        pairs = normal(grid(5, cells=1), (100_000, 2), dtype=torch.float64)[0]
        assert torch.corrcoef(pairs.T)[0, 1].abs() < 3 / math.sqrt(100_000)
        assert torch.corrcoef(pairs.square().T)[0, 1].abs() < 3 / math.sqrt(100_000)
        angles = torch.atan2(pairs[:, 1], pairs[:, 0]).numpy()
        assert stats.kstest(angles, "uniform", args=(-math.pi, 2 * math.pi)).pvalue > 0.01

    def test_mean_and_standard_deviation(self) -> None:
        standard = normal(grid(1), (1000,), dtype=torch.float64)
        made = normal(grid(1), (1000,), mean=-2.0, standard_deviation=0.5)
        assert made.dtype == torch.float32
        assert torch.equal(made, (standard * 0.5 - 2).float())
        assert torch.equal(
            normal(grid(1), (3,), mean=4.0, standard_deviation=0.0), torch.full((4, 3), 4.0)
        )


class TestIntegers:
    @given(key=keys, low=st.integers(-(2**40), 2**40), count=st.integers(1, 2**31))
    def test_stay_in_range_and_scale_the_bits(self, key: Key, low: int, count: int) -> None:
        made = integers(key, (20,), low + count, low=low)
        expected = [low + (word * count >> 32) for word in bits(key, (20,)).flatten().tolist()]
        assert made.flatten().tolist() == expected
        assert low <= min(expected) <= max(expected) < low + count

    @pytest.mark.parametrize("values", [2, 3, 10, 1000])
    def test_are_uniform(self, values: int) -> None:
        made = integers(grid(1), (25_000,), values).flatten()
        counts = torch.bincount(made, minlength=values)
        assert len(counts) == values
        assert stats.chisquare(counts.numpy()).pvalue > 0.01


class TestPermutation:
    @given(key=keys, n=st.integers(0, 60), data=st.data())
    def test_holds_every_value_once_and_choice_takes_its_head(
        self, key: Key, n: int, data: st.DataObject
    ) -> None:
        shuffled = permutation(key, n)
        assert torch.equal(shuffled.sort(dim=1).values, torch.arange(n).expand(key.streams, n))
        k = data.draw(st.integers(0, n))
        assert torch.equal(choice(key, n, k), shuffled[:, :k])

    def test_choice_is_the_head_of_a_long_permutation(self) -> None:
        key = grid(1, cells=3)
        shuffled = permutation(key, 60_000)
        assert torch.equal(shuffled.sort(dim=1).values, torch.arange(60_000).expand(3, -1))
        for k in (1, 128, 59_999, 60_000):
            assert torch.equal(choice(key, 60_000, k), shuffled[:, :k])

    def test_every_order_is_equally_likely(self) -> None:
        shuffled = permutation(grid(1, cells=24_000), 4)
        code = (shuffled * torch.tensor([64, 16, 4, 1])).sum(dim=1)
        counts = code.unique(return_counts=True)[1]
        assert len(counts) == 24
        assert stats.chisquare(counts.numpy()).pvalue > 0.01


class TestTorchSeed:
    def test_seeds_differ_and_fit_a_generator(self) -> None:
        seeds = torch_seed(grid(*range(50), cells=20))
        assert len(set(seeds)) == 1000
        assert all(0 <= seed < 2**63 for seed in seeds)
        assert max(seeds) > 2**62
        assert len({seed % 1024 for seed in seeds}) > 500
        torch.Generator().manual_seed(max(seeds))
