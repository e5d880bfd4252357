"""Runs an experiment in a directory, goes on where it stopped, and reads it back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from coevo import checkpoint
from coevo.assemble import assemble
from coevo.errors import CoevoError
from coevo.experiment import Experiment, load_experiment
from coevo.experiment_source import experiment_source
from coevo.files import directory_lock, make_directory
from coevo.horizon import with_horizon
from coevo.loop import Hooks, to_the_end
from coevo.outcome import Outcome
from coevo.packing import Setting
from coevo.pairing_files import load_pairing
from coevo.report import write_report
from coevo.run_directory import RunDirectory, claim_directory
from coevo.run_environment import environment_of, repeatable
from coevo.sizing import threads
from coevo.study import begin_study, go_on_with_study
from coevo.study_directory import StudyDirectory, is_study
from coevo.trained_pairs import keep_pairs, pairs_named

__all__ = ["Run", "resume", "run"]


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        directory: everything that it wrote.
        experiment: as resolved.
        outcome: what ``result.json`` holds: status, figures of every world and cell, ``best``.
    """

    directory: Path
    experiment: Experiment
    outcome: Outcome = field(repr=False)

    @property
    def test(self) -> dict[str, float]:
        """MSE, L1 and BCE of the best pairing on the test rows, NaN where not finite.

        Empty when there is no best pairing because all worlds stopped.
        """
        best = self.outcome["best"] or {"test": {}}
        return {name: math.nan if v is None else v for name, v in best["test"].items()}

    def records(self) -> Any:
        """A `polars.DataFrame`, one row per world, generation and cell.

        Of a study, with the columns ``variant`` and ``stack`` in front.
        """
        from coevo.recorded_table import read_records

        return read_records(self.directory)

    def best(
        self, *, variant: str | None = None, trust: bool = True
    ) -> tuple[nn.Module, nn.Module]:
        """Encoder and decoder of the best pairing, as ordinary modules on the CPU."""
        return load_pairing(self.directory, variant=variant, trust=trust)


def run(
    experiment: Experiment | str | Path,
    out: str | Path | None = None,
    *,
    device: str | None = None,
    overrides: Sequence[str] = (),
    hooks: Hooks | None = None,
) -> Run:
    """Run an experiment from its first generation to its last.

    Args:
        experiment: checked, or the name of a preset, or a TOML file.
        out: directory to make; by default the first free ``runs/NAME-001``.
        device: ``cpu``, ``cuda``, or None for a GPU if there is one.
        overrides: ``key=value`` strings that change the preset or file; not for an experiment
            that is checked already.
        hooks: how to look on.

    Returns:
        The finished run.

    Raises:
        CoevoError: the experiment cannot be run as asked; nothing was written.
        Interrupted: `Hooks.stop` said so.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     finished = run("digits", Path(folder) / "out", overrides=["generations=2"])
        >>> finished.outcome["generations"], sorted(finished.test)
        (2, ['bce', 'l1', 'mse'])
    """
    source = experiment_source(experiment, overrides)
    experiment, search = source.experiment, source.search
    with repeatable():
        if out is not None:
            RunDirectory(Path(out)).check_free()
        if experiment.sweep.is_study:
            setting, where = Setting(device, search), None if out is None else Path(out)
            found = begin_study(experiment, source.name, where, setting, hooks or Hooks())
            return Run(found[0], experiment, found[1])
        assembled = assemble(experiment, device, search=search)
        place = RunDirectory(Path(out) if out is not None else claim_directory(source.name))
        make_directory(place.path)
        with directory_lock(place.path), threads(assembled.threads):
            place.check_free()
            keep_pairs(pairs_named([experiment]), place.start, anew=True)
            place.begin(experiment, environment_of(assembled, [experiment], source.folder))
            outcome = to_the_end(place, assembled, None, hooks or Hooks())
            write_report(place.path)
    return Run(place.path, experiment, outcome)


