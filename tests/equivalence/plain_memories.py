"""What one cell keeps of its trials, in plain words: lists of numbers, one parent at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from coevo.optimizers import CellProblem

ROLES = ("encoder", "decoder")
Weights = dict[str, Tensor]
"""Of one network, by name."""


@dataclass
class Known:
    """What one cell keeps from generation to generation."""

    scales: list[float]
    rates: list[float]
    place: int
    outcomes: list[tuple[float, float, float]]
    """F, CR and gain of the last trials."""
    archives: dict[str, list[Weights]]
    trials: list[list[float]] = field(default_factory=list)
    """Of each strategy, in the generations of the learning period; `earned` likewise."""
    earned: list[list[float]] = field(default_factory=list)

    def learn(self, taught: Sequence[tuple[float, float, float]]) -> None:
        """Overwrite the next entry with Lehmer means of what had success, weighted by gains."""
        won = [one for one in taught if one[2] > 0]
        if not won:
            return
        scale, rate = (
            sum(one[2] * one[k] ** 2 for one in won) / (sum(one[2] * one[k] for one in won) or 1.0)
            for k in (0, 1)
        )
        stays = self.rates[self.place] == -1.0 or max(one[1] for one in won) == 0
        self.scales[self.place], self.rates[self.place] = scale, -1.0 if stays else rate
        self.place = (self.place + 1) % len(self.scales)


def known_of(problem: CellProblem, cell: int) -> Known:
    """What a cell kept."""
    kept = {name[3:]: t[cell] for name, t in problem.state.cell.items() if name[:3] == "de/"}

    def archived(role: str, place: int) -> Weights:
        prefix = f"archive/{role}/{role}/"
        return {n.removeprefix(prefix): t[place] for n, t in kept.items() if n.startswith(prefix)}

    outcomes = (kept[f"outcome_{name}"].tolist() for name in ("scale", "rate", "gain"))
    windows = (kept[f"credit_{k}"].tolist() for k in ("trials", "earned") if f"credit_{k}" in kept)
    return Known(
        kept["scale_memory"].tolist(),
        kept["crossover_memory"].tolist(),
        int(kept["memory_position"]),
        list(zip(*outcomes, strict=True)),
        {role: [archived(role, k) for k in range(int(kept[f"archived/{role}"]))] for role in ROLES},
        *windows,
    )


def picked(pool: Sequence[Any], fraction: float) -> Any:
    return pool[min(int(fraction * len(pool)), len(pool) - 1)]
