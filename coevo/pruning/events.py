"""Which cells an event happens in: decided on the host, from keys alone.

The host then knows how many cells there are to prune without waiting for the device.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from coevo.random import Key, uniform

__all__ = ["event_cells", "to_device"]


def event_cells(key: Key, probability: float) -> npt.NDArray[np.int64]:
    """The cells in which an event happens.

    Args:
        key: one stream per cell, on the CPU, for this event.
        probability: in [0, 1], of each cell.

    Returns:
        ``[n]`` numbers of cells, increasing.
    """
    if probability >= 1.0:
        return np.arange(key.streams)
    return np.flatnonzero(uniform(key, ()).numpy() < probability)


def to_device(numbers: npt.NDArray[np.int64], device: torch.device) -> Tensor:
    """Numbers of the host on the device, without waiting for what the device is doing."""
    tensor = torch.from_numpy(numbers)
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)
