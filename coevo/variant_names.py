"""Names of the options of a sweep and of its combinations, short and fit for folders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from coevo.dotted_keys import split_key
from coevo.problems import Problem, shown
from coevo.pruning_keys import ENTRY_DEFAULTS
from coevo.sweep_table import Axis
from coevo.toml_text import toml_value

__all__ = ["label_problems", "option_labels", "short_text"]

_UNFIT = re.compile(r"[^A-Za-z0-9_.=+-]+")
_SCALARS = (bool, int, float, str)


def label_problems(axes: Sequence[Axis]) -> Iterator[Problem]:
    """Find the axes of which an option has no label, or two have the same."""
    for axis in axes:
        labels = _plain(axis)
        counts = Counter(map(str.casefold, labels))
        for option, label in zip(axis.options, labels, strict=True):
            if not label or counts[label.casefold()] > 1:
                yield Problem(axis.at, _unnamed(axis, option, label))
                break


def option_labels(axes: Sequence[Axis]) -> tuple[tuple[str, ...], ...]:
    """Name the options of all axes.

    The key's last part stands in front where a label is also one of another axis or cannot
    begin a name, and everywhere where two combinations would have the same name otherwise.

    Args:
        axes: of a sweep; `label_problems` finds nothing wrong with them.

    Returns:
        For each axis the labels of its options, different from each other.
    """
    plain = [_plain(axis) for axis in axes]
    owners = Counter(label for labels in plain for label in set(map(str.casefold, labels)))
    short = tuple(
        _with_key(axis, labels)
        if any(owners[label.casefold()] > 1 or not label[0].isalnum() for label in labels)
        else labels
        for axis, labels in zip(axes, plain, strict=True)
    )
    names = [name.casefold() for name in map("-".join, product(*short))]
    if len(set(names)) == len(names):
        return short
    return tuple(_with_key(axis, labels) for axis, labels in zip(axes, plain, strict=True))


def short_text(value: Any) -> str:
    """A value as a label; "" where there is no short one.

    Examples:
        >>> [short_text(v) for v in ("mine:op", 1e-3, True, [128, 32], {"width": 8}, [[0, 1]])]
        ['mine_op', '0.001', 'true', '128+32', 'width=8', '']
        >>> short_text([]), short_text([{"operator": "wanda"}, {"amount": 0.5}])
        ('none', 'wanda+uniform')
    """
    match value:
        case str():
            return _UNFIT.sub("_", value)
        case bool() | int() | float():
            return toml_value(value)
        case list() if all(isinstance(item, _SCALARS) for item in value):
            return "+".join(map(short_text, value)) or "none"
        case list() if all(isinstance(item, Mapping) for item in value):
            default = ENTRY_DEFAULTS["operator"]
            return "+".join(short_text(item.get("operator", default)) for item in value)
        case Mapping() if all(isinstance(item, _SCALARS) for item in value.values()):
            pairs = (f"{short_text(key)}={short_text(item)}" for key, item in value.items())
            return "+".join(pairs) or "none"
    return ""


def _plain(axis: Axis) -> tuple[str, ...]:
    if axis.names is not None:
        return axis.names
    return tuple("+".join(_parts(axis, option)) for option in axis.options)


def _parts(axis: Axis, option: tuple[Any, ...]) -> list[str]:
    """The values of an option in short, with their keys where there are several."""
    texts = list(map(short_text, option))
    if len(texts) < 2 or "" in texts:
        return texts if "" not in texts else [""]
    return [f"{_last(key)}={text}" for key, text in zip(axis.keys, texts, strict=True)]


def _with_key(axis: Axis, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Put the key in front of the labels, unless these are names or have it already."""
    if axis.names is not None or len(axis.keys) > 1:
        return labels
    return tuple(f"{_last(axis.keys[0])}={label}" for label in labels)


def _last(key: str) -> str:
    return _UNFIT.sub("_", split_key(key)[-1])


def _unnamed(axis: Axis, option: tuple[Any, ...], label: str) -> str:
    value = shown(option[0] if len(option) == 1 else option)
    if axis.names is not None:
        return f"two options have the name {label!r}; capitals do not count; rename one"
    fault = "has no short name" if not label else f"has a short name, {label!r}, that another has"
    return f"{value} {fault}; name the options, in a [[sweep.zip]] with name = ['...', ...]"
