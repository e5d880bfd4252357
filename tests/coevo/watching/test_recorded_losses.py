"""Records that grow, shrink and vanish while they are summed up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.record_parts import Part
from coevo.records import RecordWriter, read, truncate
from coevo.watching import recorded
from coevo.watching.recorded import Recorded, RecordReader
from tests.coevo.watching.watched import Watched


def same(one: Recorded, other: Recorded) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "best")
        for name in ("generations", "best", "stopped_at")
    )


def plainly(directory: Path, worlds: int) -> tuple[list[int], list[list[float]]]:
    """Generations, and the best loss of each world that was going, one row after the other."""
    table = read(directory)
    generations = sorted(set(table["generation"].to_list()))
    best = [[float("nan")] * worlds for _ in generations]
    for row in table.iter_rows(named=True):
        place = best[generations.index(row["generation"])]
        old, new = place[row["world"]], row["validation_mse"]
        if row["running"] and np.isfinite(new) and not old <= new:
            place[row["world"]] = new
    return generations, best


@st.composite
def histories(draw: st.DrawFn) -> tuple[np.ndarray, list[int]]:
    """Losses ``[generations, worlds, cells]``, some of no use, and where parts end."""
    shape = tuple(draw(st.integers(1, most)) for most in (8, 3, 4))
    values = st.sampled_from([0.1, 0.25, 0.5, 2.0, np.nan, np.inf])
    flat = draw(st.lists(values, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    cuts = draw(st.lists(st.integers(1, shape[0]), unique=True))
    return np.array(flat).reshape(shape), sorted({*cuts, shape[0]})


@given(history=histories(), stops=st.lists(st.integers(1, 9), min_size=3, max_size=3))
def test_part_by_part_it_sums_up_what_all_records_say(
    history: tuple[np.ndarray, list[int]],
    stops: list[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    losses, ends = history
    directory = tmp_path_factory.mktemp("records") / "records"
    generations, worlds, cells = losses.shape
    world, cell = (array.ravel() for array in np.indices((worlds, cells)))
    stop = np.array(stops)[world]
    reader = RecordReader(directory, "mse", worlds)
    assert reader.refresh().last == 0
    with RecordWriter(directory) as writer:
        for generation in range(1, generations + 1):
            rows = {
                "world": world,
                "generation": np.full(world.size, generation),
                "cell": cell,
                "running": generation < stop,
                "validation_mse": losses[generation - 1].ravel(),
            }
            writer.append({name: values[generation <= stop] for name, values in rows.items()})
            if generation in ends:
                writer.flush()
                assert same(reader.refresh(), RecordReader(directory, "mse", worlds).refresh())
    found = reader.refresh()
    known, best = plainly(directory, worlds)
    assert found.generations.tolist() == known
    np.testing.assert_array_equal(found.best, best)
    expected = [s if s <= generations else 0 for s in stops[:worlds]]
    assert found.stopped_at.tolist() == expected


def test_each_part_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_parts: list[list[int]] = []
    scan = recorded._scan

    def watched(parts: Sequence[Part]) -> pl.LazyFrame:
        read_parts.append([part.first for part in parts])
        return scan(parts)

    monkeypatch.setattr(recorded, "_scan", watched)
    run = Watched()
    reader = RecordReader(tmp_path / "records", "mse", 1)
    for first in (1, 11, 21):
        run.record(tmp_path, first, first + 9)
        reader.refresh()
        reader.refresh()
    # Once for the names of columns and once for the rows.
    assert read_parts == [[1], [1], [11], [11], [21], [21]]
    fresh = RecordReader(tmp_path / "records", "mse", 1)
    read_parts.clear()
    fresh.refresh()
    assert read_parts == [[1], [1, 11, 21]]


def test_what_a_resumed_run_takes_back_is_forgotten(tmp_path: Path) -> None:
    run = Watched()
    records = tmp_path / "records"
    reader = RecordReader(records, "mse", 1)
    run.record(tmp_path, 1, 10)
    run.record(tmp_path, 11, 20)
    assert reader.refresh().last == 20
    truncate(records, 14)
    assert reader.refresh().last == 14
    run.record(tmp_path, 15, 16)
    assert reader.refresh().generations.tolist() == list(range(1, 17))


def test_a_part_that_vanishes_while_it_is_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Watched()
    records = tmp_path / "records"
    run.record(tmp_path, 1, 10)
    last = run.record(tmp_path, 11, 20)
    found = recorded._keyed(records)
    monkeypatch.setattr(recorded, "_keyed", lambda _: found)
    last.rename(tmp_path / "aside")
    reader = RecordReader(records, "mse", 1)
    assert reader.refresh().last == 10
    assert reader.torus(0, 2, 3) is not None
    (tmp_path / "aside").rename(last)
    assert reader.refresh().last == 20
    for path in records.iterdir():
        path.unlink()
    assert reader.refresh().last == 20
    assert RecordReader(records, "mse", 1).refresh().last == 0
    assert reader.torus(0, 2, 3) is None


def test_a_damaged_part_hides_no_other(tmp_path: Path) -> None:
    run = Watched()
    run.record(tmp_path, 1, 10)
    damaged = run.record(tmp_path, 11, 20)
    run.record(tmp_path, 21, 30)
    damaged.write_bytes(damaged.read_bytes()[:100])
    found = RecordReader(tmp_path / "records", "mse", 1).refresh()
    assert found.generations.tolist() == [*range(1, 11), *range(21, 31)]


def test_a_torus_shows_the_last_measurement_of_its_world(tmp_path: Path) -> None:
    run = Watched(seeds=(1, 2), stopped={1: 14})
    for first in (1, 11, 21):
        run.record(tmp_path, first, first + 9)
    reader = RecordReader(tmp_path / "records", "mse", 2)
    reader.refresh()
    for world, generation in ((0, 30), (1, 13)):
        cells = reader.torus(world, 2, 3)
        assert cells is not None
        assert cells.generation == generation
        assert cells.best == (0, 0)
        expected = [
            [run.loss(generation, world, 3 * row + column) for column in range(3)]
            for row in range(2)
        ]
        np.testing.assert_allclose(cells.losses, expected)
