"""Pruning within a generation is what docs/pruning.md says: each choice by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.equivalence.agreement import assert_engine_agrees, with_own_rates
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.entries import BUILT_IN, OWN, Entry
from tests.equivalence.test_generation import ALGORITHMS, MOMENTS, PAIRINGS

BASE = Case(seeds=(3,), columns=2, steps=1, evaluation_rows=3)
OWN_OPERATORS = (f"{OWN}:blend", f"{OWN}:drop_last", f"{OWN}:refuses_nan")
# Half of the weights at once, then some more at times, with biases and rows.
LATER = Entry("wanda", amount=0.3, probability=0.5, bias=True, begin=1)
HALF_AND_MORE = (Entry("magnitude", sparsity=0.5, schedule="one_shot"), LATER)


def entries(given: Iterable[dict[str, Any]]) -> pytest.MarkDecorator:
    """One test per entry."""
    keys = list(given)
    return pytest.mark.parametrize("keys", keys, ids=[named(entry) for entry in keys])


def named(keys: dict[str, Any]) -> str:
    return "-".join(str(value).removeprefix(f"{OWN}:") for value in keys.values())


def check(*pruning: Entry, generations: int = 2, **changes: Any) -> None:
    assert_engine_agrees(replace(BASE, pruning=pruning, **changes), generations)


@entries({"operator": operator} for operator in (*BUILT_IN, *OWN_OPERATORS))
def test_operators(keys: dict[str, Any]) -> None:
    check(Entry(amount=0.3, **keys))


@entries(
    {"operator": operator}
    for operator in ("variance", "variance_sampled", "conjunctive_score", "wanda", "saliency")
)
@pytest.mark.parametrize("architecture", ["conv", "residual"])
def test_operators_on_other_layers(architecture: str, keys: dict[str, Any]) -> None:
    check(Entry(amount=0.3, bias=True, **keys), architecture=architecture)


@pytest.mark.parametrize("architecture", ["nested", "repeated", "mlp relu", "mlp of images"])
def test_activations_are_found_in_other_modules(architecture: str) -> None:
    check(Entry("variance", amount=0.3), Entry("wanda", amount=0.2), architecture=architecture)


@entries(
    (
        {"operator": "variance", "remove": "high"},
        {"operator": "variance_probability", "remove": "high"},
        {"operator": "variance_sampled", "remove": "high"},
        {"operator": "conjunctive", "threshold": 0.9},
        {"operator": "conjunctive", "threshold": 0.9, "early_stop": True},
        {"operator": "conjunctive", "threshold": 0.5, "early_stop": True, "rows": 1},
        {"operator": f"{OWN}:blend", "operator_options": {"share": 3.0}},
    )
)
def test_options_of_operators(keys: dict[str, Any]) -> None:
    check(Entry(amount=0.6, **keys))


@entries(
    {"scope": scope, "operator": operator}
    for scope in ("unit", "tensor", "layer", "network", "pair")
    for operator in ("magnitude", "variance")
)
def test_scopes(keys: dict[str, Any]) -> None:
    check(Entry(amount=0.1, bias=True, **keys))


@entries({"operator": operator} for operator in ("uniform", f"{OWN}:drop_last"))
def test_weights_and_biases_by_themselves(keys: dict[str, Any]) -> None:
    check(Entry(amount=0.4, bias=True, scope="tensor", **keys))


@entries({"scope": scope} for scope in ("unit", "layer", "network", "pair"))
def test_scopes_across_kinds_of_layers(keys: dict[str, Any]) -> None:
    check(Entry("magnitude", amount=0.4, **keys), architecture="conv")


@entries({"operator": operator} for operator in (*BUILT_IN, f"{OWN}:blend"))
def test_units(keys: dict[str, Any]) -> None:
    check(Entry(amount=0.4, structure="unit", **keys), generations=1)


@entries(
    (
        {"scope": "network"},
        {"scope": "pair"},
        {"layers": ("0", "0.2")},
        {"sparsity": 0.5, "schedule": "increase", "amount": 0.1},
    )
)
def test_amounts_of_units(keys: dict[str, Any]) -> None:
    check(Entry("magnitude", structure="unit", **{"amount": 0.4, **keys}), generations=3)


def test_units_of_convolutions_are_feature_maps() -> None:
    entry = Entry("wanda", amount=0.5, structure="unit", scope="pair")
    check(entry, architecture="conv")


@entries({"roles": roles} for roles in (("encoder",), ("decoder",), ("decoder", "encoder")))
def test_roles(keys: dict[str, Any]) -> None:
    check(Entry("saliency", amount=0.3, scope="network", **keys))


def test_each_role_by_an_entry_of_its_own() -> None:
    encoder = Entry("wanda", roles=("encoder",), amount=0.3)
    decoder = Entry("movement", roles=("decoder",), sparsity=0.6, schedule="cubic", scope="network")
    check(encoder, decoder, generations=3)


def test_layers_that_are_named() -> None:
    check(
        Entry("uniform", layers=("2",), roles=("encoder",), amount=0.5), Entry(layers=("0", "0.2"))
    )
    check(Entry("variance", layers=("4",), roles=("encoder",), amount=0.2), architecture="tied")


@entries(
    (
        {"amount": 0.3},
        {"sparsity": 0.5},
        {"sparsity": 0.5, "schedule": "increase", "operator": "magnitude"},
        {"amount": 0.5, "operator": "movement", "bias": True},
        {"amount": 0.5, "operator": "conjunctive", "cases": "test", "threshold": 0.6},
        {"amount": 0.5, "operator": "saliency", "structure": "unit"},
    )
)
def test_soft_masks(keys: dict[str, Any]) -> None:
    check(Entry(masks="soft", **keys))


def test_soft_masks_beside_hard_ones() -> None:
    soft = Entry("magnitude", masks="soft", amount=0.3, bias=True)
    check(Entry(amount=0.3), soft, Entry("movement", amount=0.1), generations=3)


@entries(
    (
        {"probability": 0.5, "amount": 0.3},
        {"probability": 0.5, "amount": 0.6, "scales": "amount", "schedule": "decrease"},
        {"schedule": "increase", "amount": 0.3},
        {"schedule": "exponential", "steepness": 5.0, "probability": 0.6, "amount": 0.3},
        {"amount": 1.0, "end": 1},
        {"amount": 0.001},
        {"probability": 0.0},
    )
)
def test_events(keys: dict[str, Any]) -> None:
    check(Entry(**keys), generations=3, columns=5)


@entries(
    (
        {"sparsity": 0.9},
        {"sparsity": 0.7, "schedule": "cosine"},
        {"sparsity": 0.7, "schedule": "increase", "begin": 1, "end": 2},
        {"sparsity": 0.4, "schedule": f"{OWN}:zigzag", "schedule_options": {"low": 0.5}},
        {"sparsity": 0.6, "operator": "variance_probability", "remove": "high"},
        {"sparsity": 0.6, "operator": "conjunctive", "threshold": 0.7},
        {"sparsity": 0.6, "scope": "tensor", "bias": True},
        {"sparsity": 0.6, "scope": "unit", "operator": "wanda"},
    )
)
def test_targets(keys: dict[str, Any]) -> None:
    check(Entry(**keys), generations=3)


def test_a_target_that_is_passed_removes_nothing() -> None:
    check(Entry(amount=0.5), Entry("magnitude", sparsity=0.6, schedule="increase"), generations=3)


@entries(
    {"regrow": regrow, "scope": scope}
    for regrow in ("gradient", "random")
    for scope in ("unit", "tensor", "layer", "network", "pair")
)
def test_regrowth(keys: dict[str, Any]) -> None:
    sparse = Entry("uniform", sparsity=0.6, schedule="one_shot", bias=True)
    check(sparse, Entry("magnitude", amount=0.4, bias=True, **keys))


@entries({"operator": operator} for operator in (f"{OWN}:drop_last", "movement"))
def test_regrowth_after_other_operators(keys: dict[str, Any]) -> None:
    sparse = Entry("uniform", sparsity=0.6, schedule="one_shot")
    check(sparse, Entry(amount=0.5, regrow="random", begin=1, **keys), generations=3)


@pytest.mark.parametrize("moments", ["persist", "migrate"])
@pytest.mark.parametrize("replacement", ["always", "if_better"])
@entries(
    (
        {"sparsity": 0.8, "schedule": "cubic", "operator": "magnitude"},
        {"sparsity": 0.6, "schedule": "one_shot", "begin": 1},
    )
)
def test_what_comes_back_begins_without_moments(
    keys: dict[str, Any], replacement: str, moments: str
) -> None:
    changes: dict[str, Any] = {"replacement": replacement, "moments": moments}
    grown = Entry("uniform", amount=0.5, regrow="random", begin=1)
    check(Entry(**keys), grown, generations=4, pairing="independent", **changes)


@pytest.mark.parametrize("noise", ["gaussian", "uniform", "masking"])
def test_operators_look_at_corrupted_rows(noise: str) -> None:
    pruning = Entry("wanda", amount=0.3, rows=3), Entry("variance", amount=0.1, rows=12)
    check(*pruning, noise=noise, noise_level=0.4)


@entries(
    (
        {"operator": "variance", "rows": 23},
        {"operator": "wanda", "rows": 10, "structure": "unit"},
        {"operator": "conjunctive_score", "rows": 1},
        {"operator": f"{OWN}:blend", "rows": 12},
    )
)
@pytest.mark.parametrize("replacement", ["always", "if_better"])
def test_activations_through_training(replacement: str, keys: dict[str, Any]) -> None:
    entry = Entry(amount=0.3, activations="training", **keys)
    changes: dict[str, Any] = {"replacement": replacement, "pairing": "independent"}
    check(Entry(amount=0.1), entry, learning_rate=0.1, **changes)


@pytest.mark.parametrize("loss", ["l1", "bce"])
def test_gradients_are_of_the_loss_of_the_task(loss: str) -> None:
    check(Entry("saliency", amount=0.4, bias=True), loss=loss, architecture="map")


@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("replacement", ["always", "fused", "if_better"])
def test_pruning_comes_after_replacement(moments: str, replacement: str) -> None:
    changes: dict[str, Any] = {"moments": moments, "pairing": "independent", "steps": 2}
    if replacement == "if_better":
        changes |= {"replacement": "if_better", "learning_rate": 0.1}
    case = replace(BASE, pruning=HALF_AND_MORE, **changes)
    if replacement == "fused":
        case = replace(case, always_accepted=True)
    assert_engine_agrees(case)


def test_a_center_is_pruned_whether_or_not_it_was_replaced() -> None:
    case = replace(BASE, seeds=(3, 4), replacement="if_better", learning_rate=0.1, steps=2)
    engine = engine_of(replace(case, pruning=(Entry("magnitude", amount=0.3),)))
    state, measures = engine.advance(with_own_rates(engine.init()))
    assert measures["replaced"].any()
    assert not measures["replaced"].all()
    assert (measures["pruning_events"] == 1).all()
    assert (state.encoders.masks["0.weight"].flatten(1).sum(1) == round(72 * 0.7)).all()


@pytest.mark.parametrize("pairings", PAIRINGS)
def test_pairings(pairings: str) -> None:
    check(*HALF_AND_MORE, pairings=pairings, moments="migrate", steps=2)


@pytest.mark.parametrize("algorithm", ALGORITHMS[1:3], ids=lambda a: a["algorithm"])
def test_algorithms(algorithm: dict[str, Any]) -> None:
    check(*HALF_AND_MORE, steps=2, **algorithm)


def test_first_masks_and_origins() -> None:
    hard, soft = Entry("magnitude", layers=("0", "0.2")), Entry("movement", masks="soft", bias=True)
    state = engine_of(replace(BASE, pruning=(hard, soft))).init()
    for population, masked in ((state.encoders, "0.weight"), (state.decoders, "0.2.weight")):
        assert set(population.masks) == {masked}
        assert population.masks[masked].all()
        assert set(population.origins) == set(population.weights)
        for name, origin in population.origins.items():
            assert torch.equal(origin, population.weights[name])
            assert origin.data_ptr() != population.weights[name].data_ptr()


def test_without_entries_there_are_no_masks_or_columns() -> None:
    (state, measures), *_ = run(engine_of(BASE), 1)
    for population in (state.encoders, state.decoders):
        assert (population.masks, population.origins) == ({}, {})
    assert not any("sparsity" in name or "pruning" in name for name in measures)
