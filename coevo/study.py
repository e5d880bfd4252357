"""Runs a study: stack after stack, each an exact run of its own; and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from coevo import checkpoint
from coevo.errors import CoevoError
from coevo.experiment import Experiment, SweepTable, to_toml
from coevo.files import (
    directory_lock,
    discard,
    make_directory,
    remove_leftovers,
    write_json,
)
from coevo.interruption import Interrupted
from coevo.loop import Hooks, Progress, to_the_end
from coevo.outcome import Outcome
from coevo.packing import PlannedStack, Setting, pack, too_large
from coevo.problems import told
from coevo.report import write_report
from coevo.run_directory import RunDirectory, claim_directory
from coevo.run_environment import environment_of
from coevo.sizing import threads
from coevo.stacks import World, by_variant, worlds_of
from coevo.study_changes import check_unchanged, experiments_of
from coevo.study_directory import StackDirectory, StudyDirectory
from coevo.study_outcome import conclude_study
from coevo.trained_pairs import keep_pairs, pairs_named
from coevo.variants import Variant, variants

__all__ = ["begin_study", "go_on_with_study"]


def begin_study(
    experiment: Experiment, name: str, out: Path | None, setting: Setting, hooks: Hooks
) -> tuple[Path, Outcome]:
    """Run a study from its first generation to its last.

    Args:
        experiment: with its sweep.
        name: of the study, where ``out`` is None.
        out: directory to make; by default the first free ``runs/NAME-001``.
        setting: where it is computed; the first folder to search is the experiment's.
        hooks: how to look on.

    Returns:
        The directory, and what ``result.json`` says.

    Raises:
        CoevoError: a variant cannot run as asked; nothing was written.
        Interrupted: `Hooks.stop` said so.
    """
    wanted = variants(experiment)
    planned = pack(worlds_of(wanted), setting)
    place = StudyDirectory(claim_directory(name) if out is None else out)
    make_directory(place.path)
    with directory_lock(place.path):
        place.run.check_free()
        setting = replace(setting, kept=place.run.start)
        keep_pairs(pairs_named(one.experiment for one in wanted), place.run.start, anew=True)
        _write_plan(place, wanted)
        place.run.begin(experiment, _environment(planned[0].worlds, wanted, setting))
        _describe(place, planned, hooks)
        return place.path, _to_the_end(place, setting, hooks)


def go_on_with_study(
    place: StudyDirectory, experiment: Experiment, setting: Setting, hooks: Hooks
) -> Outcome:
    """Compute what is missing of a study. The caller holds the directory's lock.

    Args:
        place: of the study.
        experiment: may have more variants and replicates than before.
        setting: where it is computed.
        hooks: how to look on.

    Raises:
        CoevoError: a variant cannot run as asked, or has been run with other settings.
        Interrupted: `Hooks.stop` said so.
    """
    _remove_leftovers(place)
    place.complete()
    wanted, stacks = variants(experiment), place.stacks()
    check_unchanged(stacks, wanted)
    asked = {(world.variant, world.seed): world for world in worlds_of(wanted)}
    left = [one for one in stacks if not one.finished and asked.keys() & set(one.worlds())]
    worlds_left = [_worlds(stack, experiment) for stack in left]
    for worlds in worlds_left:  # what cannot run is told before anything is changed
        setting.assemble([world for world, _ in by_variant(worlds)])
    large = [
        stack for stack, worlds in zip(left, worlds_left, strict=True) if too_large(worlds, setting)
    ]
    known = {name for stack in stacks if stack not in large for name in stack.worlds()}
    missing = [world for name, world in asked.items() if name not in known]
    planned = pack(missing, setting) if missing else ()
    keep_pairs(pairs_named(world.experiment for world in missing), place.run.start)
    finished = sum(stack.finished for stack in stacks)
    hooks.say(f"{finished} of {len(stacks)} stacks are finished; new worlds: {len(missing)}")
    dropped = len(known - asked.keys())
    if dropped:
        hooks.say(
            f"{_counted(dropped, 'world')} of before {'is' if dropped == 1 else 'are'} of no "
            "variant or seed of the study now; files stay, and count again when they are"
        )
    _write_plan(place, wanted)
    if planned or left or experiment != place.run.experiment():
        worlds = planned[0].worlds if planned else _worlds(stacks[-1], experiment)
        environment = _environment(worlds, wanted, setting)
        _say_where(left, (place.run.device(), environment["device"]), hooks)
        place.run.go_on(experiment, finished, environment)
    for stack in large:
        hooks.say(f"stack {stack.path.name} takes more than engine.memory; it is cut and done anew")
        discard(stack.path)
    _describe(place, planned, hooks)
    return _to_the_end(place, setting, hooks)


def _write_plan(place: StudyDirectory, wanted: Sequence[Variant]) -> None:
    first = wanted[0].experiment
    place.write_plan(
        [
            {"name": one.name, "settings": dict(one.settings), "options": dict(one.options)}
            for one in wanted
        ],
        range(first.seed, first.seed + first.sweep.replicates),
    )


def _environment(
    worlds: Sequence[World], wanted: Sequence[Variant], setting: Setting
) -> dict[str, object]:
    assembled = setting.assemble(worlds[:1])
    folder = setting.search[0] if len(setting.search) > 1 else None
    return environment_of(assembled, [one.experiment for one in wanted], folder)


def _say_where(
    left: Sequence[StackDirectory], devices: tuple[str | None, object], hooks: Hooks
) -> None:
    """Tell of another device where part of a stack was computed already."""
    before, now = devices
    begun = [one.path.name for one in left if checkpoint.newest(one.run.checkpoints)[0]]
    if begun and before not in (None, now):
        hooks.say(
            f"stack {begun[0]}: computed on {before} so far, on {now} from here: not bitwise what "
            "the study would have been without the change"
        )


def _describe(place: StudyDirectory, planned: Sequence[PlannedStack], hooks: Hooks) -> None:
    """Write down all that is going to be computed, so that going on later packs it no otherwise."""
    if not planned:
        return
    described = [
        (
            [(world.variant, world.seed) for world in stack.worlds],
            {world.variant: _text(world.experiment) for world, _ in by_variant(stack.worlds)},
        )
        for stack in planned
    ]
    for stack, new in zip(planned, place.add_stacks(described), strict=True):
        hooks.say(
            f"stack {new.path.name}: {_counted(len(stack.worlds), 'world')} of "
            f"{_counted(stack.variants, 'variant')}, {_counted(stack.cells, 'cell')}, "
            f"{stack.need}"
        )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _text(experiment: Experiment) -> str:
    """The experiment of a variant, without its seeds' number."""
    return to_toml(experiment.model_copy(update={"sweep": SweepTable()}))


