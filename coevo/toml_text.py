r"""TOML in and out: reading with errors in one line, `--set` overrides, and writing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coevo.errors import CoevoError
from coevo.problems import key_path, shown

__all__ = ["overridden", "parse_override", "parse_toml", "write_toml"]

_NUMBER = re.compile(r"\[(\d+)\]")
_PLACE = re.compile(r"(?P<reason>.*) \(at (?P<place>.*)\)", re.DOTALL)
_FIXES = {
    "Invalid value": "; text needs quotes",
    "Cannot overwrite a value": "; write each key once",
}
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LISTS = ("pruning",)  # keys whose value is a list of tables
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


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
    path = _path(key)
    if not path:
        raise CoevoError(f"{flag}: {shown(key)} is not a key; write e.g. {example}")
    return path, _value(value.strip())


def overridden(
    tables: Mapping[str, Any], overrides: Iterable[tuple[tuple[str, ...], object]]
) -> dict[str, Any]:
    """Copy tables with some values replaced or added.

    A key of ``pruning`` is set in all entries, or in one where a number stands before it; where
    there is none, one is made.

    Args:
        tables: nested tables; left as they are.
        overrides: paths and their new values; later ones win.

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
        _put(result, path, value, path)
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
            f"--set {key_path(whole)}: {key_path(above)} is {shown(inner)}, "
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
            f"--set {key_path(whole)}: there are {len(entries)} entries, counted from 0; "
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
            lines += ["", f"[{_key(name)}]"]
            lines += [f"{_key(key)} = {_text(item)}" for key, item in value.items()]
        elif name in _LISTS and value:
            for entry in value:
                lines += ["", f"[[{_key(name)}]]"]
                lines += [f"{_key(key)} = {_text(item)}" for key, item in entry.items()]
        else:
            lines.append(f"{_key(name)} = {_text(value)}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _reason(message: str) -> str:
    found = _PLACE.fullmatch(message)
    if not found:
        return " ".join(message.split())
    reason, place = found["reason"], found["place"]
    fix = _FIXES.get(reason, "") if place.startswith("line") else ""
    return " ".join(f"{place}: {reason[:1].lower()}{reason[1:]}{fix}".split())


def _path(key: str) -> tuple[str, ...]:
    """Read a dotted key; empty where it is none. ``name[1]``, as messages say, is ``name.1``."""
    dotted = _NUMBER.sub(r".\1", key.strip())
    try:
        rest: Any = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    path: tuple[str, ...] = ()
    while isinstance(rest, dict) and len(rest) == 1:
        [(part, rest)] = rest.items()
        path += (part,)
    return () if isinstance(rest, dict) else path


def _value(text: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(int(value))
        case float():
            return repr(float(value))
        case str():
            return f'"{"".join(map(_escaped, value))}"'
        case Mapping():
            pairs = [f"{_key(key)} = {_text(item)}" for key, item in value.items()]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        case Sequence():
            return f"[{', '.join(map(_text, value))}]"
    raise TypeError(f"{type(value).__name__} has no form in TOML")


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\u{code:04x}" if code < 0x20 or code == 0x7F else character
