"""What lies where in a run directory, and how one begins."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from coevo.errors import CoevoError
from coevo.experiment import Experiment, load_experiment, to_toml
from coevo.files import whole_directory, write_json, write_text

__all__ = ["RunDirectory", "free_directory"]

_PACKAGES = ("torch", "numpy", "polars", "pydantic")


@dataclass(frozen=True)
class RunDirectory:
    """The paths of one run.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def experiment_file(self) -> Path:
        """The experiment as resolved: every key with the value that the run used."""
        return self.path / "experiment.toml"

    @property
    def environment_file(self) -> Path:
        """Versions, device and command of the run."""
        return self.path / "environment.json"

    @property
    def records(self) -> Path:
        """Parquet parts: one row per world, generation and cell."""
        return self.path / "records"

    @property
    def checkpoints(self) -> Path:
        """One directory per generation that was saved."""
        return self.path / "checkpoints"

    @property
    def result_file(self) -> Path:
        """The final figures."""
        return self.path / "result.json"

    @property
    def best(self) -> Path:
        """The best pairing, as plain modules' weights, with samples."""
        return self.path / "best"

    @property
    def report_file(self) -> Path:
        """The page that shows the run."""
        return self.path / "report.html"

    def experiment(self) -> Experiment:
        """Read the experiment back.

        Raises:
            CoevoError: this is not a run directory, or the file was changed for the worse.
        """
        if not self.experiment_file.is_file():
            raise CoevoError(
                f"{self.path}: not a run directory (no experiment.toml in it); give the directory "
                "that 'coevo run' printed"
            )
        return load_experiment(self.experiment_file)

    def environment(self) -> dict[str, object]:
        """Read the environment back; empty where the file is missing or damaged."""
        try:
            found: object = json.loads(self.environment_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def source_folders(self) -> tuple[Path, ...]:
        """Where modules that the experiment names are looked for."""
        folder = self.environment().get("source_folder")
        here = Path()
        return (Path(folder), here) if isinstance(folder, str) else (here,)

    def create(self, experiment: Experiment, environment: dict[str, object]) -> None:
        """Make the directory with the experiment in it: at once, or not at all.

        Raises:
            CoevoError: it exists and is not empty, or cannot be written.
        """
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise CoevoError(
                f"{self.path}: exists already; choose another directory with --out, or go on with "
                f"'coevo resume {self.path}'"
            )
        with whole_directory(self.path) as temporary:
            write_text(temporary / "experiment.toml", to_toml(experiment))
            write_json(temporary / "environment.json", environment)

    def note_resumed(self, generation: int, environment: dict[str, object]) -> None:
        """Add to the environment that the run went on here."""
        before = self.environment()
        resumed = before.get("resumed")
        entry = {"generation": generation, **environment}
        earlier = resumed if isinstance(resumed, list) else []
        write_json(self.environment_file, {**before, "resumed": [*earlier, entry]})


def free_directory(name: str) -> Path:
    """The first of ``runs/NAME-001``, ``runs/NAME-002``, ... that does not exist."""
    for number in range(1, 1_000_000):
        path = Path("runs") / f"{name}-{number:03d}"
        if not path.exists():
            return path
    raise CoevoError(f"runs/{name}-...: no free number; choose a directory with --out")


def describe_environment(device: str, source_folder: Path | None) -> dict[str, object]:
    """Versions, machine, device and command of this process."""
    import torch

    described: dict[str, object] = {
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "coevo": version("coevo"),
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
        **{name: version(name) for name in _PACKAGES},
    }
    if source_folder is not None:
        described["source_folder"] = str(source_folder.resolve())
    return described


def _commit() -> str | None:
    """The commit of the checkout that this package runs from, if it does."""
    folder = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None
