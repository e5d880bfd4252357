r"""TOML in and out: reading with errors in one line, `--set` overrides, and writing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from coevo.dotted_keys import quoted, split_key, toml_key
from coevo.errors import CoevoError
from coevo.problems import key_path, shown

__all__ = ["overridden", "parse_override", "parse_toml", "toml_value", "write_toml"]

_PLACE = re.compile(r"(?P<reason>.*) \(at (?P<place>.*)\)", re.DOTALL)
_FIXES = {
    "Invalid value": "; text needs quotes",
    "Cannot overwrite a value": "; write each key once",
}
_LISTS = ("pruning",)  # keys whose value is a list of tables
_INNER_LISTS = {"sweep": ("zip", "variants", "exclude")}  # the same, within a table


def parse_toml(data: bytes, name: str) -> dict[str, Any]:
    r"""Read TOML.

    Args:
        data: the bytes of a file.
        name: the file, for messages.

    Returns:
        Its tables and keys.

    Raises:
        CoevoError: the bytes are not UTF-8 or not TOML; says line, column and reason.

    Examples:
        >>> parse_toml(b"[grid]\nrows = 5", "example.toml")
        {'grid': {'rows': 5}}
        >>> parse_toml(b"seed = 1\nloss = mse", "example.toml")
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: example.toml: line 2, column 8: invalid value; text needs quotes
    """
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CoevoError(f"{name}: line {line}: not UTF-8; save the file as UTF-8") from error
    except RecursionError as error:
        raise CoevoError(f"{name}: nested too deeply; write fewer lists in lists") from error
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise CoevoError(f"{name}: {_reason(str(error))}") from error


def parse_override(
    text: str, *, flag: str = "--set", example: str = "grid.rows=5"
) -> tuple[tuple[str, ...], object]:
    """Read one ``key=value`` of ``--set``, or of another flag like it.

    Args:
        text: a dotted key and a TOML value; what is not TOML counts as text.
        flag: for messages.
        example: for messages.

    Returns:
        The path and the value.

    Raises:
        CoevoError: there is no ``=``, or the key is none.

    Examples:
        >>> parse_override("network.hidden=[128, 32]")
        (('network', 'hidden'), [128, 32])
        >>> parse_override("task.dataset=mnist")
        (('task', 'dataset'), 'mnist')
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise CoevoError(f"{flag}: {shown(text)} has no value; write key=value, e.g. {example}")
    path = split_key(key)
    if not path:
        raise CoevoError(f"{flag}: {shown(key)} is not a key; write e.g. {example}")
    return path, _value(value.strip())


def overridden(
    tables: Mapping[str, Any],
    overrides: Iterable[tuple[tuple[str, ...], object]],
    *,
    origin: str = "--set ",
) -> dict[str, Any]:
    """Copy tables with some values replaced or added.

    A key of ``pruning`` is set in all entries, or in one where a number stands before it; where
    there is none, one is made.

    Args:
        tables: nested tables; left as they are.
        overrides: paths and their new values; later ones win.
        origin: what stands in front of an error.

    Raises:
        CoevoError: a path leads through something that is not a table.

    Examples:
        >>> overridden({"grid": {"rows": 3}}, [(("grid", "columns"), 4), (("seed",), 2)])
        {'grid': {'rows': 3, 'columns': 4}, 'seed': 2}
        >>> overridden({"pruning": [{}, {}]}, [(("pruning", "1", "amount"), 0.5)])
        {'pruning': [{}, {'amount': 0.5}]}
    """
    result = dict(tables)
    for path, value in overrides:
        try:
            _put(result, path, value, path)
        except CoevoError as error:
            raise CoevoError(f"{origin}{error}") from None
    return result


def _put(
    table: dict[str, Any], path: tuple[str, ...], value: object, whole: tuple[str, ...]
) -> None:
    """Set the value that a path leads to, in copies of the tables on the way."""
    part, *rest = path
    if not rest:
        table[part] = value
        return
    inner = table.get(part, [{}] if part in _LISTS else {})
    if isinstance(inner, Mapping):
        table[part] = dict(inner)
        _put(table[part], tuple(rest), value, whole)
        return
    if part not in _LISTS or not isinstance(inner, list):
        above = whole[: len(whole) - len(rest)]
        raise CoevoError(
            f"{key_path(whole)}: {key_path(above)} is {shown(inner)}, "
            "not a table; set a key of a table"
        )
    table[part] = [dict(entry) if isinstance(entry, Mapping) else entry for entry in inner]
    for entry, key in _chosen(table[part], tuple(rest), whole):
        _put(entry, key, value, whole)


def _chosen(
    entries: list[Any], rest: tuple[str, ...], whole: tuple[str, ...]
) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    """The tables of a list that a path means, the one with a number or all, and what is left."""
    numbered = rest[0].isdecimal() and len(rest) > 1
    if numbered and int(rest[0]) >= len(entries):
        raise CoevoError(
            f"{key_path(whole)}: there are {len(entries)} entries, counted from 0; "
            "give the number of one, or no number for all"
        )
    chosen = [entries[int(rest[0])]] if numbered else entries
    return [(entry, rest[numbered:]) for entry in chosen if isinstance(entry, dict)]


def write_toml(tables: Mapping[str, Any]) -> str:
    r"""Write tables and keys, the tables one level deep with headers, deeper ones inline.

    Args:
        tables: text, numbers, truth values, lists and mappings; plain values first.

    Returns:
        TOML that reads back equal.

    Examples:
        >>> print(write_toml({"seed": 1, "grid": {"rows": 3, "name": 'a "b"\n'}}), end="")
        seed = 1
        <BLANKLINE>
        [grid]
        rows = 3
        name = "a \"b\"\n"
    """
    lines: list[str] = []
    for name, value in tables.items():
        if isinstance(value, Mapping):
            lists = [key for key in _INNER_LISTS.get(name, ()) if value.get(key)]
            lines += ["", f"[{toml_key(name)}]"]
            lines += _pairs({key: item for key, item in value.items() if key not in lists})
            for key in lists:
                lines += _entries(f"{toml_key(name)}.{key}", value[key])
        elif name in _LISTS and value:
            lines += _entries(toml_key(name), value)
        else:
            lines += _pairs({name: value})
    return "\n".join(lines).lstrip("\n") + "\n"


def _entries(header: str, entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield from ("", f"[[{header}]]", *_pairs(entry))


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items()]


def _reason(message: str) -> str:
    found = _PLACE.fullmatch(message)
    if not found:
        return " ".join(message.split())
    reason, place = found["reason"], found["place"]
    fix = _FIXES.get(reason, "") if place.startswith("line") else ""
    return " ".join(f"{place}: {reason[:1].lower()}{reason[1:]}{fix}".split())


def _value(text: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text


def toml_value(value: object) -> str:
    """Write a value as in TOML, on one line.

    Args:
        value: text, a number, a truth value, or lists and mappings of these.

    Raises:
        TypeError: TOML has no form for it.

    Examples:
        >>> toml_value([1e-3, True, {"a b": "x"}])
        '[0.001, true, { "a b" = "x" }]'
    """
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(int(value))
        case float():
            return repr(float(value))
        case str():
            return quoted(value)
        case Mapping():
            pairs = [f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items()]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case Sequence():
            return f"[{', '.join(map(toml_value, value))}]"
    raise TypeError(f"{type(value).__name__} has no form in TOML")
