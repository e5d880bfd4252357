"""Cells train with learning rates and weight decays of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from coevo.assemble import assemble_worlds
from coevo.engine import Engine
from coevo.experiment import experiment_from_dict
from coevo.optimizer_choice import is_compiled
from coevo.optimizers import GradientOptimizer
from coevo.optimizers.spread import spread_out
from coevo.random import Key, uniform
from coevo.stacks import World, shape_of
from tests.equivalence.agreement import TOLERANCE, assert_bitwise, assert_measures_bitwise
from tests.equivalence.cases import Case, engine_of, optimizer_of, run
from tests.equivalence.test_generation import ALGORITHMS, MOMENTS, PAIRINGS, cases
from tests.equivalence.variant_kinds import with_tables


def engine_with(seeds: Sequence[int], **changes: dict[str, Any]) -> Engine:
    experiment = experiment_from_dict(with_tables(changes))
    return assemble_worlds([World("", experiment, seed) for seed in seeds], "cpu").engine


def rates_of(engine: Engine) -> Tensor:
    return engine.init().optimizer.cell["learning_rate"]


def decays_of(engine: Engine) -> Tensor:
    optimizer = engine.optimizer
    assert isinstance(optimizer, GradientOptimizer)
    assert isinstance(optimizer.rule.weight_decay, Tensor)
    return optimizer.rule.weight_decay


numbers = st.floats(1e-9, 1e9)


@given(numbers, st.floats(1, 1e6), st.lists(st.integers(0, 2**62), min_size=1, max_size=5))
def test_what_is_drawn_is_within_the_spread(number: float, factor: float, seeds: list[int]) -> None:
    key = Key.for_cells(torch.tensor(seeds), torch.arange(len(seeds)))
    drawn = spread_out(number, factor, (0.0, math.inf), key)
    slack = 1 + 1e-12
    assert bool((drawn >= number / factor / slack).all())
    assert bool((drawn <= number * factor * slack).all())
    least, most = number / 2, number * 1.5
    clipped = spread_out(number, factor, (least, most), key)
    assert torch.equal(clipped, drawn.clamp(least, most))


def test_a_cell_has_the_number_that_its_key_says() -> None:
    key = Key.for_cells(torch.tensor([3, 3, 8]), torch.tensor([0, 1, 0]))
    drawn = spread_out(torch.tensor([0.1, 1.0, 10.0]), 100.0, (0.0, math.inf), key)
    shares: list[float] = uniform(key, (), dtype=torch.float64).tolist()
    expected = [
        c * 100 ** (2 * share - 1) for c, share in zip((0.1, 1.0, 10.0), shares, strict=True)
    ]
    assert drawn.tolist() == pytest.approx(expected, rel=1e-7)


def test_logarithms_are_even() -> None:
    grid = {"grid": {"rows": 30, "columns": 30}, "evaluation": {"every": 9}}
    rates = rates_of(
        engine_with((4,), optimizer={"learning_rate": 0.01, "learning_rate_spread": 10.0}, **grid)
    )
    places = (rates.log10() + 3) / 2
    assert len(set(rates.tolist())) == 900
    for quarter in range(4):
        inside = (places >= quarter / 4) & (places < (quarter + 1) / 4)
        assert 175 < int(inside.sum()) < 275


def test_without_a_spread_nothing_changes() -> None:
    plain = engine_with((4, 5), optimizer={"learning_rate_step": 1e-3, "weight_decay": 0.1})
    spread = {"learning_rate_spread": 1.0, "weight_decay_spread": 1.0}
    same = engine_with(
        (4, 5), optimizer={"learning_rate_step": 1e-3, "weight_decay": 0.1, **spread}
    )
    assert same.optimizer == plain.optimizer
    for one, other in zip(run(plain), run(same), strict=True):
        assert_bitwise(one[0], other[0])
        assert_measures_bitwise(one[1], other[1])


def test_rates_and_decays_do_not_depend_on_the_stack() -> None:
    table = {"learning_rate_spread": 5.0, "weight_decay": 0.1, "weight_decay_spread": 7.0}
    stacked = engine_with((4, 9, 1 << 40), optimizer=table)
    for place, seed in enumerate((4, 9, 1 << 40)):
        alone, cells = engine_with((seed,), optimizer=table), slice(4 * place, 4 * place + 4)
        assert torch.equal(rates_of(stacked)[cells], rates_of(alone))
        assert torch.equal(decays_of(stacked)[cells], decays_of(alone))
    ratios = torch.stack([rates_of(stacked) / 1e-3, decays_of(stacked) / 0.1])
    assert len(set(ratios.flatten().tolist())) == 24


def test_variants_with_other_spreads_share_a_stack() -> None:
    experiments = [
        experiment_from_dict(with_tables({"optimizer": {"learning_rate_spread": spread}}))
        for spread in (1.0, 3.0, 50.0)
    ]
    assert len(set(map(shape_of, experiments))) == 1
    stacked = assemble_worlds([World(str(n), one, 4) for n, one in enumerate(experiments)], "cpu")
    for place, one in enumerate(experiments):
        alone = rates_of(assemble_worlds([World("", one, 4)], "cpu").engine)
        assert torch.equal(rates_of(stacked.engine)[4 * place : 4 * place + 4], alone)


def test_rates_end_at_the_minimum_and_the_maximum() -> None:
    ends = {"learning_rate_minimum": 5e-4, "learning_rate_maximum": 2e-3}
    table = {"learning_rate_spread": 1e6, **ends}
    rates = rates_of(engine_with((4, 5), optimizer=table))
    assert set(rates.tolist()) == {5e-4, 2e-3}


DECAYS = (0.3, 0.01, 0.0, 1.5, 0.07, 0.6)
BASE = Case(seeds=(5, 1 << 40), learning_rate=0.02)


@cases(
    {"pairings": pairings, "moments": moments, **algorithm}
    for pairings in PAIRINGS
    for moments in MOMENTS
    for algorithm in ALGORITHMS[::2]
)
def test_a_cell_decays_as_if_all_had_its_weight_decay(changes: dict[str, Any]) -> None:
    case = replace(BASE, **changes)
    assert_decays(case, **({"cells_per_chunk": 4} if case.moments == "migrate" else {}))


@cases({"algorithm": name} for name in ("adam", "adamw"))
def test_a_fused_step_decays_too(changes: dict[str, Any]) -> None:
    assert_decays(replace(BASE, always_accepted=True, **changes))


def test_cells_with_a_decay_of_their_own_are_not_left_to_compiled_loops() -> None:
    table = {"moments": "reset", "weight_decay": 0.1}
    document = with_tables({"optimizer": {**table, "weight_decay_spread": 2.0}})
    for asked, compiled in ((with_tables({"optimizer": table}), True), (document, False)):
        experiment = experiment_from_dict(asked)
        engine = assemble_worlds([World("", experiment, 4)], "cpu").engine
        parts = engine.networks, engine.task, torch.device("cpu")
        assert is_compiled(engine.optimizer, experiment, *parts) is compiled
    case = replace(BASE, architecture="mlp of images", moments="reset")
    for algorithm in ALGORITHMS[::2]:
        assert_decays(replace(case, **algorithm))


def assert_decays(case: Case, **changes: Any) -> None:
    """Compare a generation with those in which all cells have the weight decay of one."""
    optimizer = optimizer_of(case)
    decays = torch.tensor(DECAYS, dtype=torch.float64)
    own = replace(optimizer, rule=replace(optimizer.rule, weight_decay=decays))
    engine = engine_of(case, optimizer=own, **changes)
    start = run(engine_of(case), 1)[0][0]
    state, measures = engine.advance(start)
    assert measures["weight_decay"].tolist() == list(DECAYS)
    for cell, decay in enumerate(DECAYS):
        expected = engine_of(replace(case, weight_decay=decay)).advance(start)[0]
        for shard, tensors in expected.shards().items():
            found = {name: tensor[cell] for name, tensor in state.shards()[shard].items()}
            theirs = {name: tensor[cell] for name, tensor in tensors.items()}
            assert_close(found, theirs, rtol=TOLERANCE, atol=TOLERANCE)
