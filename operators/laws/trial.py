"""One example for all laws of operators: a case, and in which ways to change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from operators.laws.case import Case, Operator
from operators.laws.decision import Decision, on_weights
from operators.laws.strategies.dyadic import dyadic, size_of
from operators.laws.strategies.layers import layer_bytes, layer_from
from operators.laws.strategies.tensors import LARGEST, WIDEST, quotas_from
from operators.types import Need

__all__ = ["Trial", "trials"]

_CELLS = LARGEST[0]
_MOST_CHOSEN = 4
_SCALES = (1.0, 2.0, 0.5, 4.0, 0.25, 8.0, 0.125)
_SHIFTS = (0.0, 1.0, -1.0, 4.0, -4.0, 64.0, -64.0)
_OTHERS = size_of(LARGEST)


@dataclass(frozen=True)
class Trial:
    """What laws need of an example.

    Attributes:
        operator: on trial.
        case: what the operator is given.
        chosen: some of its cells, in any order, also repeatedly; at least one.
        scale: ``[cells]`` float32, powers of two.
        shift: ``[cells]`` float32, whole numbers.
        others: ``[cells, units, inputs]`` float32, other numbers than those of the case.
        place: >= 0, to be taken modulo a number of places.
    """

    operator: Operator
    case: Case
    chosen: Sequence[int]
    scale: Tensor
    shift: Tensor
    others: Tensor
    place: int

    @cached_property
    def decision(self) -> Decision:
        """What the operator makes of the case.

        Raises:
            BrokenLawError: the operator fails, or what it returns is not of the right form.
        """
        return on_weights(self.operator, self.case.copy())

    @property
    def left(self) -> Tensor:
        """The masks that the operator leaves of the case: ``[cells, units, inputs]`` bool."""
        return self.decision.left


def trials(operator: Operator) -> SearchStrategy[Trial]:
    """Examples for an operator, whose layers have what it declares to need."""
    # All is drawn at once: what is drawn twice in the same way makes Hypothesis slow.
    size = sum(_sizes(operator.needs))
    return st.binary(min_size=size, max_size=size).map(partial(_trial, operator=operator))


def _trial(data: bytes, operator: Operator) -> Trial:
    parts, start = [], 0
    for size in _sizes(operator.needs):
        parts.append(data[start : start + size])
        start += size
    place, chosen, scale, shift, quotas, others, layer = parts
    made = layer_from(layer, operator.needs)
    case = Case(made, quotas_from(quotas, made.masks))
    cells, _, inputs = made.masks.shape
    count = 1 + chosen[0] % _MOST_CHOSEN
    return Trial(
        operator=operator,
        case=case,
        chosen=[byte % cells for byte in chosen[1 : 1 + count]],
        scale=torch.tensor([_SCALES[byte % len(_SCALES)] for byte in scale[:cells]]),
        shift=torch.tensor([_SHIFTS[byte % len(_SHIFTS)] for byte in shift[:cells]]),
        others=dyadic(others, LARGEST if inputs <= LARGEST[2] else WIDEST, made.masks.shape),
        place=int.from_bytes(place, "big"),
    )


def _sizes(needs: frozenset[Need]) -> tuple[int, ...]:
    """Bytes of each part, in their order."""
    return (2, 1 + _MOST_CHOSEN, _CELLS, _CELLS, _CELLS, _OTHERS, layer_bytes(needs))
