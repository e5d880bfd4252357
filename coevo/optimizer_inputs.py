"""What a cell optimizer is given, and whether it leaves that as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from torch import Tensor

from coevo.cells import CellTensors
from coevo.optimizer_faults import form
from coevo.optimizers import CellProblem
from coevo.population import Population
from coevo.stream import Batch

__all__ = ["Inputs", "changed", "copied", "of_networks", "of_problem"]

Inputs: TypeAlias = Mapping[tuple[str, str], Tensor]
"""Whose it is and its name, to a tensor."""


def of_networks(encoders: Population, decoders: Population) -> Inputs:
    """All tensors that `init` is given."""
    return {
        (whose, name): tensor
        for whose, population in (("the encoders", encoders), ("the decoders", decoders))
        for name, tensor in population.tensors().items()
    }


def of_problem(problem: CellProblem, own: Sequence[Batch]) -> Inputs:
    """All tensors that `step` is given.

    Args:
        problem: as it is given.
        own: its batches, which can be read only once there.
    """
    names = ("cells", "neighbors", "selected_encoders", "selected_decoders", "losses")
    found = {("the problem", name): getattr(problem, name) for name in names}
    found |= of_networks(problem.encoders, problem.decoders)
    for part in ("cell", "encoder", "decoder"):
        tensors: CellTensors = getattr(problem.state, part)
        found |= {(f"the {part}'s state", name): tensor for name, tensor in tensors.items()}
    for number, batch in enumerate(own):
        found[f"batch {number}", "inputs"] = batch.inputs
        found[f"batch {number}", "targets"] = batch.targets
    return found


def copied(inputs: Inputs) -> Inputs:
    """The same in memory of its own."""
    return {name: tensor.detach().clone() for name, tensor in inputs.items()}


def changed(before: Inputs, after: Inputs, method: str) -> str:
    """What a method has changed of what it was given.

    Args:
        before: copies from before it was called.
        after: the same now.
        method: its name.
    """
    for whose, name in dict.fromkeys([*before, *after]):
        old, new = before.get((whose, name)), after.get((whose, name))
        if old is None or new is None or not _unchanged(old, new):
            return f"{method} changes {name} of {whose}; clone it and change the clone"
    return ""


def _unchanged(old: Tensor, new: Tensor) -> bool:
    if form(old) != form(new) or new.requires_grad:
        return False
    # Numbers that are no numbers stay that way.
    return bool(((old == new) | ((old != old) & (new != new))).all())
