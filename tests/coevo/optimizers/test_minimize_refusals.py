"""What the minimizer refuses: each message names the key, the value and the fix."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from coevo.errors import CoevoError
from coevo.optimizers.differential_evolution import Rules, minimize

BOX = [(-5.0, 5.0)] * 3


def sphere(genomes: Tensor) -> Tensor:
    return genomes.square().sum(-1)


def refused(function: Any = sphere, bounds: Any = BOX, rules: Any = "l-shade", **given: Any) -> str:
    with pytest.raises(CoevoError) as caught:
        minimize(function, bounds, rules, **({"evaluations": 50, "population_size": 10} | given))
    return str(caught.value)


@pytest.mark.parametrize("name", ["populations", "population_size", "evaluations"])
@pytest.mark.parametrize("value", [0, -3, 2.5, "many"])
def test_numbers_are_whole_and_at_least_1(name: str, value: object) -> None:
    message = refused(**{name: value})
    assert message == f"{name}: {value!r} will not do; give a whole number >= 1"


def test_a_seed_is_not_negative() -> None:
    assert refused(seed=-1) == "seed: -1 will not do; give a whole number >= 0"


def test_an_unknown_option() -> None:
    message = refused(popsize=20)
    assert message.startswith("popsize: is not an option of minimize; use populations, ")


def test_an_unknown_preset() -> None:
    message = refused(rules="lshade")
    assert message == "rules: 'lshade' is not a preset of differential evolution; " + (
        "did you mean 'l-shade'?"
    )


def test_another_type_of_genes() -> None:
    message = refused(dtype=torch.float16)
    assert message == "dtype: torch.float16 will not do; give torch.float32 or torch.float64"


def test_fewer_members_than_the_strategies_need() -> None:
    message = refused(rules="sade", population_size=5)
    assert message == ("population_size: 5 is too small for these strategies; give at least 6")


def test_a_budget_that_the_first_members_exceed() -> None:
    assert refused(evaluations=9) == (
        "evaluations: 9 is less than the 10 members; give more, or a smaller population_size"
    )


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ([], "got [0]; give"),
        ([1, 2], "got [2]; give"),
        ([(1, 2, 3)], "got [1, 3]; give"),
        ([(1, 2), (1,)], "give a low and a high end per gene"),
        ("wide", "give a low and a high end per gene"),
        ([(0, 1), (2, 1)], "[2.0, 1.0] will not do for gene 1; give finite ends"),
        ([(0, math.inf)], "[0.0, inf] will not do for gene 0; give finite ends"),
        ([(math.nan, 1)], "[nan, 1.0] will not do for gene 0; give finite ends"),
        ([(-1e308, 1e308)], "[-1e+308, 1e+308] will not do for gene 0; give finite ends"),
    ],
)
def test_bounds(bounds: object, said: str) -> None:
    message = refused(bounds=bounds)
    assert message.startswith("bounds: ")
    assert said in message


def test_bounds_that_float32_cannot_hold() -> None:
    message = refused(bounds=[(0, 1e39)], dtype=torch.float32)
    assert message.endswith("the low one first, whose distance torch.float32 can hold")


@pytest.mark.parametrize("shape", [(), (2,), (11, 3), (4, 2), (3, 1, 3), (1, 1, 1, 3)])
def test_first_members_of_another_shape(shape: tuple[int, ...]) -> None:
    message = refused(start=torch.zeros(shape), populations=2)
    assert message == (
        f"start: {list(shape)} does not fit 10 members of 3 genes; "
        "give [genes], [n, genes] or [populations, n, genes]"
    )


def test_first_members_that_are_not_numbers() -> None:
    assert refused(start=torch.tensor([0.0, math.nan, 0.0])).startswith("start: nan ")


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda genomes: genomes, "[10, 3]"),
        (lambda genomes: genomes.sum(), "[]"),
        (lambda genomes: 1.0, "float"),
        (lambda genomes: None, "NoneType"),
    ],
)
def test_a_function_that_returns_something_else(function: Any, found: str) -> None:
    assert refused(function=function) == (
        f"function: returns {found} for [10, 3]; return a tensor [10] of losses"
    )


def test_a_function_that_does_not_know_of_populations() -> None:
    message = refused(function=lambda genomes: genomes.sum((-1, -2)), populations=2)
    assert message == "function: returns [2] for [2, 10, 3]; return a tensor [2, 10] of losses"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strategies": ("rand_3",)}, "strategies: 'rand_3' is not a strategy; did you mean"),
        ({"strategies": ()}, "strategies: name at least one, each once"),
        ({"strategies": ("soup", "soup")}, "strategies: name at least one, each once"),
        ({"shares": (0.5, 0.5)}, "shares: 2 for 1 strategies; give one each"),
        ({"shares": (0.0,)}, "shares: give numbers >= 0, not all 0"),
        ({"strategies": ("soup", "mean"), "shares": (2, -1)}, "shares: give numbers >= 0"),
        (
            {"scale_start": 0.0},
            "scale_start: 0.0 is out of range; give a number above 0, at most 1",
        ),
        ({"scale_start": 1.5}, "scale_start: 1.5 is out of range"),
        (
            {"crossover_start": -0.1},
            "crossover_start: -0.1 is out of range; give a number in [0, 1]",
        ),
        ({"crossover_start": math.nan}, "crossover_start: nan is out of range"),
        ({"memory": 0}, "memory: 0 is out of range; give a number >= 1"),
        ({"learning_period": 0}, "learning_period: 0 is out of range; give a number >= 1"),
        ({"pbest": (0.0, 0.1)}, "pbest: 0.0 is out of range; give a number above 0, at most 1"),
        ({"pbest": (0.1, 1.1)}, "pbest: 1.1 is out of range; give a number above 0, at most 1"),
        ({"archive": -1.0}, "archive: -1.0 is out of range; give a number >= 0"),
        ({"archive": math.inf}, "archive: inf is out of range"),
        ({"sinusoid_phase": math.nan}, "sinusoid_phase: nan is out of range; give a number finite"),
    ],
)
def test_rules(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CoevoError) as caught:
        Rules(**given)
    assert str(caught.value).startswith(said)
