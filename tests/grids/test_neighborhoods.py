"""Neighborhoods: the cell first, each cell once, and the same from every cell."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grids import (
    NEIGHBORHOODS,
    Offsets,
    Torus,
    custom,
    moore,
    neighbor_table,
    offsets,
    ring,
    von_neumann,
)
from tests.grids.grid_strategies import any_offsets, radii, steps, symmetric_offsets, tori

BIG = Torus(11, 13)


@given(tori, any_offsets)
def test_table_is_the_set_of_wrapped_offsets_in_their_order(torus: Torus, seen: Offsets) -> None:
    table = neighbor_table(torus, seen)
    assert table.dtype == torch.int64
    for row in range(torus.rows):
        for column in range(torus.columns):
            expected: list[int] = []
            for down, right in seen:
                cell = torus.cell(row + down, column + right)
                if cell not in expected:
                    expected.append(cell)
            assert table[torus.cell(row, column)].tolist() == expected


@given(tori, any_offsets)
def test_self_is_first_and_nobody_stands_twice(torus: Torus, seen: Offsets) -> None:
    table = neighbor_table(torus, seen)
    assert table[:, 0].tolist() == list(range(torus.cells))
    assert all(len(set(row)) == len(row) for row in table.tolist())


@given(tori, any_offsets)
def test_every_cell_is_seen_equally_often(torus: Torus, seen: Offsets) -> None:
    table = neighbor_table(torus, seen)
    times = torch.bincount(table.flatten(), minlength=torus.cells)
    assert times.tolist() == [table.shape[1]] * torus.cells


@given(tori, symmetric_offsets)
def test_symmetric_offsets_see_each_other(torus: Torus, seen: Offsets) -> None:
    table = neighbor_table(torus, seen).tolist()
    assert all(cell in table[other] for cell, row in enumerate(table) for other in row)


def test_one_sided_offsets_do_not_see_each_other() -> None:
    table = neighbor_table(Torus(1, 5), [(0, 1)]).tolist()
    assert table[0] == [0, 1]
    assert 0 not in table[1]


@given(tori, any_offsets, steps)
def test_translating_the_torus_permutes_the_table(
    torus: Torus, seen: Offsets, step: tuple[int, int]
) -> None:
    table = neighbor_table(torus, seen)
    moved = [
        torus.cell(row + step[0], column + step[1]) for row, column in torus.coordinates().tolist()
    ]
    assert torch.equal(table[moved], torch.tensor(moved)[table])


@pytest.mark.parametrize(
    ("seen", "size"),
    [
        (von_neumann(0), 1),
        (von_neumann(1), 5),
        (von_neumann(2), 13),
        (moore(0), 1),
        (moore(1), 9),
        (moore(2), 25),
        (ring(0), 1),
        (ring(1), 3),
        (ring(4), 9),
    ],
)
def test_known_sizes_on_a_big_torus(seen: Offsets, size: int) -> None:
    assert neighbor_table(BIG, seen).shape == (BIG.cells, size)


def test_small_tori_fold_a_neighborhood_to_the_cells_there_are() -> None:
    assert neighbor_table(Torus(1, 1), moore(2)).tolist() == [[0]]
    assert neighbor_table(Torus(1, 2), ring(1)).tolist() == [[0, 1], [1, 0]]
    assert neighbor_table(Torus(2, 2), von_neumann(1))[0].tolist() == [0, 2, 1]
    assert neighbor_table(Torus(3, 3), moore(5)).shape == (9, 9)


def test_known_neighbors_by_direction() -> None:
    torus = Torus(3, 4)
    assert neighbor_table(torus, von_neumann(1))[5].tolist() == [5, 1, 4, 6, 9]
    assert neighbor_table(torus, ring(1))[4].tolist() == [4, 5, 7]  # self, right, left
    assert neighbor_table(torus, moore(1))[0].tolist() == [0, 11, 8, 9, 3, 1, 7, 4, 5]


@given(radii)
def test_distances_define_the_named_neighborhoods(radius: int) -> None:
    reach = range(-radius - 2, radius + 3)
    plane = {(row, column) for row in reach for column in reach}
    assert set(von_neumann(radius)) == {o for o in plane if abs(o[0]) + abs(o[1]) <= radius}
    assert set(moore(radius)) == {o for o in plane if max(map(abs, o)) <= radius}
    assert set(ring(radius)) == {o for o in plane if o[0] == 0 and abs(o[1]) <= radius}


@given(st.sampled_from(sorted(NEIGHBORHOODS)), radii)
def test_a_smaller_radius_is_a_prefix_of_a_larger_one(name: str, radius: int) -> None:
    small, large = offsets(name, radius), offsets(name, radius + 1)
    assert large[: len(small)] == small
    assert len(large) > len(small)
    assert len(set(large)) == len(large)


def test_published_ring_order() -> None:
    assert ring(2) == ((0, 0), (0, 1), (0, -1), (0, 2), (0, -2))


@given(st.lists(steps, unique=True, max_size=6))
def test_custom_puts_the_center_first_and_keeps_the_rest(given: list[tuple[int, int]]) -> None:
    first, *rest = custom(given)
    assert first == (0, 0)
    assert rest == [step for step in given if step != (0, 0)]
    assert custom(custom(given)) == custom(given)
    assert offsets([list(step) for step in given], radius=2) == custom(given)


@pytest.mark.parametrize("name", ["von_neumann", "moore", "ring"])
@pytest.mark.parametrize("wrong", [-1, 1.0, True, None])
def test_radius_is_a_whole_number_from_zero(name: str, wrong: object) -> None:
    message = f"^radius: got {re.escape(repr(wrong))}, want a whole number >= 0$"
    with pytest.raises(ValueError, match=message):
        offsets(name, wrong)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            [[0, 1], [0, 2], [0, 1]],
            "offsets[2]: [0, 1] is already offsets[0]; give each offset once",
        ),
        ([[0, 1.0]], "offsets[0]: got [0, 1.0], want two whole numbers [row, column]"),
        ([[0, 1], [True, 0]], "offsets[1]: got [True, 0], want two whole numbers [row, column]"),
        ([[0, 1, 2]], "offsets[0]: got [0, 1, 2], want two whole numbers [row, column]"),
        ([3], "offsets[0]: got 3, want two whole numbers [row, column]"),
        (3, "offsets: got 3, want a list of [row, column] pairs"),
        (
            "hex",
            "neighborhood: 'hex' is not a neighborhood; give 'von_neumann', 'moore', 'ring' "
            "or a list of [row, column] offsets",
        ),
        (
            "von-neumann",
            "neighborhood: 'von-neumann' is not a neighborhood; did you mean 'von_neumann'? Give "
            "'von_neumann', 'moore', 'ring' or a list of [row, column] offsets",
        ),
    ],
)
def test_wrong_neighborhoods_are_refused_by_name(wrong: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        offsets(wrong)  # type: ignore[arg-type]  # wrong on purpose
