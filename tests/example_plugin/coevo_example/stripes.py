"""A generated data set: gray stripes of random direction, width and position."""

from __future__ import annotations

import math

import torch

from coevo import CoevoError, DataOptions, Dataset, Key
from coevo.datasets import Split
from coevo.random import uniform

__all__ = ["load_stripes"]


def load_stripes(options: DataOptions, *, size: int = 8, rows: int = 200) -> Dataset:
    """Generate images of stripes.

    Args:
        options: ``split_seed`` is read.
        size: height and width in pixels, >= 2.
        rows: training rows, >= 1; half as many for validation and for test, at least 1.

    Returns:
        Inputs ``[rows, 1, size, size]``, all different.

    Raises:
        CoevoError: an option is too small.
    """
    for name, value, least in (("size", size, 2), ("rows", rows, 1)):
        if value < least:
            raise CoevoError(f"{name}: {value} is too small; give a whole number >= {least}")
    held_out = max(1, rows // 2)
    key = Key.for_worlds(torch.tensor([options.split_seed])).of("stripes")
    direction, waves, phase = uniform(key, (3, rows + 2 * held_out), dtype=torch.float64)[0]
    angle = (math.pi * direction).view(-1, 1, 1, 1)
    across = torch.linspace(0.0, 1.0, size, dtype=torch.float64)
    along = across.view(-1, 1) * torch.sin(angle) + across * torch.cos(angle)
    turns = along * (1.0 + waves.view_as(angle)) + phase.view_as(angle)
    images = (0.5 + 0.5 * torch.sin(2.0 * math.pi * turns)).float()
    train, validation, test = map(Split, torch.split(images, [rows, held_out, held_out]))
    return Dataset("stripes", train, validation, test, f"drawn by split_seed {options.split_seed}")
