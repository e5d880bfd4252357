"""What is wrong with the results of a cell optimizer: in words, or "" where nothing is."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo.cells import CellTensors, select
from coevo.optimizers import CellProblem, Improved, OptimizerState
from coevo.population import Population
from coevo.reserved_columns import reserved

__all__ = ["different_forms", "fault_of_result", "fault_of_start", "form"]

_PARTS = ("cell", "encoder", "decoder")


def fault_of_start(state: OptimizerState, cells: int) -> str:
    """What is wrong with a state that `init` makes.

    Args:
        state: of all cells.
        cells: how many.
    """
    for part in _PARTS:
        for name, tensor in getattr(state, part).items():
            if not isinstance(tensor, Tensor) or tensor.shape[:1] != (cells,):
                return (
                    f"init gives the {part}'s state {name} as {form(tensor)} for {cells} cells; "
                    "give a tensor [cells, ...]"
                )
    return ""


def fault_of_result(improved: Improved, problem: CellProblem) -> str:
    """What is wrong with the form of what `step` makes of a problem.

    Args:
        improved: the result.
        problem: as it was given to `step`.
    """
    encoders = problem.encoders.select(problem.source_encoders())
    decoders = problem.decoders.select(problem.source_decoders())
    return (
        _fault_of_networks(improved.encoders, encoders, "encoder")
        or _fault_of_networks(improved.decoders, decoders, "decoder")
        or _fault_of_state(improved.state, problem)
        or _fault_of_measures(improved.measures, len(problem.cells))
        or _fault_of_sources(improved.sources, problem)
    )


def different_forms(found: CellTensors, wanted: CellTensors) -> str:
    """The first tensor that is not there, or has another shape or type; "" without one."""
    for name in (*wanted, *found):
        one, other = (form(t[name]) if name in t else "" for t in (found, wanted))
        if one != other:
            return f"{name} is {one or 'missing'}, and should be {other or 'left out'}"
    return ""


def form(value: object) -> str:
    """Type and shape of a tensor, in words; of anything else its type."""
    if isinstance(value, Tensor):
        return f"{value.dtype} {list(value.shape)}"
    return f"a {type(value).__name__}"


def _fault_of_networks(found: object, selected: Population, role: str) -> str:
    if not isinstance(found, Population):
        return f"the {role}s are a {type(found).__name__}; return a Population"
    different = different_forms(found.tensors(), selected.tensors())
    if different:
        return f"the {role}'s {different}; return the selected networks, improved"
    for name, weight in found.weights.items():
        mask = selected.masks[name]
        if weight.requires_grad:
            return f"the {role}'s {name} requires gradients; return it detached"
        if not torch.equal(found.masks[name], mask):
            return f"the {role}'s mask of {name} is not that of the selected one; keep it"
        if bool(weight[~mask].any()):
            return f"the {role}'s {name} is not zero where its mask is False; return it masked"
    return ""


def _fault_of_state(found: object, problem: CellProblem) -> str:
    if not isinstance(found, OptimizerState):
        return f"the state is a {type(found).__name__}; return an OptimizerState"
    for part in _PARTS:
        given = select(getattr(problem.state, part), problem.cells)
        different = different_forms(getattr(found, part), given)
        if different:
            return (
                f"the {part}'s state {different}; return the tensors that init makes, of the "
                "problem's cells only"
            )
    return ""


def _fault_of_measures(measures: CellTensors, cells: int) -> str:
    if "train_loss" not in measures:
        return "there is no measure 'train_loss'; add the mean loss of the steps"
    for name, values in measures.items():
        if not isinstance(values, Tensor) or values.shape != (cells,):
            return f"the measure {name!r} is not one number per cell; return a tensor [cells]"
        taken = reserved(name)
        if taken:
            what = "is the name of" if taken == name else f"begins with {taken!r}, like"
            return (
                f"the measure {name!r} {what} a column that runs record themselves; name it "
                f"otherwise, as 'own_{name}'"
            )
    return ""


def _fault_of_sources(sources: object, problem: CellProblem) -> str:
    if sources is None:
        return ""
    wanted = problem.cells.shape, problem.cells.dtype
    pair = sources if isinstance(sources, tuple) else ()
    sound = [isinstance(s, Tensor) and (s.shape, s.dtype) == wanted for s in pair]
    if sound != [True, True]:
        return (
            "sources are not two tensors [cells] of int64; return cells, or None for the selected"
        )
    return ""
