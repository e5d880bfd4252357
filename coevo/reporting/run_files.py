"""The files of a run directory, as far as they exist."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from coevo.errors import CoevoError
from coevo.records import last_generation, read
from coevo.reporting.compaction import Compaction, compaction_of
from coevo.reporting.numbers import METRIC_NAMES

if TYPE_CHECKING:
    import polars

__all__ = ["RunFiles", "Samples", "read_run"]

Samples: TypeAlias = Mapping[str, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]

_SAMPLE_NAMES = ("inputs", "targets", "outputs")


@dataclass(frozen=True)
class RunFiles:
    """What a run directory holds.

    Attributes:
        directory: of the run.
        experiment_text: ``experiment.toml``, word for word.
        experiment: the same, parsed.
        environment: ``environment.json``, or empty.
        records: all of them, sorted by world, generation and cell; None before the first part.
        result: ``result.json``, or None while there is none.
        samples: ``inputs``, ``targets`` and ``outputs``, each ``[n, ...]``; or None.
        compaction: ``compaction.json``, or None.
    """

    directory: Path
    experiment_text: str
    experiment: Mapping[str, Any]
    environment: Mapping[str, Any]
    records: polars.DataFrame | None
    result: Mapping[str, Any] | None
    samples: Samples | None
    compaction: Compaction | None

    def setting(self, table: str, key: str) -> Any:
        """A key of the experiment file, or None where it is not written."""
        found = self.experiment.get(table)
        return found.get(key) if isinstance(found, dict) else None

    @property
    def loss(self) -> str:
        """The metric that training minimizes.

        Raises:
            CoevoError: it is none of the metrics.
        """
        loss = (self.result or {}).get("loss") or self.setting("task", "loss") or "mse"
        if loss not in METRIC_NAMES:
            known = ", ".join(METRIC_NAMES)
            raise CoevoError(f"{self.directory}: the loss {loss!r} is not one of {known}")
        return str(loss)

    @property
    def title(self) -> str:
        """The experiment's description, or the name of the directory."""
        description = str(self.experiment.get("description") or "").strip()
        title = description or f"Run {self.directory.resolve().name}"
        return title[0].upper() + title[1:]

    @property
    def generation(self) -> int:
        """The last generation that is recorded, or that the result knows of."""
        if self.records is not None:
            return int(self.records["generation"].max())  # type: ignore[arg-type]  # a column of integers
        return int((self.result or {}).get("generations") or 0)

    @property
    def per(self) -> str:
        """What errors are averaged over: ``pixel`` for images, ``value`` otherwise."""
        images = self.samples is not None and self.samples["targets"].ndim > 2
        return "pixel" if images else "value"


def read_run(directory: Path) -> RunFiles:
    """Read what there is; the experiment's own code is never imported.

    Args:
        directory: of a run, finished or not.

    Raises:
        CoevoError: it holds no experiment, or one of its files is damaged.
    """
    experiment = directory / "experiment.toml"
    if not experiment.is_file():
        raise CoevoError(
            f"{directory}: holds no experiment.toml, so it is not a run; "
            "give the directory of a run"
        )
    text = _text(experiment)
    records = directory / "records"
    return RunFiles(
        directory=directory,
        experiment_text=text,
        experiment=_parsed(experiment, text),
        environment=_json(directory / "environment.json") or {},
        records=None if last_generation(records) is None else read(records),
        result=_json(directory / "result.json"),
        samples=_samples(directory / "best" / "samples.safetensors"),
        compaction=_compaction(directory / "compaction.json"),
    )


def _damaged(path: Path, reason: object) -> CoevoError:
    return CoevoError(f"{path}: cannot be read ({reason}); restore it or remove it")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from error


def _parsed(path: Path, text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _damaged(path, error) from error


def _json(path: Path) -> Mapping[str, Any] | None:
    if not path.is_file():
        return None
    try:
        document = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise _damaged(path, error) from error
    if not isinstance(document, dict):
        raise _damaged(path, "not a JSON object")
    return document


def _compaction(path: Path) -> Compaction | None:
    document = _json(path)
    if document is None:
        return None
    try:
        return compaction_of(document)
    except ValueError as error:
        raise _damaged(path, error) from error


def _samples(path: Path) -> Samples | None:
    if not path.is_file():
        return None
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(path)
        samples = {name: np.asarray(found[name], dtype=np.float64) for name in _SAMPLE_NAMES}
    except (SafetensorError, OSError, KeyError) as error:
        raise _damaged(path, error) from error
    shapes = {name: values.shape for name, values in samples.items()}
    counts = {shape[0] if len(shape) > 1 else None for shape in shapes.values()}
    if len(counts) > 1 or None in counts or shapes["targets"] != shapes["outputs"]:
        raise _damaged(path, f"shapes {shapes} do not belong together")
    return samples
