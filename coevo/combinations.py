"""What a sweep combines: the settings of all its variants, before any is an experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, TypeAlias

from coevo.problems import KeyPath, Problem, shown
from coevo.sweep_keys import VALID_NAME, identity
from coevo.sweep_table import NAME, Axis, SweepTable
from coevo.variant_names import label_problems, option_labels

__all__ = ["MOST_VARIANTS", "Setting", "setting_problems", "settings"]

MOST_VARIANTS = 10_000
"""More are refused, as probably not meant."""

_SWEEP: KeyPath = ("sweep",)
_LONGEST = 100
_Choice: TypeAlias = tuple[int, ...]
_Excluder: TypeAlias = list[tuple[int, set[int]]]


@dataclass(frozen=True)
class Setting:
    """A variant before it is an experiment.

    Attributes:
        name: of the variant.
        values: dotted key to value.
        options: label of an axis to that of its option; empty for explicit variants.
    """

    name: str
    values: Mapping[str, Any]
    options: Mapping[str, str]


def settings(sweep: SweepTable) -> tuple[Setting, ...]:
    """The product of the axes without what is excluded, the first axis slowest, then the rest.

    Args:
        sweep: keeps the rules of `coevo.sweep_keys` and has no `setting_problems`.
    """
    axes = sweep.axes
    labels = option_labels(axes)
    excluders = [_excluder(axes, excluded) for excluded in sweep.exclude]
    combined = [
        _setting(axes, labels, choice)
        for choice in _choices(axes)
        if not any(_excludes(one, choice) for one in excluders)
    ]
    explicit = [
        Setting(one[NAME], {key: value for key, value in one.items() if key != NAME}, {})
        for one in sweep.variants
    ]
    return (*combined, *explicit)


def setting_problems(sweep: SweepTable) -> Iterator[Problem]:
    """Find what is wrong with the variants as a whole: their number, names and exclusions.

    Args:
        sweep: keeps the rules of `coevo.sweep_keys`.
    """
    axes = sweep.axes
    count = prod(len(axis.options) for axis in axes) * bool(axes) + len(sweep.variants)
    if count > MOST_VARIANTS:
        text = f"{count} variants are too many; use {MOST_VARIANTS} at most"
        yield Problem(_SWEEP, text)
        return
    unnamed = list(label_problems(axes))
    yield from unnamed or _exclusion_problems(sweep)
    if not unnamed:
        yield from _name_problems(settings(sweep))


def _choices(axes: tuple[Axis, ...]) -> Iterator[_Choice]:
    """The combinations of the options of all axes, by their numbers; none without axes."""
    return product(*(range(len(axis.options)) for axis in axes)) if axes else iter(())


def _setting(axes: tuple[Axis, ...], labels: Sequence[Sequence[str]], choice: _Choice) -> Setting:
    names = [of[number] for of, number in zip(labels, choice, strict=True)]
    values = {
        key: value
        for axis, number in zip(axes, choice, strict=True)
        for key, value in zip(axis.keys, axis.options[number], strict=True)
    }
    options = {axis.label: name for axis, name in zip(axes, names, strict=True)}
    return Setting("-".join(names), values, options)


def _excluder(axes: tuple[Axis, ...], excluded: Mapping[str, Any]) -> _Excluder:
    """The options that an exclusion is about, of each axis of which it has a key."""
    values = {key: identity(value) for key, value in excluded.items()}
    return [
        (
            at,
            {
                number
                for number, option in enumerate(axis.options)
                if all(
                    identity(value) == values.get(key, identity(value))
                    for key, value in zip(axis.keys, option, strict=True)
                )
            },
        )
        for at, axis in enumerate(axes)
        if values.keys() & set(axis.keys)
    ]


def _excludes(excluder: _Excluder, choice: _Choice) -> bool:
    return all(choice[at] in numbers for at, numbers in excluder)


def _exclusion_problems(sweep: SweepTable) -> Iterator[Problem]:
    if not sweep.exclude:
        return
    excluders = [_excluder(sweep.axes, excluded) for excluded in sweep.exclude]
    for number, excluder in enumerate(excluders):
        if not all(numbers for _, numbers in excluder):
            text = "matches no combination; give values that occur together"
            yield Problem(("sweep", "exclude", number), text)
    choices = list(_choices(sweep.axes))
    if all(any(_excludes(one, choice) for one in excluders) for choice in choices):
        text = f"leaves none of {len(choices)} combinations; exclude less, or remove the axes"
        yield Problem(("sweep", "exclude"), text)


def _name_problems(found: tuple[Setting, ...]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for one in found:
        if len(one.name) > _LONGEST:
            text = f"the name of variant {shown(one.name)} has {len(one.name)} characters"
            yield Problem(_SWEEP, f"{text}; name options shorter, in a [[sweep.zip]]")
        elif not VALID_NAME.fullmatch(one.name):
            text = f"{shown(one.name)} cannot be the name of a variant"
            yield Problem(_SWEEP, f"{text}; name options, in a [[sweep.zip]]")
        before = seen.get(one.name.casefold())
        if before == one.name:
            yield Problem(_SWEEP, f"two variants have the name {shown(one.name)}; rename one")
        elif before is not None:
            text = f"variants {shown(before)} and {shown(one.name)} differ in capitals only"
            yield Problem(_SWEEP, f"{text}; rename one")
        seen[one.name.casefold()] = one.name
