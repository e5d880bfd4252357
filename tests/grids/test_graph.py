"""The networkx view tells the same story as the table."""

from __future__ import annotations

import networkx
import pytest
from hypothesis import given

from grids import Grid, Offsets, Torus, moore, ring, to_networkx, von_neumann
from tests.grids.grid_strategies import any_offsets, grids, tori


@given(grids())
def test_edges_are_the_table_without_self(grid: Grid) -> None:
    graph = to_networkx(grid)
    assert list(graph.nodes) == list(range(grid.cells))
    assert networkx.number_of_selfloops(graph) == 0
    for center, *others in grid.neighbors.tolist():
        assert list(graph.successors(center)) == others


@given(grids())
def test_nodes_know_their_place(grid: Grid) -> None:
    for node, place in to_networkx(grid).nodes(data=True):
        assert set(place) == {"row", "column", "world"}
        home = place["world"] * grid.cells_per_world
        assert node == home + grid.torus.cell(place["row"], place["column"])
        assert 0 <= place["row"] < grid.torus.rows
        assert 0 <= place["column"] < grid.torus.columns


@given(tori, any_offsets)
def test_a_torus_is_a_grid_of_one_world(torus: Torus, seen: Offsets) -> None:
    one, other = to_networkx(torus, seen), to_networkx(Grid(torus, seen))
    assert list(one.nodes(data=True)) == list(other.nodes(data=True))
    assert list(one.edges) == list(other.edges)


def test_networkx_finds_the_known_structure() -> None:
    lattice = networkx.grid_2d_graph(4, 5, periodic=True)
    ours = to_networkx(Torus(4, 5), von_neumann(1)).to_undirected()
    assert networkx.is_isomorphic(ours, lattice)
    assert networkx.is_isomorphic(
        to_networkx(Torus(1, 7), ring(1)).to_undirected(), networkx.cycle_graph(7)
    )
    stacked = to_networkx(Grid(Torus(3, 3), moore(1), worlds=4))
    assert networkx.number_strongly_connected_components(stacked) == 4


def test_offsets_are_needed_exactly_where_they_are_missing() -> None:
    with pytest.raises(ValueError, match=r"^offsets: a Torus has none; give some"):
        to_networkx(Torus(2, 2))
    with pytest.raises(ValueError, match=r"^offsets: a Grid has its own; leave them out"):
        to_networkx(Grid(Torus(2, 2), ring(1)), ring(1))
