"""From shares to whole numbers of weights: the one place where amounts are rounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

__all__ = ["Quota", "ReachSparsity", "RemoveShare"]


class Quota(Protocol):
    """How many items go, given how many are there."""

    @property
    def everything(self) -> bool:
        """Whether all items go, so that they need not be ranked."""
        ...

    def of(self, kept: Tensor, total: int) -> Tensor:
        """The quota of each row.

        Args:
            kept: ``[rows]`` int64 in [0, total].
            total: removed items included.

        Returns:
            ``[rows]`` int64 in [0, kept].
        """
        ...

    def most(self, total: int) -> int:
        """A number that no quota of ``total`` items exceeds."""
        ...


@dataclass(frozen=True)
class RemoveShare:
    """Removes a share of what is kept, rounded to the nearest number, halves to even.

    Attributes:
        share: in [0, 1].

    Examples:
        >>> import torch
        >>> RemoveShare(0.1).of(torch.tensor([30_000, 25, 15, 4]), 30_000).tolist()
        [3000, 2, 2, 0]
    """

    share: float

    @property
    def everything(self) -> bool:
        """See `Quota.everything`."""
        return self.share == 1.0

    def of(self, kept: Tensor, total: int) -> Tensor:
        """See `Quota.of`."""
        del total
        return (kept.double() * self.share).round().long()

    def most(self, total: int) -> int:
        """See `Quota.most`."""
        return round(total * self.share)


@dataclass(frozen=True)
class ReachSparsity:
    """Removes what is needed to reach a sparsity; nothing where it is reached already.

    Attributes:
        sparsity: share of all items that are gone afterwards, in [0, 1]; the number of them is
            rounded to the nearest, halves to even.

    Examples:
        >>> import torch
        >>> ReachSparsity(0.9).of(torch.tensor([100, 40, 5]), 100).tolist()
        [90, 30, 0]
    """

    sparsity: float

    @property
    def everything(self) -> bool:
        """See `Quota.everything`."""
        return self.sparsity == 1.0

    def of(self, kept: Tensor, total: int) -> Tensor:
        """See `Quota.of`."""
        return (kept - (total - self.most(total))).clamp(min=0)

    def most(self, total: int) -> int:
        """See `Quota.most`."""
        return round(total * self.sparsity)
