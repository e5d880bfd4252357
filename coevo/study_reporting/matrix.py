"""Variants in a table of two axes of the sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from coevo.study_reporting.study_files import StudyFiles, Variant

__all__ = ["Axis", "Matrix", "matrix_of"]


@dataclass(frozen=True)
class Axis:
    """One axis of the sweep.

    Attributes:
        name: of the axis.
        labels: of its options, in order.
    """

    name: str
    labels: Sequence[str]


@dataclass(frozen=True)
class Matrix:
    """Where variants stand.

    Attributes:
        axes: at least two, each with at least two options.
        places: variant to the position of its option on each axis; None where it has none there.
    """

    axes: Sequence[Axis]
    places: Mapping[str, Sequence[int | None]]


def matrix_of(study: StudyFiles) -> Matrix | None:
    """The axes that variants differ on; None where there are no two.

    Args:
        study: the files.
    """
    axes = _axes(study.variants)
    if len(axes) < 2:
        return None
    places = {variant.name: [_place(variant, axis) for axis in axes] for variant in study.variants}
    return Matrix(axes, places)


def _axes(variants: Sequence[Variant]) -> list[Axis]:
    """The axes with several options, in the order of the sweep, whose first one changes least."""
    chosen: dict[str, list[str]] = {}
    for variant in variants:
        for axis, label in variant.options.items():
            chosen.setdefault(axis, []).append(label)
    axes = [Axis(name, list(dict.fromkeys(labels))) for name, labels in chosen.items()]

    def changes(axis: Axis) -> int:
        return sum(one != other for one, other in pairwise(chosen[axis.name]))

    return sorted((axis for axis in axes if len(axis.labels) > 1), key=changes)


def _place(variant: Variant, axis: Axis) -> int | None:
    label = variant.options.get(axis.name)
    return None if label is None else axis.labels.index(label)
