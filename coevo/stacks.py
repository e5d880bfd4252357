"""Worlds that share shapes and run as one program: a stack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from coevo.errors import CoevoError
from coevo.experiment import Experiment

if TYPE_CHECKING:
    from coevo.variants import Variant

__all__ = [
    "BASE",
    "World",
    "by_variant",
    "naming_variant",
    "replicates",
    "shape_of",
    "worlds_of",
]

BASE = ""
"""The name of the only variant where there is no study."""

_NAMED = "sweep variant "
# What a stacked world may have for itself; everything else is one value for the whole stack.
_OWN_KEYS = ("seed", "description", "sweep", "pruning")
_OWN_RATES = (
    *("learning_rate", "learning_rate_step", "learning_rate_minimum", "learning_rate_maximum"),
    *("learning_rate_decay", "learning_rate_decay_every", "learning_rate_spread"),
)


@dataclass(frozen=True)
class World:
    """One variant with one seed.

    Attributes:
        variant: its name; `BASE` where there is no study.
        experiment: of the variant.
        seed: its identity beside the experiment: all that it draws follows from it.
    """

    variant: str
    experiment: Experiment
    seed: int


def replicates(experiment: Experiment, variant: str = BASE) -> tuple[World, ...]:
    """The worlds of one variant: its seeds follow each other.

    Examples:
        >>> from coevo.experiment import experiment_from_dict
        >>> worlds = replicates(experiment_from_dict({"seed": 4, "sweep": {"replicates": 2}}))
        >>> [world.seed for world in worlds]
        [4, 5]
    """
    seeds = range(experiment.seed, experiment.seed + experiment.sweep.replicates)
    return tuple(World(variant, experiment, seed) for seed in seeds)


def worlds_of(variants: Iterable[Variant]) -> tuple[World, ...]:
    """The worlds of all variants, variant by variant."""
    return tuple(
        world for variant in variants for world in replicates(variant.experiment, variant.name)
    )


def shape_of(experiment: Experiment) -> str:
    """A text that is the same for experiments whose worlds can be stacked.

    Seeds, learning rates and everything about pruning may differ.

    Examples:
        >>> from coevo.experiment import experiment_from_dict
        >>> one = experiment_from_dict({"pruning": [{"amount": 0.5}]})
        >>> shape_of(one) == shape_of(experiment_from_dict({"seed": 9}))
        True
        >>> shape_of(one) == shape_of(experiment_from_dict({"grid": {"rows": 4}}))
        False
    """
    values = experiment.model_dump(mode="json", exclude=set(_OWN_KEYS))
    for key in _OWN_RATES:
        del values["optimizer"][key]
    return json.dumps(values, sort_keys=True)


def by_variant(worlds: Sequence[World]) -> Iterator[tuple[World, range]]:
    """Worlds of the same variant that follow each other.

    Yields:
        One of them, and their positions.
    """
    first = 0
    for _, group in groupby(worlds, lambda world: (world.variant, world.experiment)):
        found = list(group)
        yield found[0], range(first, first + len(found))
        first += len(found)


@contextmanager
def naming_variant(name: str) -> Iterator[None]:
    """Say in front of errors which variant they are about, where there is a study.

    Examples:
        >>> with naming_variant("wide"), naming_variant("deep"):
        ...     raise CoevoError("pruning[0].rows: too many; give less")
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: sweep variant 'deep': pruning[0].rows: too many; give less
    """
    try:
        yield
    except CoevoError as error:
        if name == BASE:
            raise
        lines = str(error).splitlines()
        named = [line if line.startswith(_NAMED) else f"{_NAMED}{name!r}: {line}" for line in lines]
        raise CoevoError("\n".join(named)) from error
