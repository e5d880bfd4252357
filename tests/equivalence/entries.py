"""Entries of ``[[pruning]]`` as plain values, and engines that carry them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch

from coevo.engine import Engine
from coevo.experiment import experiment_from_dict
from coevo.networks import untouched_generator
from coevo.pruning.plan import with_pruning
from coevo.stacks import BASE, World
from coevo.stream import TrainingRows
from coevo.user_code import Sources

OWN = "tests.equivalence.own_operators"
BUILT_IN = (
    *("uniform", "magnitude", "variance", "variance_probability", "variance_sampled"),
    *("conjunctive", "conjunctive_score", "wanda", "saliency", "movement"),
)
LOOKING = (
    *BUILT_IN[2:-1],
    *(f"{OWN}:{own}" for own in ("blend", "careful", "drop_last", "refuses_nan")),
)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Entry:
    """One entry; names and defaults are those of an experiment file, apart from ``rows``."""

    operator: str = "uniform"
    operator_options: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ("encoder", "decoder")
    layers: tuple[str, ...] | None = None
    bias: bool = False
    structure: str = "weight"
    scope: str = "layer"
    masks: str = "hard"
    schedule: str = "fixed"
    schedule_options: Mapping[str, Any] = field(default_factory=dict)
    begin: int = 0
    end: int | None = None
    sparsity: float | None = None
    probability: float = 1.0
    amount: float = 0.1
    scales: str = "probability"
    steepness: float = 2.0
    share: float = 0.25
    every: int = 10
    divisor: int | None = None
    rows: int = 5
    activations: str = "now"
    remove: str = "low"
    cases: str = "training"
    threshold: float = 0.1
    early_stop: bool = False
    regrow: str = "none"

    @property
    def looks(self) -> bool:
        """Whether rows of data are looked at."""
        return self.operator in LOOKING or self.regrow == "gradient"

    def table(self) -> dict[str, Any]:
        """What an experiment file would say: the keys that are not as by default."""
        plain = Entry()
        changed = {f.name: getattr(self, f.name) for f in fields(self)}
        del changed["rows"]
        found = {k: v for k, v in changed.items() if v != getattr(plain, k)}
        return {**found, "rows": self.rows} if self.looks else found


def with_entries(
    engine: Engine,
    entries: Sequence[Entry],
    horizon: int,
    shapes: Mapping[str, tuple[int, ...]],
    test: TrainingRows,
) -> Engine:
    """The engine with what the entries say about pruning.

    Args:
        engine: without pruning.
        entries: in their order.
        horizon: generations of the run.
        shapes: of one ``input`` and one ``target``.
        test: the rows of the test split.
    """
    if not entries:
        return engine
    document = {"generations": horizon, "pruning": [entry.table() for entry in entries]}
    with torch.no_grad(), untouched_generator():
        rows = torch.zeros(1, *shapes["input"])
        code = engine.networks.encoder.build()(rows)
    described: dict[str, object] = {"code_shape": list(code.shape[1:])}
    described |= {f"{name}_shape": list(shape) for name, shape in shapes.items()}
    engine = replace(engine, networks=replace(engine.networks, description=described))
    experiment = experiment_from_dict(document)
    worlds = [World(BASE, experiment, seed) for seed in engine.seeds.tolist()]
    return with_pruning(engine, worlds, test, Sources((ROOT,)))
