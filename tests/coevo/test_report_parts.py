"""What the report counts and draws, against plainly written counterparts."""

from __future__ import annotations

import base64
import html
import io
import itertools
import re

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from coevo.reporting.curves import bands, best_cells, cell_lines, evenly
from coevo.reporting.lineage import families, founders
from coevo.reporting.markup import tag
from coevo.reporting.pictures import nearly_square, rows_of_pictures
from coevo.reporting.run_files import Samples
from coevo.reporting.torus_maps import torus_maps
from coevo.reporting.worlds import World, drawn_worlds

LOSSES = st.floats(1e-6, 10) | st.sampled_from([np.nan, np.inf])


@st.composite
def records(draw: st.DrawFn) -> polars.DataFrame:
    """Small records: losses may be missing, a world may stop."""
    worlds, generations = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    rows, columns = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    cells = rows * columns
    shape = (worlds, generations, cells)
    world, generation, cell = (axis.ravel() for axis in np.indices(shape))
    stop = np.array(draw(st.lists(st.integers(1, 8), min_size=worlds, max_size=worlds)))
    sources = st.integers(0, cells - 1)
    return polars.DataFrame(
        {
            "world": world,
            "seed": world + 5,
            "generation": generation + 1,
            "cell": cell,
            "row": cell // columns,
            "column": cell % columns,
            "running": generation + 1 < stop[world],
            "encoder_from": draw(arrays.arrays(np.int64, shape, elements=sources)).ravel(),
            "decoder_from": draw(arrays.arrays(np.int64, shape, elements=sources)).ravel(),
            "replaced": draw(arrays.arrays(np.bool_, shape)).ravel(),
            "loss": draw(arrays.arrays(np.float64, shape, elements=LOSSES)).ravel(),
        }
    )


@given(st.integers(1, 2000), st.integers(2, 500))
def test_evenly_keeps_both_ends_and_equal_gaps(length: int, at_most: int) -> None:
    kept = evenly(length, at_most)
    gaps = np.diff(kept)
    assert len(kept) == min(length, at_most)
    assert kept[0] == 0
    assert kept[-1] == length - 1
    assert (gaps > 0).all()
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


@given(records())
def test_bands_are_the_spread_over_cells_that_ran(table: polars.DataFrame) -> None:
    found = bands(table, "loss", 100)
    expected: dict[int, dict[int, list[float]]] = {}
    for row in table.iter_rows(named=True):
        if row["running"] and np.isfinite(row["loss"]):
            expected.setdefault(row["world"], {}).setdefault(row["generation"], []).append(
                row["loss"]
            )
    assert found.keys() == expected.keys()
    for world, band in found.items():
        spread = [expected[world][generation] for generation in sorted(expected[world])]
        assert band.generations.tolist() == sorted(expected[world])
        assert band.median.tolist() == pytest.approx([np.median(values) for values in spread])
        assert band.lowest.tolist() == [min(values) for values in spread]
        assert band.highest.tolist() == [max(values) for values in spread]


@given(records())
def test_the_best_cells_line_ends_at_the_lowest_loss(table: polars.DataFrame) -> None:
    cells = best_cells(table, "loss")
    lines, spread = cell_lines(table, "loss", cells, 100), bands(table, "loss", 100)
    assert lines.keys() == spread.keys()
    for world, line in lines.items():
        assert line.generations[-1] == spread[world].generations[-1]
        assert line.values[-1] == spread[world].lowest[-1]


@given(records())
def test_founders_are_followed_network_by_network(table: polars.DataFrame) -> None:
    found = families(table, table["world"].unique().to_list())
    for world in table["world"].unique():
        ran = table.filter(table["running"] & (table["world"] == world))
        assert (world in found) == (len(ran) > 0)
        for role in ("encoder", "decoder") if len(ran) else ():
            cells = int(table["cell"].max()) + 1  # type: ignore[arg-type]
            names = [f"founder {cell}" for cell in range(cells)]
            alive, moved = [len(set(names))], 0
            for rows in ran.partition_by("generation", maintain_order=True):
                moves = zip(rows[f"{role}_from"], rows["replaced"], names, strict=True)
                names = [names[source] if new else old for source, new, old in moves]
                alive.append(len(set(names)))
                moves = zip(rows["cell"], rows[f"{role}_from"], rows["replaced"], strict=True)
                moved = sum(new and source != cell for cell, source, new in moves)
            assert found[world].alive[role].tolist() == alive
            assert found[world].moved[role] == moved
            assert found[world].replaced == rows["replaced"].sum()
            assert found[world].largest[role] == max(names.count(name) for name in names)


def test_founders_are_counted_anew_after_a_gap() -> None:
    sources = np.zeros((4, 3), dtype=np.int64)
    generation, cell = (axis.ravel() for axis in np.indices((4, 3)))
    table = polars.DataFrame(
        {
            "world": 0 * cell,
            "generation": np.array([1, 2, 5, 6])[generation],
            "cell": cell,
            "running": cell >= 0,
            "encoder_from": sources.ravel(),
            "decoder_from": cell,
            "replaced": (cell != 2) | (generation == 3),
        }
    )
    family = families(table, [0])[0]
    assert family.generations.tolist() == [4, 5, 6]
    assert family.alive["encoder"].tolist() == [3, 2, 1]
    assert family.alive["decoder"].tolist() == [3, 3, 3]
    assert family.moved == {"encoder": 2, "decoder": 0}


@given(arrays.arrays(np.int64, (5, 4), elements=st.integers(0, 3)))
def test_families_never_come_back(sources: np.ndarray) -> None:
    living = founders(sources, np.ones((5, 4), dtype=bool))
    for before, after in itertools.pairwise(living):
        assert set(after.tolist()) <= set(before.tolist())


@given(records())
def test_maps_show_the_latest_measurement(table: polars.DataFrame) -> None:
    worlds = table["world"].unique().to_list()
    maps = torus_maps(table, "loss", worlds)
    finite = table.filter(table["loss"].is_finite())
    if maps is None:
        assert finite.is_empty()
        return
    assert maps.generations.tolist() == finite["generation"].unique().sort().to_list()
    for world in worlds:
        own = finite.filter(finite["world"] == world)
        for frame, generation in zip(maps.frames[world], maps.generations, strict=True):
            expected = np.full(maps.rows * maps.columns, np.nan)
            known = own.filter(own["generation"] <= generation)["generation"].max() or -1
            for row in own.filter(own["generation"] == known).iter_rows(named=True):
                expected[row["row"] * maps.columns + row["column"]] = row["loss"]
            np.testing.assert_array_equal(frame, expected)


def test_large_maps_are_few() -> None:
    def maps(rows: int, columns: int, worlds: int) -> tuple[int, int] | None:
        world, generation, cell = (
            axis.ravel() for axis in np.indices((worlds, 40, rows * columns))
        )
        table = polars.DataFrame(
            {
                "world": world,
                "generation": generation,
                "row": cell // columns,
                "column": cell % columns,
                "loss": 1.0 + cell,
            }
        )
        found = torus_maps(table, "loss", list(range(worlds)))
        return found and (len(found.frames), len(found.generations))

    assert maps(3, 3, 9) == (6, 30)
    assert maps(20, 50, 2) == (2, 15)
    assert maps(100, 60, 2) == (1, 5)
    assert maps(150, 100, 1) is None


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
