"""Rules between the keys of ``[de]``, and between them and others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coevo.problems import Problem, shown

if TYPE_CHECKING:
    from coevo.rules import Given

__all__ = ["evolution_problems"]


def evolution_problems(given: Given) -> Iterator[Problem]:
    """What does not go together, or would have no effect.

    Args:
        given: what the user wrote.
    """
    rounds, steps = given.value("de.rounds"), given.value("optimizer.steps")
    if rounds > steps:
        yield Problem(
            ("de", "rounds"),
            f"{shown(rounds)} is more than optimizer.steps = {shown(steps)}, whose batches the "
            "rounds share out; lower it or raise the steps",
        )
    if given.value("de.roles") == "pair" and given.value("de.partners") > 0:
        yield Problem(
            ("de", "partners"),
            f"{shown(given.value('de.partners'))} is only for de.roles = 'each': a pair has its "
            "partner with it; remove it or change de.roles",
        )
    strategies, shares = given.value("de.strategies"), given.value("de.shares")
    if strategies is not None and "soup" in strategies and given.value("de.soup") > 0:
        yield Problem(
            ("de", "strategies"),
            f"'soup' is an extra trial already, of de.soup = {shown(given.value('de.soup'))} "
            "networks; remove it or set de.soup = 0",
        )
    if shares is not None and strategies is not None and len(shares) != len(strategies):
        yield Problem(
            ("de", "shares"),
            f"{shown(list(shares))} is for {len(shares)} strategies, and there are "
            f"{len(strategies)}; give one each",
        )
