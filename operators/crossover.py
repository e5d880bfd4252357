"""Binomial crossover: each group of genes of a trial comes from the mutant or from the target.

A group is one gene, the inputs of one unit, or a whole tensor. Choices are made with random numbers
of 16 bits, two from each word, so that chances are multiples of 2^-16.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["CERTAIN", "cross", "crossed", "halves", "thresholds"]

CERTAIN = 1 << 16
"""The threshold that all numbers are below."""


def thresholds(rates: Tensor) -> Tensor:
    """The number of 16-bit numbers that lead to a crossing: ``[*]`` rates to ``[*]`` int64.

    Examples:
        >>> thresholds(torch.tensor([0.0, 0.5, 1.0]))
        tensor([    0, 32768, 65536])
    """
    return (rates * CERTAIN).round().to(torch.int64)


def halves(words: Tensor) -> Tensor:
    """Two numbers of each word, the low half first.

    Args:
        words: ``[n, words]`` int64 in [0, 2^32).

    Returns:
        ``[n, 2 * words]`` int64 in [0, 2^16).

    Examples:
        >>> halves(torch.tensor([[0x00020001, 0xFFFF0000]]))
        tensor([[    1,     2,     0, 65535]])
    """
    return torch.stack((words & (CERTAIN - 1), words >> 16), dim=-1).flatten(1)


def crossed(numbers: Tensor, thresholds: Tensor, forced: Tensor) -> Tensor:
    """Which groups come from the mutant.

    Args:
        numbers: ``[n, groups]`` int64 in [0, 2^16), drawn uniformly.
        thresholds: ``[n]`` int64, a group crosses where its number is below; see `thresholds`.
        forced: ``[n]`` int64, the group that crosses whatever its number; outside [0, groups)
            there is none.

    Returns:
        ``[n, groups]`` bool.
    """
    places = torch.arange(numbers.shape[1], device=numbers.device)
    return (numbers < thresholds[:, None]) | (places == forced[:, None])


def cross(
    targets: Tensor, mutants: Tensor, crossed: Tensor, *, group: int = 1, offset: int = 0
) -> Tensor:
    """Put trials together.

    Args:
        targets: ``[n, genes]`` float.
        mutants: ``[n, genes]`` float.
        crossed: ``[n, groups]`` bool, True where a group comes from the mutant.
        group: how many genes of a row are one group; the last group may be cut off.
        offset: how many genes of the first group are in front of these.

    Returns:
        ``[n, genes]``.

    Examples:
        >>> targets, mutants = torch.zeros(1, 5), torch.ones(1, 5)
        >>> cross(targets, mutants, torch.tensor([[True, False, True]]), group=2)
        tensor([[1., 1., 0., 0., 1.]])
    """
    if group > 1:
        genes = torch.arange(offset, offset + targets.shape[1], device=targets.device)
        crossed = crossed.index_select(1, genes // group)
    return mutants.where(crossed, targets)
