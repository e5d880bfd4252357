"""Where a run is between two checkpoints: a small file for whoever looks on.

Records and checkpoints are what a run is made of; this file is not. It is written without
waiting for the disk, is there only while generations are computed (or after the process was
killed), and nothing is ever resumed from it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coevo.loop import Progress

__all__ = ["ProgressFile"]

_TEMPORARY = ".tmp-progress"  # a name by which a run recognizes what it has left half written


class ProgressFile:
    """Writes ``progress.json``, at most once per second and always whole.

    It holds ``generation`` and ``generations``, ``best_loss`` (null where not measured),
    ``stopped_worlds``, ``seconds`` that were spent on the run, ``time`` of writing, and under
    ``began`` the first generation and time that this process told of; times are in seconds
    since 1970. A file that cannot be written is left out: the run goes on.

    Args:
        directory: of the run or stack.
        seconds: tells how long the run has taken so far.
        every: seconds between two writes, at least.
    """

    def __init__(
        self, directory: Path, seconds: Callable[[], float], *, every: float = 1.0
    ) -> None:
        self._path = directory / "progress.json"
        self._temporary = directory / _TEMPORARY
        self._seconds = seconds
        self._every = every
        self._due = -math.inf
        self._began: dict[str, float] | None = None

    def __enter__(self) -> ProgressFile:
        """Remove what a killed process has left."""
        self._remove()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file: what was computed is recorded, or will be computed again."""
        del kind, error, trace
        self._remove()

    def tell(self, progress: Progress) -> None:
        """Write where the run is, unless that was done a moment ago."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + self._every
        here = {"generation": progress.generation, "time": time.time()}
        self._began = self._began or here
        document = {
            **here,
            "generations": progress.generations,
            "best_loss": progress.best_loss if math.isfinite(progress.best_loss) else None,
            "stopped_worlds": progress.stopped_worlds,
            "seconds": round(self._seconds(), 3),
            "began": self._began,
        }
        with suppress(OSError):
            self._temporary.write_text(json.dumps(document), encoding="utf-8")
            self._temporary.replace(self._path)

    def _remove(self) -> None:
        for path in (self._path, self._temporary):
            with suppress(OSError):
                path.unlink(missing_ok=True)
