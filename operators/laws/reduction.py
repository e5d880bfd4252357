"""Makes examples smaller than Hypothesis can: without one of the cells, units or inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from operators.laws.case import Case
from operators.laws.trial import Trial
from operators.types import Layer

__all__ = ["smaller_trials"]

_CELLS, _UNITS, _INPUTS = range(3)
_AXES = {"outputs": (0, 2, None)}
"""Which dimensions are cells, units and inputs, where not the first three."""


def smaller_trials(trial: Trial) -> Iterator[Trial]:
    """The same example without one cell, one unit or one input, in all ways."""
    for axis, size in enumerate(trial.case.layer.masks.shape):
        if size > 1:
            for gone in range(size):
                yield _without(trial, axis, [n for n in range(size) if n != gone])


def _without(trial: Trial, axis: int, left: list[int]) -> Trial:
    layer = trial.case.layer
    numbers = {
        name: _chosen(tensor, _AXES.get(name, (0, 1, 2))[axis], left)
        for name, tensor in trial.case.numbers.items()
    }
    masks = _chosen(layer.masks, axis, left)
    others = _chosen(trial.others, axis, left)
    quota = trial.case.quota
    if axis != _CELLS:
        case = Case(Layer(masks=masks, draws=layer.draws, **numbers), quota)
        return replace(trial, case=case, others=others)
    return replace(
        trial,
        case=trial.case.select(left),
        chosen=[left.index(cell) for cell in trial.chosen if cell in left] or [0],
        scale=trial.scale[left],
        shift=trial.shift[left],
        others=others,
    )


def _chosen(tensor: Tensor, axis: int | None, left: list[int]) -> Tensor:
    """Some of a dimension; all of one that is shared by what is chosen from."""
    if axis is None or tensor.shape[axis] <= max(left):
        return tensor
    return tensor.index_select(axis, torch.tensor(left))
