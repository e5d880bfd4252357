"""What lies where in a run directory, and how one begins."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType

from coevo.errors import CoevoError
from coevo.experiment import Experiment, load_experiment, to_toml
from coevo.files import make_directory, remove_leftovers, write_json, write_text
from coevo.interruption import resume_command

__all__ = ["RunDirectory", "claim_directory", "describe_environment"]

_PACKAGES = ("torch", "numpy", "polars", "pydantic")
# What a run that was killed at its very beginning may leave; without an experiment it is none.
_PLAN = "study.json"
_BEGINNINGS = (".lock", "environment.json", "start", _PLAN)
_MOST = 1_000_000


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
    def compaction_file(self) -> Path:
        """What compaction makes of the best pairing, where the run prunes."""
        return self.path / "compaction.json"

    @property
    def exports(self) -> Path:
        """The best pairing in other formats, a directory for each."""
        return self.path / "export"

    @property
    def start(self) -> Path:
        """Copies of the trained pairs that it started from."""
        return self.path / "start"

    @property
    def report_file(self) -> Path:
        """The page that shows the run."""
        return self.path / "report.html"

    def experiment(self) -> Experiment:
        """Read the experiment back.

        Raises:
            CoevoError: this is not a run directory, or the file was changed for the worse.
        """
        try:
            present = self.experiment_file.is_file()
        except OSError:
            present = True  # reading it says what is wrong
        if not present:
            raise CoevoError(
                f"{self.path}: not a run directory (no experiment.toml in it); give the directory "
                "that 'coevo run' printed"
            )
        try:
            return load_experiment(self.experiment_file)
        except CoevoError as error:
            gone = [name for name in self._plugins() if not _is_installed(name)]
            if not gone:
                raise
            raise CoevoError(
                f"{self.path}: needs {' and '.join(gone)}, which the run was made with; install it"
            ) from error

    def environment(self) -> dict[str, object]:
        """Read the environment back; empty where the file is missing or damaged."""
        try:
            found: object = json.loads(self.environment_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _plugins(self) -> list[str]:
        """Packages beside this one that the run has used."""
        plugins = self.environment().get("plugins")
        return [*filter(None, plugins)] if isinstance(plugins, dict) else []

    def source_folders(self) -> tuple[Path, ...]:
        """Where modules that the experiment names are looked for."""
        folder = self.environment().get("source_folder")
        here = Path()
        return (Path(folder), here) if isinstance(folder, str) else (here,)

    def device(self) -> str | None:
        """What the run was last on, ``cpu`` or the name of a GPU; None where nothing says so."""
        environment = self.environment()
        resumed = environment.get("resumed")
        last = resumed[-1] if isinstance(resumed, list) and resumed else environment
        found = last.get("device") if isinstance(last, dict) else None
        return found if isinstance(found, str) else None

    def check_free(self) -> None:
        """Make sure that a run can begin here.

        Raises:
            CoevoError: it exists and is not empty.
        """
        try:
            names = [place.name for place in self.path.iterdir()]
        except FileNotFoundError:
            return
        except NotADirectoryError:
            names = [self.path.name] if self.path.exists() else []
        except OSError as error:
            raise CoevoError(
                f"{self.path}: cannot be used ({error.strerror or error}); choose another "
                "directory with --out"
            ) from error
        if any(name not in _BEGINNINGS and not name.startswith(".tmp-") for name in names):
            raise CoevoError(
                f"{self.path}: exists already; choose another directory with --out, or go on with "
                f"'{resume_command(self.path)}'"
            )

    def begin(self, experiment: Experiment, environment: dict[str, object]) -> None:
        """Write what makes the directory a run. The caller holds its lock.

        Raises:
            CoevoError: it is not free, or cannot be written.
        """
        self.check_free()
        self.remove_leftovers()
        if not experiment.sweep.is_study:  # a study that was killed before it was one
            (self.path / _PLAN).unlink(missing_ok=True)
        write_json(self.environment_file, environment)
        # The last step: with it, there is a run that can be resumed.
        write_text(self.experiment_file, to_toml(experiment))

    def go_on(
        self, experiment: Experiment, generation: int, environment: dict[str, object]
    ) -> None:
        """Note that the run goes on here, with an experiment that may end later than before."""
        before = self.environment()
        resumed = before.get("resumed")
        entry = {"generation": generation, **environment}
        earlier = resumed if isinstance(resumed, list) else []
        write_json(self.environment_file, {**before, "resumed": [*earlier, entry]})
        if experiment != self.experiment():
            write_text(self.experiment_file, to_toml(experiment))

    def remove_leftovers(self) -> None:
        """Delete what killed processes left half written. The caller holds the lock."""
        for folder in (self.path, self.records, self.checkpoints, self.best, self.start):
            remove_leftovers(folder)


def claim_directory(name: str) -> Path:
    """Make the first of ``runs/NAME-001``, ``runs/NAME-002``, ... that does not exist.

    Runs that start at the same time get directories of their own.

    Raises:
        CoevoError: it cannot be made.
    """
    make_directory(Path("runs"))
    for number in range(1, _MOST):
        path = Path("runs") / f"{name}-{number:03d}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise CoevoError(
                f"{path}: cannot be made ({error.strerror or error}); choose a directory with --out"
            ) from error
        return path
    raise CoevoError(f"runs/{name}-...: no free number; choose a directory with --out")


def describe_environment(
    device: str,
    threads: int,
    source_folder: Path | None,
    plugins: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, object]:
    """Versions, machine, device and command of this process.

    Args:
        device: ``cpu`` or ``cuda``.
        threads: CPU threads that compute.
        source_folder: where modules are that the experiment names.
        plugins: packages that the experiment takes names from, with their versions.
    """
    import torch

    program = Path(sys.argv[0]).name
    command = ["python", "-m", "coevo"] if program == "__main__.py" else [program]
    described: dict[str, object] = {
        "command": shlex.join([*command, *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "coevo": version("coevo"),
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "threads": threads,
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
        **{name: version(name) for name in _PACKAGES},
    }
    if plugins:
        described["plugins"] = dict(plugins)
    if source_folder is not None:
        described["source_folder"] = str(source_folder.resolve())
    return described


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _commit() -> str | None:
    """The commit of the checkout that this package runs from, if it does."""
    folder = Path(__file__).parent
    if not (folder.parent / ".git").exists():
        return None  # installed, perhaps below a checkout of something else
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
