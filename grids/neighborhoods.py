"""Which cells a cell sees: offsets, and the table that they make on a torus.

An offset is ``(row, column)``, counted from the center: ``(0, 1)`` is the cell to the right,
``(1, 0)`` the cell below. The center itself, ``(0, 0)``, always comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import TypeAlias

import torch
from torch import Tensor

from grids._whole_numbers import require_whole_number
from grids.torus import Torus

__all__ = [
    "NEIGHBORHOODS",
    "Offset",
    "Offsets",
    "custom",
    "moore",
    "neighbor_table",
    "offsets",
    "ring",
    "von_neumann",
]

Offset: TypeAlias = tuple[int, int]
Offsets: TypeAlias = tuple[Offset, ...]

SELF: Offset = (0, 0)


def von_neumann(radius: int) -> Offsets:
    """List the offsets at most ``radius`` steps away, where a step is up, down, left or right.

    Ordered by distance, then row, then column, so a smaller radius is a prefix of a larger one.

    Args:
        radius: largest Manhattan distance, at least 0; 0 is the center alone.

    Returns:
        ``1 + 2 * radius * (radius + 1)`` offsets, the center first.

    Raises:
        ValueError: the radius is not a whole number >= 0.

    Examples:
        >>> von_neumann(1)
        ((0, 0), (-1, 0), (0, -1), (0, 1), (1, 0))
    """
    return _within(radius, lambda row, column: abs(row) + abs(column))


def moore(radius: int) -> Offsets:
    """List the offsets at most ``radius`` steps away, where diagonal steps count as one.

    Ordered by distance, then row, then column, so a smaller radius is a prefix of a larger one.

    Args:
        radius: largest Chebyshev distance, at least 0; 0 is the center alone.

    Returns:
        ``(2 * radius + 1) ** 2`` offsets, the center first.

    Raises:
        ValueError: the radius is not a whole number >= 0.

    Examples:
        >>> moore(1)
        ((0, 0), (-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
    """
    return _within(radius, lambda row, column: max(abs(row), abs(column)))


def ring(radius: int) -> Offsets:
    """List the offsets along the own row: self, right, left, then farther right, farther left.

    On a torus of several rows each row is a ring of its own.

    Args:
        radius: how many cells to see on each side, at least 0; 0 is the center alone.

    Returns:
        ``2 * radius + 1`` offsets, the center first.

    Raises:
        ValueError: the radius is not a whole number >= 0.

    Examples:
        >>> ring(2)
        ((0, 0), (0, 1), (0, -1), (0, 2), (0, -2))
    """
    require_whole_number("radius", radius, least=0)
    sides = ((0, side * step) for step in range(1, radius + 1) for side in (1, -1))
    return (SELF, *sides)


def custom(offsets: Sequence[Sequence[int]]) -> Offsets:
    """Check offsets of one's own and put the center first, adding it where it is missing.

    The others keep their order. Offsets need not be symmetric: a cell may see one that does
    not see it.

    Args:
        offsets: list or tuple of pairs of whole numbers ``(row, column)``, each at most once.

    Returns:
        The offsets, the center first.

    Raises:
        ValueError: an offset is not a pair of whole numbers, or stands there twice.

    Examples:
        >>> custom([[1, 0], [0, 3]])
        ((0, 0), (1, 0), (0, 3))
    """
    if not isinstance(offsets, list | tuple):
        raise ValueError(f"offsets: got {offsets!r}, want a list of [row, column] pairs")
    first: dict[Offset, int] = {}
    for position, offset in enumerate(offsets):
        pair = _pair(position, offset)
        if first.setdefault(pair, position) != position:
            raise ValueError(
                f"offsets[{position}]: {list(pair)} is already offsets[{first[pair]}]; "
                "give each offset once"
            )
    return (SELF, *(pair for pair in first if pair != SELF))


NEIGHBORHOODS: Mapping[str, Callable[[int], Offsets]] = MappingProxyType(
    {"von_neumann": von_neumann, "moore": moore, "ring": ring}
)


def offsets(neighborhood: str | Sequence[Sequence[int]], radius: int = 1) -> Offsets:
    """List the offsets of a neighborhood given by its name, or by the offsets themselves.

    Args:
        neighborhood: a name of `NEIGHBORHOODS`, or a list for `custom`.
        radius: for a name, how far it reaches, at least 0. A list says by itself how far it
            reaches, so it is read without the radius.

    Returns:
        The offsets, the center first.

    Raises:
        ValueError: no neighborhood has that name, or the radius or the list is refused.

    Examples:
        >>> offsets("ring", 1) == offsets([[0, 1], [0, -1]])
        True
        >>> offsets("mooer")
        Traceback (most recent call last):
        ...
        ValueError: neighborhood: 'mooer' is not a neighborhood; did you mean 'moore'? Give \
'von_neumann', 'moore', 'ring' or a list of [row, column] offsets
    """
    if not isinstance(neighborhood, str):
        return custom(neighborhood)
    if neighborhood in NEIGHBORHOODS:
        return NEIGHBORHOODS[neighborhood](radius)
    close = get_close_matches(neighborhood, NEIGHBORHOODS, n=1)
    hint = f"did you mean {close[0]!r}? Give" if close else "give"
    known = ", ".join(map(repr, NEIGHBORHOODS))
    raise ValueError(
        f"neighborhood: {neighborhood!r} is not a neighborhood; {hint} {known} "
        "or a list of [row, column] offsets"
    )


def neighbor_table(torus: Torus, offsets: Sequence[Sequence[int]]) -> Tensor:
    """Return the neighborhood of every cell, as a set: no cell twice.

    On a small torus several offsets can wrap to one cell; it then stands at the first of
    them. Every cell sees the same number of others, because the torus looks alike from
    every cell.

    Args:
        torus: the cells.
        offsets: as for `custom`; the results of `von_neumann`, `moore` and `ring` are such.

    Returns:
        ``[cells, k]`` int64, cell ids, where ``k`` is the number of offsets that stay
        different after wrapping. Column 0 is the cell itself; the others follow the offsets.

    Raises:
        ValueError: the offsets are refused by `custom`.

    Examples:
        >>> neighbor_table(Torus(1, 4), ring(1)).tolist()
        [[0, 1, 3], [1, 2, 0], [2, 3, 1], [3, 0, 2]]
        >>> neighbor_table(Torus(1, 2), ring(1)).tolist()
        [[0, 1], [1, 0]]
    """
    wrapped = dict.fromkeys(
        (row % torus.rows, column % torus.columns) for row, column in custom(offsets)
    )
    sizes = torch.tensor([torus.rows, torus.columns])
    places = (torus.coordinates()[:, None, :] + torch.tensor(list(wrapped))) % sizes
    return places[..., 0] * torus.columns + places[..., 1]


def _within(radius: int, distance: Callable[[int, int], int]) -> Offsets:
    require_whole_number("radius", radius, least=0)
    reach = range(-radius, radius + 1)
    near = [(row, column) for row in reach for column in reach if distance(row, column) <= radius]
    return tuple(sorted(near, key=lambda offset: distance(*offset)))


def _pair(position: int, offset: object) -> Offset:
    match offset:
        case [int() as row, int() as column] if bool not in (type(row), type(column)):
            return row, column
    raise ValueError(f"offsets[{position}]: got {offset!r}, want two whole numbers [row, column]")
