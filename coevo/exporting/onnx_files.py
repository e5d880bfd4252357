"""Exports as ONNX models, which many other programs run."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import Dim

from coevo.errors import CoevoError
from coevo.exporting.pairs import ExportedPair, not_exportable
from coevo.exporting.quiet import quiet
from coevo.problems import first_line
from coevo.roles import ROLES, RoleName

__all__ = ["check_onnx", "read_models", "write_models"]

_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_NAMES: dict[RoleName, tuple[str, str]] = {
    "encoder": ("inputs", "codes"),
    "decoder": ("codes", "outputs"),
}


def check_onnx() -> None:
    """Make sure that the packages are there.

    Raises:
        CoevoError: they are not.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise CoevoError(
            f"--format onnx: needs {' and '.join(missing)}; run 'pip install {' '.join(missing)}'"
        )


def write_models(pair: ExportedPair, folder: Path) -> None:
    """Write ``encoder.onnx`` and ``decoder.onnx``, each one file, for batches of any size.

    Args:
        pair: to export.
        folder: to write to.

    Raises:
        CoevoError: a module cannot be exported.
    """
    for role in ROLES:
        try:
            with quiet(), torch.no_grad():
                model = _model(pair, role)
                model.save(str(folder / f"{role}.onnx"), external_data=False)
        except Exception as error:
            raise not_exportable("onnx", role, error) from error


def read_models(folder: Path) -> Callable[[Tensor], Tensor]:
    """Read back what `write_models` wrote, as one function from inputs to outputs.

    Raises:
        CoevoError: onnxruntime cannot run a model.
    """
    import onnxruntime

    sessions = []
    for role in ROLES:
        try:
            session = onnxruntime.InferenceSession(
                folder / f"{role}.onnx", providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise CoevoError(
                f"--format onnx: onnxruntime cannot run the {role} ({first_line(error)}); it "
                "lacks many operations in float64: use another format"
            ) from error
        sessions.append(session)

    def call(rows: Tensor) -> Tensor:
        values = rows.numpy()
        for session in sessions:
            (values,) = session.run(None, {session.get_inputs()[0].name: values})
        return torch.from_numpy(values)

    return call


def _model(pair: ExportedPair, role: RoleName) -> Any:
    inputs, outputs = _NAMES[role]
    model = torch.onnx.export(
        pair.modules[role],
        (pair.examples[role],),
        dynamo=True,
        verbose=False,
        input_names=[inputs],
        output_names=[outputs],
        dynamic_shapes=({0: Dim("batch")},),
    )
    assert model is not None
    for node in model.model.graph:
        node.metadata_props.clear()  # names of files on this machine
    return model
