"""From arrays as users store them to rows in [0, 1] with their channels first."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from coevo.errors import CoevoError

__all__ = ["as_rows"]

_CHANNELS = (1, 3, 4)


def as_rows(array: NDArray[np.generic], what: str) -> Tensor:
    """Convert stored numbers to rows in [0, 1].

    Bytes (uint8) are divided by 255; all other numbers must be in [0, 1] already.

    Args:
        array: ``[rows, n]`` vectors, ``[rows, height, width]`` gray images or
            ``[rows, channels, height, width]`` images, of any integer, float or bool type.
        what: names the array in messages.

    Returns:
        ``[rows, n]`` or ``[rows, channels, height, width]`` float32, in memory of its own.

    Raises:
        CoevoError: another shape, no rows, not numbers, or values outside [0, 1].

    Examples:
        >>> as_rows(np.array([[0, 51, 255]], dtype=np.uint8), "pixels")
        tensor([[0.0000, 0.2000, 1.0000]])
    """
    _check_shape(array.shape, what)
    scaled = torch.from_numpy(_unit_interval(array, what))
    return scaled.unsqueeze(1) if scaled.dim() == 3 else scaled


def _check_shape(shape: tuple[int, ...], what: str) -> None:
    if not 2 <= len(shape) <= 4:
        raise CoevoError(
            f"{what}: shape {shape} is not rows of data; give [rows, n], [rows, height, width] "
            "or [rows, channels, height, width]"
        )
    if 0 in shape:
        raise CoevoError(f"{what}: shape {shape} holds nothing; give at least one row")
    if len(shape) == 4 and shape[3] in _CHANNELS and shape[1] not in _CHANNELS:
        raise CoevoError(
            f"{what}: shape {shape} has its channels last; store them as "
            "[rows, channels, height, width]"
        )


def _unit_interval(array: NDArray[np.generic], what: str) -> NDArray[np.float32]:
    if array.dtype.kind not in "biuf":
        raise CoevoError(
            f"{what}: type {array.dtype} is not numbers; store uint8, or floats in [0, 1]"
        )
    low, high = array.min(), array.max()
    if array.dtype == np.uint8:
        # Scaled, bits stored as bytes would become 0 and 0.004: surely not what was meant.
        if high == 1:
            raise CoevoError(
                f"{what}: uint8 values go up to 1 only and would be divided by 255; "
                "store 0/1 data as bool or float32"
            )
        scaled = array.astype(np.float32)
        scaled /= np.float32(255)
        return scaled
    if not (low >= 0 and high <= 1):  # refuses NaN, too
        raise CoevoError(
            f"{what}: values from {low:g} to {high:g} are not in [0, 1]; rescale them, or store "
            "uint8 from 0 to 255"
        )
    return array.astype(np.float32)
