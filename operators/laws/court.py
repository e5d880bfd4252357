"""Tries laws on many examples, and looks for the smallest one that breaks a law."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from operators.laws.law import BrokenLawError, Law

__all__ = ["Court"]

_Subject = TypeVar("_Subject")
_Example = TypeVar("_Example")


@dataclass(frozen=True)
class Court(Generic[_Subject, _Example]):
    """Tries one subject.

    Attributes:
        subject: an operator or a schedule.
        strategy: of examples with it.
        smaller: examples that are smaller than one by a step.
        examples: how many are tried; the same every time.
    """

    subject: _Subject
    strategy: SearchStrategy[_Example]
    smaller: Callable[[_Example], Iterable[_Example]]
    examples: int

    def broken(
        self, laws: Sequence[Law[_Subject, _Example]]
    ) -> dict[Law[_Subject, _Example], BrokenLawError]:
        """The laws that do not hold for some example, with the first such example.

        All laws are tried on the same examples, which takes a fraction of the time.
        """
        found: dict[Law[_Subject, _Example], BrokenLawError] = {}

        @_quietly(self.examples)
        @given(self.strategy)
        def examine(example: _Example) -> None:
            for law in laws:
                error = _error(law, example)
                if error is not None:
                    found.setdefault(law, error)

        examine()
        return found

    def smallest(self, law: Law[_Subject, _Example]) -> BrokenLawError | None:
        """The smallest example for which a law does not hold; None where it holds this time."""
        found: list[tuple[_Example, BrokenLawError]] = []

        @_quietly(self.examples)
        @given(self.strategy)
        def examine(example: _Example) -> None:
            error = _error(law, example)
            if error is not None:
                found.append((example, error))
                raise error

        try:
            examine()
        except BrokenLawError:
            return self._reduced(law, *found[-1])
        except Flaky:
            # It breaks the law, but not always.
            return min((error for _, error in found), key=lambda error: len(error.counterexample))
        return None

    def _reduced(
        self, law: Law[_Subject, _Example], example: _Example, error: BrokenLawError
    ) -> BrokenLawError:
        """Go on to smaller examples as long as there is one that breaks the law."""
        for smaller in self.smaller(example):
            found = _error(law, smaller)
            if found is not None:
                return self._reduced(law, smaller, found)
        return error


def _error(law: Law[_Subject, _Example], example: _Example) -> BrokenLawError | None:
    try:
        law.check(example)
    except BrokenLawError as error:
        return error
    return None


def _quietly(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
