"""The ``[sweep]`` table: seeds, and the keys of the experiment that vary, in one canonical form.

Nested tables and dotted keys in quotes mean the same; here they have become dotted keys. What
makes no sense in a sweep is said in `coevo.sweep_keys`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from coevo.dotted_keys import dotted_key, split_key
from coevo.problems import shown
from coevo.tables import Table
from coevo.validation import refusal
from coevo.values import Extent, is_unicode, plain_value

__all__ = ["AXIS", "NAME", "OWN_KEYS", "Axis", "SweepTable", "dotted_axes", "place"]

NAME = "name"
"""What names the options of a zip, and a variant."""
AXIS = "axis"
"""What names a zip itself."""
_DEEPEST = 20  # more parts than a key can have
_LISTS = ("zip", "variants", "exclude")
OWN_KEYS = ("replicates", *_LISTS)
"""Keys of a sweep that are no axes."""


@dataclass(frozen=True)
class Axis:
    """What varies together.

    Attributes:
        keys: dotted; one, or those of a zip.
        options: for each option, the value of each key.
        names: of the options, where a zip gives them.
        at: where the axis stands in the file.
        name: of the axis itself, where a zip gives it.
    """

    keys: tuple[str, ...]
    options: tuple[tuple[Any, ...], ...]
    names: tuple[str, ...] | None
    at: tuple[str | int, ...]
    name: str | None = None

    @property
    def label(self) -> str:
        """The name, or the key, or the keys of a zip, a table's name said once.

        Examples:
            >>> Axis(("grid.rows", "grid.columns", "seed"), (), None, ()).label
            'grid.rows+columns+seed'
        """
        if self.name is not None:
            return self.name
        parts: list[str] = []
        table = ""
        for key in self.keys:
            above, _, last = key.rpartition(".")
            parts.append(last if parts and above and above == table else key)
            table = above
        return "+".join(parts)


def place(key: str) -> tuple[str | int, ...]:
    """Where a dotted key stands, for messages.

    Examples:
        >>> place("pruning[1].amount")
        ('pruning', 1, 'amount')
    """
    first, *rest = split_key(key) or (key,)
    if first == "pruning" and rest and rest[0].isdecimal():
        return first, int(rest[0]), *rest[1:]
    return first, *rest


def _tables(value: object, info: ValidationInfo) -> object:
    """Make sure of a list of tables; their keys are seen to before."""
    header = f"[[sweep.{info.field_name}]]"
    if isinstance(value, Mapping):
        raise refusal(f"{shown(value)} is one table; write {header}, with two brackets")
    if not isinstance(value, list | tuple):
        raise refusal(f"{shown(value)} is not a list of tables; write each under {header}")
    for position, table in enumerate(value):
        if not isinstance(table, Mapping):
            text = f"{shown(table)} is not a table; write its keys under {header}"
            raise refusal(text, (position,))
    return tuple(value)


Tables: TypeAlias = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_tables)]


class SweepTable(Table):
    """The worlds of a study; every key but these is an axis: a list of values of that key."""

    model_config = ConfigDict(extra="allow")

    replicates: Extent = Field(
        default=1, description="worlds of a variant, with the seeds seed, seed + 1, ..."
    )
    zip: Tables = Field(default=(), description="axes of several keys that go together")
    variants: Tables = Field(default=(), description="variants beside the product of the axes")
    exclude: Tables = Field(default=(), description="combinations that are left out")

    @model_validator(mode="before")
    @classmethod
    def _canonical(cls, value: object) -> object:
        return _canonical(value) if isinstance(value, Mapping) else value

    @property
    def values(self) -> Mapping[str, Any]:
        """The axes of one key: dotted key to values."""
        return self.__pydantic_extra__ or {}

    @property
    def axes(self) -> tuple[Axis, ...]:
        """All axes, those of one key first, in the order of the file."""
        single = [
            Axis((key,), tuple((value,) for value in values), None, ("sweep", *place(key)))
            for key, values in self.values.items()
        ]
        return (*single, *(_zipped(table, at) for at, table in enumerate(self.zip)))

    @property
    def is_study(self) -> bool:
        """Whether anything varies but the seed."""
        return bool(self.values or self.zip or self.variants)


def dotted_axes(sweep: Mapping[Any, Any]) -> dict[str, Any]:
    """Copy the table of a file with dotted keys in place of nested tables, in its axes.

    Raises:
        PydanticCustomError: something is no key, is given twice, or has no form in TOML.

    Examples:
        >>> dotted_axes({"replicates": 3, "grid": {"rows": [1, 3]}})
        {'replicates': 3, 'grid.rows': [1, 3]}
    """
    own = {key: sweep[key] for key in OWN_KEYS if key in sweep}
    axes = {key: value for key, value in sweep.items() if key not in OWN_KEYS}
    return {**own, **_dotted(axes, ())}


def _zipped(table: Mapping[str, Any], position: int) -> Axis:
    lists = {key: values for key, values in table.items() if key not in (NAME, AXIS)}
    names = table.get(NAME)
    return Axis(
        tuple(lists),
        tuple(zip(*lists.values(), strict=True)),
        None if names is None else tuple(names),
        ("sweep", "zip", position),
        table.get(AXIS),
    )


def _canonical(sweep: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a sweep with all its keys dotted."""
    result = dotted_axes(sweep)
    for name in _LISTS:
        tables = result.get(name)
        if isinstance(tables, list | tuple):
            keys = _varied(result) if name == "exclude" else ()
            result[name] = [
                _dotted(table, (name, at), keys) if isinstance(table, Mapping) else table
                for at, table in enumerate(tables)
            ]
    return result


def _varied(sweep: Mapping[str, Any]) -> set[str]:
    """The keys that have an axis, in a sweep with dotted keys."""
    zips = sweep.get("zip")
    tables = [one for one in zips if isinstance(one, dict)] if isinstance(zips, list) else []
    return {*sweep.keys() - set(OWN_KEYS), *(key for table in tables for key in table)}


def _dotted(
    table: Mapping[Any, Any], at: tuple[str | int, ...], whole: Collection[str] = ()
) -> dict[str, Any]:
    """Copy a table with dotted keys in place of nested tables.

    Args:
        table: keys and values, or tables of them.
        at: where in the sweep the table stands.
        whole: keys whose values are not taken for tables of keys.
    """
    found: dict[str, Any] = {}
    for path, value in _leaves(table, (), at, whole):
        key = dotted_key(path)
        where = (*at, *place(key))
        if key in found:
            raise refusal(f"{shown(value)} is a second value of {key!r}; give one", where)
        found[key] = plain_value(value, where)
    return found


def _leaves(
    table: Mapping[Any, Any],
    above: tuple[str, ...],
    at: tuple[str | int, ...],
    whole: Collection[str],
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if not isinstance(key, str) or not is_unicode(key) or not (above or split_key(key)):
            text = f"{shown(key)} is not a key; write e.g. 'grid.rows'"
            raise refusal(text, (*at, *above))
        parts = split_key(key) or (key,)
        path = _numbered((*above, *parts))
        inner = isinstance(value, Mapping) and value and len(path) < _DEEPEST
        if inner and dotted_key(path) not in whole:
            yield from _leaves(value, path, at, whole)
        else:
            yield path, value


def _numbered(path: tuple[str, ...]) -> tuple[str, ...]:
    """Write the number of an entry in one way only: 1, not 01."""
    if len(path) > 1 and path[0] == "pruning" and path[1].isdecimal():
        return (path[0], str(int(path[1])), *path[2:])
    return path
