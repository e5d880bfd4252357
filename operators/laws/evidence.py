"""Writes counterexamples so that they can be read, and typed in again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor

__all__ = ["Evidence", "written"]

Evidence: TypeAlias = Tensor | float | str


def written(evidence: Mapping[str, Evidence]) -> str:
    """Write names and values in two columns.

    Tensors become nested lists, one row per line; of masks, 1 is True and means kept.

    Examples:
        >>> print(written({"quota": torch.tensor([1]), "masks": torch.ones(1, 2, 2).bool()}))
        quota  [1]
        masks  [[[1, 1],
                 [1, 1]]]
    """
    width = max(map(len, evidence), default=0) + 2
    lines: list[str] = []
    for name, value in evidence.items():
        first, *rest = _lines(value)
        lines += [f"{name:<{width}}{first}", *(f"{'':<{width}}{line}" for line in rest)]
    return "\n".join(lines)


def _lines(value: Evidence) -> list[str]:
    if isinstance(value, Tensor):
        return _nested(value)
    return [value if isinstance(value, str) else f"{value:g}"]


def _nested(tensor: Tensor) -> list[str]:
    if tensor.dim() < 2:
        numbers = tensor.int() if tensor.dtype == torch.bool else tensor
        items = [f"{number:g}" for number in numbers.reshape(-1).tolist()]
        return [f"[{', '.join(items)}]" if tensor.dim() else items[0]]
    blocks = [_nested(part) for part in tensor]
    lines: list[str] = []
    for number, block in enumerate(blocks):
        opened = [f"{' ' if lines or row else '['}{line}" for row, line in enumerate(block)]
        opened[-1] += "]" if number == len(blocks) - 1 else ","
        lines += opened
    return lines or ["[]"]
