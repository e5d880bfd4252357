"""Records come back bitwise, once each, whatever the parts, cuts and crashes."""

from __future__ import annotations

import errno
import subprocess
import sys
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coevo.errors import CoevoError
from coevo.files import remove_leftovers
from coevo.records import RecordWriter, last_generation, read, scan, truncate
from tests.coevo.disk_faults import fail_at, power_failures, steps_of
from tests.coevo.record_rows import bits, expected, record, rows, splits


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def found(directory: Path) -> dict[str, tuple[str, bytes]]:
    """The bits of all records, or those of none."""
    return bits(read(directory)) if last_generation(directory) is not None else {}


def wanted(generations: list[int]) -> dict[str, tuple[str, bytes]]:
    return expected(generations) if generations else {}


@given(splits())
@settings(max_examples=25)
def test_any_split_into_parts_gives_the_same_records(parts: list[list[int]]) -> None:
    generations = list(chain(*parts))
    with TemporaryDirectory() as name:
        directory = Path(name) / "records"
        record(directory, parts)
        assert bits(read(directory)) == expected(generations)
        lazy = scan(directory).sort("world", "generation", "cell").collect()
        assert bits(lazy) == expected(generations)
        assert last_generation(directory) == generations[-1]
        assert names(directory) == [f"part-{part[0]:08d}-{part[-1]:08d}.parquet" for part in parts]


@given(splits(), st.integers(-1, 31), st.data())
@settings(max_examples=40)
def test_cut_anywhere_and_continued_equals_never_interrupted(
    parts: list[list[int]], cut: int, data: st.DataObject
) -> None:
    generations = list(chain(*parts))
    kept = [generation for generation in generations if generation <= cut]
    again = [generation for generation in generations if generation > cut]
    with TemporaryDirectory() as name:
        directory = Path(name)
        record(directory, parts)
        truncate(directory, cut)
        assert found(directory) == wanted(kept)
        assert last_generation(directory) == (kept[-1] if kept else None)
        assert steps_of(lambda: truncate(directory, cut)) == []
        middle = data.draw(st.integers(0, len(again)))
        record(directory, [part for part in (again[:middle], again[middle:]) if part])
        assert bits(read(directory)) == expected(generations)


@pytest.mark.parametrize("cut", range(8))
def test_truncate_cut_short_by_a_power_failure_is_completed_by_the_next_one(
    tmp_path: Path, cut: int
) -> None:
    disk = tmp_path / "disk"
    record(disk, [[1, 2], [3, 4, 5], [6], [7]])
    kept = [generation for generation in range(1, 8) if generation <= cut]
    for copy in power_failures(disk, tmp_path, lambda: truncate(disk, cut)):
        # Whatever is left can be read and has every row that stays, once.
        if kept:
            assert bits(read(copy).filter(polars.col("generation") <= cut)) == expected(kept)
        remove_leftovers(copy)
        truncate(copy, cut)
        assert found(copy) == wanted(kept)
        record(copy, [[generation] for generation in range(cut + 1, 8) if generation])
        assert bits(read(copy)) == expected(list(range(1, 8)))


def test_a_power_failure_during_a_flush_leaves_all_of_a_part_or_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    record(disk, [[1, 2]])
    copies = power_failures(disk, tmp_path, lambda: record(disk, [[3, 4]]))
    states = [found(copy) for copy in copies]
    assert states[0] == wanted([1, 2])
    assert states[-1] == wanted([1, 2, 3, 4])
    assert all(state in (states[0], states[-1]) for state in states)


def test_a_failed_flush_can_be_repeated(tmp_path: Path) -> None:
    steps = steps_of(lambda: record(tmp_path / "rehearsal", [[1]]))
    for number in range(len(steps)):
        directory = tmp_path / str(number)
        writer = RecordWriter(directory)
        writer.append(rows(1))
        with pytest.raises(CoevoError, match="No space left on device"):
            fail_at(number, OSError(errno.ENOSPC, "No space left on device"), writer.flush)
        writer.flush()
        assert found(directory) == wanted([1])


def test_rows_may_come_in_pieces_and_in_any_order(tmp_path: Path) -> None:
    with RecordWriter(tmp_path) as writer:
        for generation in (2, 1):
            columns = rows(generation)
            for piece in (slice(2, None), slice(0, 0), slice(0, 2)):
                writer.append({name: values[piece][::-1] for name, values in columns.items()})
    assert found(tmp_path) == wanted([1, 2])


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    record(tmp_path, [[1]])
    with RecordWriter(tmp_path) as writer:
        writer.append(dict(reversed(rows(2).items())))
    assert found(tmp_path) == wanted([1, 2])
    assert read(tmp_path).columns == scan(tmp_path).collect().columns == list(rows(1))


def test_the_same_rows_give_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "other"):
        record(tmp_path / name, [[1, 2]])
    one, other = (next((tmp_path / name).iterdir()) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_tensors_and_arrays_are_the_same_and_are_copied(tmp_path: Path) -> None:
    columns = rows(1)
    tensors = {name: torch.from_numpy(values.copy()) for name, values in columns.items()}
    with RecordWriter(tmp_path / "arrays") as writer:
        writer.append(columns)
        for values in columns.values():
            values[:] = 0
    with RecordWriter(tmp_path / "tensors") as writer:
        writer.append({**tensors, "loss": tensors["loss"].requires_grad_()})
        for tensor in tensors.values():
            tensor.detach().zero_()
    assert found(tmp_path / "arrays") == wanted([1])
    assert found(tmp_path / "tensors") == wanted([1])


DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


@pytest.mark.parametrize("dtype", [*DTYPES, "float32", "float64", ">f8", ">i4"])
def test_every_dtype_comes_back(tmp_path: Path, dtype: str) -> None:
    values = np.array([0, 1, 1, 0]).astype(dtype)
    with RecordWriter(tmp_path) as writer:
        writer.append({**rows(1), "extra": values})
    column = read(tmp_path)["extra"].to_numpy()
    assert column.dtype == values.dtype.newbyteorder("=")
    assert column.tolist() == values.tolist()


def test_an_exception_in_the_block_writes_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with RecordWriter(tmp_path) as writer:
            writer.append(rows(1))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert names(tmp_path) == []


def test_no_rows_make_no_part(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "records")
    assert writer.flush() is None
    writer.append({name: values[:0] for name, values in rows(1).items()})
    assert writer.flush() is None
    assert not (tmp_path / "records").exists()
    truncate(tmp_path / "records", 0)
    assert last_generation(tmp_path / "records") is None


def test_importing_records_imports_no_table_library() -> None:
    check = "import sys, coevo.records; print({'polars', 'pyarrow', 'torch'} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", check],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "set()\n"
