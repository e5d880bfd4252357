"""Laws of the two ways to bring a drawing to 28 x 28 pixels."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor
from torch.nn import functional

from coevo.datasets.frames import full_frame, normalized_frame

SOURCE = 105
strokes = arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=70)).filter(
    lambda ink: ink.any()
)


def placed(ink: object, top: int, left: int) -> Tensor:
    part = torch.as_tensor(ink, dtype=torch.float64)
    drawing = torch.zeros(1, SOURCE, SOURCE, dtype=torch.float64)
    drawing[0, top : top + part.shape[0], left : left + part.shape[1]] = part
    return drawing


def lines(image: Tensor, dimension: int) -> Tensor:
    return (image.amax(dimension) > 0).nonzero()[:, 0]


def box(ink: object) -> Tensor:
    drawing = torch.as_tensor(ink, dtype=torch.float64)
    rows, columns = lines(drawing, 1), lines(drawing, 0)
    return drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@given(strokes)
def test_a_full_frame_keeps_the_mean(ink: object) -> None:
    drawing = placed(ink, 20, 30)
    result = full_frame(drawing)
    assert result.shape == (1, 28, 28)
    torch.testing.assert_close(result.double().mean(), drawing.mean(), rtol=1e-6, atol=1e-9)


def test_a_full_frame_is_the_mean_of_each_block() -> None:
    ink = (torch.arange(2 * 84 * 84).view(2, 84, 84) % 7 < 2).double()
    expected = functional.avg_pool2d(ink.unsqueeze(1), 3)[:, 0]
    torch.testing.assert_close(full_frame(ink), expected.float())


def test_a_full_frame_shares_out_pixels_on_a_border() -> None:
    # One result pixel covers 3.75 source pixels: the fourth lies to 3/4 in the first.
    drawing = torch.zeros(1, SOURCE, SOURCE, dtype=torch.float64)
    drawing[0, 0, 3] = 1.0
    first = full_frame(drawing)[0, 0, :3] * 3.75**2
    torch.testing.assert_close(first, torch.tensor([0.75, 0.25, 0.0]))


@given(strokes)
def test_normalized_ink_has_20_pixels_and_its_proportions(ink: object) -> None:
    result = normalized_frame(placed(ink, 10, 10))[0]
    height, width = box(ink).shape
    longest = max(height, width)
    for pixels, dimension in ((height, 1), (width, 0)):
        inked = lines(result, dimension)
        spanned = int(inked[-1] - inked[0]) + 1
        assert spanned == -(-pixels * 20 // longest)


@given(strokes)
def test_normalized_ink_keeps_its_area(ink: object) -> None:
    part = box(ink)
    result = normalized_frame(placed(ink, 10, 10)).double()
    scale = 20 / max(part.shape)
    torch.testing.assert_close(result.sum(), part.sum() * scale**2, rtol=1e-5, atol=1e-6)


@given(strokes)
def test_normalized_ink_is_centered_by_mass(ink: object) -> None:
    result = normalized_frame(placed(ink, 10, 10))[0]
    for axis in (0, 1):
        inked = lines(result, 1 - axis)
        offset = int(inked[0]) + ink_center(ink, axis) - 14.5
        # Nearest to the center of MNIST, or as near as the border allows.
        assert offset <= 0.5 + 1e-9 or int(inked[0]) == 0
        assert offset >= -0.5 - 1e-9 or int(inked[-1]) == 27


@given(strokes, st.integers(0, 35), st.integers(0, 35))
def test_normalized_ink_does_not_depend_on_its_place(ink: object, top: int, left: int) -> None:
    one, other = normalized_frame(placed(ink, 0, 0)), normalized_frame(placed(ink, top, left))
    # A center exactly between two pixels may be rounded either way.
    centers = [ink_center(ink, axis) % 1.0 for axis in (0, 1)]
    assume(all(1e-9 < center < 1.0 - 1e-9 for center in centers))
    torch.testing.assert_close(one, other)


def ink_center(ink: object, axis: int) -> float:
    part = box(ink)
    mass = part.sum(1 - axis)
    pixels = torch.arange(len(mass), dtype=torch.float64) + 0.5
    return float((mass * pixels).sum() / mass.sum()) * 20 / max(part.shape)


def test_a_square_of_20_pixels_stays_as_it_is() -> None:
    square = torch.ones(20, 20)
    square[0, 19] = 0.0  # moves the center of mass off the border between two pixels
    expected = torch.zeros(28, 28)
    expected[4:24, 5:25] = square
    torch.testing.assert_close(normalized_frame(placed(square, 70, 3))[0], expected)


@pytest.mark.parametrize(("end", "first"), [("left", 8), ("right", 0)])
def test_ink_never_leaves_the_frame(end: str, first: int) -> None:
    # A heavy block at one end of a thin line: centered, the line would leave the frame.
    ink = torch.zeros(20, 20)
    ink[10] = 1.0
    ink[:, :3] = 1.0
    if end == "right":
        ink = ink.flip(1)
    inked = lines(normalized_frame(placed(ink, 0, 0))[0], 0)
    assert [int(inked[0]), int(inked[-1])] == [first, first + 19]


def test_drawings_do_not_touch_each_other() -> None:
    drawings = [placed(torch.ones(7, 30), 1, 2), placed(torch.ones(50, 9), 40, 60)]
    together = normalized_frame(torch.cat(drawings))
    alone = torch.cat([normalized_frame(drawing) for drawing in drawings])
    torch.testing.assert_close(together, alone)
