"""Time that a run has taken so far, interruptions left out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Clock", "Spent"]


@dataclass(frozen=True)
class Spent:
    """Time that was spent.

    Attributes:
        seconds: on the clock.
        cpu_seconds: of all processor cores together.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def document(self) -> dict[str, float]:
        """For files, to the millisecond."""
        return {"seconds": round(self.seconds, 3), "cpu_seconds": round(self.cpu_seconds, 3)}

    @staticmethod
    def from_document(document: Mapping[str, object]) -> Spent:
        """What `document` gave; nothing where a name is missing."""
        return Spent(*(float(str(document.get(n, 0.0))) for n in ("seconds", "cpu_seconds")))


class Clock:
    """Counts on from what was spent before."""

    def __init__(self, before: Spent) -> None:
        """Begin to count."""
        self._seconds = before.seconds - time.perf_counter()
        self._cpu_seconds = before.cpu_seconds - time.process_time()

    def spent(self) -> Spent:
        """What was spent until now."""
        return Spent(self._seconds + time.perf_counter(), self._cpu_seconds + time.process_time())
