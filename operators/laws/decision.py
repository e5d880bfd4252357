"""What an operator makes of a case: which weights or units are left, and by which scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from operators.laws.case import Case, Operator
from operators.laws.law import BrokenLawError
from operators.pruning import ScoringOperator
from operators.removal import prune_lowest

__all__ = ["Decide", "Decision", "on_units", "on_weights"]


@dataclass(frozen=True)
class Decision:
    """What goes and what stays of the items of a case: of its weights, or of its units.

    Attributes:
        kept: ``[cells, *items]`` bool, what there was to decide on.
        left: ``[cells, *items]`` bool, what is left of it.
        scores: ``[cells, *items]`` float; those of what was not kept have no meaning. None of
            operators that make masks.
    """

    kept: Tensor
    left: Tensor
    scores: Tensor | None = None

    def select(self, ids: Sequence[int]) -> Decision:
        """What was decided in some of the cells, in any order, also repeatedly."""
        chosen = list(ids)
        scores = None if self.scores is None else self.scores[chosen]
        return Decision(self.kept[chosen], self.left[chosen], scores)

    @property
    def scores_kept(self) -> Tensor | None:
        """The scores that count, with 0 for the others."""
        return None if self.scores is None else self.scores.where(self.kept, 0.0)


Decide: TypeAlias = Callable[[Operator, Case], Decision]
"""Decides on the very tensors of a case.

Raises `BrokenLawError` where the operator fails, or where what it returns is not of the right form.
"""


def on_weights(operator: Operator, case: Case) -> Decision:
    """Operate on a layer: as calling the operator does, but the scores are seen; see `Decide`."""
    masks = case.layer.masks
    with _failures_as_broken_laws("", case):
        if isinstance(operator, ScoringOperator):
            scores = operator.scores(case.layer)
            _require_shape(scores, masks, "weights", case)
            return Decision(masks, prune_lowest(scores, masks, case.quota), scores)
        found: object = operator(case.layer, case.quota)
    if not isinstance(found, Tensor):
        raise BrokenLawError(f"returns {type(found).__name__}, not masks", case.evidence)
    if (found.shape, found.dtype, found.device) != (masks.shape, masks.dtype, masks.device):
        raise BrokenLawError(
            f"returns {_form(found)} for masks that are {_form(masks)}",
            {**case.evidence, "got": _form(found)},
        )
    return Decision(masks, found)


def on_units(operator: Operator, case: Case) -> Decision:
    """Let as many units go as the quota says, of those that have weights; see `Decide`."""
    assert isinstance(operator, ScoringOperator)
    kept = case.layer.masks.any(2)
    with _failures_as_broken_laws(" for units", case):
        scores = operator.unit_scores(case.layer)
        _require_shape(scores, kept, "units", case)
        return Decision(kept, prune_lowest(scores, kept, case.quota), scores)


@contextmanager
def _failures_as_broken_laws(where: str, case: Case) -> Iterator[None]:
    try:
        yield
    except BrokenLawError:
        raise
    except Exception as error:
        message = f"raises {type(error).__name__}{where}: {error}"
        raise BrokenLawError(message, case.evidence) from error


def _require_shape(scores: Tensor, items: Tensor, name: str, case: Case) -> None:
    if scores.shape != items.shape:
        message = f"scores {list(scores.shape)} for {name} that are {list(items.shape)}"
        raise BrokenLawError(message, case.evidence)


def _form(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)} on {tensor.device}"
