"""The same cells and neighborhoods as a networkx graph, to analyze and to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grids.neighborhoods import custom
from grids.torus import Torus
from grids.worlds import Grid

if TYPE_CHECKING:
    import networkx

__all__ = ["to_networkx"]


def to_networkx(
    grid: Grid | Torus, offsets: Sequence[Sequence[int]] | None = None
) -> networkx.DiGraph:
    """Return a graph with one node per cell and one edge from each center to each neighbor.

    Args:
        grid: stacked worlds, or one torus.
        offsets: for a torus, whom a cell sees, as for `custom`. A grid has its own.

    Returns:
        A directed graph without self-loops. Nodes are the (stacked) cell ids, with the
        attributes ``row``, ``column`` and ``world``. The edges of a node are in the order of
        its neighborhood.

    Raises:
        ValueError: a torus comes without offsets, a grid comes with them, or the offsets are
            refused by `custom`.

    Examples:
        >>> graph = to_networkx(Torus(1, 4), [(0, 1)])
        >>> list(graph.edges)
        [(0, 1), (1, 2), (2, 3), (3, 0)]
        >>> graph.nodes[3]
        {'row': 0, 'column': 3, 'world': 0}
    """
    # Here and not above, so that a run, which draws no graph, does not wait for the import.
    import networkx

    whole = _grid(grid, offsets)
    places = whole.torus.coordinates().tolist()
    worlds, cells = whole.world_of.tolist(), whole.cell_of.tolist()
    graph = networkx.DiGraph()
    for node, (world, cell) in enumerate(zip(worlds, cells, strict=True)):
        row, column = places[cell]
        graph.add_node(node, row=row, column=column, world=world)
    for center, *others in whole.neighbors.tolist():
        graph.add_edges_from((center, other) for other in others)
    return graph


def _grid(grid: Grid | Torus, offsets: Sequence[Sequence[int]] | None) -> Grid:
    if isinstance(grid, Grid):
        if offsets is not None:
            raise ValueError("offsets: a Grid has its own; leave them out, or give a Torus")
        return grid
    if offsets is None:
        raise ValueError("offsets: a Torus has none; give some, such as von_neumann(1)")
    return Grid(grid, custom(offsets))
