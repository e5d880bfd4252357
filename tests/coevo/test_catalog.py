"""What experiment files may say is what the modules that carry it out can do."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any, get_args

import pytest

from coevo.architectures import ACTIVATIONS
from coevo.catalog import DATASET_KEYS, REQUIRED_DATASET_KEYS
from coevo.datasets import DATASETS, DataOptions
from coevo.datasets.options import FrameName
from coevo.optimizers import UpdateRule
from coevo.optimizers.gradient import GradientOptimizer, MomentsPolicy, PairingsName
from coevo.optimizers.updates import AlgorithmName
from coevo.pairing import PairingMode
from coevo.schema import DEFAULTS, Experiment
from coevo.tables import DataTable, OptimizerTable, SelectionTable, Table, TaskTable
from coevo.tasks import LossName, NoiseName, OutputName
from coevo.values import CONCEPTS, Activation, NeighborhoodName
from grids import NEIGHBORHOODS
from operators import CONCEPTS as CONCEPT_FUNCTIONS


def test_datasets_are_those_that_can_be_loaded() -> None:
    assert DATASET_KEYS.keys() == DATASETS.keys()


def test_dataset_keys_are_the_options_of_data_sets_with_their_defaults() -> None:
    options = asdict(DataOptions())
    own = {key for keys in DATASET_KEYS.values() for key in keys}
    assert own == options.keys() - {"directory", "split_seed"}
    assert {key: DEFAULTS["data"][key] for key in options} == options


def test_required_keys_are_own_keys_without_a_default() -> None:
    for dataset, keys in REQUIRED_DATASET_KEYS.items():
        assert set(keys) <= set(DATASET_KEYS[dataset])
        assert all(DEFAULTS["data"][key] is None for key in keys)


@pytest.mark.parametrize(
    ("table", "key", "names"),
    [
        (TaskTable, "noise", NoiseName),
        (TaskTable, "loss", LossName),
        (TaskTable, "output", OutputName),
        (DataTable, "frame", FrameName),
        (SelectionTable, "pairing", PairingMode),
        (OptimizerTable, "algorithm", AlgorithmName),
        (OptimizerTable, "pairings", PairingsName),
        (OptimizerTable, "moments", MomentsPolicy),
    ],
)
def test_choices_are_those_of_the_code(table: type[Table], key: str, names: object) -> None:
    assert get_args(table.model_fields[key].annotation) == get_args(names)


def test_activations_neighborhoods_and_concepts_are_those_of_the_code() -> None:
    assert get_args(get_args(Activation)[0]) == tuple(ACTIVATIONS)
    assert get_args(NeighborhoodName) == tuple(NEIGHBORHOODS)
    assert tuple(CONCEPT_FUNCTIONS) == CONCEPTS


def test_optimizer_defaults_are_those_of_the_code() -> None:
    table: dict[str, Any] = dict(DEFAULTS["optimizer"])
    rule, optimizer = UpdateRule(), GradientOptimizer()
    for key in ("algorithm", "momentum", "betas", "epsilon", "weight_decay"):
        assert table[key] == getattr(rule, key)
    for key in ("learning_rate", "pairings", "moments"):
        assert table[key] == getattr(optimizer, key)
    assert table["learning_rate_step"] == optimizer.walk
    assert table["learning_rate_minimum"] == optimizer.minimum
    assert table["learning_rate_maximum"] == optimizer.maximum


def test_every_key_is_described_in_one_line() -> None:
    tables = [type(getattr(Experiment(), name)) for name in DEFAULTS]
    keys = [field for table in tables for field in table.model_fields.values()]
    keys += [field for name, field in Experiment.model_fields.items() if name not in DEFAULTS]
    for field in keys:
        assert field.description is not None
        assert re.fullmatch(r"[^\n]{3,80}", field.description)
