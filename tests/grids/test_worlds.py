"""Stacked worlds are the same world many times, and never touch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from hypothesis import given

from grids import Grid, Torus, moore, neighbor_table, ring
from tests.grids.grid_strategies import grids


@given(grids())
def test_a_world_in_the_stack_is_the_world_alone(grid: Grid) -> None:
    alone = neighbor_table(grid.torus, grid.offsets)
    per_world = grid.cells_per_world
    assert grid.neighbors.shape == (grid.worlds * grid.torus.cells, alone.shape[1])
    for world in range(grid.worlds):
        own = slice(world * per_world, (world + 1) * per_world)
        assert torch.equal(grid.neighbors[own], alone + world * per_world)
        assert grid.world_of[own].tolist() == [world] * per_world
        assert grid.cell_of[own].tolist() == list(range(per_world))


@given(grids())
def test_nobody_sees_another_world(grid: Grid) -> None:
    assert torch.equal(
        grid.world_of[grid.neighbors], grid.world_of[:, None].expand_as(grid.neighbors)
    )


@given(grids())
def test_all_cells_are_counted(grid: Grid) -> None:
    assert grid.cells == grid.worlds * grid.cells_per_world
    assert len(grid.neighbors) == len(grid.world_of) == len(grid.cell_of) == grid.cells
    tables = (grid.neighbors, grid.world_of, grid.cell_of)
    assert all(table.dtype == torch.int64 for table in tables)


@given(grids())
def test_grids_of_equal_parts_are_equal(grid: Grid) -> None:
    parts = [list(offset) for offset in grid.offsets[1:]]
    assert Grid(grid.torus, parts, worlds=grid.worlds) == grid  # type: ignore[arg-type]  # a list
    assert hash(replace(grid)) == hash(grid)


def test_tensors_lie_on_the_device() -> None:
    here = Grid(Torus(2, 3), moore(1), worlds=2)
    elsewhere = replace(here, device="meta")
    for there in (elsewhere.neighbors, elsewhere.world_of, elsewhere.cell_of):
        assert there.device.type == "meta"
    assert here.neighbors.device.type == "cpu"


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_worlds_is_a_whole_number_from_one(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"^worlds: got .*, want a whole number >= 1$"):
        Grid(Torus(2, 2), ring(1), worlds=wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_wrong_offsets_are_refused_when_the_grid_is_made() -> None:
    with pytest.raises(ValueError, match=r"^offsets\[1\]: \[0, 1\] is already offsets\[0\]"):
        Grid(Torus(2, 2), ((0, 1), (0, 1)))


def test_importing_grids_does_not_import_networkx() -> None:
    code = "import sys; from grids import Grid; sys.exit('networkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
