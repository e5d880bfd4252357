"""A torus numbers its cells row by row and wraps."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grids import Torus
from tests.grids.grid_strategies import tori


@given(tori)
def test_coordinates_name_each_cell_in_order(torus: Torus) -> None:
    coordinates = torus.coordinates()
    assert coordinates.dtype == torch.int64
    expected = [[row, column] for row in range(torus.rows) for column in range(torus.columns)]
    assert coordinates.tolist() == expected
    assert [torus.cell(row, column) for row, column in expected] == list(range(torus.cells))


@given(tori, st.integers(-20, 20), st.integers(-20, 20))
def test_going_around_comes_back(torus: Torus, row: int, column: int) -> None:
    cell = torus.cell(row, column)
    assert 0 <= cell < torus.cells
    assert torus.cell(row + torus.rows, column) == cell
    assert torus.cell(row, column - torus.columns) == cell
    assert torus.coordinates()[cell].tolist() == [row % torus.rows, column % torus.columns]


@pytest.mark.parametrize("wrong", [0, -3, 2.0, True, "3", None])
def test_sizes_are_whole_numbers_from_one(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"^torus\.rows: got .*, want a whole number >= 1$"):
        Torus(wrong, 3)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match=r"^torus\.columns: got .*, want a whole number >= 1$"):
        Torus(3, wrong)  # type: ignore[arg-type]  # wrong on purpose
