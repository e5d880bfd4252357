"""Directories of studies and runs, and what of them can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coevo.errors import CoevoError
from coevo.study_directory import StudyDirectory, is_study
from coevo.world_results import WorldResult, world_results

__all__ = ["Gathered", "gather"]


@dataclass(frozen=True)
class Gathered:
    """What a directory holds.

    Attributes:
        directory: as it was given.
        worlds: those that ended; of one that ended twice, the later.
        planned: the seeds that each variant shall have.
        failures: why stacks ended without a result.
    """

    directory: Path
    worlds: Sequence[WorldResult]
    planned: Mapping[str, frozenset[int]]
    failures: Sequence[str]

    @property
    def missing(self) -> int:
        """How many worlds have not ended."""
        return sum(map(len, self.planned.values())) - len(self.worlds)

    @property
    def without_end(self) -> list[str]:
        """The variants of which no world has ended."""
        ended = {world.variant for world in self.worlds}
        return [variant for variant in self.planned if variant not in ended]


def gather(directories: Sequence[Path]) -> list[Gathered]:
    """Read the results of directories.

    Raises:
        CoevoError: one is neither a run nor a study, or damaged, or given twice, or no world has
            ended in any.
    """
    places = [directory.resolve() for directory in directories]
    for directory, place in zip(directories, places, strict=True):
        if places.count(place) > 1:
            raise CoevoError(f"{directory}: given twice, and a run counts once; give it once")
    found = [_gathered(directory) for directory in directories]
    if not any(one.worlds for one in found):
        given = " and ".join(str(one.directory) for one in found)
        raise CoevoError(f"{given}: no world has ended yet; wait, or go on with 'coevo resume'")
    return found


def _gathered(directory: Path) -> Gathered:
    results = world_results(directory)
    last = {(world.variant, world.seed): world for world in results.worlds}
    worlds = [world for world in results.worlds if last[world.variant, world.seed] is world]
    if is_study(directory):
        seeds = frozenset(map(int, StudyDirectory(directory).plan()["seeds"]))
    else:
        seeds = frozenset(world.seed for world in worlds)
    planned = dict.fromkeys(results.variants, seeds)
    return Gathered(directory, worlds, planned, results.failures)
