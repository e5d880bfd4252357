"""Many tensors in one piece of memory, so that one operation changes them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

__all__ = ["FlatLayout", "Pieces"]


class FlatLayout:
    """Tensors one behind the other in a row of numbers, each contiguous by itself.

    Examples:
        >>> layout = FlatLayout([torch.zeros(5, 2, 3), torch.zeros(5, 2)])
        >>> row = layout.joined([torch.ones(5, 2, 3), torch.zeros(5, 2)])
        >>> row.shape, layout.views(row)[0].shape
        (torch.Size([40]), torch.Size([5, 2, 3]))
    """

    def __init__(self, like: Sequence[Tensor]) -> None:
        """Take the shapes and their order from some tensors."""
        self._shapes = [tensor.shape for tensor in like]
        self._sizes = [tensor.numel() for tensor in like]

    def joined(self, tensors: Sequence[Tensor]) -> Tensor:
        """Copy tensors of these shapes into one row."""
        return torch.cat([tensor.flatten() for tensor in tensors])

    def views(self, row: Tensor) -> list[Tensor]:
        """The tensors of a row, in its memory."""
        parts = torch.split(row, self._sizes)
        return [part.view(shape) for part, shape in zip(parts, self._shapes, strict=True)]


class Pieces:
    """Tensors of one kind, each by itself and all together.

    Attributes:
        views: the tensors, each ``[n, *shape]``.
        all: the same memory for operations that do not care where a tensor ends: one row where
            there is a layout, otherwise the tensors themselves.
    """

    def __init__(self, tensors: Sequence[Tensor], layout: FlatLayout | None) -> None:
        """Take ownership of tensors, or copy them into one row."""
        self._layout = layout
        self.all = list(tensors) if layout is None else [layout.joined(tensors)]
        self.views = self.all if layout is None else layout.views(self.all[0])

    def like(self, tensors: Sequence[Tensor]) -> Pieces:
        """Other tensors of the same shapes, in the same form."""
        return Pieces(tensors, self._layout)

    def empty(self) -> Pieces:
        """Room for tensors of the same shapes, in the same form."""
        return self.like([torch.zeros_like(view) for view in self.views])

    def beside(self, others: Pieces) -> Iterator[tuple[Tensor, Tensor]]:
        """These and other tensors of the same shapes, in as few pairs as their forms allow."""
        if len(self.all) == len(others.all):
            return zip(self.all, others.all, strict=True)
        return zip(self.views, others.views, strict=True)
