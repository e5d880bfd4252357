"""Which worlds of a view are shown: the best one, a chosen one, and curves of variants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from coevo.errors import CoevoError
from coevo.watching.state import View

__all__ = ["Curve", "Shown", "best_of", "chosen_world", "curves_of", "lowest_so_far"]

Floats: TypeAlias = "npt.NDArray[np.float64]"


@dataclass(frozen=True)
class Shown:
    """A world, and how good its best cell was when it was measured last.

    Attributes:
        stack: position of its stack.
        world: position in the stack.
        variant: its name; empty in a run.
        seed: of the world.
        generation: of the measurement; 0 for none.
        loss: of its best cell on validation rows; NaN for none.
    """

    stack: int
    world: int
    variant: str
    seed: int
    generation: int
    loss: float

    @property
    def name(self) -> str:
        """Variant and seed in words."""
        return f"{self.variant}, seed {self.seed}" if self.variant else f"seed {self.seed}"


@dataclass(frozen=True)
class Curve:
    """A loss over generations.

    Attributes:
        name: what it is of.
        seeds: how many worlds it is the median of; 1 for a single one.
        generations: ``[n]`` int64, increasing.
        losses: ``[n]`` float64, finite.
    """

    name: str
    seeds: int
    generations: npt.NDArray[np.int64]
    losses: Floats

    @property
    def latest(self) -> float:
        """The last loss."""
        return float(self.losses[-1])


def best_of(view: View) -> Shown | None:
    """The world with the lowest loss at its last measurement, among those that did not stop."""
    running = [world for world in _worlds(view) if not _stopped(view, world)]
    measured = [world for world in running if np.isfinite(world.loss)]
    return min(measured, key=lambda world: world.loss, default=None)


def chosen_world(view: View, world: int | None, variant: str | None) -> Shown | None:
    """The world to show: the best one, of a variant where one is given, or the one asked for.

    Args:
        view: to choose from.
        world: counted from 0 among all worlds, or among those of the variant.
        variant: a name, or None for all.

    Raises:
        CoevoError: there is no such world or variant.
    """
    if view.plan is None:
        return None
    if variant is not None and variant not in view.plan.variants:
        known = ", ".join(name for name in view.plan.variants if name) or "none: it is no study"
        raise CoevoError(f"--variant: {variant!r} is not one of its variants ({known}); name one")
    among = [found for found in _worlds(view) if variant in (None, found.variant)]
    if world is not None:
        if not 0 <= world < len(among) and among:
            raise CoevoError(
                f"--world: {world} is not one of {len(among)} worlds; give 0 to {len(among) - 1}"
            )
        return among[world] if among else None
    measured = [found for found in among if np.isfinite(found.loss)]
    going = [found for found in measured if not _stopped(view, found)]
    return min(going or measured, key=lambda found: found.loss, default=None)


def lowest_so_far(view: View) -> float | None:
    """The lowest loss of any cell at any time, in worlds that did not stop."""
    lowest = None
    for found in view.stacks:
        kept = found.recorded.best[:, found.recorded.stopped_at == 0]
        if np.isfinite(kept).any():
            own = float(np.nanmin(kept))
            lowest = own if lowest is None else min(lowest, own)
    return lowest


def curves_of(view: View, at_most: int, variant: str | None = None) -> list[Curve]:
    """The curves to draw, the most important first.

    Args:
        view: a run gives its best world and the median of all; a study the medians over seeds
            of its best variants.
        at_most: how many.
        variant: one that stands first, or None.
    """
    if view.plan is None:
        return []
    if view.plan.study:
        medians = [_median(view, name, name) for name in view.plan.variants]
        drawn = [curve for curve in medians if curve is not None]
        return sorted(drawn, key=lambda curve: (curve.name != variant, curve.latest))[:at_most]
    best = best_of(view)
    median = _median(view, "", f"median of {len(view.plan.seeds)} worlds")
    if median is None or len(view.plan.seeds) == 1 or best is None:
        return [] if median is None else [median]
    generations, losses = _joined(view, [(best.stack, best.world)])
    known = np.isfinite(losses[:, 0])
    alone = Curve(f"best world ({best.name})", 1, generations[known], losses[known, 0])
    return [alone, median][:at_most]


def _worlds(view: View) -> list[Shown]:
    """All worlds of the plan, variant by variant in its order, then by seed."""
    if view.plan is None:
        return []
    order, seeds = {name: n for n, name in enumerate(view.plan.variants)}, set(view.plan.seeds)
    found = []
    for position, state in enumerate(view.stacks):
        generations, losses = state.recorded.latest()
        for world, (variant, seed) in enumerate(state.stack.worlds):
            place = int(generations[world]), float(losses[world])
            found.append(Shown(position, world, variant, seed, *place))
    wanted = [world for world in found if world.variant in order and world.seed in seeds]
    return sorted(wanted, key=lambda world: (order[world.variant], world.seed))


def _stopped(view: View, world: Shown) -> bool:
    return bool(view.stacks[world.stack].recorded.stopped_at[world.world])


def _median(view: View, variant: str, name: str) -> Curve | None:
    places = list(_places(view, variant))
    generations, losses = _joined(view, places)
    known = np.isfinite(losses).any(1)
    if not known.any():
        return None
    return Curve(name, len(places), generations[known], np.nanmedian(losses[known], axis=1))


def _places(view: View, variant: str) -> Iterator[tuple[int, int]]:
    """Stack and position of the worlds of a variant that did not stop, or of all if all did."""
    seeds = set(view.plan.seeds if view.plan else ())
    found = [
        (position, world)
        for position, state in enumerate(view.stacks)
        for world, (name, seed) in enumerate(state.stack.worlds)
        if name == variant and seed in seeds
    ]
    going = [
        (stack, world)
        for stack, world in found
        if not view.stacks[stack].recorded.stopped_at[world]
    ]
    return iter(going or found)


def _joined(view: View, places: Sequence[tuple[int, int]]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Generations, and ``[generations, worlds]`` losses of worlds that may be in several stacks."""
    stacks = sorted({stack for stack, _ in places})
    known = [view.stacks[stack].recorded.generations for stack in stacks]
    generations = np.unique(np.concatenate([np.zeros(0, np.int64), *known]))
    losses = np.full((len(generations), len(places)), np.nan)
    for stack, own in zip(stacks, known, strict=True):
        rows = np.searchsorted(generations, own)
        columns = [column for column, place in enumerate(places) if place[0] == stack]
        worlds = [places[column][1] for column in columns]
        losses[rows[:, None], columns] = view.stacks[stack].recorded.best[:, worlds]
    return generations, losses
