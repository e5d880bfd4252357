"""The best pairing of a run or variant, as files: weights of plain modules, samples, masks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor

from coevo.assemble import Assembled
from coevo.compaction import state_tensors
from coevo.engine import Engine
from coevo.files import canonical_json, discard, whole_directory, write_json
from coevo.pruned_pairing import compaction_of_cell, masks_of_cell
from coevo.run_directory import RunDirectory
from coevo.state import GridState

__all__ = ["Best", "cell_of_best", "write_best_pairing", "write_pairing"]

Best: TypeAlias = Mapping[str, Any]

_SAMPLES = 16


def cell_of_best(best: Best, engine: Engine) -> int:
    """The cell of a best pairing in the whole stack."""
    return int(best["world"] * engine.grid.cells_per_world + best["cell"])


def write_best_pairing(
    directory: RunDirectory, assembled: Assembled, state: GridState, best: Best | None
) -> None:
    """Write the best pairing of a run and, where it prunes, what compaction makes of it.

    Args:
        directory: of the run.
        assembled: its engine and test rows.
        state: the final state.
        best: its entry in ``result.json``; None removes what an earlier end has left.
    """
    compaction = directory.compaction_file
    if best is None or assembled.engine.gauge is None:
        compaction.unlink(missing_ok=True)
    write_pairing(directory.best, assembled, state, best)
    if best is not None and assembled.engine.gauge is not None:
        cell = cell_of_best(best, assembled.engine)
        write_json(compaction, compaction_of_cell(assembled.engine, state, cell))


def write_pairing(
    directory: Path, assembled: Assembled, state: GridState, best: Best | None
) -> None:
    """Write a pairing as weights of plain modules, with samples of what it does.

    Args:
        directory: where its files go, in the place of what an earlier end has left.
        assembled: engine and test rows.
        state: the final state.
        best: which one, as in ``result.json``; None for none.
    """
    if best is None:
        if directory.exists():
            discard(directory)
        return
    engine, cell = assembled.engine, cell_of_best(best, assembled.engine)
    populations = {"encoder": state.encoders, "decoder": state.decoders}
    networks = {"encoder": engine.networks.encoder, "decoder": engine.networks.decoder}
    tensors = {"samples": _samples(assembled, state, cell)}
    for role, population in populations.items():
        tensors[role] = state_tensors(networks[role].module(population, cell))
    masks = {} if engine.gauge is None else masks_of_cell(engine.gauge, state, cell)
    if masks:
        tensors["masks"] = masks
    document = {
        **engine.networks.description,
        "output": engine.task.output,
        "dtype": str(engine.dtype).removeprefix("torch."),
        **best,
    }
    # At once: an encoder of this pairing beside a decoder of an earlier one would be neither.
    with whole_directory(directory) as temporary:
        for name, named in tensors.items():
            (temporary / f"{name}.safetensors").write_bytes(safetensors_bytes(named))
        (temporary / "pairing.json").write_text(canonical_json(document), "utf-8")


def _samples(assembled: Assembled, state: GridState, cell: int) -> dict[str, Tensor]:
    """Test rows, spread evenly over the split, and what the pairing makes of them."""
    engine, test = assembled.engine, assembled.test
    count = min(_SAMPLES, len(test.inputs))
    rows = torch.linspace(0, len(test.inputs) - 1, count, device=test.inputs.device).long()
    ids = torch.tensor([cell], device=rows.device)
    with torch.no_grad():
        outputs = engine.networks(
            state.encoders.select(ids), state.decoders.select(ids), test.inputs[rows].unsqueeze(0)
        )
    named = {
        "inputs": test.inputs[rows],
        "targets": test.targets[rows],
        "outputs": engine.task.images(outputs[0]),
    }
    return {name: tensor.float().cpu().contiguous() for name, tensor in named.items()}
