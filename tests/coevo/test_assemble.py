"""Every key of an experiment reaches the engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from coevo.assemble import network_pair
from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict
from coevo.optimizers import GradientOptimizer, UpdateRule
from grids import offsets
from operators import CONCEPTS
from tests.coevo.small_experiments import ROWS, build, write_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_data(tmp_path)


def test_the_grid_and_the_worlds(folder: Path) -> None:
    grid = {"rows": 2, "columns": 5, "neighborhood": "ring", "radius": 2}
    engine = build(folder, grid=grid, sweep={"replicates": 3}, seed=40).engine
    assert engine.seeds.tolist() == [40, 41, 42]
    assert (engine.grid.worlds, engine.grid.cells_per_world) == (3, 10)
    assert engine.grid.neighbors.shape == (30, len(offsets("ring", 2)))


def test_selection(folder: Path) -> None:
    table = {
        "tournament": 4,
        "pairing": "independent",
        "concept": "worst",
        "replacement": "if_better",
        "evaluation_batch_per": "cell",
        "validation_rows": 7,
    }
    engine = build(folder, selection=table).engine
    assert engine.selection.concept is CONCEPTS["worst"]
    assert (engine.selection.tournament, engine.selection.pairing) == (4, "independent")
    assert (engine.replacement, engine.replacement_rows) == ("if_better", 7)
    assert (engine.evaluation_rows, engine.evaluation_batch_per) == (4, "cell")


def test_the_optimizer(folder: Path) -> None:
    table = {
        "algorithm": "adamw",
        "learning_rate": 0.02,
        "learning_rate_step": 0.003,
        "learning_rate_minimum": 0.001,
        "learning_rate_maximum": 0.5,
        "pairings": "opponents",
        "moments": "migrate",
        "betas": [0.8, 0.9],
        "epsilon": 1e-6,
        "weight_decay": 0.1,
    }
    expected = GradientOptimizer(
        rule=UpdateRule("adamw", 0.0, (0.8, 0.9), 1e-6, 0.1),
        learning_rate=0.02,
        walk=0.003,
        minimum=0.001,
        maximum=0.5,
        pairings="opponents",
        moments="migrate",
        always_accepted=True,
    )
    assert build(folder, optimizer=table).engine.optimizer == expected
    rejecting = build(folder, optimizer=table, selection={"replacement": "if_better"})
    assert rejecting.engine.optimizer == replace(expected, always_accepted=False)


def test_momentum(folder: Path) -> None:
    table = {"algorithm": "sgd", "momentum": 0.7}
    optimizer = build(folder, optimizer=table).engine.optimizer
    assert isinstance(optimizer, GradientOptimizer)
    assert (optimizer.rule.algorithm, optimizer.rule.momentum) == ("sgd", 0.7)


def test_rows_and_their_order(folder: Path) -> None:
    data = {"train_rows": 10, "subset": 0.6, "subset_per": "cell", "order_per": "world"}
    engine = build(folder, data=data, evaluation={"every": 3}).engine
    assert engine.training.rows == 10
    order = engine.order
    assert (order.rows, order.kept_rows, order.batch_size, order.steps) == (10, 6, 5, 2)
    assert (engine.subset_per, engine.order_per, engine.measure_every) == ("cell", "world", 3)


def test_work(folder: Path) -> None:
    assembled = build(folder, engine={"cells_per_chunk": 4, "threads": 3})
    assert (assembled.engine.cells_per_chunk, assembled.threads) == (4, 3)
    automatic = build(folder)
    assert 1 <= automatic.engine.cells_per_chunk <= 9
    assert automatic.threads >= 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_number_type_is_everywhere(dtype: str, folder: Path) -> None:
    assembled = build(folder, dtype=dtype, task={"kind": "denoise"})
    engine, wanted = assembled.engine, getattr(torch, dtype)
    tensors = [engine.training.inputs, engine.validation.inputs, assembled.test.targets]
    tensors += engine.init().encoders.weights.values()
    assert {tensor.dtype for tensor in tensors} == {wanted}
    assert engine.dtype == wanted


def test_parameters_are_counted(folder: Path) -> None:
    assembled = build(folder)
    assert assembled.parameters == {
        "encoder": 16 * 6 + 6 + 6 * 3 + 3,
        "decoder": 3 * 6 + 6 + 6 * 16 + 16,
    }


def test_targets_count_only_where_inputs_are_mapped_to_them(folder: Path) -> None:
    mapped = build(folder, task={"kind": "map"}).engine
    assert mapped.training.targets.shape == (ROWS, 3)
    plain = build(folder).engine
    assert plain.training.targets is plain.training.inputs
    edges = build(folder, task={"kind": "map", "target": "edges"}).engine
    assert edges.training.targets.shape == (ROWS, 1, 4, 4)
    assert not torch.equal(edges.training.targets, edges.training.inputs)


def test_noise_on_held_out_rows_depends_on_the_split_alone(folder: Path) -> None:
    def noise(seed: int, split_seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        task = {"kind": "denoise", "noise_level": 0.5}
        data = {"split_seed": split_seed}
        assembled = build(folder, task=task, seed=seed, data=data)
        held_out = assembled.engine.validation, assembled.test
        assert torch.equal(assembled.engine.training.inputs, assembled.engine.training.targets)
        first, second = (rows.inputs - rows.targets for rows in held_out)
        return first, second

    validation, test = noise(seed=1, split_seed=0)
    assert all(map(torch.equal, noise(seed=2, split_seed=0), (validation, test)))
    assert not torch.equal(noise(seed=1, split_seed=1)[0], validation)
    assert not torch.allclose(validation, test)
    assert 0.4 < float(validation.std()) < 0.6


def test_the_engine_does_not_hold_the_test_rows(folder: Path) -> None:
    assembled = build(folder)
    rows = assembled.test.inputs
    for held in (assembled.engine.training.inputs, assembled.engine.validation.inputs):
        assert not any(torch.equal(row, other) for row in rows for other in held)


def test_random_numbers_of_torch_are_left_alone(folder: Path) -> None:
    before = torch.get_rng_state()
    build(folder).engine.init()
    assert torch.equal(torch.get_rng_state(), before)


def test_networks_are_built_for_the_shapes_of_the_data() -> None:
    experiment = experiment_from_dict({"network": {"hidden": [5], "latent": 2}})
    pair = network_pair(experiment, (1, 4, 4), (7,))
    assert pair.description == {"input_shape": [1, 4, 4], "target_shape": [7], "code_shape": [2]}
    assert pair.encoder.build()(torch.zeros(3, 1, 4, 4)).shape == (3, 2)
    assert pair.decoder.build()(torch.zeros(3, 2)).shape == (3, 7)
    conv = experiment_from_dict({"network": {"kind": "conv"}})
    with pytest.raises(CoevoError, match=r"'conv' needs images .* rows of shape \[7\]"):
        network_pair(conv, (1, 4, 4), (7,))
