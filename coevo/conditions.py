"""Conditions under which a key of an experiment means something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from coevo.problems import alternatives, shown

__all__ = ["Condition", "one_of"]


@dataclass(frozen=True)
class Condition:
    """What another key has to be, so that a key means something.

    Attributes:
        other: the other key.
        holds: whether a value of it will do.
        words: the same in words, behind "is only".
    """

    other: str
    holds: Callable[[Any], bool]
    words: str

    def refusal(self, value: object, other: object) -> str:
        """Say that a key is given where it means nothing.

        Args:
            value: of the key.
            other: of the other key.

        Examples:
            >>> one_of("task.kind", ["denoise"]).refusal(0.3, "map")
            "0.3 is only for task.kind = 'denoise', not 'map'; remove it or change task.kind"
        """
        return (
            f"{shown(value)} is only {self.words}, not {shown(other)}; "
            f"remove it or change {self.other}"
        )


def one_of(other: str, values: Sequence[object]) -> Condition:
    """The other key has one of some values."""
    known = tuple(values)
    return Condition(other, lambda value: value in known, f"for {other} = {alternatives(known)}")
