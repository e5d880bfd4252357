"""The worlds of a study that its moving torus shows, and what happened on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coevo.reporting.torus_frames import TorusFrames, frame_columns, room, torus_frames
from coevo.study_reporting.standings import Standings
from coevo.study_reporting.study_files import Stack, StudyFiles
from coevo.study_reporting.study_worlds import StudyWorld

if TYPE_CHECKING:
    import polars

__all__ = ["shown_worlds", "torus_worlds"]


def shown_worlds(study: StudyFiles, found: Standings, order: Sequence[str]) -> list[StudyWorld]:
    """The worlds to show: of each variant the run with the median result, then best and worst.

    Where a variant has no result yet, its first seed.

    Args:
        study: the files.
        found: the variants.
        order: of their names.
    """
    ranked = {name: _by_result(study, name, found.loss) for name in order}
    middle = [worlds[(len(worlds) - 1) // 2] for worlds in ranked.values() if worlds]
    ends = [world for worlds in ranked.values() if worlds for world in (worlds[0], worlds[-1])]
    return list(dict.fromkeys([*middle, *ends]))


def torus_worlds(study: StudyFiles, chosen: Sequence[StudyWorld]) -> list[TorusFrames]:
    """The worlds, as many as a page can hold.

    Args:
        study: the files.
        chosen: the worlds, the most important first; those without records are left out.
    """
    began = [world for world in chosen if _recorded(study, world)]
    loss = f"validation_{study.loss}"
    found: dict[tuple[str, int], TorusFrames] = {}
    for stack in study.stacks:
        own = [world for world in began if world.part == stack.directory]
        if own:
            for world, rows in _rows(stack, own, loss).items():
                size = int(rows["cell"].max()) + 1  # type: ignore[arg-type]  # a column of integers
                frames, worlds = room(len(began), size)
                if world in began[:worlds]:
                    shown = torus_frames(_name(world), rows, loss, frames)
                    found[world.variant, world.seed] = shown
    names = [(world.variant, world.seed) for world in began]
    return [found[name] for name in names if name in found]


def _by_result(study: StudyFiles, variant: str, loss: str) -> list[StudyWorld]:
    """The worlds of a variant that have records, best first; by seed where none has a result."""
    worlds = [world for world in study.of(variant) if world.part is not None]
    known = [(value, world) for world in worlds if (value := world.test(loss)) is not None]
    ranked = [world for _, world in sorted(known, key=lambda one: (one[0], one[1].seed))]
    return ranked or worlds[:1]


def _recorded(study: StudyFiles, world: StudyWorld) -> bool:
    stack = study.stack_of(world)
    return stack is not None and stack.last is not None


def _rows(
    stack: Stack, worlds: Sequence[StudyWorld], loss: str
) -> dict[StudyWorld, polars.DataFrame]:
    """What is recorded of each world while it ran, sorted by generation and cell."""
    import polars as pl

    wanted = frame_columns(stack.rows().collect_schema().names(), loss)
    numbers = [world.number for world in worlds]
    running = pl.col("running") & pl.col("world").is_in(numbers)
    rows = stack.collect(stack.rows().filter(running).select(wanted))
    parts = rows.partition_by("world", as_dict=True, maintain_order=True)
    found = {world: parts.get((world.number,)) for world in worlds}
    return {
        world: own.sort("generation", "cell") for world, own in found.items() if own is not None
    }


def _name(world: StudyWorld) -> str:
    end = f", stopped at {world.generation}" if world.state == "stopped" else ""
    return f"{world.variant}, seed {world.seed}{end}"
