"""Lets compiled loops take the gradient steps of dense pairings, on CPUs, for small batches.

Torch computes a step by a dozen operations on all cells, each of which passes over all weights.
`coevo.compiled` takes all steps of a cell while its weights are in the cache. It keeps nothing
between steps, so that it cannot do Adam with moments. Whether it is used depends on the
experiment, never on the number of cells or threads, so that a cell's result is the same to the
last bit however cells are stacked and cut up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coevo.compiled.conventions import ALGORITHMS, METRICS
from coevo.optimizers.dense_layout import DenseLayout
from coevo.optimizers.threads import in_threads
from coevo.optimizers.trainee import Trainee
from coevo.optimizers.types import CellProblem
from coevo.optimizers.updates import UpdateRule
from coevo.stream import Batches
from coevo.tasks import Task

if TYPE_CHECKING:  # these load numba
    from coevo.compiled.dense_training import Rule
    from coevo.compiled.layers import Objective

__all__ = ["LARGEST_BATCH", "fits", "suits", "train_dense"]

# Measured by scripts/bench study: above, torch's matrix products are faster.
LARGEST_BATCH = 32
_NUMBERS_AT_ONCE = 1 << 22  # numbers of batches that are not rows of the data, gathered at once


def suits(device: torch.device, dtype: torch.dtype, batch_size: int) -> bool:
    """Whether the compiled loops can do such steps, and faster."""
    numbers = (torch.float32, torch.float64)
    return device.type == "cpu" and dtype in numbers and batch_size <= LARGEST_BATCH


def fits(problem: CellProblem, encoders: Trainee, decoders: Trainee) -> bool:
    """Whether the compiled loops are to take the steps of dense pairings.

    Args:
        problem: says what trains on what.
        encoders: the encoders in training.
        decoders: likewise.
    """
    weight, batches = next(iter(problem.encoders.weights.values())), problem.batches
    return (
        isinstance(batches, Batches)
        and suits(weight.device, weight.dtype, batches.indices.shape[2])
        and not isinstance(encoders.rule.weight_decay, Tensor)
        and not encoders.remembers
        and not decoders.remembers
    )


def train_dense(problem: CellProblem, encoders: Trainee, decoders: Trainee) -> Tensor:
    """Take all steps of the generation.

    Args:
        problem: its batches are consumed.
        encoders: overwritten with the result.
        decoders: likewise.

    Returns:
        ``[n]`` mean over steps of the losses.
    """
    from coevo.compiled.dense_training import Data, Networks, train

    trainees = (encoders, decoders)
    populations = [trainee.finished() for trainee in trainees]
    kept = [population.weights for population in populations]
    layout = DenseLayout.of((problem.networks.encoder, problem.networks.decoder), kept)
    packed = layout.packed(kept)
    masks = layout.packed_masks([population.masks for population in populations], len(packed))
    networks = Networks(np.asarray(packed), np.asarray(masks), np.array(layout.description()))
    rule, objective = _rule(encoders.rule, encoders.rates), _objective(problem.task)
    losses = np.zeros(len(packed))
    for block in _blocks(problem):

        def take(part: slice, block: _Block = block) -> None:
            train(
                networks._replace(weights=networks.weights[part], masks=networks.masks[part]),
                Data(block.inputs, block.targets, block.indices[part], objective),
                rule._replace(rates=rule.rates[part], kept=rule.kept[part]),
                losses[part],
            )

        in_threads(take, len(packed), problem.threads or torch.get_num_threads())
    for trainee, views in zip(trainees, layout.views(packed), strict=True):
        trainee.overwrite(views, problem.steps)
    return torch.from_numpy(losses / problem.steps).to(packed.dtype)


@dataclass(frozen=True)
class _Block:
    """Some steps: ``[rows, inputs]``, ``[rows, targets]``, and ``[n, steps, batch]`` int64."""

    inputs: NDArray[Any]
    targets: NDArray[Any]
    indices: NDArray[Any]

    @staticmethod
    def of(inputs: Tensor, targets: Tensor, indices: Tensor) -> _Block:
        """Take images ``[rows, *shape]`` as rows of numbers, copied only if they must be."""
        rows = [tensor.reshape(len(tensor), -1).contiguous() for tensor in (inputs, targets)]
        return _Block(*(np.asarray(tensor) for tensor in (*rows, indices.contiguous())))


def _blocks(problem: CellProblem) -> Iterator[_Block]:
    """All steps as rows of the data, or of what was made of them, as many as fit."""
    assert isinstance(problem.batches, Batches)
    rows, indices = problem.batches.rows, problem.batches.indices
    if rows is not None:
        yield _Block.of(rows.inputs, rows.targets, indices)
        return
    first = next(problem.batches)
    count = max(1, _NUMBERS_AT_ONCE // first.inputs.numel())
    batches = chain((first,), problem.batches)
    while part := list(islice(batches, count)):
        inputs = torch.stack([batch.inputs for batch in part], 1).flatten(0, 2)
        targets = torch.stack([batch.targets for batch in part], 1).flatten(0, 2)
        numbers = torch.arange(len(inputs)).view(len(indices), len(part), -1)
        yield _Block.of(inputs, targets, numbers)


def _objective(task: Task) -> Objective:
    from coevo.compiled.layers import Objective

    return Objective(METRICS.index(task.loss), task.output == "sigmoid")


def _rule(rule: UpdateRule, rates: Tensor) -> Rule:
    """How these cells' weights move; see `UpdateRule.forgetful`."""
    from coevo.compiled.dense_training import Rule

    decay, decoupled = rule.weight_decay, rule.algorithm == "adamw"
    assert not isinstance(decay, Tensor)
    kept = 1.0 - rates * (decay if decoupled else 0.0)
    numbers, number = np.asarray(rates), np.asarray(rates).dtype.type
    return Rule(
        ALGORITHMS.index("adam" if rule.is_adam else rule.algorithm),
        numbers,
        np.asarray(kept),
        number(0.0 if decoupled else decay),
        number(rule.epsilon),
    )
