"""When an entry of ``[[pruning]]`` acts, and how much it removes then."""

from __future__ import annotations

from math import cos, exp, pi

from tests.equivalence.entries import OWN, Entry

__all__ = ["Amount", "happening"]

Amount = tuple[str, float]
"""``remove`` a share of what is kept, or ``reach`` a sparsity."""


def happening(
    entry: Entry, generation: int, *, horizon: int, neighbors: int, exact: bool
) -> tuple[float, Amount] | None:
    """The probability of an event and what it does; None where nothing can happen.

    Args:
        entry: of ``[[pruning]]``.
        generation: counted from 0.
        horizon: generations of the run.
        neighbors: cells of a neighborhood.
        exact: whether the operator meets its amounts.
    """
    end = horizon if entry.end is None else entry.end
    if entry.sparsity is not None:
        target = _target(entry, generation, end, neighbors)
        before = _target(entry, generation - 1, end, neighbors)
        again = entry.masks == "soft" or not exact
        acts = target > before or (again and target > 0)
        return (1.0, ("reach", entry.sparsity * target)) if acts else None
    if not entry.begin <= generation < end:
        return None
    level = entry.probability if entry.scales == "probability" else 1.0
    intensity = _intensity(entry, generation - entry.begin, end - entry.begin, level, neighbors)
    if entry.scales == "probability":
        probability, amount = intensity, entry.amount
    else:
        probability, amount = entry.probability, entry.amount * intensity
    return (probability, ("remove", amount)) if probability > 0 and amount > 0 else None


def _target(entry: Entry, generation: int, end: int, neighbors: int) -> float:
    """The share of its sparsity that an entry wants reached; 0 before its window."""
    length = end - entry.begin
    values = [_intensity(entry, t, length, 1.0, neighbors) for t in range(length)]
    until = min(generation, end - 1) - entry.begin + 1
    return max(values[:until]) / max(values) if until > 0 else 0.0


def _intensity(entry: Entry, t: int, length: int, level: float, neighbors: int) -> float:
    x = 1.0 if length == 1 else t / (length - 1)
    if entry.schedule == "decrease_published":
        return 1 - level * x
    shares = {
        "fixed": 1.0,
        "increase": x,
        "decrease": 1 - x,
        "exponential": 1 - exp(-entry.steepness * x),
        "final_n": float(x >= 1 - entry.share),
        "population": x / (entry.divisor or neighbors),
        "prune_after": float(t == length - 1),
        "one_shot": float(t == 0),
        "periodic": float(t % entry.every == entry.every - 1),
        "cosine": (1 - cos(pi * x)) / 2,
        "cosine_decay": (1 + cos(pi * x)) / 2,
        "cubic": 1 - (1 - x) ** 3,
        f"{OWN}:zigzag": float(entry.schedule_options.get("low", 0.25)) if t % 2 else 1.0,
    }
    return level * shares[entry.schedule]
