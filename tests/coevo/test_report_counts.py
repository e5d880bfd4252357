"""What the report counts, against plainly written counterparts."""

from __future__ import annotations

import itertools

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coevo.reporting.curves import bands, best_cells, cell_lines, evenly
from coevo.reporting.lineage import families, founders
from coevo.reporting.torus_frames import MOST_BYTES, MOST_FRAMES, room, torus_frames

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
            cells = int(table["cell"].max()) + 1  # type: ignore[arg-type]  # a column of integers
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


@given(records(), st.integers(2, 6))
def test_frames_show_the_latest_measurement(table: polars.DataFrame, frames: int) -> None:
    ran = table.filter(polars.col("running") & (polars.col("world") == 0))
    if ran.is_empty():
        return
    torus = torus_frames("any", ran, "loss", frames)
    generations = ran["generation"].unique().sort()
    assert torus.generations.tolist() == [
        generations[int(k)] for k in evenly(len(generations), frames)
    ]
    finite = ran.filter(ran["loss"].is_finite())
    for frame, generation in zip(torus.loss, torus.generations, strict=True):
        expected = np.full(torus.rows * torus.columns, np.nan, dtype=np.float32)
        known = finite.filter(finite["generation"] <= generation)["generation"].max() or -1
        for row in finite.filter(finite["generation"] == known).iter_rows(named=True):
            expected[row["row"] * torus.columns + row["column"]] = row["loss"]
        np.testing.assert_array_equal(frame, expected)


@given(st.integers(1, 40), st.integers(1, 70_000))
def test_frames_fit_into_the_page(worlds: int, cells: int) -> None:
    frames, shown = room(worlds, cells)
    assert shown <= worlds
    assert shown * frames * cells * 28 <= MOST_BYTES
    assert shown == 0 or 2 <= frames <= MOST_FRAMES


def test_large_toruses_have_few_frames_of_few_worlds() -> None:
    assert room(9, 9) == (60, 9)
    assert room(2, 1000) == (44, 2)
    assert room(12, 1000) == (12, 7)
    assert room(2, 10_000) == (8, 1)
    assert room(1, 60_000)[1] == 0
