"""Exports as weights and a description of the layers, both plain data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as safetensors_load
from torch import Tensor, nn

from coevo.compaction import state_tensors, weight_bytes
from coevo.errors import CoevoError
from coevo.exporting.architecture import built, described
from coevo.exporting.pairs import ExportedPair
from coevo.files import canonical_json
from coevo.roles import ROLES

__all__ = ["load_export", "read_weights", "write_weights"]

_ARCHITECTURE = "architecture.json"
_VERSION = 1


def write_weights(pair: ExportedPair, folder: Path) -> None:
    """Write ``encoder.safetensors``, ``decoder.safetensors`` and ``architecture.json``.

    Args:
        pair: to export.
        folder: to write to.

    Raises:
        CoevoError: a compact network is no plain chain, so that nothing could read its weights.
    """
    document: dict[str, Any] = {"version": _VERSION, **pair.description}
    for role in ROLES:
        found = described(pair.modules[role], tuple(pair.examples[role].shape[1:]))
        if found is None and pair.compact:
            raise CoevoError(
                f"--compact: the {role} is no plain chain of layers, so that weights alone would "
                "not say what they are for; use --format torch-export or onnx, or leave out "
                "--compact"
            )
        chain, module = found or (None, pair.modules[role])
        document[role] = chain if chain is not None else _note(role)
        (folder / f"{role}.safetensors").write_bytes(weight_bytes(module))
    (folder / _ARCHITECTURE).write_text(canonical_json(document), "utf-8")


def read_weights(pair: ExportedPair, folder: Path) -> tuple[nn.Module, nn.Module]:
    """Read back what `write_weights` wrote, with the pair's own modules for what is no chain.

    Raises:
        CoevoError: the weights of such a module are not what was read.
    """
    document = json.loads((folder / _ARCHITECTURE).read_text("utf-8"))
    modules: list[nn.Module] = []
    for role in ROLES:
        tensors = safetensors_load((folder / f"{role}.safetensors").read_bytes())
        if isinstance(document[role], list):
            modules.append(built(document[role], tensors))
        else:
            # Not a copy with these weights: not every module can be copied.
            _check_same(role, state_tensors(pair.modules[role]), tensors)
            modules.append(pair.modules[role])
    return modules[0], modules[1]


def load_export(directory: str | Path) -> tuple[nn.Module, nn.Module]:
    """Load the encoder and the decoder of an export in the format ``safetensors``.

    Everything that is read is data: nothing in the files is executed, whoever made them.

    Args:
        directory: that `coevo.export` wrote.

    Returns:
        Two modules on the CPU, compact ones where the export is compact. The decoder gives raw
        outputs; ``architecture.json`` says under ``output`` what turns them into images.

    Raises:
        CoevoError: the files are not there, are damaged, or the networks are made by code of
            their own.
    """
    folder = Path(directory)
    try:
        document = json.loads((folder / _ARCHITECTURE).read_text("utf-8"))
        files = {role: (folder / f"{role}.safetensors").read_bytes() for role in ROLES}
    except FileNotFoundError as error:
        raise CoevoError(
            f"{folder}: {Path(error.filename).name} is missing; give a directory that 'coevo "
            "export --format safetensors' wrote"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(folder, error) from error
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        raise _damaged(folder, f"{_ARCHITECTURE} is not of version {_VERSION}")
    modules = []
    for role in ROLES:
        if isinstance(document.get(role), str):
            raise CoevoError(f"{folder}: {document[role]}")
        try:
            modules.append(built(document.get(role), safetensors_load(files[role])))
        except Exception as error:
            raise _damaged(folder, f"{role}: {error}") from error
    return modules[0], modules[1]


def _check_same(role: str, own: dict[str, Tensor], read: dict[str, Tensor]) -> None:
    """Make sure that tensors were read as they are, bit by bit, which holds for NaN too."""
    if own.keys() == read.keys() and all(_same(own[name], read[name]) for name in own):
        return
    raise CoevoError(
        f"--format safetensors: the weights of the {role} that were read are not those that were "
        "written; nothing is kept, use another format"
    )


def _same(one: Tensor, other: Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(one.flatten().view(torch.uint8), other.flatten().view(torch.uint8))


def _note(role: str) -> str:
    return (
        f"the {role} is no plain chain of layers; build it with the factory that the experiment "
        "names and load its weights, or load the run with coevo.load_pairing"
    )


def _damaged(folder: Path, reason: object) -> CoevoError:
    return CoevoError(f"{folder}: damaged ({reason}); export it again")
