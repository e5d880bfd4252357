"""Curves of Braille dots: where the dots are, what the axes say, which letter is whose."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.watching.choice import Curve
from coevo.watching.curve import LETTERS, curve_panel

LEFT = 9  # characters of the vertical axis


def curve(losses: list[float], first: int = 1) -> Curve:
    generations = np.arange(first, first + len(losses))
    return Curve("", 1, generations, np.array(losses))


def lines(curves: list[Curve], width: int = 40, height: int = 10) -> list[str]:
    return [line.plain for line in curve_panel(curves, width, height)]


def dots(drawn: list[str]) -> np.ndarray:
    """The dots of a panel, ``[4 * rows, 2 * columns]`` bool, from the bottom left."""
    rows = [
        [ord(c) - 0x2800 if ord(c) >= 0x2800 else 0 for c in line[LEFT:]] for line in drawn[:-1]
    ]
    bits = np.array(rows)
    order = [[0, 3], [1, 4], [2, 5], [6, 7]]
    planes = [[bits >> bit & 1 for bit in pair] for pair in order]
    whole = np.zeros((4 * bits.shape[0], 2 * bits.shape[1]), dtype=bool)
    for down, pair in enumerate(planes):
        for right, plane in enumerate(pair):
            whole[down::4, right::2] = plane.astype(bool)
    return whole[::-1]


LOSSES = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=60)


@given(losses=LOSSES, width=st.integers(20, 90), height=st.integers(4, 30))
def test_a_curve_is_one_line_through_all_columns(
    losses: list[float], width: int, height: int
) -> None:
    drawn = lines([curve(losses)], width, height)
    assert [len(line) for line in drawn] == [width] * height
    found = dots(drawn)
    assert found.any(0).all()
    for column in found.T:
        rows = np.flatnonzero(column)
        assert (np.diff(rows) == 1).all(), "no gap"
    ends = [np.flatnonzero(column) for column in found.T]
    for one, other in itertools.pairwise(ends):
        assert one.min() - 1 <= other.max()
        assert other.min() - 1 <= one.max()


@given(losses=LOSSES)
def test_the_axes_have_room_for_the_lowest_and_the_highest_loss_and_no_more(
    losses: list[float],
) -> None:
    drawn = lines([curve(losses)], 200, 12)
    found = dots(drawn)
    if max(losses) > 1.01 * min(losses) and len(losses) < 20:
        assert found[0].any()
        assert found[-1].any()
        for line, value in ((drawn[0], max(losses)), (drawn[-2], min(losses))):
            assert float(line[:7]) == pytest.approx(value, rel=0.06)


def test_a_straight_line_and_its_labels() -> None:
    # 16 characters hold 32 columns of dots, 4 lines hold 16 rows: one row up per character.
    assert lines([curve([1.0, 2.0])], LEFT + 16, 5) == [
        "      2 │            ⣀⠤⠒⠉",
        "        │        ⣀⠤⠒⠉    ",
        "        │    ⣀⠤⠒⠉        ",
        "      1 │⣀⠤⠒⠉            ",
        "        1   generation  2",
    ]


def test_a_factor_of_three_makes_the_axis_logarithmic() -> None:
    assert lines([curve([1.0, 0.4])], 40, 10)[4][:7].strip() == "0.7"
    assert lines([curve([1.0, 0.01])], 40, 10)[4][:7].strip() == "0.1"
    assert lines([curve([1.0, 0.0])], 40, 10)[4][:7].strip() == "0.5", "0 has no logarithm"


def test_a_loss_that_does_not_change_is_in_the_middle() -> None:
    found = dots(lines([curve([0.5] * 7)]))
    rows = np.flatnonzero(found.any(1))
    assert len(rows) == 1
    assert abs(rows[0] - (len(found) - 1) / 2) <= 0.5


def test_letters_stand_where_curves_end_and_never_on_each_other() -> None:
    drawn = lines([curve([1.0, 0.1]), curve([1.0, 0.1]), curve([1.0, 1.0])], 40, 8)
    ends = {letter: row for row, line in enumerate(drawn) for letter in "abc" if letter in line[-2]}
    assert ends == {"a": 6, "b": 5, "c": 0}
    many = [curve([1.0, 0.5 + number / 100]) for number in range(len(LETTERS))]
    found = [line[-2] for line in lines(many, 40, 10)]
    assert sorted(filter(str.strip, found)) == sorted(LETTERS)


def test_curves_of_other_lengths_share_their_axis() -> None:
    drawn = lines([curve([1.0] * 50), curve([0.1] * 25)], 60, 10)
    assert drawn[-1].split() == ["1", "generation", "50"]
    low = dots(drawn)[: 4 * 2, :].any(0)
    assert low[: len(low) // 2 - 4].all()
    assert not low[len(low) // 2 :].any()


def test_without_a_curve_the_panel_says_so() -> None:
    drawn = lines([], 40, 6)
    assert [len(line) for line in drawn] == [40] * 6
    assert "nothing measured yet" in drawn[2]
