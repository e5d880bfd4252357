"""Keys of an experiment as one text, such as ``pruning[1].amount``, and as the path it means."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

__all__ = ["dotted_key", "quoted", "split_key", "toml_key"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED_OR_NUMBER = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|\[(\d+)\]""")
_NO_KEY = re.compile(r"[=#\[\r\n]")  # would make it more than a key
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def split_key(text: str) -> tuple[str, ...]:
    """Read a dotted key; empty where it is none.

    Examples:
        >>> split_key("pruning[1].amount"), split_key("network.options.'a.b'"), split_key("a b")
        (('pruning', '1', 'amount'), ('network', 'options', 'a.b'), ())
    """
    dotted = _QUOTED_OR_NUMBER.sub(
        lambda found: found[0] if found[1] is None else f".{found[1]}", text.strip()
    )
    if _NO_KEY.search(_QUOTED_OR_NUMBER.sub("", dotted)):
        return ()
    try:
        rest: Any = tomllib.loads(f"{dotted} = 0")
    except (tomllib.TOMLDecodeError, RecursionError):
        return ()
    path: tuple[str, ...] = ()
    while isinstance(rest, dict) and len(rest) == 1:
        [(part, rest)] = rest.items()
        path += (part,)
    return () if isinstance(rest, dict) else path


def dotted_key(path: Sequence[str]) -> str:
    """Write a path as `split_key` reads it, numbers of list entries in brackets.

    Examples:
        >>> dotted_key(("pruning", "1", "amount")), dotted_key(("network", "options", "a.b"))
        ('pruning[1].amount', 'network.options."a.b"')
    """
    first, *rest = path
    text = toml_key(first)
    for part in rest:
        text += f"[{part}]" if part.isascii() and part.isdecimal() else f".{toml_key(part)}"
    return text


def toml_key(key: str) -> str:
    """One part of a key as in TOML, in quotes where it needs them."""
    return key if _BARE_KEY.fullmatch(key) else quoted(key)


def quoted(text: str) -> str:
    r"""A text as in TOML, in double quotes.

    Examples:
        >>> print(quoted('a "b"\n'))
        "a \"b\"\n"
    """
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\u{code:04x}" if code < 0x20 or code == 0x7F else character
