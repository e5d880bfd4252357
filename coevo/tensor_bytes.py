"""Reads tensors out of the bytes of a safetensors file, which are data and nothing else."""

from __future__ import annotations

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

__all__ = ["tensors_of"]


def tensors_of(data: bytes) -> dict[str, Tensor]:
    """The tensors of a file by name, on the CPU.

    Raises:
        ValueError: these are not the bytes of a safetensors file.
    """
    try:
        # The caller's default device is for computing, not for reading.
        with torch.device("cpu"):
            return safetensors.torch.load(data)
    except (SafetensorError, ValueError, RuntimeError, LookupError, AssertionError) as error:
        raise ValueError(str(error)) from error
