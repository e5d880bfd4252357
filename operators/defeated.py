"""The archive of differential evolution: parents that were defeated, as donors of differences."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["incoming", "kept_places"]

NOBODY = -1


def incoming(defeated: Tensor, filled: Tensor, fractions: Tensor, places: int) -> Tensor:
    """Which defeated parent enters each place of an archive.

    Free places are taken in order, then parents go to random places. Of parents that would go to
    the same place, the last one does.

    Args:
        defeated: ``[populations, members]`` bool.
        filled: ``[populations]`` int64, places in use.
        fractions: ``[populations, members]`` in [0, 1), for the random places.
        places: of each archive.

    Returns:
        ``[populations, places]`` int64, the member that enters, or -1 for nobody.

    Examples:
        >>> defeated = torch.tensor([[True, False, True, True]])
        >>> incoming(defeated, torch.tensor([0]), torch.full((1, 4), 0.6), 2)
        tensor([[0, 3]])
    """
    members = defeated.shape[-1]
    place = filled.unsqueeze(-1) + defeated.cumsum(-1) - 1
    anywhere = (fractions * places).long().clamp(max=places - 1)
    place = torch.where(place < places, place, anywhere)
    # Those that are not defeated go to a place behind the last, which is cut off.
    place = torch.where(defeated, place, places)
    numbers = torch.arange(members, device=defeated.device).expand_as(place)
    entering = torch.full((*defeated.shape[:-1], places + 1), NOBODY, device=defeated.device)
    return entering.scatter_reduce(-1, place, numbers, "amax")[..., :-1]


def kept_places(filled: Tensor, fractions: Tensor, places: int) -> Tensor:
    """Which places of an archive are kept when it shrinks: random ones of those in use.

    Args:
        filled: ``[populations]`` int64, places in use, which are the first.
        fractions: ``[populations, places before]`` in [0, 1).
        places: how many are left.

    Returns:
        ``[populations, places]`` int64, those in use first.
    """
    before = fractions.shape[-1]
    free = torch.arange(before, device=filled.device) >= filled.unsqueeze(-1)
    return (fractions + 2.0 * free).argsort(dim=-1, stable=True)[..., :places]
