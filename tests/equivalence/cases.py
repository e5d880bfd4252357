"""Experiments in small, and the engines that run them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from coevo.engine import Engine, Measures, evolve
from coevo.held_out import HeldOut
from coevo.networks import NetworkPair, build_stacked
from coevo.optimizers import GradientOptimizer, UpdateRule
from coevo.pairing import Selection
from coevo.random import Key
from coevo.state import GridState
from coevo.stream import DataOrder, TrainingRows
from coevo.tasks import Task
from grids import Grid, Torus, offsets
from operators import CONCEPTS
from tests.equivalence.entries import Entry, with_entries
from tests.equivalence.modules import ARCHITECTURES, Architecture

SPLIT_SEED = 77


def rank_weighted(losses: Tensor) -> Tensor:
    """A user's solution concept: better partners count more. ``[..., partners]`` to ``[...]``."""
    weights = 0.5 ** torch.arange(losses.shape[-1], dtype=losses.dtype)
    return (losses.sort(-1).values * weights).sum(-1)


def numbers(rows: int, shape: tuple[int, ...], phase: float) -> Tensor:
    """``[rows, *shape]`` float64 in (0, 1), no two rows alike."""
    row = torch.arange(rows, dtype=torch.float64)[:, None]
    column = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    waves = torch.sin(phase + 1.7 * row + 0.9 * column + 0.31 * row * column)
    return (0.5 + 0.45 * waves).view(rows, *shape)


@dataclass(frozen=True)
class Case:
    """Every choice that docs/generation.md describes, as plain values.

    ``kept_rows`` is the size of a subset, ``always_accepted`` the engine's promise that allows
    the fused kernel, ``horizon`` the number of generations that schedules are stretched over; the
    other names are those of an experiment file, or speak for themselves.
    """

    rows: int = 1
    columns: int = 3
    neighborhood: str | tuple[tuple[int, int], ...] = "ring"
    radius: int = 1
    seeds: tuple[int, ...] = (5, 1 << 40)
    architecture: str = "mlp"
    loss: str = "mse"
    output: str = "sigmoid"
    noise: str | None = None
    noise_level: float = 0.0
    concept: str = "best"
    tournament: int = 2
    pairing: str = "together"
    evaluation_rows: int = 5
    evaluation_batch_per: str = "world"
    algorithm: str = "adam"
    momentum: float = 0.0
    weight_decay: float = 0.0
    learning_rate: float = 0.01
    walk: float = 1e-3
    decay: float = 1.0
    decay_every: int = 100
    minimum: float = 1e-9
    maximum: float = 10.0
    pairings: str = "selected"
    moments: str = "persist"
    always_accepted: bool = False
    training_rows: int = 10
    kept_rows: int = 10
    subset_per: str = "world"
    order_per: str = "cell"
    batch_size: int = 4
    steps: int = 2
    replacement: str = "always"
    replacement_rows: int | None = None
    measure_every: int = 1
    pruning: tuple[Entry, ...] = ()
    horizon: int = 3
    cells_per_chunk: int = 1000
    dtype: torch.dtype = torch.float64

    @property
    def shapes(self) -> Architecture:
        return ARCHITECTURES[self.architecture]

    @property
    def user_concept(self) -> Callable[[Tensor], Tensor] | None:
        return rank_weighted if self.concept == "rank_weighted" else None

    @cached_property
    def training(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets; one tensor where the task is to reconstruct."""
        return self._split(self.training_rows, 0.0)

    @cached_property
    def validation(self) -> tuple[Tensor, Tensor]:
        """Clean inputs and targets."""
        return self._split(7, 2.0)

    @cached_property
    def test(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets that only pruning with ``cases = "test"`` sees."""
        return self._split(6, 4.0)

    def _split(self, rows: int, phase: float) -> tuple[Tensor, Tensor]:
        inputs = numbers(rows, self.shapes.inputs, phase).to(self.dtype)
        if self.shapes.targets == self.shapes.inputs:
            return inputs, inputs
        return inputs, numbers(rows, self.shapes.targets, phase + 0.5).to(self.dtype)


def engine_of(case: Case, **changes: Any) -> Engine:
    """Put a case's engine together, with fields of `Engine` changed."""
    task = Task(_any(case.loss), _any(case.output), _any(case.noise), case.noise_level)
    fields: dict[str, Any] = {
        "grid": Grid(
            Torus(case.rows, case.columns),
            offsets(case.neighborhood, case.radius),
            worlds=len(case.seeds),
        ),
        "seeds": torch.tensor(case.seeds),
        "networks": NetworkPair(
            build_stacked(case.shapes.encoder), build_stacked(case.shapes.decoder)
        ),
        "task": task,
        "training": TrainingRows(*case.training),
        "validation": HeldOut.prepare(
            *case.validation, task, Key.for_worlds(torch.tensor([SPLIT_SEED]))
        ),
        "selection": Selection(
            case.user_concept or CONCEPTS[case.concept], case.tournament, _any(case.pairing)
        ),
        "optimizer": optimizer_of(case),
        "order": DataOrder(case.training_rows, case.batch_size, case.steps, case.kept_rows),
        **{
            name: getattr(case, name)
            for name in (
                "cells_per_chunk",
                "dtype",
                "evaluation_rows",
                "evaluation_batch_per",
                "order_per",
                "subset_per",
                "replacement",
                "replacement_rows",
                "measure_every",
            )
        },
    }
    engine = Engine(**fields | changes)
    shapes = {"input": case.shapes.inputs, "target": case.shapes.targets}
    return with_entries(engine, case.pruning, case.horizon, shapes, TrainingRows(*case.test))


def optimizer_of(case: Case) -> GradientOptimizer:
    """A case's cell optimizer."""
    rule = UpdateRule(_any(case.algorithm), momentum=case.momentum, weight_decay=case.weight_decay)
    return GradientOptimizer(
        rule,
        learning_rate=case.learning_rate,
        walk=case.walk,
        decay=case.decay,
        decay_every=case.decay_every,
        minimum=case.minimum,
        maximum=case.maximum,
        pairings=_any(case.pairings),
        moments=_any(case.moments),
        always_accepted=case.always_accepted,
    )


def run(engine: Engine, generations: int = 3) -> list[tuple[GridState, Measures]]:
    """The states and measures of the first generations."""
    return list(evolve(engine, engine.init(), generations))


def _any(name: str | None) -> Any:
    """A name that the engine's types list one by one."""
    return name
