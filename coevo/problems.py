"""What is wrong with an experiment, in words: values, suggestions and lines of an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from itertools import islice
from typing import TypeAlias

from coevo.errors import CoevoError

__all__ = [
    "KeyPath",
    "Problem",
    "alternatives",
    "complaint",
    "first_line",
    "key_path",
    "not_listed",
    "shown",
    "suggestion",
    "told",
]

KeyPath: TypeAlias = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_VALUE = 60
_DEEPEST_VALUE = 4
_MOST_LINES = 10
_PRINTABLE_BITS = 256  # Python refuses to write out integers of thousands of digits


@dataclass(frozen=True)
class Problem:
    """One mistake.

    Attributes:
        path: where it stands: names of tables and keys, and positions in lists.
        text: the value, what is wrong with it, and the fix, on one line.
        within: what the path begins in, such as "sweep variant 'small'"; "" for the file.
    """

    path: KeyPath
    text: str
    within: str = ""

    def __str__(self) -> str:
        """One line, as users see it."""
        return ": ".join(filter(None, (self.within, key_path(self.path), self.text)))


def complaint(problems: Sequence[Problem], origin: Callable[[Problem], str]) -> CoevoError:
    """Put problems into one error, a line each; after ten lines, only how many are left.

    Args:
        problems: at least one.
        origin: what stands in front of a problem's line, such as the file's name; "" for
            nothing.

    Returns:
        The error, to be raised.
    """
    lines = [f"{origin(problem)}{problem}" for problem in problems[:_MOST_LINES]]
    left = len(problems) - len(lines)
    if left:
        lines.append(f"{origin(problems[-1])}and {left} more problem{'s' if left > 1 else ''}")
    return CoevoError("\n".join(lines))


def key_path(path: KeyPath) -> str:
    """Write a path as in ``pruning[0].schedule``, quoting keys that TOML wants quoted.

    Examples:
        >>> key_path(("network", "hidden", 1))
        'network.hidden[1]'
        >>> key_path(("sweep", "task.noise"))
        "sweep.'task.noise'"
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f"{'.' if text else ''}{_key(part)}"
    return text


def shown(value: object) -> str:
    """Write a value for an error message: as in TOML, on one line, cut where it is long.

    Examples:
        >>> shown([True, "a", {"b": 1.5}])
        "[true, 'a', {b = 1.5}]"
    """
    text = " ".join(_in_toml_terms(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def told(error: BaseException) -> str:
    r"""The kind of an error and what it says, on one line.

    Examples:
        >>> told(TypeError("cannot copy that\n  because of this"))
        'TypeError: cannot copy that because of this'
    """
    return ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))


def first_line(error: BaseException) -> str:
    r"""The kind of an error and the first line of what it says, where the rest is about details.

    Examples:
        >>> first_line(TypeError("\n  cannot copy that\nbecause of this"))
        'TypeError: cannot copy that'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


def suggestion(given: str, known: Iterable[str]) -> str:
    """The known name that ``given`` is probably meant to be, or ""."""
    return next(iter(get_close_matches(given, list(known), n=1)), "")


def alternatives(values: Sequence[object]) -> str:
    """List values as alternatives.

    Examples:
        >>> alternatives(["mse", "bce", "l1"])
        "'mse', 'bce' or 'l1'"
    """
    texts = [shown(value) for value in values]
    return " or ".join(part for part in (", ".join(texts[:-1]), texts[-1]) if part)


def not_listed(value: object, noun: str, known: Sequence[object], *, also: str = "") -> str:
    """Say that a value is none of the known ones.

    Args:
        value: what was given.
        noun: what it should have been, with its article.
        known: the possible values.
        also: what else is possible, such as "a list of offsets".

    Examples:
        >>> not_listed("mes", "a loss", ["mse", "bce", "l1"])
        "'mes' is not a loss; did you mean 'mse'?"
        >>> not_listed(3, "a loss", ["mse", "bce", "l1"])
        "3 is not a loss; use 'mse', 'bce' or 'l1'"
    """
    texts = [name for name in known if isinstance(name, str)]
    close = suggestion(value, texts) if isinstance(value, str) else ""
    if close:
        return f"{shown(value)} is not {noun}; did you mean {close!r}?"
    listed = f"{', '.join(map(shown, known))} or {also}" if also else alternatives(known)
    return f"{shown(value)} is not {noun}; use {listed}"


def _key(key: object) -> str:
    return key if isinstance(key, str) and _BARE_KEY.fullmatch(key) else repr(key)


def _in_toml_terms(value: object, depth: int = 0) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() if value.bit_length() > _PRINTABLE_BITS:
            return hex(value)
        case date() | time():
            return value.isoformat()
        case list() | tuple() | Mapping() if depth == _DEEPEST_VALUE:
            return "..."
        case list() | tuple():
            items = [_in_toml_terms(item, depth + 1) for item in islice(value, _LONGEST_VALUE)]
            return f"[{', '.join(items)}]"
        case Mapping():
            pairs = islice(value.items(), _LONGEST_VALUE)
            items = [f"{_key(key)} = {_in_toml_terms(item, depth + 1)}" for key, item in pairs]
            return f"{{{', '.join(items)}}}"
    return repr(value)
