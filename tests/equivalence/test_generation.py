"""The engine computes what docs/generation.md says: each choice by itself, against the loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import torch

from coevo.architectures import ACTIVATIONS
from tests.equivalence.agreement import assert_engine_agrees
from tests.equivalence.cases import Case, engine_of, run

ALGORITHMS: tuple[dict[str, Any], ...] = (
    {"algorithm": "sgd", "learning_rate": 0.1},
    {"algorithm": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.05},
    {"algorithm": "sign_sgd", "weight_decay": 0.05},
    {"algorithm": "adam"},
    {"algorithm": "adam", "weight_decay": 0.05},
    {"algorithm": "adamw", "weight_decay": 0.5},
)
PAIRINGS = ("selected", "opponents", "opponents_trained", "all")
MOMENTS = ("persist", "migrate", "reset")


def cases(changes: Iterable[dict[str, Any]]) -> pytest.MarkDecorator:
    """One test per set of changes to the base case."""
    given = list(changes)
    names = ["-".join(str(value) for value in change.values()) for change in given]
    return pytest.mark.parametrize("changes", given, ids=names)


@cases(
    {"concept": concept, "pairing": pairing}
    for concept in ("best", "mean", "worst", "rank_weighted")
    for pairing in ("together", "independent")
)
def test_solution_concepts(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(tournament=3, **changes))


@cases(
    {"tournament": size, "pairing": pairing}
    for size in (1, 2, 3, 5)
    for pairing in ("together", "independent")
)
def test_tournaments(changes: dict[str, Any]) -> None:
    case = Case(rows=2, radius=2, neighborhood="moore", seeds=(9,), **changes)
    assert_engine_agrees(case, generations=2)


@cases(
    {"pairings": pairings, "moments": moments, **algorithm}
    for pairings in PAIRINGS
    for moments in MOMENTS
    for algorithm in ALGORITHMS
)
def test_training(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(pairing="independent", seeds=(3,), **changes), generations=2)


@cases(
    {"pairings": pairings, "moments": moments, "algorithm": algorithm}
    for pairings in PAIRINGS
    for moments in MOMENTS
    for algorithm in ("adam", "adamw")
)
def test_the_promise_that_all_is_accepted_changes_nothing(changes: dict[str, Any]) -> None:
    case = Case(always_accepted=True, weight_decay=0.1, seeds=(4,), **changes)
    assert_engine_agrees(case, generations=2)


@cases(
    {"moments": moments, "replacement_rows": rows, "pairings": pairings}
    for moments in MOMENTS
    for rows in (None, 2)
    for pairings in ("selected", "opponents_trained")
)
def test_replacement_if_better(changes: dict[str, Any]) -> None:
    case = Case(replacement="if_better", learning_rate=0.1, **changes)
    replaced = torch.cat([measures["replaced"] for _, measures in run(engine_of(case))])
    assert replaced.any()
    assert not replaced.all()
    assert_engine_agrees(case)


def test_an_equal_loss_does_not_replace() -> None:
    still = Case(columns=1, replacement="if_better", learning_rate=0.0, minimum=0.0, walk=0.0)
    for _, measures in run(engine_of(still)):
        assert not measures["replaced"].any()
    assert_engine_agrees(still)


@cases(({"loss": "l1"}, {"loss": "bce"}))
def test_replacement_compares_the_loss_of_the_task(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(replacement="if_better", learning_rate=0.1, **changes))


@cases(
    (
        {"walk": 0.0},
        {"walk": 0.0, "maximum": 0.005},
        {"walk": 0.02, "minimum": 0.005, "maximum": 0.015},
        {"walk": 0.5, "algorithm": "sgd", "maximum": 0.3},
    )
)
def test_walks_of_the_learning_rate(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(**changes))


@cases(
    {"evaluation_batch_per": per, "noise": noise, "evaluation_rows": rows}
    for per in ("world", "cell")
    for noise in (None, "gaussian")
    for rows in (1, 13)
)
def test_evaluation_batches(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(noise_level=0.3, **changes), generations=2)


@cases(
    {"order_per": order, "subset_per": subset, "kept_rows": kept, "noise": noise}
    for order in ("world", "cell")
    for subset in ("world", "cell")
    for kept in (10, 6)
    for noise in (None, "gaussian")
)
def test_data_orders(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(noise_level=0.3, **changes), generations=2)


@cases(
    (
        {"batch_size": 10, "steps": 1},
        {"batch_size": 7, "steps": 5},
        {"batch_size": 23, "steps": 2},
        {"batch_size": 1, "steps": 3},
        {"batch_size": 3, "steps": 4, "kept_rows": 1},
    )
)
def test_batches_run_on_over_epochs(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(noise="uniform", noise_level=0.2, **changes))


@cases(
    {"noise": noise, "loss": loss, "architecture": architecture}
    for noise in (None, "gaussian", "uniform", "masking")
    for loss in ("mse", "l1", "bce")
    for architecture in ("mlp", "map")
)
def test_tasks(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(noise_level=0.4, columns=2, **changes), generations=2)


@cases({"loss": loss} for loss in ("mse", "l1", "bce"))
def test_outputs_of_networks_that_end_in_a_function(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(output="identity", architecture="ends in sigmoid", **changes))


@cases(
    {"rows": rows, "columns": columns, "neighborhood": neighborhood, "radius": radius}
    for rows, columns in ((1, 1), (1, 5), (2, 3), (3, 3))
    for neighborhood, radius in (("von_neumann", 1), ("moore", 1), ("ring", 2), ("ring", 0))
)
def test_neighborhoods(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(seeds=(8,), pairing="independent", **changes), generations=2)


@cases(
    (
        {"neighborhood": "von_neumann", "radius": 2, "rows": 3, "columns": 4},
        {"neighborhood": ((0, 1), (1, 1)), "rows": 3, "columns": 3},
        {"neighborhood": ((2, 0), (0, 0), (-1, 3)), "rows": 2, "columns": 3},
        {"neighborhood": (), "rows": 2},
    )
)
def test_wide_and_custom_neighborhoods(changes: dict[str, Any]) -> None:
    for per in ("world", "cell"):
        case = Case(evaluation_batch_per=per, seeds=(8,), pairings="opponents", **changes)
        assert_engine_agrees(case, generations=2)


@cases(
    {"architecture": name, "pairings": pairings}
    for name in (
        "mlp of images",
        "mlp without hidden layers",
        "conv",
        "residual",
        "tempered",
        "nested",
        "repeated",
        "tied",
    )
    for pairings in ("selected", "all")
)
def test_architectures(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(seeds=(2,), loss="bce", **changes))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activations(activation: str) -> None:
    assert_engine_agrees(Case(seeds=(2,), architecture=f"mlp {activation}"))


@pytest.mark.parametrize("numbers_at_once", [1, 30, 200])
def test_work_in_small_blocks(monkeypatch: pytest.MonkeyPatch, numbers_at_once: int) -> None:
    monkeypatch.setattr("coevo.stream._NOISE_BLOCK", 8 * numbers_at_once)
    monkeypatch.setattr("coevo.held_out._NUMBERS_AT_ONCE", numbers_at_once)
    assert_engine_agrees(
        Case(noise="gaussian", noise_level=0.3, steps=5, replacement="if_better", seeds=(1, 2))
    )


def test_measures_are_taken_every_so_manyth_generation() -> None:
    assert_engine_agrees(Case(measure_every=2, seeds=(2,)), generations=4)
