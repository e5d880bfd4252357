"""What experiment files may say is what the modules that carry it out can do."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, get_args

import pytest

from coevo.architectures import ACTIVATIONS
from coevo.catalog import (
    DATASET_KEYS,
    LOOKING_OPERATORS,
    OPERATOR_KEYS,
    REQUIRED_DATASET_KEYS,
    SCHEDULE_KEYS,
)
from coevo.datasets import DATASETS, DataOptions
from coevo.datasets.options import FrameName
from coevo.optimizers import UpdateRule
from coevo.optimizers.gradient import GradientOptimizer, MomentsPolicy, PairingsName
from coevo.optimizers.updates import AlgorithmName
from coevo.pairing import PairingMode
from coevo.pruning.rule import (
    ActivationsName,
    CasesName,
    MasksName,
    PruningRule,
    Scales,
    Scope,
    Timing,
)
from coevo.pruning_keys import ENTRY_DEFAULTS, has_meaning
from coevo.pruning_table import PruningTable
from coevo.roles import ROLES, RoleName
from coevo.schema import DEFAULTS, Experiment
from coevo.tables import DataTable, OptimizerTable, SelectionTable, Table, TaskTable
from coevo.tasks import LossName, NoiseName, OutputName
from coevo.values import CONCEPTS, Activation, NeighborhoodName, Role
from grids import NEIGHBORHOODS
from operators import CONCEPTS as CONCEPT_FUNCTIONS
from operators import NEEDS, OPERATORS, SCHEDULES, RegrowBy
from operators.groups import Structure
from operators.variance import Remove


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
        (PruningTable, "structure", Structure),
        (PruningTable, "scope", Scope),
        (PruningTable, "masks", MasksName),
        (PruningTable, "scales", Scales),
        (PruningTable, "remove", Remove),
        (PruningTable, "cases", CasesName),
        (PruningTable, "activations", ActivationsName),
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


def _options(function: Callable[..., Any]) -> dict[str, Any]:
    """The options of an operator or a schedule, with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def test_operators_are_those_that_can_be_found_in_the_same_order() -> None:
    assert list(OPERATOR_KEYS) == list(OPERATORS)


@pytest.mark.parametrize("name", OPERATORS)
def test_keys_of_operators_are_options_with_their_defaults(name: str) -> None:
    options = _options(OPERATORS[name].function)
    # Where cases come from is for the engine, not for the operator.
    assert set(OPERATOR_KEYS[name]) - {"cases"} == options.keys()
    assert {key: ENTRY_DEFAULTS[key] for key in options} == options


def test_schedules_are_those_that_can_be_found_in_the_same_order() -> None:
    assert list(SCHEDULE_KEYS) == list(SCHEDULES)


@pytest.mark.parametrize("name", SCHEDULES)
def test_keys_of_schedules_are_options_with_their_defaults(name: str) -> None:
    options = _options(SCHEDULES[name])
    assert set(SCHEDULE_KEYS[name]) == options.keys()
    # By default, the engine divides by the size of a neighborhood.
    known = {key: ENTRY_DEFAULTS[key] for key in options if key != "divisor"}
    assert known == {key: value for key, value in options.items() if key != "divisor"}
    assert ENTRY_DEFAULTS["divisor"] is None


def test_operators_that_look_are_those_that_need_rows() -> None:
    looking = [name for name, operator in OPERATORS.items() if operator.needs - {"origins"}]
    assert sorted(looking) == sorted(LOOKING_OPERATORS)
    assert all(operator.needs <= set(NEEDS) for operator in OPERATORS.values())


@pytest.mark.parametrize("name", OPERATORS)
def test_keys_about_looking_have_a_meaning_where_the_operator_looks(name: str) -> None:
    def value(key: str) -> Any:
        return name if key == "operator" else ENTRY_DEFAULTS[key]

    needs = OPERATORS[name].needs
    assert has_meaning("rows", value) == bool(needs - {"origins"})
    assert has_meaning("activations", value) == bool(needs & {"outputs", "input_rms"})


def test_keys_of_pruning_have_the_defaults_of_the_code() -> None:
    rules = {field.name: field.default for field in fields(PruningRule)}
    for key in ("scope", "structure", "masks", "bias", "rows", "cases", "activations"):
        assert ENTRY_DEFAULTS[key] == rules[key]
    times = {field.name: field.default for field in fields(Timing)}
    for key in ("sparsity", "probability", "amount", "scales"):
        assert ENTRY_DEFAULTS[key] == times[key]
    assert ENTRY_DEFAULTS["roles"] == ROLES == get_args(RoleName)
    assert (ENTRY_DEFAULTS["regrow"], rules["regrow"]) == ("none", None)


def test_roles_and_ways_to_regrow_are_those_of_the_code() -> None:
    assert get_args(get_args(Role)[0]) == ROLES
    regrow = PruningTable.model_fields["regrow"].annotation
    assert get_args(regrow) == ("none", *get_args(RegrowBy))


def test_every_key_is_described_in_one_line() -> None:
    tables = [type(getattr(Experiment(), name)) for name in DEFAULTS]
    tables.append(PruningTable)
    keys = [field for table in tables for field in table.model_fields.values()]
    keys += [field for name, field in Experiment.model_fields.items() if name not in DEFAULTS]
    for field in keys:
        assert field.description is not None
        assert re.fullmatch(r"[^\n]{3,80}", field.description)
