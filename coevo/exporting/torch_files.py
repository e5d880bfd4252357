"""Exports as programs of `torch.export`, which run without the classes of their modules."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from coevo.exporting.pairs import ExportedPair, not_exportable
from coevo.exporting.quiet import quiet
from coevo.roles import ROLES, RoleName

__all__ = ["read_programs", "write_programs"]


def write_programs(pair: ExportedPair, folder: Path) -> None:
    """Write ``encoder.pt2`` and ``decoder.pt2``, for batches of any size.

    Args:
        pair: to export.
        folder: to write to.

    Raises:
        CoevoError: a module cannot be exported.
    """
    for role in ROLES:
        program = _program(pair, role)
        # Data alone: rows to try it with would be pickled.
        program.example_inputs = None
        with quiet():
            torch.export.save(program, folder / f"{role}.pt2")


def read_programs(folder: Path) -> tuple[nn.Module, nn.Module]:
    """Read back what `write_programs` wrote."""
    with quiet():
        encoder, decoder = (torch.export.load(folder / f"{role}.pt2").module() for role in ROLES)
    return encoder, decoder


def _program(pair: ExportedPair, role: RoleName) -> ExportedProgram:
    try:
        with quiet(), torch.no_grad():
            program = torch.export.export(
                pair.modules[role], (pair.examples[role],), dynamic_shapes=({0: Dim("batch")},)
            )
    except Exception as error:
        raise not_exportable("torch-export", role, error) from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names of files on this machine
    return program
