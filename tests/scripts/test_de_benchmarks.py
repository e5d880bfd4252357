"""The benchmarks of differential evolution measure what they say."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import torch

from scripts.benchmarks import de_quality
from scripts.benchmarks.de import Clock
from scripts.benchmarks.de_quality import FUNCTIONS, Shifted

each_function = pytest.mark.parametrize("name", FUNCTIONS)


@each_function
def test_a_test_function_is_zero_at_its_shift_alone(name: str) -> None:
    function = Shifted(name)
    assert float(function(function.shift)) == pytest.approx(0.0, abs=1e-12)
    elsewhere = function.shift + torch.linspace(-1.0, 1.0, 40, dtype=torch.float64)[:, None]
    assert bool((function(elsewhere) > 1e-3).all())


@each_function
def test_its_shift_is_in_the_middle_of_the_box(name: str) -> None:
    function = Shifted(name)
    width = FUNCTIONS[name].half_width
    assert function.bounds == [(-width, width)] * 30
    assert bool((function.shift.abs() <= 0.8 * width).all())
    assert float(function.shift.abs().max()) > 0.4 * width


@each_function
def test_only_rosenbrocks_function_is_not_rotated(name: str) -> None:
    rotation = Shifted(name).rotation
    assert torch.allclose(rotation @ rotation.T, torch.eye(30, dtype=torch.float64))
    assert bool((rotation == torch.eye(30)).all()) == (name == "rosenbrock_s")


def test_values_of_the_formulas() -> None:
    two = torch.tensor([1.0, 0.5], dtype=torch.float64)
    # Twice 10, less ten times the cosines 1 and -1, and 1.25 of squares.
    assert float(de_quality.rastrigin(two)) == pytest.approx(21.25)
    # y is [2, 1.5]: 100 (1.5 - 4)^2 + (1 - 2)^2
    assert float(de_quality.rosenbrock(two)) == pytest.approx(626.0)
    # The mean square is 0.625, and the cosines are 1 and -1.
    ackley = 20.0 - 20.0 * math.exp(-0.2 * math.sqrt(0.625)) + math.e - 1.0
    assert float(de_quality.ackley(two)) == pytest.approx(ackley)
    griewank = 1.0 + 1.25 / 4000.0 - math.cos(1.0) * math.cos(0.5 / math.sqrt(2.0))
    assert float(de_quality.griewank(two)) == pytest.approx(griewank)


def test_a_function_of_rows_is_read_above_its_lowest_value() -> None:
    function = de_quality._above_lowest(lambda rows: rows.sum(1).tolist(), 500.0)
    genomes = torch.tensor([[[500.0, 1.0], [500.0, 2.0]]], dtype=torch.float64)
    assert function(genomes).tolist() == [[1.0, 2.0]]


def test_the_clock_counts_neither_the_function_nor_the_first_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Enters at 0, 10, 15, 22 and is inside for 1, 2, 3, 4 seconds.
    moments = iter([0.0, 1.0, 10.0, 12.0, 15.0, 18.0, 22.0, 26.0])
    monkeypatch.setattr(time, "process_time", lambda: next(moments))
    clock = Clock(lambda rows: rows.sum(-1), skipped=2)
    for _ in range(4):
        assert clock(np.ones((2, 3))).tolist() == [3.0, 3.0]
    # From 1 to 10, from 12 to 15 and from 18 to 22, over six genomes.
    assert clock.seconds_per_evaluation() == pytest.approx(16.0 / 6.0)
    later = Clock(clock.function, 4, clock.entered, clock.left, clock.counts)
    assert later.seconds_per_evaluation() == pytest.approx(7.0 / 4.0)