def _worlds(stack: StackDirectory, study: Experiment) -> tuple[World, ...]:
    """Its worlds, with what is free to change between two parts as it is in the study now."""
    free = {"engine": study.engine, "checkpoint": study.checkpoint}
    experiments = {
        name: experiment.model_copy(update=free)
        for name, experiment in experiments_of(stack).items()
    }
    return tuple(World(name, experiments[name], seed) for name, seed in stack.worlds())


def _remove_leftovers(place: StudyDirectory) -> None:
    place.run.remove_leftovers()
    remove_leftovers(place.stacks_folder)
    for path in place.stacks_folder.glob("*/"):
        RunDirectory(path).remove_leftovers()


def _to_the_end(place: StudyDirectory, setting: Setting, hooks: Hooks) -> Outcome:
    stacks, study = place.needed(), place.run.experiment()
    if not all(stack.finished for stack in stacks):
        place.run.result_file.unlink(missing_ok=True)
    ended = 0
    for number, stack in enumerate(stacks, 1):
        if stack.finished:
            continue
        if ended and hooks.stop():
            raise Interrupted(place.path, ended)
        try:
            own = _of_stack(hooks, place, (number, len(stacks)))
            ended = _compute(stack, study, setting, own)["generations"]
        except Interrupted as stopped:
            raise Interrupted(place.path, stopped.generation) from None
        except Exception as error:  # noqa: BLE001 - the other stacks of the study go on
            reason = " ".join(str(error).split()) if isinstance(error, CoevoError) else told(error)
            write_json(stack.failure_file, {"error": reason})
            hooks.say(f"stack {stack.path.name} failed, the others go on: {reason}")
    outcome = conclude_study(place)
    write_report(place.path)
    return outcome


def _compute(stack: StackDirectory, study: Experiment, setting: Setting, hooks: Hooks) -> Outcome:
    """Compute what is left of one stack."""
    stack.failure_file.unlink(missing_ok=True)
    found, refusals = checkpoint.newest(stack.run.checkpoints)
    for refusal in refusals:
        hooks.say(f"not used: {refusal}")
    assembled = setting.assemble(_worlds(stack, study))
    with threads(assembled.threads):
        return to_the_end(stack.run, assembled, found, hooks)


def _of_stack(hooks: Hooks, place: StudyDirectory, number: tuple[int, int]) -> Hooks:
    """Hooks that tell which stack it is about."""

    def watch(progress: Progress) -> None:
        stack, stacks = number
        hooks.watch(replace(progress, directory=place.path, stack=stack, stacks=stacks))

    return replace(hooks, watch=watch)
