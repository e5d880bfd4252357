"""Options of functions that others write: parameters behind the ones that every such function has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Options", "options_of"]

_KIND = inspect.Parameter


@dataclass(frozen=True)
class Options:
    """The options of a function.

    Attributes:
        needed: name of each, in order, to whether it must be given.
        takes_all: whether it takes options of other names too, or does not tell.
    """

    needed: Mapping[str, bool]
    takes_all: bool

    def fault(self, given: Collection[str], what: str) -> str:
        """What is wrong with the names of some options; "" for nothing.

        Args:
            given: the names.
            what: names the function.

        Examples:
            >>> options = options_of(lambda layer, *, power=1.0: ..., before=1)
            >>> options.fault(["pwr"], "'loudness'")
            "'pwr' is not an option of 'loudness'; it takes power"
        """
        for name in given:
            if name not in self.needed and not self.takes_all:
                takes = ", ".join(self.needed) or "none"
                return f"{name!r} is not an option of {what}; it takes {takes}"
        for name, needed in self.needed.items():
            if needed and name not in given:
                return f"{name!r} is missing, and {what} needs it; give it a value"
        return ""


def options_of(function: Callable[..., Any], *, before: int) -> Options:
    """Find the options of a function.

    Args:
        function: to be called with options as keyword arguments.
        before: number of other arguments, which it gets first and by position.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # it does not tell; calling it will
        return Options({}, takes_all=True)
    own = [p for p in parameters[before:] if p.kind is _KIND.POSITIONAL_OR_KEYWORD]
    own += [p for p in parameters if p.kind is _KIND.KEYWORD_ONLY]
    takes_all = any(p.kind is _KIND.VAR_KEYWORD for p in parameters)
    return Options({p.name: p.default is _KIND.empty for p in own}, takes_all)
