"""Builds the selection that an experiment names, and tries a solution concept of the user's own."""

from __future__ import annotations

import torch
from torch import Tensor

from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.pairing import Selection
from coevo.problems import told
from coevo.user_code import Sources, load_callable
from operators import CONCEPTS, SolutionConcept

__all__ = ["selection_of"]


def selection_of(experiment: Experiment, partners: int, sources: Sources) -> Selection:
    """The selection of an experiment.

    Args:
        experiment: its ``[selection]`` table is used.
        partners: cells of a neighborhood.
        sources: for a solution concept of the user's own.

    Raises:
        CoevoError: such a concept cannot be loaded, or does not do what it should.
    """
    table = experiment.selection
    concept: SolutionConcept
    if table.concept in CONCEPTS:
        concept = CONCEPTS[table.concept]
    else:
        concept = load_callable(
            "selection.concept", table.concept, search=sources.search, trust=sources.trust
        )
        _try_concept(concept, partners, f"selection.concept: {table.concept!r}")
    return Selection(concept, table.tournament, table.pairing)


def _try_concept(concept: SolutionConcept, partners: int, what: str) -> None:
    losses = torch.linspace(0.0, 1.0, 2 * partners**2).view(2, partners, partners)
    try:
        values: object = concept(losses)
    except Exception as error:
        raise CoevoError(f"{what} fails: {told(error)}; mend it") from error
    found = list(values.shape) if isinstance(values, Tensor) else type(values).__name__
    if found != [2, partners]:
        raise CoevoError(
            f"{what} makes {found} of losses [2, {partners}, {partners}]; return one value per "
            "network, without the last dimension"
        )
