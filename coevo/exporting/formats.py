"""The formats of exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from torch import Tensor

from coevo.compaction import outputs
from coevo.exporting.onnx_files import check_onnx, read_models, write_models
from coevo.exporting.pairs import ExportedPair
from coevo.exporting.safetensors_files import read_weights, write_weights
from coevo.exporting.torch_files import read_programs, write_programs

__all__ = ["FORMATS", "ExportFormat"]

Forward: TypeAlias = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class ExportFormat:
    """How a pairing is written, and read back in order to check it.

    Attributes:
        files: their names.
        check: makes sure that what it needs is there.
        write: into a folder.
        read: from a folder, as a function from inputs to outputs.
        packages: whose versions matter, beside torch.
    """

    files: tuple[str, ...]
    check: Callable[[], None]
    write: Callable[[ExportedPair, Path], None]
    read: Callable[[ExportedPair, Path], Forward]
    packages: tuple[str, ...] = ()


def _nothing() -> None:
    """Nothing beside torch and safetensors is needed."""


def _weights(pair: ExportedPair, folder: Path) -> Forward:
    loaded = read_weights(pair, folder)
    return lambda rows: outputs(loaded, rows)


def _programs(pair: ExportedPair, folder: Path) -> Forward:
    del pair
    loaded = read_programs(folder)
    return lambda rows: outputs(loaded, rows)


def _models(pair: ExportedPair, folder: Path) -> Forward:
    del pair
    return read_models(folder)


FORMATS: Mapping[str, ExportFormat] = MappingProxyType(
    {
        "safetensors": ExportFormat(
            ("encoder.safetensors", "decoder.safetensors", "architecture.json"),
            _nothing,
            write_weights,
            _weights,
            ("safetensors",),
        ),
        "torch-export": ExportFormat(
            ("encoder.pt2", "decoder.pt2"), _nothing, write_programs, _programs
        ),
        "onnx": ExportFormat(
            ("encoder.onnx", "decoder.onnx"),
            check_onnx,
            write_models,
            _models,
            ("onnx", "onnxscript", "onnxruntime"),
        ),
    }
)
