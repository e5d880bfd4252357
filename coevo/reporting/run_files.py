"""The files of a run directory, as far as they exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coevo.errors import CoevoError
from coevo.records import last_generation, read
from coevo.reporting.compaction import Compaction, compaction_of
from coevo.reporting.numbers import METRIC_NAMES
from coevo.stored_files import (
    Samples,
    damaged,
    json_object,
    parsed_toml,
    read_samples,
    text_of,
)

if TYPE_CHECKING:
    import polars

__all__ = ["RunFiles", "read_run"]


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
    text = text_of(experiment)
    records = directory / "records"
    return RunFiles(
        directory=directory,
        experiment_text=text,
        experiment=parsed_toml(experiment, text),
        environment=json_object(directory / "environment.json") or {},
        records=None if last_generation(records) is None else read(records),
        result=json_object(directory / "result.json"),
        samples=read_samples(directory / "best" / "samples.safetensors"),
        compaction=_compaction(directory / "compaction.json"),
    )


def _compaction(path: Path) -> Compaction | None:
    document = json_object(path)
    if document is None:
        return None
    try:
        return compaction_of(document)
    except ValueError as error:
        raise damaged(path, error) from error
