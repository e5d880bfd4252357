"""What a law is, and what comes out when something is judged by one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from operators.laws.evidence import Evidence, written

__all__ = ["BrokenLawError", "Law", "Outcome", "Verdict"]

Outcome: TypeAlias = Literal["holds", "fails", "not judged", "does not apply"]

_Subject = TypeVar("_Subject")
_Example = TypeVar("_Example")


@dataclass(frozen=True)
class Verdict:
    """What one law says of an operator or a schedule.

    Attributes:
        law: its name, as "never regrows".
        outcome: ``not judged`` where another law that it rests on fails; ``does not apply``
            where it is about something that the operator does not claim.
        message: what is wrong, or why there is no judgment; "" where the law holds.
        counterexample: the smallest one found where the law fails, else "". Lines of names and
            values; tensors are written as nested lists, masks with 1 for kept.
    """

    law: str
    outcome: Outcome
    message: str = ""
    counterexample: str = ""

    def __str__(self) -> str:
        """The law, the outcome and the message on one line; the counterexample below."""
        line = f"{self.law}: {self.outcome}{f': {self.message}' if self.message else ''}"
        return f"{line}\n{self.counterexample}" if self.counterexample else line


class BrokenLawError(Exception):
    """A law is broken, and by what.

    Attributes:
        message: what is wrong, in words, on one line.
        evidence: values by their names, in the order in which they are to be read.
    """

    def __init__(self, message: str, evidence: Mapping[str, Evidence]) -> None:
        # What an operator raises may have several lines.
        self.message = " ".join(message.split())
        super().__init__(self.message)
        self.evidence = dict(evidence)

    @property
    def counterexample(self) -> str:
        """The evidence, a line for each value."""
        return written(self.evidence)


@dataclass(frozen=True)
class Law(Generic[_Subject, _Example]):
    """Something that holds for all inputs.

    Attributes:
        check: raises `BrokenLawError` where the law does not hold for an example, which comes with
            the subject.
        after: laws that must hold before this one can be judged.
        exempt: says why the law is not about a subject; "" where it is.
    """

    check: Callable[[_Example], None]
    after: tuple[Law[_Subject, _Example], ...] = ()
    exempt: Callable[[_Subject], str] = lambda _: ""

    @property
    def name(self) -> str:
        """What a lawful subject does, as "never regrows"."""
        return self.check.__name__.replace("_", " ")

    @property
    def statement(self) -> str:
        """The law in a sentence."""
        return (inspect.getdoc(self.check) or "").partition("\n")[0]
