"""The whole experiment as one value: the keys at the top of the file, and the tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from coevo.catalog import GENERATIONS
from coevo.de_table import DifferentialEvolutionTable
from coevo.problems import Problem
from coevo.pruning_table import PruningEntries
from coevo.rules import Given, broken_rules
from coevo.start_table import StartTable
from coevo.sweep_table import SweepTable
from coevo.tables import (
    CheckpointTable,
    DataTable,
    EngineTable,
    EvaluationTable,
    GridTable,
    NetworkTable,
    OptimizerTable,
    SelectionTable,
    Table,
    TaskTable,
)
from coevo.validation import BETWEEN_KEYS, value_problems
from coevo.values import Count, Text

__all__ = ["DEFAULTS", "Experiment", "checked"]


class Experiment(Table):
    """A whole experiment: everything that a run's results depend on.

    Build one with `coevo.experiment.load_experiment` or `experiment_from_dict`: they explain
    mistakes in plain words, one line each.
    """

    seed: int = Field(default=1, ge=0, le=2**62, description="seed of the first world")
    generations: Count = Field(default=GENERATIONS, description="generations to run")
    dtype: Literal["float32", "float64"] = Field(
        default="float32", title="a number type", description="type of all weights and losses"
    )
    description: Text = Field(default="", description="one line for lists and reports")
    grid: GridTable = GridTable()
    task: TaskTable = TaskTable()
    data: DataTable = DataTable()
    network: NetworkTable = NetworkTable()
    start: StartTable = StartTable()
    selection: SelectionTable = SelectionTable()
    optimizer: OptimizerTable = OptimizerTable()
    de: DifferentialEvolutionTable = DifferentialEvolutionTable()
    pruning: PruningEntries = Field(default=(), description="what is pruned, when, how much")
    evaluation: EvaluationTable = EvaluationTable()
    engine: EngineTable = EngineTable()
    checkpoint: CheckpointTable = CheckpointTable()
    sweep: SweepTable = SweepTable()

    @model_validator(mode="after")
    def _rules(self) -> Experiment:
        problems = broken_rules(Given(self.model_dump(exclude_unset=True), DEFAULTS))
        if problems:
            text = "; ".join(map(str, problems))
            raise PydanticCustomError(BETWEEN_KEYS, "{text}", {"text": text})
        return self


DEFAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        name: {key: one.default for key, one in type(field.default).model_fields.items()}
        for name, field in Experiment.model_fields.items()
        if isinstance(field.default, BaseModel)
    }
)
"""``{table: {key: default}}``, without the keys at the top."""


def checked(mapping: Mapping[str, Any]) -> Experiment | list[Problem]:
    """Check nested mappings of tables and keys, all but what a sweep makes of them.

    Returns:
        The experiment, or all mistakes.
    """
    tables = {k: dict(v) if isinstance(v, Mapping) else v for k, v in mapping.items()}
    try:
        return Experiment.model_validate(tables)
    except ValidationError as error:
        problems = value_problems(error, Experiment)
    depths = ((problem.path, 3 if problem.path[:1] == ("pruning",) else 2) for problem in problems)
    refused = frozenset(".".join(map(str, path[:depth])) for path, depth in depths)
    return problems + broken_rules(Given(tables, DEFAULTS, refused))
