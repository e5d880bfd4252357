"""The torus as blocks: each cell at its place, the best one marked, the scale in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.watching import TorusCells
from coevo.watching.torus_view import torus_panel

SHADES = "░▒▓█"


def lines(losses: list[list[float]], width: int = 40, height: int = 20) -> list[str]:
    cells = TorusCells(1, np.array(losses, dtype=float))
    return [line.plain for line in torus_panel(cells, width, height, colors=False)]


def test_each_loss_has_its_shade_on_a_logarithmic_scale() -> None:
    # 1, 2, 8 and 16 are 0, 1, 3 and 4 of 4 steps up.
    assert lines([[8, 1], [16, 2]], height=5) == [
        "██[]",
        "██▒▒",
        "░░ 1 lowest, at []",
        "██ 16 highest",
    ]


def test_the_mark_is_on_the_best_cell_wherever_it_is() -> None:
    assert lines([[8, 16], [16, 1]], height=5)[:2] == ["████", "██[]"]
    assert lines([[8, 16], [1, 16]], height=5)[:2] == ["████", "[]██"]


def test_cells_grow_with_the_room() -> None:
    drawn = lines([[8, 1], [16, 2]], width=20, height=12)
    assert drawn[:8] == [
        *("████████░░░░░░░░", "████████░░░[]░░░", "████████░░░░░░░░", "████████░░░░░░░░"),
        *["████████▒▒▒▒▒▒▒▒"] * 4,
    ]


def test_what_is_not_finite_is_a_dot() -> None:
    drawn = lines([[8, float("nan"), 1]], height=4)
    assert drawn[0] == "██· []"
    assert lines([[float("nan")]]) == ["no loss is finite"]


def test_losses_that_are_all_alike_are_all_lowest() -> None:
    assert lines([[0.5, 0.5]], height=4) == ["[]░░", "░░ 0.5 in all cells"]


def test_many_cells_are_shown_in_squares_by_their_best() -> None:
    losses = np.full((6, 80), 4.0)
    losses[5, 79], losses[0, 1] = 1.0, 2.0
    drawn = lines(losses.tolist(), width=40, height=9)
    # 80 columns do not find room in 40 characters: squares of 2 x 2 cells.
    assert drawn[0] == "▓" + "█" * 39
    assert drawn[2] == "█" * 39 + "░"
    assert drawn[-1] == "best of each 2 x 2 cells"
    assert "[]" not in "".join(drawn)


@given(
    rows=st.integers(1, 70),
    columns=st.integers(1, 150),
    width=st.integers(20, 80),
    height=st.integers(6, 40),
    seed=st.integers(0, 9),
)
def test_every_torus_finds_room(
    rows: int, columns: int, width: int, height: int, seed: int
) -> None:
    losses = np.random.Generator(np.random.PCG64(seed)).random((rows, columns))
    drawn = lines(losses.tolist(), width, height)
    assert len(drawn) <= height
    blocks = [line for line in drawn if line and line[0] in SHADES + "[" and " " not in line]
    assert blocks
    assert max(map(len, blocks)) <= width
    assert len(set(map(len, blocks))) == 1


def test_colors_are_those_of_the_map_at_its_ends() -> None:
    cells = TorusCells(1, np.array([[1.0, 16.0]]))
    first = torus_panel(cells, 40, 6, colors=True)[1]
    styles = {first.plain[span.start : span.end]: str(span.style) for span in first.spans}
    assert styles["[]"] == "bold white on #440154"
    assert any(style == "#fde725" for style in styles.values())


def test_a_loss_of_zero_has_a_linear_scale() -> None:
    assert lines([[0, 1, 2, 4]], height=4)[0] == "[]▒▒▓▓██"


@pytest.mark.parametrize("negative", [-1.0, 0.0])
def test_the_best_cell_is_the_lowest(negative: float) -> None:
    cells = TorusCells(1, np.array([[3.0, np.nan], [negative, 5.0]]))
    assert cells.best == (1, 0)
    assert TorusCells(1, np.array([[np.nan]])).best is None
