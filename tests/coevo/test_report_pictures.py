"""Pictures hold the numbers, markup holds the text, and the best world is drawn."""

from __future__ import annotations

import base64
import html
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from coevo.reporting.markup import tag
from coevo.reporting.pictures import nearly_square, rows_of_pictures
from coevo.reporting.run_files import Samples
from coevo.reporting.worlds import World, drawn_worlds


@given(arrays.arrays(np.float64, st.integers(1, 3000), elements=st.floats(0, 1)))
def test_vectors_fill_a_nearly_square_grid_in_order(values: np.ndarray) -> None:
    grid, filled = nearly_square(values)
    height, width = grid.shape
    np.testing.assert_array_equal(grid[filled], values)
    assert height <= width <= 4 * height or len(values) < 4
    assert filled.ravel().tolist() == [True] * len(values) + [False] * (grid.size - len(values))
    assert grid.size - len(values) < width


def decoded(source: str) -> Image.Image:
    data = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    return Image.open(io.BytesIO(data))


def invented(shape: tuple[int, ...]) -> Samples:
    generator = np.random.Generator(np.random.PCG64(1))
    targets = generator.random((3, *shape))
    return {"inputs": targets, "targets": targets, "outputs": 1 - targets}


@pytest.mark.parametrize(
    ("shape", "mode", "size"),
    [
        ((1, 4, 6), "L", (6, 4)),
        ((3, 4, 6), "RGB", (6, 4)),
        ((4, 6), "L", (6, 4)),
        ((24,), "L", (6, 4)),
        ((23,), "LA", (5, 5)),
    ],
)
def test_pictures_hold_the_numbers(
    shape: tuple[int, ...], mode: str, size: tuple[int, int]
) -> None:
    samples = invented(shape)
    rows = rows_of_pictures(samples)
    assert len(rows) == 3
    assert all(row.input is None for row in rows)
    picture = decoded(rows[1].output.source)
    assert (picture.mode, picture.size) == (mode, size)
    levels = np.asarray(picture, dtype=np.float64)
    levels = levels[..., 0].ravel()[:23] if mode == "LA" else levels
    expected = np.round(255 * samples["outputs"][1])
    expected = np.moveaxis(expected, 0, -1) if mode == "RGB" else expected.reshape(levels.shape)
    np.testing.assert_array_equal(levels, expected)
    error = np.mean((samples["outputs"][1] - samples["targets"][1]) ** 2)
    assert rows[1].error == pytest.approx(error)


def test_pictures_share_one_gray_scale() -> None:
    targets = np.array([[-1.0, 1.0], [0.0, 3.0]])
    rows = rows_of_pictures({"inputs": targets, "targets": targets, "outputs": 9 * targets})
    assert np.asarray(decoded(rows[0].target.source)).ravel().tolist() == [0, 128]
    assert np.asarray(decoded(rows[1].output.source)).ravel().tolist() == [64, 255]


def test_large_pictures_become_few_and_small() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    targets = generator.random((12, 3, 300, 200))
    rows = rows_of_pictures({"inputs": targets, "targets": targets, "outputs": targets})
    assert 1 <= len(rows) < 12
    assert (rows[0].target.width, rows[0].target.height) == (64, 96)
    assert sum(len(row.target.source) + len(row.output.source) for row in rows) < 260_000


@given(st.integers(1, 30), st.integers(0, 29), st.integers(1, 12))
def test_the_best_world_is_always_drawn(worlds: int, best: int, at_most: int) -> None:
    listed = [World(number, number, "complete", None, None, {}) for number in range(worlds)]
    drawn = [world.number for world in drawn_worlds(listed, best, at_most)]
    assert len(drawn) == min(worlds, at_most)
    assert drawn == sorted(set(drawn))
    assert best in drawn or best >= worlds


@given(st.text(), st.text())
def test_markup_reads_back_as_the_same_text(text: str, value: str) -> None:
    found = re.fullmatch(
        r'<p title="([^"<>]*)"><b>([^"<>]*)</b></p>', tag("p", tag("b", text), title=value).text
    )
    assert found is not None
    assert (html.unescape(found[1]), html.unescape(found[2])) == (value, text)
