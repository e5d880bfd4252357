"""What is written of the best pairing of a run that prunes."""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor

from coevo.compaction import MOST_ROWS, compaction_account, failed_account
from coevo.engine import Engine
from coevo.population import Population
from coevo.pruning.gauges import Gauges
from coevo.roles import ROLES, RoleName
from coevo.state import GridState

__all__ = ["compaction_of_cell", "masks_of_cell", "pruning_of_cell"]

_Summary: TypeAlias = dict[RoleName, dict[str, Any]]


def pruning_of_cell(gauges: Gauges, state: GridState, cell: int) -> _Summary:
    """What is left of the networks of a cell, counted from their masks and zeros.

    Args:
        gauges: count.
        state: the final one.
        cell: of the whole stack.

    Returns:
        By role, the numbers that the records hold: ``sparsity`` (None for a role that nothing
        prunes), ``layers`` (layer to its sparsity), ``dead_units``, ``parameters`` and
        ``multiply_adds``.
    """
    ids = torch.tensor([cell], device=state.running.device)
    populations = _populations(state)
    pair = {role: populations[role].select(ids) for role in ROLES}
    numbers = {name: values.item() for name, values in gauges.of_cell(cell).measures(pair).items()}
    return {role: _summary(role, numbers) for role in ROLES}


def masks_of_cell(gauges: Gauges, state: GridState, cell: int) -> dict[str, Tensor]:
    """The masks of the networks of a cell as ``ROLE/NAME``, bool, True = kept; empty for none.

    In a stack all cells have the masks that some variant needs; those of others are left out.
    """
    hard = gauges.of_cell(cell).hard
    return {
        f"{role}/{name}": mask[cell].cpu().contiguous()
        for role, population in _populations(state).items()
        for name, mask in population.masks.items()
        if name in hard[role]
    }


def compaction_of_cell(engine: Engine, state: GridState, cell: int) -> dict[str, Any]:
    """What compaction makes of the pairing of a cell, on validation rows.

    Whatever modules of one's own do, the run has its results: where this fails, the reason is
    what is said.

    Args:
        engine: of the experiment.
        state: the final one.
        cell: of the whole stack.
    """
    networks = engine.networks
    pair = (
        networks.encoder.module(state.encoders, cell),
        networks.decoder.module(state.decoders, cell),
    )
    try:
        rows = engine.validation.inputs[:MOST_ROWS].cpu()
        return compaction_account(pair, rows, "validation")
    except Exception as error:  # noqa: BLE001 - modules of one's own can do anything
        return failed_account(pair, error, "validation")


def _populations(state: GridState) -> dict[RoleName, Population]:
    return {"encoder": state.encoders, "decoder": state.decoders}


def _summary(role: RoleName, numbers: dict[str, float | int]) -> dict[str, Any]:
    layers = f"{role}_sparsity."
    return {
        "sparsity": numbers.get(f"{role}_sparsity"),
        "layers": {
            name.removeprefix(layers): value
            for name, value in numbers.items()
            if name.startswith(layers)
        },
        **{
            name: numbers[f"{role}_{name}"]
            for name in ("dead_units", "parameters", "multiply_adds")
        },
    }
