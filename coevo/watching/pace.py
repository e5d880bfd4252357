"""How fast a program of worlds is, and how long it will take: from when generations were over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coevo.watching.recorded import Mark

__all__ = ["Pace", "pace_of"]

_WINDOW = 30.0  # seconds that a rate is taken over, where there are as many


@dataclass(frozen=True)
class Pace:
    """The speed of the last generations.

    Attributes:
        generation: the last one that is known to be over.
        time: at which that was known, in seconds since 1970.
        seconds: per generation.
    """

    generation: int
    time: float
    seconds: float

    def left(self, generations: int, now: float) -> float:
        """Seconds until the last generation, at this speed.

        Args:
            generations: in all.
            now: in seconds since 1970.

        Examples:
            >>> Pace(40, 1000.0, 2.0).left(60, 1010.0)
            30.0
        """
        return max(0.0, (generations - self.generation) * self.seconds - (now - self.time))


def pace_of(marks: Sequence[Mark], began: float) -> Pace | None:
    """The speed between the last mark and one some time before.

    Args:
        marks: when generations were over, in any order.
        began: what is older does not count: another process may have computed it.

    Returns:
        None where fewer than two generations are known.

    Examples:
        >>> pace_of([(10, 100.0), (20, 110.0), (30, 120.0)], began=105.0)
        Pace(generation=30, time=120.0, seconds=1.0)
        >>> pace_of([(30, 120.0)], began=0.0) is None
        True
    """
    known = sorted(mark for mark in set(marks) if mark[1] >= began)
    if not known:
        return None
    last, now = known[-1]
    before = [mark for mark in known if mark[0] < last and mark[1] < now]
    if not before:
        return None
    recent = [mark for mark in before if mark[1] >= now - _WINDOW]
    generation, time = recent[0] if recent else before[-1]
    return Pace(last, now, (now - time) / (last - generation))