def resume(
    directory: str | Path,
    *,
    generations: int | None = None,
    overrides: Sequence[str] = (),
    device: str | None = None,
    trust: bool = False,
    hooks: Hooks | None = None,
) -> Run:
    """Go on with a run or study that was interrupted, from its newest good checkpoint.

    On the same machine and device it ends with bitwise the same state and records as if it had
    never stopped. Of a study that has more variants or replicates now than before, in
    ``experiment.toml`` or by ``overrides``, what is missing is computed.

    Args:
        directory: of the run or study.
        generations: another number of generations to end with, not less than completed.
        overrides: of a study, ``key=value`` strings that change its sweep, ``[engine]`` or
            ``[checkpoint]``.
        device: ``cpu`` or ``cuda``; by default the one that the run was last on.
        trust: whether modules that the experiment names may be imported.
        hooks: how to look on.

    Returns:
        The finished run.

    Raises:
        CoevoError: this is no run, another process works on it, it needs ``trust``, or another
            number of generations would change what its schedules said so far.
        Interrupted: `Hooks.stop` said so.
    """
    place, hooks = RunDirectory(Path(directory)), hooks or Hooks()
    experiment = place.experiment()
    _check_kind(place, experiment)
    if experiment.sweep.is_study:
        experiment = _extended(place, experiment, generations, overrides)
        usual = device or _usual(place.device())
        setting = Setting(usual, place.source_folders(), trust, place.start)
        with repeatable(), directory_lock(place.path):
            study = StudyDirectory(place.path)
            return Run(place.path, experiment, go_on_with_study(study, experiment, setting, hooks))
    if overrides:
        raise CoevoError(
            f"--set {' '.join(overrides)}: would change a run that has begun; only the sweep of a "
            "study can be changed"
        )
    with repeatable(), directory_lock(place.path):
        place.remove_leftovers()
        found, refusals = checkpoint.newest(place.checkpoints)
        for refusal in refusals:
            hooks.say(f"not used: {refusal}")
        completed = found.generation if found else 0
        if generations is not None:
            experiment = with_horizon(experiment, generations, completed)
        folders, before = place.source_folders(), place.device()
        usual = device or _usual(before)
        assembled = assemble(experiment, usual, search=folders, trust=trust, kept=place.start)
        environment = environment_of(assembled, [experiment], None)
        _say_where(hooks, completed, experiment, (before, environment["device"]))
        place.go_on(experiment, completed, environment)
        with threads(assembled.threads):
            outcome = to_the_end(place, assembled, found, hooks)
            write_report(place.path)
    return Run(place.path, experiment, outcome)


def _check_kind(place: RunDirectory, experiment: Experiment) -> None:
    """Refuse a sweep that was taken out of a study, or put into a run: both have other files."""
    begun_as_study = is_study(place.path) or StudyDirectory(place.path).stacks_folder.is_dir()
    if experiment.sweep.is_study == begun_as_study:
        return
    if experiment.sweep.is_study:
        raise CoevoError(
            f"{place.experiment_file}: sweep: varies keys, but the directory is of a run of one "
            "variant; remove what varies, or begin a study with 'coevo run' and --out"
        )
    raise CoevoError(
        f"{place.experiment_file}: sweep: has no variants, but the directory is of a study; keep "
        "an axis or a variant"
    )


def _extended(
    place: RunDirectory, before: Experiment, generations: int | None, overrides: Sequence[str]
) -> Experiment:
    """The experiment of a study with a sweep that may have been changed."""
    if generations is not None:
        raise CoevoError(
            f"generations: {generations} would change a study that has begun; begin another one"
        )
    experiment = load_experiment(place.experiment_file, overrides)
    free = {name: getattr(before, name) for name in ("sweep", "engine", "checkpoint")}
    if experiment.model_copy(update=free) != before:
        raise CoevoError(
            f"--set {' '.join(overrides)}: would change a study that has begun; only its sweep can "
            "be changed (sweep.replicates, sweep.variants, its axes), [engine] and [checkpoint]"
        )
    if not experiment.sweep.is_study:
        raise CoevoError(
            f"--set {' '.join(overrides)}: leaves no variants of the study; keep an axis or a variant"
        )
    return experiment


def _usual(before: str | None) -> str | None:
    """The device to go on with: a processor for a run that was on one, also beside a GPU."""
    return "cpu" if before == "cpu" else None


def _say_where(
    hooks: Hooks, completed: int, experiment: Experiment, devices: tuple[str | None, object]
) -> None:
    before, now = devices
    if completed == experiment.generations:
        hooks.say(f"all {completed} generations are computed")
    elif completed:
        hooks.say(f"going on after generation {completed} of {experiment.generations}")
    else:
        hooks.say(f"no checkpoint; starting from the first of {experiment.generations} generations")
    if completed and before not in (None, now):
        hooks.say(
            f"computed on {before} so far, on {now} from here: not bitwise what the run would "
            "have been without the change"
        )
