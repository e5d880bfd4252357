"""Rules of the ``[sweep]`` table: which keys may vary, and how lists and tables fit together."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from coevo.problems import KeyPath, Problem, not_listed, shown, suggestion
from coevo.pruning_keys import ENTRY_DEFAULTS
from coevo.sweep_table import AXIS, NAME, SweepTable, place

__all__ = ["VALID_NAME", "identity", "sweep_problems"]

VALID_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=+-]{0,99}")
"""What variants may be called: they name folders."""

_NAME_RULE = "use up to 100 letters, digits and any of _.=+-, a letter or digit first"
_TOP_KEYS = ("generations", "dtype")
_OPTION_TABLES = ("options", "operator_options", "schedule_options")
_FIXED: Mapping[str, str] = MappingProxyType(
    {
        "sweep": "a sweep holds no other; write the keys of the experiment here",
        "seed": "may not vary: variants have the same seeds, to be compared in pairs; "
        "give sweep.replicates",
        "description": "may not vary: it is about the whole study; give variants names",
        "engine": "may not vary: it has no effect on results; set it once, under [engine]",
        "checkpoint": "may not vary: it has no effect on results; set it once, under [checkpoint]",
        "evaluation": "may not vary: variants are measured alike, to be compared; "
        "set it once, under [evaluation]",
    }
)
_Known = Mapping[str, Mapping[str, Any]]


def identity(value: Any) -> Hashable:
    """Something that is equal for equal values, for true and 1 not.

    Examples:
        >>> identity([1, {"a": 2}]) == identity([1.0, {"a": 2}]), identity(1) == identity(True)
        (True, False)
    """
    match value:
        case Mapping():
            return frozenset((key, identity(item)) for key, item in value.items())
        case list() | tuple():
            return tuple(map(identity, value))
    return isinstance(value, bool), value


def sweep_problems(sweep: object, known: _Known, refused: frozenset[str]) -> Iterator[Problem]:
    """Find what makes no sense in a sweep.

    Args:
        sweep: the table of the file; may be malformed.
        known: ``{table: {key: default}}``, all keys of an experiment in tables.
        refused: paths of refused values, as ``sweep`` or ``sweep.zip``.
    """
    own = [path for path in refused if path.partition(".")[0] == "sweep"]
    if not isinstance(sweep, Mapping) or set(own) - {"sweep.replicates"}:
        return
    try:
        table = SweepTable.model_validate({**sweep, "replicates": 1})
    except ValidationError:  # said already
        return
    yield from _axes(table, known)
    for number, zipped in enumerate(table.zip):
        yield from _zip(zipped, ("sweep", "zip", number), known)
    yield from _shared_keys(table)
    yield from _shared_names(table)
    yield from _variants(table, known)
    for number, excluded in enumerate(table.exclude):
        yield from _exclusion(excluded, ("sweep", "exclude", number), table)


def _axes(table: SweepTable, known: _Known) -> Iterator[Problem]:
    for key, values in table.values.items():
        at = ("sweep", *place(key))
        fault = _key_fault(key, known, tuple(SweepTable.model_fields))
        yield from [Problem(at, fault)] if fault else _values(values, at)


def _zip(table: Mapping[str, Any], at: KeyPath, known: _Known) -> Iterator[Problem]:
    lists = {key: values for key, values in table.items() if key not in (NAME, AXIS)}
    problems: list[Problem] = []
    for key, values in lists.items():
        fault = _key_fault(key, known, (AXIS, NAME))
        where = (*at, *place(key))
        problems += [Problem(where, fault)] if fault else _list(values, where)
    if not lists:
        problems.append(Problem(at, "has no key that varies; give some, each with a list"))
    if NAME in table:
        problems += _option_names(table[NAME], (*at, NAME))
    if AXIS in table and (fault := _name_fault(table[AXIS])):
        problems.append(Problem((*at, AXIS), fault))
    lists = {key: values for key, values in table.items() if key != AXIS}
    yield from problems or _zipped_values(lists, at)


def _shared_names(table: SweepTable) -> Iterator[Problem]:
    """Find zips that have the name of another one."""
    seen: list[object] = []
    for number, zipped in enumerate(table.zip):
        name = zipped.get(AXIS)
        if name is not None and (name in seen or name in table.values):
            text = f"{shown(name)} is another axis too; give each axis a name of its own"
            yield Problem(("sweep", "zip", number, AXIS), text)
        seen.append(name)


def _zipped_values(table: Mapping[str, Any], at: KeyPath) -> Iterator[Problem]:
    """Look at the lists of a zip that are lists of values."""
    first, *rest = table
    for key in rest:
        if len(table[key]) != len(table[first]):
            yield Problem(
                (*at, *place(key)),
                f"{_count(len(table[key]))}, but {first!r} has {len(table[first])}; "
                "give lists of equal length",
            )
            return
    lists = [values for key, values in table.items() if key != NAME]
    options = list(map(identity, zip(*lists, strict=True)))
    for position, option in enumerate(options):
        if option in options[:position]:
            before = options.index(option)
            text = f"options {before} and {position}, counted from 0, are the same; remove one"
            yield Problem(at, text)


def _option_names(names: Any, at: KeyPath) -> Iterator[Problem]:
    found = list(_values(names, at))
    if found:
        yield from found
        return
    for position, name in enumerate(names):
        if fault := _name_fault(name):
            yield Problem((*at, position), fault)


def _variants(table: SweepTable, known: _Known) -> Iterator[Problem]:
    for number, variant in enumerate(table.variants):
        at = ("sweep", "variants", number)
        if NAME not in variant:
            yield Problem((*at, NAME), "missing; give each variant a name")
        elif fault := _name_fault(variant[NAME]):
            yield Problem((*at, NAME), fault)
        for key in variant:
            if key != NAME and (fault := _key_fault(key, known, (NAME,))):
                yield Problem((*at, *place(key)), fault)


def _name_fault(name: Any) -> str:
    if not isinstance(name, str):
        return f"{shown(name)} is not text; use text in quotes"
    return "" if VALID_NAME.fullmatch(name) else f"{shown(name)} is not a name; {_NAME_RULE}"


def _shared_keys(table: SweepTable) -> Iterator[Problem]:
    seen = set(table.values)
    for number, zipped in enumerate(table.zip):
        for key in zipped.keys() - {NAME, AXIS}:
            if key in seen:
                text = "another axis has this key already; let it vary in one"
                yield Problem(("sweep", "zip", number, *place(key)), text)
        seen |= zipped.keys()


def _exclusion(excluded: Mapping[str, Any], at: KeyPath, table: SweepTable) -> Iterator[Problem]:
    if not excluded:
        yield Problem(at, "has no key; give the values of a combination to leave out")
    values = {key: list_ for one in (table.values, *table.zip) for key, list_ in one.items()}
    for own in (AXIS, NAME):
        values.pop(own, None)
    for key, value in excluded.items():
        where = (*at, *place(key))
        if key not in values:
            near = suggestion(key, values)
            fix = f"did you mean {near!r}?" if near else "give keys of axes"
            yield Problem(where, f"no axis has this key; {fix}")
        elif isinstance(values[key], list) and identity(value) not in map(identity, values[key]):
            yield Problem(where, not_listed(value, "a value of this axis", values[key]))


def _values(values: Any, at: KeyPath) -> Iterator[Problem]:
    """Look at a list that holds each value once."""
    yield from _list(values, at)
    if not isinstance(values, list):
        return
    seen: set[Hashable] = set()
    for position, value in enumerate(values):
        if identity(value) in seen:
            yield Problem((*at, position), f"{shown(value)} is given twice; give it once")
        seen.add(identity(value))


def _list(values: Any, at: KeyPath) -> Iterator[Problem]:
    if not isinstance(values, list):
        text = f"{shown(values)} is not a list; give the values of the axis as a list"
        yield Problem(at, text)
    elif not values:
        yield Problem(at, "[] has no values; give some or remove the axis")


def _key_fault(key: str, known: _Known, beside: Sequence[str]) -> str:
    """Why a key cannot vary; "" if it can.

    Args:
        key: dotted.
        known: all keys in tables.
        beside: keys that are not of the experiment and could have been meant.
    """
    tables = {name: keys for name, keys in known.items() if name not in _FIXED}
    tables["pruning"] = ENTRY_DEFAULTS
    first, *rest = place(key)
    if first in _FIXED:
        return _FIXED[str(first)]
    if rest and isinstance(rest[0], int):
        rest = rest[1:]
        if not rest:
            return "is a whole entry; give one of its keys, or 'pruning' with whole lists"
    if first not in tables and first not in _TOP_KEYS:
        return _unknown(str(first), (*_TOP_KEYS, *tables, *beside), tables, "the sweep")
    if rest and rest[0] not in tables.get(str(first), {}):
        if first in _TOP_KEYS:
            return f"unknown key; {first} is not a table"
        return _unknown(str(rest[0]), tuple(tables[str(first)]), tables, f"[{first}]")
    if len(rest) > 1 and rest[0] not in _OPTION_TABLES:
        return f"unknown key; {first}.{rest[0]} is not a table"
    return ""


def _unknown(given: str, names: Sequence[str], tables: _Known, where: str) -> str:
    elsewhere = [f"{table}.{given}" for table, keys in tables.items() if given in keys]
    near = suggestion(given, names)
    if elsewhere or near:
        return f"unknown key; did you mean {' or '.join(map(repr, elsewhere)) or repr(near)}?"
    return f"unknown key; {where} takes {', '.join(map(repr, names))}"


def _count(values: int) -> str:
    return f"{values} value{'s' if values != 1 else ''}"
