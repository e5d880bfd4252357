"""Compiled loops take the steps that docs/generation.md describes, and each cell by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from coevo.engine import Engine
from coevo.optimizers import dense_steps, regimes
from coevo.pairing import Selected
from coevo.state import GridState
from tests.equivalence.agreement import (
    assert_bitwise,
    assert_engine_agrees,
    assert_measures_bitwise,
    with_own_rates,
)
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.entries import Entry
from tests.equivalence.test_generation import ALGORITHMS, cases
from tests.equivalence.test_hard_masks import steps_of
from tests.equivalence.test_pruned_weights import assert_pruned_are_zero

BASE = Case(architecture="mlp of images", moments="reset", seeds=(3,), steps=3)
PRUNING = (Entry("uniform", amount=0.3, bias=True), Entry("movement", amount=0.1, scope="network"))
STACK = replace(BASE, seeds=(5, 1, 1 << 60), evaluation_batch_per="cell")


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many cells were trained at once; every test has to train some in compiled loops."""
    counts: list[int] = []
    train = dense_steps.train_dense

    def counted(problem: Any, encoders: Any, decoders: Any) -> Any:
        counts.append(len(problem.cells))
        return train(problem, encoders, decoders)

    monkeypatch.setattr(regimes, "train_dense", counted)
    yield counts
    assert counts


def check(**changes: Any) -> None:
    assert_engine_agrees(replace(BASE, **changes), generations=2)


@cases(
    {"moments": moments, **algorithm}
    for algorithm in ALGORITHMS
    for moments in ("reset", "migrate", "persist")
    if moments == "reset"
    or ("adam" not in algorithm["algorithm"] and not algorithm.get("momentum"))
)
def test_algorithms(changes: dict[str, Any]) -> None:
    check(pairing="independent", **changes)


@cases(
    {"architecture": name, "loss": loss}
    for name in (
        "dense of many shapes",
        "mlp without hidden layers",
        "mlp of images",
        "dense map",
    )
    for loss in ("mse", "l1", "bce")
)
def test_networks_and_losses(changes: dict[str, Any]) -> None:
    check(**changes)


@cases({"loss": loss} for loss in ("mse", "l1"))
def test_outputs_that_are_images_already(changes: dict[str, Any]) -> None:
    check(output="identity", architecture="dense map", **changes)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 9, 10, 11, 32])
def test_batches_of_all_sizes(size: int) -> None:
    check(batch_size=size, architecture="dense of many shapes", weight_decay=0.1)


@cases(
    {"noise": noise, "architecture": name}
    for noise in ("gaussian", "uniform", "masking")
    for name in ("mlp of images", "dense map")
)
def test_noise(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    # So small that the steps of a generation come in several parts.
    monkeypatch.setattr(dense_steps, "_NUMBERS_AT_ONCE", 3 * 4 * 12 * 2)
    check(noise_level=0.4, steps=5, seeds=(3, 8), **changes)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: "-".join(map(str, a.values())))
def test_hard_masks(algorithm: dict[str, Any]) -> None:
    case = replace(BASE, pruning=PRUNING, architecture="dense of many shapes", **algorithm)
    assert_engine_agrees(case, generations=2)
    removed = 0
    for state, steps in steps_of(case, 3):
        assert_pruned_are_zero(state, moments=False)
        for step in steps:
            for name, mask in step.new.masks.items():
                assert (step.new.weights[name][mask] != 0).all()
                removed += int((~mask).sum())
    assert removed > 0


def test_larger_batches_are_left_to_torch(
    monkeypatch: pytest.MonkeyPatch, taken: list[int]
) -> None:
    monkeypatch.setattr(dense_steps, "LARGEST_BATCH", 4)
    run(engine_of(replace(BASE, batch_size=5)), 1)
    assert not taken
    run(engine_of(replace(BASE, batch_size=4)), 1)
    assert taken


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("algorithm", ["sgd", "sign_sgd", "adam", "adamw"])
def test_torch_takes_the_same_steps(
    monkeypatch: pytest.MonkeyPatch, algorithm: str, dtype: torch.dtype
) -> None:
    case = replace(
        STACK, algorithm=algorithm, dtype=dtype, weight_decay=0.1, loss="bce", learning_rate=1e-3
    )
    start = with_own_rates(engine_of(case).init())
    ours = engine_of(case).advance(start)
    monkeypatch.setattr(regimes, "fits", lambda *_: False)
    torchs = engine_of(case).advance(start)
    tolerance = 1e-9 if dtype == torch.float64 else 1e-4
    for one, other in zip(ours, torchs, strict=True):
        shards = [
            given.shards() if isinstance(given, GridState) else given for given in (one, other)
        ]
        assert_close(*shards, rtol=tolerance, atol=tolerance)


VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"noise": "gaussian", "noise_level": 0.2, "loss": "l1"},
    {"pruning": PRUNING, "architecture": "dense of many shapes", "batch_size": 7},
    {"algorithm": "sgd", "moments": "migrate", "architecture": "dense map", "loss": "bce"},
)
variants = pytest.mark.parametrize("changes", VARIANTS, ids=["base", "noise", "pruned", "sgd"])
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def trained(engine: Engine, state: GridState) -> dict[str, torch.Tensor]:
    """What the optimizer makes of a state in which every cell selects itself."""
    own = torch.zeros(engine.grid.cells, dtype=torch.int64)
    losses = own.double()
    improved = engine._improve(state, Selected(own, own, losses, losses.view(-1, 1, 1)))
    return {
        **{f"encoder/{name}": weight for name, weight in improved.encoders.weights.items()},
        **{f"decoder/{name}": weight for name, weight in improved.decoders.weights.items()},
        **improved.measures,
    }


def assert_same_bits(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert torch.equal(values, other[name]), name


def start_of(case: Case) -> GridState:
    """After a generation, so that cells differ, and masks where there are any."""
    return run(engine_of(case), 1)[0][0]


@variants
@dtypes
@pytest.mark.parametrize("fields", [{"cells_per_chunk": n} for n in (1, 2, 4)] + [{"threads": 3}])
def test_chunks_and_threads_change_no_bit(
    changes: dict[str, Any], dtype: torch.dtype, fields: dict[str, int]
) -> None:
    case = replace(STACK, dtype=dtype, **changes)
    state = start_of(case)
    whole = trained(engine_of(case, threads=1), state)
    assert_same_bits(trained(engine_of(case, **fields), state), whole)


@variants
@dtypes
def test_a_world_computes_the_same_bits_alone(changes: dict[str, Any], dtype: torch.dtype) -> None:
    case = replace(STACK, dtype=dtype, **changes)
    state = start_of(case)
    whole = trained(engine_of(case), state)
    for place, seed in enumerate(case.seeds):
        cells = slice(3 * place, 3 * place + 3)
        parts = {name: {k: t[cells] for k, t in s.items()} for name, s in state.shards().items()}
        alone = GridState.from_shards(state.generation, parts)
        found = trained(engine_of(replace(case, seeds=(seed,))), alone)
        assert_same_bits(found, {name: values[cells] for name, values in whole.items()})


@dtypes
def test_masks_of_one_world_change_no_bit_of_others(dtype: torch.dtype) -> None:
    """A world without pruning, beside one with it, has masks that keep everything."""
    case = replace(STACK, dtype=dtype, architecture="dense of many shapes", batch_size=7)
    state = start_of(case)
    kept = {
        role: {name: torch.ones_like(w, dtype=torch.bool) for name, w in population.weights.items()}
        for role, population in (("encoders", state.encoders), ("decoders", state.decoders))
    }
    masked = replace(
        state,
        encoders=replace(state.encoders, masks=kept["encoders"]),
        decoders=replace(state.decoders, masks=kept["decoders"]),
    )
    engine = engine_of(case)
    assert_same_bits(trained(engine, masked), trained(engine, state))


@dtypes
@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("algorithm", ["sgd", "sign_sgd", "adam"])
def test_what_is_not_finite_stays_in_its_cell_and_is_seen(
    number: float, algorithm: str, dtype: torch.dtype
) -> None:
    shapes = "dense of many shapes"  # has every activation
    case = replace(STACK, dtype=dtype, algorithm=algorithm, architecture=shapes, steps=1)
    state = start_of(case)
    engine = engine_of(case)
    well = trained(engine, state)
    for place, population in (("encoders", state.encoders), ("decoders", state.decoders)):
        weights = {name: weight.clone() for name, weight in population.weights.items()}
        first = next(iter(weights.values()))
        first[4].flatten()[0] = number
        ill = replace(state, **{place: replace(population, weights=weights)})
        found = trained(engine, ill)
        finite = found["train_loss"].isfinite()
        for weight in found.values():
            finite &= weight.reshape(9, -1).isfinite().all(1)
        assert finite.tolist() == [n != 4 for n in range(9)]
        if number != number:  # NaN goes through activations, loss and every kind of move
            assert found["train_loss"][4].isnan()
            assert found["decoder/2.bias"][4].isnan().all()
        others = torch.arange(9) != 4
        for name, values in well.items():
            assert torch.equal(found[name][others], values[others])


def test_weights_that_are_given_are_left_alone() -> None:
    case = replace(STACK, pruning=PRUNING)
    state = start_of(case)
    copy = GridState.from_shards(
        state.generation,
        {shard: {k: t.clone() for k, t in s.items()} for shard, s in state.shards().items()},
    )
    engine = engine_of(case)
    first, second = engine.advance(state), engine.advance(state)
    assert_bitwise(state, copy)
    assert_bitwise(first[0], second[0])
    assert_measures_bitwise(first[1], second[1])
