"""What is compared: a figure, and how the cells of a world become one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from coevo.comparison.summaries import Array
from coevo.errors import CoevoError
from coevo.problems import not_listed

__all__ = ["Measure", "Over", "checked_over"]

Over: TypeAlias = Literal["best", "mean", "median"]

_SPLITS = ("test", "validation")
_LOSSES = ("mse", "l1", "bce")


@dataclass(frozen=True)
class Measure:
    """What one number of a run says.

    Attributes:
        metric: ``test_mse``, ``validation_l1``, ... or a column of the records.
        over: ``best``: the cell with the lowest loss on validation rows; ``mean`` or
            ``median``: over all cells.
        generation: of which the number is; None for the end of the run.
        higher_is_better: whether high numbers are good.
    """

    metric: str
    over: Over = "best"
    generation: int | None = None
    higher_is_better: bool = False

    @property
    def final(self) -> tuple[str, str] | None:
        """Split and loss in ``result.json``; None where the number is in the records."""
        split, _, loss = self.metric.partition("_")
        if self.generation is not None or split not in _SPLITS or loss not in _LOSSES:
            return None
        return split, loss

    def costs(self, values: Array) -> Array:
        """Numbers of which the lowest is the best."""
        return -values if self.higher_is_better else values

    def of_cells(self, values: Sequence[float | None] | Array, best: int) -> float | None:
        """The one number of a world.

        Args:
            values: ``[cells]``; None or NaN where there is no number.
            best: the cell that counts for ``best``.

        Returns:
            None where a number that is needed is not finite.
        """
        array = np.array(values, dtype=np.float64)
        if self.over == "best":
            array = array[best : best + 1]
        if not np.isfinite(array).all():
            return None
        return float(np.median(array) if self.over == "median" else array.mean())

    @staticmethod
    def final_names() -> list[str]:
        """The metrics that every result holds."""
        return [f"{split}_{loss}" for split in _SPLITS for loss in _LOSSES]


def checked_over(over: str) -> Over:
    """Make sure of a way from cells to one number.

    Raises:
        CoevoError: it is none.
    """
    for known in get_args(Over):
        if known == over:
            return known  # type: ignore[no-any-return]  # one of the texts of the type
    raise CoevoError(f"--over: {not_listed(over, 'a way over cells', get_args(Over))}")
