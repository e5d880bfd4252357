"""Every variant with every seed, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coevo.records import last_generation
from coevo.study_directory import StackDirectory, WorldName
from coevo.world_results import WorldResults

__all__ = ["StudyWorld", "planned_worlds"]


@dataclass(frozen=True)
class StudyWorld:
    """One variant with one seed.

    Attributes:
        variant: its name.
        seed: its identity beside the variant.
        state: ``complete``, ``stopped``, ``failed``, ``running`` or ``not begun``.
        part: the directory of its stack, or None before it began.
        number: its position in the stack.
        generation: the one in which it stopped, or the last one recorded of a stack without a
            result; None where there is none.
        error: what its stack ended with, or None.
        result: its entry in the result of the stack; empty without one.
    """

    variant: str
    seed: int
    state: str
    part: Path | None = None
    number: int = -1
    generation: int | None = None
    error: str | None = None
    result: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def ended(self) -> bool:
        """Whether it ran to its end."""
        return self.state == "complete"

    def test(self, metric: str) -> float | None:
        """The loss of its best pairing on test rows; None where it has none.

        Args:
            metric: ``mse``, ``l1`` or ``bce``.
        """
        best = (self.result or {}).get("best") or {}
        value = (best.get("test") or {}).get(metric)
        return None if value is None else float(value)

    def sparsity(self) -> float | None:
        """Share of all weights and biases of its best pairing that are exactly zero."""
        best, found = (self.result or {}).get("best"), (self.result or {}).get("sparsity")
        return None if not best or not found else float(found[best["cell"]])


def planned_worlds(
    variants: Sequence[str],
    seeds: Sequence[int],
    stacks: Iterable[StackDirectory],
    results: WorldResults,
) -> list[StudyWorld]:
    """Variant by variant, and seed by seed.

    Args:
        variants: their names.
        seeds: of each of them.
        stacks: those that were begun. Of a world in several, the last one counts that it ended
            in; where it ended in none, the last one that holds it.
        results: of the worlds that ended.
    """
    found: dict[WorldName, StudyWorld] = {}
    for stack in stacks:
        if not stack.finished:
            found |= {(world.variant, world.seed): world for world in _unfinished(stack)}
    for one in results.worlds:
        world = StudyWorld(
            one.variant,
            one.seed,
            state="stopped" if one.stopped else "complete",
            part=one.part,
            number=one.world,
            generation=one.result.get("stopped_at"),
            result=one.result,
        )
        found[one.variant, one.seed] = world
    names = [(variant, seed) for variant in variants for seed in seeds]
    return [found.get(name) or StudyWorld(*name, state="not begun") for name in names]


def _unfinished(stack: StackDirectory) -> list[StudyWorld]:
    error, last = stack.failure, last_generation(stack.run.records)
    state = "running" if error is None else "failed"
    return [
        StudyWorld(
            variant, seed, state, part=stack.path, number=number, generation=last, error=error
        )
        for number, (variant, seed) in enumerate(stack.worlds())
    ]
