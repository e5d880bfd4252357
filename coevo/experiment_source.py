"""What a user asked to run: an experiment, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coevo.errors import CoevoError
from coevo.experiment import Experiment, load_experiment

__all__ = ["ExperimentSource", "experiment_source"]


@dataclass(frozen=True)
class ExperimentSource:
    """An experiment, and where it comes from.

    Attributes:
        experiment: checked.
        name: what to call its run.
        folder: of its file; None where it has none.
    """

    experiment: Experiment
    name: str
    folder: Path | None

    @property
    def search(self) -> tuple[Path, ...]:
        """Folders for modules that it names."""
        return (Path(),) if self.folder is None else (self.folder, Path())


def experiment_source(
    experiment: Experiment | str | Path, overrides: Sequence[str] = ()
) -> ExperimentSource:
    """Load what was asked for.

    Args:
        experiment: checked, or the name of a preset, or a TOML file.
        overrides: ``key=value`` strings that change the preset or file.

    Raises:
        CoevoError: as for `load_experiment`, or changes are asked for of an experiment that is
            checked already.
    """
    if not isinstance(experiment, Experiment):
        loaded, path = load_experiment(experiment, overrides), Path(experiment)
        return ExperimentSource(loaded, path.stem, path.parent if path.is_file() else None)
    if overrides:
        raise CoevoError(
            f"overrides: {list(overrides)} would change an experiment that is checked already; "
            "build it with these values, or give a preset or file"
        )
    return ExperimentSource(experiment, "run", None)
