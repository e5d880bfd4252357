"""A schedule that rises in steps."""

from __future__ import annotations

from operators import Schedule

__all__ = ["staircase"]


def staircase(horizon: int, level: float = 1.0, *, steps: int = 4) -> Schedule:
    """Rises from 0 to the level in equal steps; the last one is the last generation's.

    Args:
        horizon: in generations, >= 1.
        level: in [0, 1].
        steps: number of steps, >= 1.

    Examples:
        >>> [staircase(5, 0.8, steps=2)(t) for t in (-1, 0, 1, 2, 3, 4, 9)]
        [0.0, 0.0, 0.0, 0.4, 0.4, 0.8, 0.8]
    """
    if steps < 1:
        raise ValueError(f"steps: {steps} is no number of steps; give a whole number >= 1")
    last = horizon - 1

    def intensity(generation: int) -> float:
        if last == 0:
            return level
        step = min(max(generation, 0), last) * steps // last
        return level * (step / steps)

    return intensity
