"""Runs an experiment in a directory, goes on where it stopped, and reads it back."""

from __future__ import annotations

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
from coevo.experiment import Experiment, load_experiment, to_toml
from coevo.files import directory_lock, remove_leftovers, write_text
from coevo.loop import Hooks, to_the_end
from coevo.outcome import Outcome
from coevo.pairing_files import load_pairing
from coevo.run_directory import RunDirectory, describe_environment, free_directory
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
        """MSE, L1 and BCE of the best pairing on the test rows; empty when all worlds stopped."""
        best = self.outcome["best"]
        return dict(best["test"]) if best is not None else {}

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
        overrides: ``key=value`` strings that change the preset or file.
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
    name, folder = "run", None
    if not isinstance(experiment, Experiment):
        name, path = Path(experiment).stem, Path(experiment)
        folder = path.parent if path.is_file() else None
        experiment = load_experiment(experiment, overrides)
    search = tuple(place for place in (folder, Path()) if place is not None)
    with _repeatable():
        assembled = assemble(experiment, device, search=search)
        directory = RunDirectory(Path(out) if out is not None else free_directory(name))
        environment = describe_environment(_device(assembled), folder)
        directory.create(experiment, environment)
        with directory_lock(directory.path), threads(assembled.threads):
            outcome = to_the_end(directory, experiment, assembled, None, hooks or Hooks())
    return Run(directory.path, experiment, outcome)


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
        device: as for `run`.
        trust: whether modules that the experiment names may be imported.
        hooks: how to look on.

    Returns:
        The finished run.

    Raises:
        CoevoError: this is no run, another process works on it, or it needs ``trust``.
        Interrupted: `Hooks.stop` said so.
    """
    place, hooks = RunDirectory(Path(directory)), hooks or Hooks()
    experiment = place.experiment()
    with _repeatable(), directory_lock(place.path):
        remove_leftovers(place.path)
        found, refusals = checkpoint.newest(place.checkpoints)
        for refusal in refusals:
            hooks.say(f"not used: {refusal}")
        experiment = _longer(place, experiment, generations, found.generation if found else 0)
        folders = place.source_folders()
        assembled = assemble(experiment, device, search=folders, trust=trust)
        generation = found.generation if found else 0
        hooks.say(f"going on after generation {generation} of {experiment.generations}")
        place.note_resumed(generation, describe_environment(_device(assembled), None))
        with threads(assembled.threads):
            outcome = to_the_end(place, experiment, assembled, found, hooks)
    return Run(place.path, experiment, outcome)


def _longer(
    place: RunDirectory, experiment: Experiment, generations: int | None, completed: int
) -> Experiment:
    if generations is None or generations == experiment.generations:
        return experiment
    if generations < max(completed, 1):
        raise CoevoError(
            f"generations: {generations} is less than the {completed} completed; give more"
        )
    longer = experiment.model_copy(update={"generations": generations})
    write_text(place.experiment_file, to_toml(longer))
    return longer


def _device(assembled: Assembled) -> str:
    return assembled.engine.seeds.device.type


@contextmanager
def _repeatable() -> Iterator[None]:
    """Deterministic kernels while a run computes, so that resumed runs are bitwise the same."""
    before = torch.are_deterministic_algorithms_enabled()
    # Read by cuBLAS when it starts; without it deterministic products are refused.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(mode=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=before)
