"""Runs an experiment in a directory, goes on where it stopped, and reads it back."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from coevo import checkpoint
from coevo.assemble import Assembled, assemble
from coevo.errors import CoevoError
from coevo.experiment import Experiment, load_experiment
from coevo.files import directory_lock, make_directory
from coevo.horizon import with_horizon
from coevo.loop import Hooks, to_the_end
from coevo.outcome import Outcome
from coevo.pairing_files import load_pairing
from coevo.plugins import PluginKind, plugin_versions
from coevo.run_directory import RunDirectory, claim_directory, describe_environment
from coevo.sizing import threads

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
        """A `polars.DataFrame`, one row per world, generation and cell."""
        from coevo.records import read

        return read(RunDirectory(self.directory).records)

    def best(self, *, trust: bool = True) -> tuple[nn.Module, nn.Module]:
        """Encoder and decoder of the best pairing, as ordinary modules on the CPU."""
        return load_pairing(self.directory, trust=trust)


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
    name, folder, experiment = _loaded(experiment, overrides)
    search = tuple(place for place in (folder, Path()) if place is not None)
    with _repeatable():
        if out is not None:
            RunDirectory(Path(out)).check_free()
        assembled = assemble(experiment, device, search=search)
        place = RunDirectory(Path(out) if out is not None else claim_directory(name))
        make_directory(place.path)
        with directory_lock(place.path), threads(assembled.threads):
            place.begin(experiment, _environment(assembled, experiment, folder))
            outcome = to_the_end(place, experiment, assembled, None, hooks or Hooks())
    return Run(place.path, experiment, outcome)


def resume(
    directory: str | Path,
    *,
    generations: int | None = None,
    device: str | None = None,
    trust: bool = False,
    hooks: Hooks | None = None,
) -> Run:
    """Go on with a run that was interrupted, from its newest good checkpoint.

    On the same machine and device it ends with bitwise the same state and records as if it had
    never stopped.

    Args:
        directory: of the run.
        generations: another number of generations to end with, not less than completed.
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
    with _repeatable(), directory_lock(place.path):
        place.remove_leftovers()
        found, refusals = checkpoint.newest(place.checkpoints)
        for refusal in refusals:
            hooks.say(f"not used: {refusal}")
        completed = found.generation if found else 0
        if generations is not None:
            experiment = with_horizon(experiment, generations, completed)
        folders, before = place.source_folders(), place.device()
        assembled = assemble(experiment, device or _usual(before), search=folders, trust=trust)
        environment = _environment(assembled, experiment, None)
        _say_where(hooks, completed, experiment, (before, environment["device"]))
        place.go_on(experiment, completed, environment)
        with threads(assembled.threads):
            outcome = to_the_end(place, experiment, assembled, found, hooks)
    return Run(place.path, experiment, outcome)


def _loaded(
    experiment: Experiment | str | Path, overrides: Sequence[str]
) -> tuple[str, Path | None, Experiment]:
    """What to call the run, the folder of the experiment's file, and the experiment."""
    if not isinstance(experiment, Experiment):
        loaded, path = load_experiment(experiment, overrides), Path(experiment)
        return path.stem, path.parent if path.is_file() else None, loaded
    if overrides:
        raise CoevoError(
            f"overrides: {list(overrides)} would change an experiment that is checked already; "
            "build it with these values, or give a preset or file"
        )
    return "run", None, experiment


def _usual(before: str | None) -> str | None:
    """The device to go on with: a processor for a run that was on one, also beside a GPU."""
    return "cpu" if before == "cpu" else None


def _say_where(
    hooks: Hooks, completed: int, experiment: Experiment, devices: tuple[str | None, object]
) -> None:
    before, now = devices
    if completed:
        hooks.say(f"going on after generation {completed} of {experiment.generations}")
    else:
        hooks.say(f"no checkpoint; starting from the first of {experiment.generations} generations")
    if completed and before not in (None, now):
        hooks.say(
            f"computed on {before} so far, on {now} from here: not bitwise what the run would "
            "have been without the change"
        )


def _environment(
    assembled: Assembled, experiment: Experiment, folder: Path | None
) -> dict[str, object]:
    device = assembled.engine.seeds.device.type
    return describe_environment(device, assembled.threads, folder, _plugins(experiment))


def _plugins(experiment: Experiment) -> dict[str, str]:
    """The packages that names of an experiment come from, with their versions."""
    names: list[tuple[PluginKind, str]] = [
        ("datasets", experiment.task.dataset),
        ("optimizers", experiment.optimizer.kind),
    ]
    for entry in experiment.pruning:
        names += [("operators", entry.operator), ("schedules", entry.schedule)]
    return plugin_versions(names)


@contextmanager
def _repeatable() -> Iterator[None]:
    """Deterministic kernels while a run computes, so that resumed runs are bitwise the same."""
    before = torch.get_deterministic_debug_mode()
    # Read by cuBLAS when it starts; without it deterministic products are refused.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Not use_deterministic_algorithms, which first imports a compiler for more than a second.
    torch.set_deterministic_debug_mode("error")
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
