"""Measures of optimizers become columns of the records, beside those that every run has."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch

from coevo.engine import Engine
from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict
from coevo.optimizer_trial import trial
from coevo.optimizers import CellProblem, Improved, OptimizerState
from coevo.population import Population
from coevo.records import read
from coevo.reserved_columns import RESERVED_COLUMNS, RESERVED_PREFIXES, reserved
from coevo.run import run
from tests.architecture.sources import ROOT
from tests.coevo.small_experiments import build, write_data

OF_THE_OPTIMIZER = {"train_loss", "learning_rate", "sample_forwards"}


@dataclass(frozen=True)
class Measuring:
    """Does nothing, and measures something of a name."""

    name: str

    def init(self, encoders: Population, decoders: Population) -> OptimizerState:
        return OptimizerState()

    def step(self, problem: CellProblem) -> Improved:
        zeros = torch.zeros(len(problem.cells))
        return Improved(
            problem.encoders.select(problem.source_encoders()).masked(),
            problem.decoders.select(problem.source_decoders()).masked(),
            OptimizerState(),
            {"train_loss": zeros, self.name: zeros},
        )


def measuring(engine: Engine, name: str) -> Engine:
    return replace(engine, optimizer=Measuring(name))


def refusal(engine: Engine, name: str) -> str:
    with pytest.raises(CoevoError) as caught:
        trial(measuring(engine, name), "this one")
    return str(caught.value)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return build(write_data(tmp_path_factory.mktemp("data"))).engine


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Of a run that records all that can be recorded."""
    folder = tmp_path_factory.mktemp("run")
    data = write_data(folder)
    document = {
        "generations": 2,
        "task": {"dataset": "npz"},
        "data": {"file": str(data / "data.npz")},
        "network": {"hidden": [6], "latent": 3},
        "grid": {"rows": 1, "columns": 3, "neighborhood": "ring"},
        "selection": {
            "evaluation_batch_size": 4,
            "replacement": "if_better",
            "validation_rows": 6,
        },
        "optimizer": {"batch_size": 5, "steps": 2},
        "evaluation": {"training_rows": 6},
        "pruning": [
            {"operator": "magnitude", "sparsity": 0.5, "schedule": "one_shot"},
            {"operator": "uniform", "masks": "soft", "bias": True},
        ],
    }
    done = run(experiment_from_dict(document), folder / "out", device="cpu")
    return read(done.directory / "records").columns


def test_all_columns_of_a_pruned_run_are_reserved(columns: list[str]) -> None:
    own = set(columns) - OF_THE_OPTIMIZER
    assert {name for name in own if not reserved(name)} == set()
    assert {name for name in OF_THE_OPTIMIZER if reserved(name)} == set()


def test_nothing_is_reserved_in_vain(columns: Collection[str]) -> None:
    assert set(RESERVED_COLUMNS) <= set(columns)
    unused = {p for p in RESERVED_PREFIXES if not any(name.startswith(p) for name in columns)}
    assert unused == {"test_"}, "kept, so that test rows are never among the records"


def test_the_document_names_them_all() -> None:
    text = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    (line,) = (line for line in text.splitlines() if line.startswith("- Measures become"))
    named = set(re.findall(r"`(\w+)`", line))
    assert named == {"train_loss", *RESERVED_COLUMNS, *RESERVED_PREFIXES}


@pytest.mark.parametrize("name", ["world", "generation", "cell", "running", "replaced", "seed"])
def test_a_column_that_there_is_cannot_be_a_measure(name: str, engine: Engine) -> None:
    assert refusal(engine, name) == (
        f"this one: the measure {name!r} is the name of a column that runs record themselves; "
        f"name it otherwise, as 'own_{name}'"
    )


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("encoder_from", "encoder_"),
        ("decoder_sparsity.1", "decoder_"),
        ("pruning_events", "pruning_"),
        ("validation_mse", "validation_"),
        ("training_time", "training_"),
        ("test_mse", "test_"),
    ],
)
def test_a_measure_cannot_begin_like_a_column(name: str, prefix: str, engine: Engine) -> None:
    assert refusal(engine, name) == (
        f"this one: the measure {name!r} begins with {prefix!r}, like a column that runs record "
        f"themselves; name it otherwise, as 'own_{name}'"
    )


@pytest.mark.parametrize("name", ["own_world", "train_loss2", "encoder", "rows", "learning_rate"])
def test_other_names_are_free(name: str, engine: Engine) -> None:
    trial(measuring(engine, name), "this one")


@dataclass(frozen=True)
class Sourced(Measuring):
    """Says where its results come from, wrongly."""

    sources: Any = None

    def step(self, problem: CellProblem) -> Improved:
        return replace(super().step(problem), sources=self.sources)


@pytest.mark.parametrize(
    "sources", [7, (torch.zeros(1),), (torch.zeros(1), torch.zeros(1)), (1, 2), [None, None]]
)
def test_sources_are_cells(engine: Engine, sources: Any) -> None:
    with pytest.raises(CoevoError) as caught:
        trial(replace(engine, optimizer=Sourced("one", sources)), "this one")
    assert str(caught.value) == (
        "this one: sources are not two tensors [cells] of int64; return cells, or None for the "
        "selected"
    )
