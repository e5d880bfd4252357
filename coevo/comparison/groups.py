"""Runs in groups that are compared, and groups in blocks of one data set each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from coevo.comparison.samples import RunNumber
from coevo.comparison.settings import data_settings, differing, label, same_run
from coevo.comparison.summaries import Array
from coevo.errors import CoevoError
from coevo.files import canonical_json
from coevo.problems import shown

__all__ = ["Block", "Group", "Source", "blocks_of"]


@dataclass(frozen=True)
class Source:
    """The runs of one directory.

    Attributes:
        directory: as it was given.
        numbers: one for each world that ended.
        planned: the seeds that each variant shall have.
    """

    directory: Path
    numbers: Sequence[RunNumber]
    planned: Mapping[str, frozenset[int]]


@dataclass(frozen=True)
class Group:
    """Runs that count as one variant, on one data set.

    Attributes:
        name: what it is called.
        seeds: ``[n]``, in ascending order.
        values: ``[n]``, the number of each seed: of its run, or the mean of its runs where the
            group holds several variants.
        numbers: of the runs behind the values.
        planned: how many values there shall be.
        variants: how many variants it holds.
    """

    name: str
    seeds: tuple[int, ...]
    values: Array = field(repr=False)
    numbers: tuple[RunNumber, ...] = field(repr=False)
    planned: int
    variants: int

    @property
    def settings(self) -> list[Mapping[str, Any]]:
        """The experiments of its runs, without those that differ in nothing."""
        read = {id(n.world.experiment): n.world.experiment for n in self.numbers}
        found = {same_run(experiment): experiment for experiment in read.values()}
        return [found[text] for text in sorted(found)]


@dataclass(frozen=True)
class Block:
    """What is compared on one data set.

    Attributes:
        name: of the data set, with what tells it from others.
        groups: those with at least one value, in the order in which they were found.
        empty: names of groups without a value, and how many they shall have.
    """

    name: str
    groups: tuple[Group, ...]
    empty: Mapping[str, int]

    def find(self, name: str) -> Group | None:
        """The group of a name."""
        return next((group for group in self.groups if group.name == name), None)


@dataclass(frozen=True)
class _Placed:
    """A run with the group that it belongs to."""

    number: RunNumber
    source: Source
    settings: str
    data: str
    group: str

    @property
    def planned(self) -> frozenset[int]:
        return self.source.planned[self.number.world.variant]


def blocks_of(sources: Sequence[Source], by: Sequence[str] = ()) -> tuple[Block, ...]:
    """Sort runs into groups.

    Args:
        sources: the directories, in the order in which they were given.
        by: dotted keys whose values name the groups; without any, names of variants do, and of
            directories where there are none.

    Raises:
        CoevoError: a group holds the same seed of the same experiment twice.
    """
    texts: dict[int, tuple[str, str]] = {}  # worlds of a stack share the experiment of a variant
    placed = [_place(number, source, by, texts) for source in sources for number in source.numbers]
    if not by:
        placed = _told_apart(placed)
    data = dict.fromkeys(run.data for run in placed)
    names = _data_names([next(run for run in placed if run.data == key) for key in data], by)
    return tuple(
        _block(name, [run for run in placed if run.data == key])
        for key, name in zip(data, names, strict=True)
    )


def _place(
    number: RunNumber, source: Source, by: Sequence[str], texts: dict[int, tuple[str, str]]
) -> _Placed:
    world = number.world
    if id(world.experiment) not in texts:
        data = canonical_json(data_settings(world.experiment, by))
        texts[id(world.experiment)] = same_run(world.experiment), data
    named = world.variant or source.directory.resolve().name
    name = label(world.experiment, by) if by else named
    return _Placed(number, source, *texts[id(world.experiment)], name)


def _told_apart(placed: Iterable[_Placed]) -> list[_Placed]:
    """Put the directory into the names of groups that would mix experiments."""
    placed = list(placed)
    experiments: dict[tuple[str, str], set[str]] = {}
    for run in placed:
        experiments.setdefault((run.data, run.group), set()).add(run.settings)
    mixed = {key for key, found in experiments.items() if len(found) > 1}
    return [
        replace(run, group=_full_name(run)) if (run.data, run.group) in mixed else run
        for run in placed
    ]


def _full_name(run: _Placed) -> str:
    variant, directory = run.number.world.variant, str(run.source.directory)
    return f"{directory}: {variant}" if variant else directory


def _data_names(firsts: Sequence[_Placed], by: Sequence[str]) -> list[str]:
    """Names of data sets, with the settings that tell those of one name apart."""
    tables = [data_settings(run.number.world.experiment, by) for run in firsts]
    sets = [str(table.get("task.dataset") or "all data") for table in tables]
    names = []
    for name, table in zip(sets, tables, strict=True):
        alike = [t for other, t in zip(sets, tables, strict=True) if other == name]
        parts = [f"{key.removeprefix('data.')} {shown(table.get(key))}" for key in differing(alike)]
        names.append(f"{name} ({', '.join(parts)})" if parts else name)
    return names


def _block(name: str, placed: Sequence[_Placed]) -> Block:
    by_group: dict[str, list[_Placed]] = {}
    for run in placed:
        by_group.setdefault(run.group, []).append(run)
    groups = [_group(group, runs) for group, runs in by_group.items()]
    return Block(
        name,
        tuple(group for group in groups if group.seeds),
        {group.name: group.planned for group in groups if not group.seeds},
    )


def _group(name: str, runs: Sequence[_Placed]) -> Group:
    by_seed: dict[int, dict[str, _Placed]] = {}
    for run in runs:
        of_seed = by_seed.setdefault(run.number.world.seed, {})
        other = of_seed.setdefault(run.settings, run)
        if other is not run:
            raise _twice(name, other, run)
    planned: dict[int, set[str]] = {}
    for run in runs:
        for seed in run.planned:
            planned.setdefault(seed, set()).add(run.settings)
    values = {}
    for seed in sorted(by_seed):
        found = [run.number.value for run in by_seed[seed].values()]
        numbers = [value for value in found if value is not None]
        if len(numbers) == len(planned[seed]):  # a mean of fewer would be of other variants
            values[seed] = float(np.mean(sorted(numbers)))
    return Group(
        name,
        tuple(values),
        np.array(list(values.values())),
        tuple(run.number for seed in values for run in by_seed[seed].values()),
        len(planned),
        len({run.settings for run in runs}),
    )


def _twice(name: str, one: _Placed, other: _Placed) -> CoevoError:
    seed, places = other.number.world.seed, (one.source.directory, other.source.directory)
    if places[0] == places[1]:
        return CoevoError(
            f"{places[0]}: holds seed {seed} of {name!r} twice: the variants "
            f"{one.number.world.variant!r} and {other.number.world.variant!r} are the same "
            "experiment; compare them without --by"
        )
    return CoevoError(
        f"{places[1]}: seed {seed} of {name!r} is in {places[0]} too, and a run counts once; "
        "leave one of the directories out"
    )
