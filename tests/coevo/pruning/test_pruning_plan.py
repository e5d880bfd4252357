"""Every key of an entry of ``[[pruning]]`` reaches the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from coevo.engine import Engine
from coevo.pruning import Gauge, Pruner
from coevo.wiring import Link
from operators import OPERATORS
from tests.coevo.small_experiments import ROWS, build, write_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_data(tmp_path)


def pruned(folder: Path, *entries: dict[str, Any], **tables: Any) -> tuple[Engine, Pruner, Gauge]:
    engine = build(folder, pruning=list(entries), **tables).engine
    assert engine.pruner is not None
    assert engine.gauge is not None
    return engine, engine.pruner, engine.gauge.of_cell(0)


def test_without_entries_there_is_nothing_to_do(folder: Path) -> None:
    engine = build(folder).engine
    assert engine.pruner is engine.gauge is None
    state = engine.init()
    assert state.encoders.masks == {}
    assert state.encoders.origins == {}


def test_entries_become_rules_in_their_order(folder: Path) -> None:
    entries: list[dict[str, Any]] = [
        {
            "operator": "conjunctive",
            "roles": ["decoder"],
            "layers": ["0"],
            "bias": True,
            "scope": "tensor",
            "masks": "soft",
            "rows": 7,
            "cases": "test",
            "activations": "training",
            "threshold": 0.3,
            "early_stop": True,
        },
        {"operator": "magnitude", "regrow": "random", "scope": "pair"},
        {"operator": "variance", "remove": "high", "structure": "unit", "scope": "network"},
    ]
    _, pruner, _ = pruned(folder, *entries)
    first, second, third = pruner.rules
    assert first.operator == OPERATORS["conjunctive"].bound({"threshold": 0.3, "early_stop": True})
    assert {role: [one.name for one in own] for role, own in first.layers.items()} == {
        "decoder": ["0"]
    }
    assert (first.bias, first.scope, first.masks, first.rows) == (True, "tensor", "soft", 7)
    assert (first.cases, first.activations, first.regrow) == ("test", "training", None)
    assert first.timing.again
    assert second.operator == OPERATORS["magnitude"]
    assert {role: [one.name for one in own] for role, own in second.layers.items()} == {
        "encoder": ["1", "3"],
        "decoder": ["0", "2"],
    }
    assert (second.regrow, second.scope, second.structure) == ("random", "pair", "weight")
    assert third.operator == OPERATORS["variance"].bound({"remove": "high"})
    # The units of the decoder's last layer are the outputs.
    assert [one.name for one in third.layers["decoder"]] == ["0"]
    assert [one.name for one in third.layers["encoder"]] == ["1", "3"]
    assert third.structure == "unit"


def test_outputs_are_units_where_they_are_named(folder: Path) -> None:
    entry = {"structure": "unit", "layers": ["0", "2"], "roles": ["decoder"]}
    _, pruner, _ = pruned(folder, entry)
    assert [one.name for one in pruner.rules[0].layers["decoder"]] == ["0", "2"]


def test_the_schedule_is_stretched_over_the_run(folder: Path) -> None:
    entry = {"schedule": "increase", "sparsity": 0.6, "begin": 1}
    _, pruner, _ = pruned(folder, entry, generations=5)
    assert pruner.rules[0].timing.intensities == pytest.approx((0.0, 0.0, 1 / 3, 2 / 3, 1.0))
    assert pruner.rules[0].timing.sparsity == 0.6


def test_population_is_divided_by_the_number_of_neighbors(folder: Path) -> None:
    entry = {"schedule": "population"}
    for neighborhood, neighbors in (("von_neumann", 5), ("ring", 3)):
        grid = {"neighborhood": neighborhood, "rows": 3, "columns": 3}
        _, pruner, _ = pruned(folder, entry, grid=grid)
        assert pruner.rules[0].timing.intensities[-1] == pytest.approx(1 / neighbors)


def test_the_pruner_looks_at_training_rows_and_at_test_rows_only_where_asked(folder: Path) -> None:
    engine, pruner, _ = pruned(folder, {})
    assert pruner.rows["training"] is engine.training
    test = pruner.rows["test"].inputs
    assert test.shape[0] == ROWS
    assert not any(
        torch.equal(test, held) for held in (engine.training.inputs, engine.validation.inputs)
    )


def test_the_gauge_knows_all_layers_and_what_can_be_pruned(folder: Path) -> None:
    entries = [
        {"roles": ["encoder"], "layers": ["3"]},
        {"roles": ["encoder"], "bias": True, "layers": ["1"]},
    ]
    _, _, gauge = pruned(folder, *entries)
    assert {role: [one.name for one in own] for role, own in gauge.layers.items()} == {
        "encoder": ["1", "3"],
        "decoder": ["0", "2"],
    }
    assert gauge.prunable == {
        "encoder": {"1.weight", "1.bias", "3.weight"},
        "decoder": frozenset(),
    }
    # 16 - 6 - 3 and back.
    assert gauge.links == [Link(6, 1, 1), Link(3, 1, 1), Link(6, 1, 1)]
    assert gauge.parameters == {"encoder": 17 * 6 + 7 * 3, "decoder": 4 * 6 + 7 * 16}


def test_new_networks_get_the_masks_and_first_weights_that_rules_need(folder: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"operator": "movement", "roles": ["encoder"], "layers": ["1"]},
        {"roles": ["decoder"], "masks": "soft"},
        {"roles": ["decoder"], "layers": ["0"], "bias": True},
    ]
    engine, _, _ = pruned(folder, *entries)
    state = engine.init()
    assert state.encoders.masks.keys() == {"1.weight"}
    assert state.decoders.masks.keys() == {"0.weight", "0.bias"}
    assert all(mask.all() for mask in state.encoders.masks.values())
    assert state.encoders.origins.keys() == {"1.weight"}
    assert torch.equal(state.encoders.origins["1.weight"], state.encoders.weights["1.weight"])
    assert state.decoders.origins == {}


def test_assembling_leaves_the_generator_alone(folder: Path) -> None:
    before = torch.get_rng_state()
    pruned(folder, {"operator": "wanda"})
    assert torch.equal(torch.get_rng_state(), before)
