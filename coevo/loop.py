"""The loop around the engine: records, checkpoints, progress and stopping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from coevo import checkpoint
from coevo.assemble import Assembled
from coevo.engine import Measures, evolve
from coevo.errors import CoevoError
from coevo.interruption import Interrupted
from coevo.outcome import Outcome, conclude
from coevo.progress_file import ProgressFile
from coevo.records import RecordWriter, truncate
from coevo.run_directory import RunDirectory
from coevo.spent import Clock, Spent
from coevo.state import GridState

__all__ = ["Hooks", "Interrupted", "Progress", "to_the_end"]


@dataclass(frozen=True)
class Progress:
    """Where a run is, told after every generation.

    Attributes:
        directory: of the run.
        generation: completed ones.
        generations: in all.
        best_loss: lowest validation loss of any running cell, or NaN where not measured.
        stopped_worlds: worlds that stopped because a number was not finite.
        stack: of a study, the number of the stack that is computed, from 1.
        stacks: of a study, how many there are.
    """

    directory: Path
    generation: int
    generations: int
    best_loss: float
    stopped_worlds: int
    stack: int = 1
    stacks: int = 1


@dataclass(frozen=True)
class Hooks:
    """How the caller looks on.

    Attributes:
        watch: told after every generation.
        stop: asked after every generation whether to stop.
        say: told in words what a user should know.
    """

    watch: Callable[[Progress], None] = lambda _: None
    stop: Callable[[], bool] = lambda: False
    say: Callable[[str], None] = lambda _: None


def to_the_end(
    place: RunDirectory,
    assembled: Assembled,
    found: checkpoint.Checkpoint | None,
    hooks: Hooks,
) -> Outcome:
    """Compute what is left of a run, or of a stack, and conclude it.

    Args:
        place: where its files are. The caller holds the lock of the directory.
        assembled: what to run, and its engine.
        found: the checkpoint to start from; None starts at the first generation.
        hooks: how the caller looks on.

    Raises:
        CoevoError: the checkpoint is of another experiment.
        Interrupted: `Hooks.stop` said so.
    """
    clock = Clock(Spent() if found is None else Spent.from_document(found.metadata))
    engine, alone = assembled.engine, assembled.worlds[0].experiment.start.ancestor_generations
    if found is not None:
        state = _restored(place, engine.blank(), found)
    else:
        if alone:
            hooks.say(f"one pairing of each world trains alone for {alone} generations first")
        state = engine.init()
    truncate(place.records, state.generation)
    if bool(state.running.any()):
        state = _generations(place, assembled, state, hooks, clock)
    return conclude(place, assembled, state, clock.spent())


def _restored(place: RunDirectory, first: GridState, found: checkpoint.Checkpoint) -> GridState:
    """The state of a checkpoint, in the place of the first one."""
    if _form(found.shards) != _form(first.shards()):
        raise CoevoError(
            f"{found.path}: is not of the experiment in {place.experiment_file}, whose grid, "
            "networks, optimizer or pruning have been changed; change them back"
        )
    return GridState.from_shards(found.generation, found.shards).to(str(first.running.device))


def _form(shards: checkpoint.Shards) -> dict[tuple[str, str], tuple[torch.Size, torch.dtype]]:
    """Shape and type of every tensor."""
    return {
        (shard, name): (tensor.shape, tensor.dtype)
        for shard, tensors in shards.items()
        for name, tensor in tensors.items()
    }


def _generations(
    place: RunDirectory,
    assembled: Assembled,
    state: GridState,
    hooks: Hooks,
    clock: Clock,
) -> GridState:
    columns, experiment = _Columns(assembled), assembled.worlds[0].experiment
    running = state.running.cpu()
    shown = ProgressFile(place.path, lambda: clock.spent().seconds)
    with RecordWriter(place.records) as writer, shown:
        for state, measures in evolve(assembled.engine, state, experiment.generations):  # noqa: B020 - the newest state is what the loop is for
            rows = columns.rows(state.generation, measures, running)
            writer.append(rows)
            running = state.running.cpu()
            progress = _progress(place, assembled, state, measures, running)
            hooks.watch(progress)
            shown.tell(progress)
            last = state.generation == experiment.generations or not bool(running.any())
            stop = not last and hooks.stop()
            if last or stop or state.generation % experiment.checkpoint.every == 0:
                # Records first: a checkpoint promises that its generation's records are there.
                writer.flush()
                checkpoint.save(
                    place.checkpoints,
                    state.generation,
                    state.shards(),
                    clock.spent().document(),
                    keep=experiment.checkpoint.keep,
                )
            if stop:
                raise Interrupted(place.path, state.generation)
            if last:
                break
    return state


class _Columns:
    """Turns a generation's measures into rows of records."""

    def __init__(self, assembled: Assembled) -> None:
        engine = assembled.engine
        grid = engine.grid
        place = grid.torus.coordinates().repeat(grid.worlds, 1)
        self._fixed = {
            "world": grid.world_of.cpu(),
            "seed": engine.seeds[grid.world_of].cpu(),
            "cell": grid.cell_of.cpu(),
            "row": place[:, 0],
            "column": place[:, 1],
        }

    def rows(self, generation: int, measures: Measures, running: Tensor) -> dict[str, Tensor]:
        """Rows of the worlds that ran in this generation; ``running`` is before it."""
        own = {name: tensor.cpu() for name, tensor in measures.items()}
        number = torch.full_like(self._fixed["cell"], generation)
        return {
            name: tensor[running]
            for name, tensor in {**self._fixed, "generation": number, **own}.items()
        }


def _progress(
    place: RunDirectory,
    assembled: Assembled,
    state: GridState,
    measures: Measures,
    running: Tensor,
) -> Progress:
    experiment = assembled.worlds[0].experiment
    losses = measures[f"validation_{experiment.task.loss}"].cpu()[running]
    worlds = running.view(len(assembled.worlds), -1)[:, 0]
    return Progress(
        place.path,
        state.generation,
        experiment.generations,
        float(losses.min()) if len(losses) else float("nan"),
        int((~worlds).sum()),
    )
