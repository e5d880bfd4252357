"""Targets computed from inputs, for the `map` task on data that have none."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import Tensor
from torch.nn import functional

from coevo.datasets.dataset import Dataset, Split
from coevo.errors import CoevoError

__all__ = ["edges", "with_edges"]

# The gradient of no 3 x 3 patch with values in [0, 1] is longer: one side and one more corner
# black, the rest white, gives (4, 2).
_LONGEST = math.sqrt(20.0)


def edges(images: Tensor) -> Tensor:
    """Mark edges: the length of Sobel's gradient, as a share of the longest possible.

    Beyond the border an image goes on with its border pixels.

    Args:
        images: ``[n, channels, height, width]`` float, in [0, 1].

    Returns:
        ``[n, channels, height, width]`` of the same type, in [0, 1]; 0 where an image is flat.

    Examples:
        >>> import torch
        >>> edges(torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]]))
        tensor([[[[0.0000, 0.8944, 0.8944, 0.0000]]]])
    """
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    down = padded[..., :-2, :] + 2.0 * padded[..., 1:-1, :] + padded[..., 2:, :]
    across = padded[..., :-2] + 2.0 * padded[..., 1:-1] + padded[..., 2:]
    horizontal = down[..., 2:] - down[..., :-2]
    vertical = across[..., 2:, :] - across[..., :-2, :]
    length = (horizontal.square() + vertical.square()).sqrt()
    return (length / _LONGEST).clamp(max=1.0)


def with_edges(dataset: Dataset) -> Dataset:
    """Make the edges of every image its target.

    Args:
        dataset: of images; targets that it has are replaced.

    Returns:
        A data set that shares the inputs of the given one.

    Raises:
        CoevoError: the inputs are vectors.
    """
    if len(dataset.input_shape) != 3:
        raise CoevoError(
            f"dataset: rows of {dataset.name} have shape {dataset.input_shape}; edges need images "
            "(channels, height, width)"
        )
    marked = dataset.map(lambda split: Split(split.inputs, edges(split.inputs)))
    return replace(marked, description=f"{dataset.description}; targets are edges")
