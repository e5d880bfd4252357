"""Damaged parts and wrong rows are refused by name, and nothing is recorded of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars
import pytest
import torch

from coevo.errors import CoevoError
from coevo.record_parts import Columns, encode_part
from coevo.records import RecordWriter, read, scan, truncate
from tests.coevo.record_rows import bits, record, rows

ONE = "part-00000001-00000001.parquet"


def damaged(path: Path) -> str:
    return (
        f"{path}: damaged or unreadable; restore it, or remove it to go on without its generations"
    )


def test_a_changed_byte_anywhere_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    record(tmp_path, [[1]])
    file = tmp_path / ONE
    data, original = file.read_bytes(), bits(read(tmp_path))
    refused = 0
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        file.write_bytes(changed)
        try:
            assert bits(read(tmp_path)) == original
        except CoevoError as error:
            refused += str(error) == damaged(file)
    # The rest is what nothing reads: page sizes that are implied, the name of the writing library.
    assert refused > len(data) // 2


def test_a_part_cut_at_any_length_is_refused(tmp_path: Path) -> None:
    record(tmp_path, [[1]])
    file = tmp_path / ONE
    data = file.read_bytes()
    for length in range(0, len(data), 7):
        file.write_bytes(data[:length])
        for reading in (read, scan):
            with pytest.raises(CoevoError) as caught:
                reading(tmp_path)
            assert str(caught.value) == damaged(file)


def test_changed_rows_in_a_part_that_parquet_finds_sound_are_refused(tmp_path: Path) -> None:
    record(tmp_path, [[1]])
    read(tmp_path).with_columns(loss=polars.lit(0.0)).write_parquet(tmp_path / ONE)
    with pytest.raises(CoevoError, match="damaged or unreadable"):
        read(tmp_path)


def test_a_damaged_part_stops_what_would_build_on_it(tmp_path: Path) -> None:
    record(tmp_path, [[1], [2, 3]])
    file = tmp_path / "part-00000002-00000003.parquet"
    file.write_bytes(b"")
    for action in (lambda: RecordWriter(tmp_path), lambda: truncate(tmp_path, 2)):
        with pytest.raises(CoevoError) as caught:
            action()
        assert str(caught.value) == damaged(file)
    truncate(tmp_path, 1)
    assert not file.exists()


def test_a_part_under_another_name_is_refused(tmp_path: Path) -> None:
    record(tmp_path, [[1]])
    renamed = (tmp_path / ONE).rename(tmp_path / "part-00000002-00000003.parquet")
    with pytest.raises(CoevoError) as caught:
        read(tmp_path)
    assert str(caught.value) == f"{renamed}: is {ONE}; give it its name back"


@pytest.mark.parametrize(
    "action", [read, scan, RecordWriter, lambda directory: truncate(directory, 0)]
)
def test_a_generation_in_two_parts_is_refused_with_both_names(
    tmp_path: Path, action: Callable[[Path], object]
) -> None:
    record(tmp_path, [[1, 2, 3]])
    (tmp_path / "part-00000003-00000004.parquet").write_bytes(encode_part(rows(4)))
    with pytest.raises(CoevoError) as caught:
        action(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: part-00000001-00000003.parquet and part-00000003-00000004.parquet both hold "
        "generation 3; remove one of them"
    )


@pytest.mark.parametrize("reading", [read, scan])
def test_parts_with_different_columns_are_refused(
    tmp_path: Path, reading: Callable[[Path], object]
) -> None:
    record(tmp_path, [[1]])
    other = tmp_path / "part-00000002-00000002.parquet"
    other.write_bytes(encode_part({**rows(2), "loss": np.ones(4, np.float32)}))
    with pytest.raises(CoevoError) as caught:
        reading(tmp_path)
    assert str(caught.value).startswith(f"{other}: its columns ")
    assert f"are not those of {ONE}, " in str(caught.value)


@pytest.mark.parametrize("reading", [read, scan])
def test_a_directory_without_records_is_refused(
    tmp_path: Path, reading: Callable[[Path], object]
) -> None:
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(CoevoError) as caught:
            reading(directory)
        assert str(caught.value) == (
            f"{directory}: holds no records; give the records directory of a run"
        )


def test_other_files_are_ignored(tmp_path: Path) -> None:
    record(tmp_path, [[1]])
    before = bits(read(tmp_path))
    for name in (f".tmp-{ONE}", "part-1-1.parquet", f"{ONE}.old", "notes.txt"):
        (tmp_path / name).write_bytes(b"other")
    assert bits(read(tmp_path)) == before


def test_names_that_look_like_patterns_are_names(tmp_path: Path) -> None:
    directory = tmp_path / "seed=1" / "[a]*"
    record(directory, [[1]])
    assert read(directory).columns == scan(directory).collect().columns == list(rows(1))


WRONG: dict[str, Callable[[Columns], dict[str, object]]] = {
    "column 'cell' is missing or not an integer; add it": (
        lambda columns: {name: columns[name] for name in columns if name != "cell"}
    ),
    "column 'world' is missing or not an integer; add it": (
        lambda columns: {**columns, "world": np.zeros(4)}
    ),
    "column 'loss' is float16; convert it to a bool, an int, float32 or float64": (
        lambda columns: {**columns, "loss": np.zeros(4, np.float16)}
    ),
    "column 'loss' is bfloat16; convert it to a bool, an int, float32 or float64": (
        lambda columns: {**columns, "loss": torch.zeros(4, dtype=torch.bfloat16)}
    ),
    "column 'loss' is float32, but float64 in earlier records; "
    "record the same columns in every generation": (
        lambda columns: {**columns, "loss": np.zeros(4, np.float32)}
    ),
    "column 'loss' is missing, but float64 in earlier records; "
    "record the same columns in every generation": (
        lambda columns: {name: columns[name] for name in columns if name != "loss"}
    ),
    "column 'more' is bool, but missing in earlier records; "
    "record the same columns in every generation": (
        lambda columns: {**columns, "more": np.zeros(4, bool)}
    ),
    "generation 1 is not later than 1, the last one recorded; truncate the records first": (
        lambda columns: {**columns, "generation": np.array([2, 2, 1, 2])}
    ),
    "generations -1 to 2 are not in 0 to 99999999": (
        lambda columns: {**columns, "generation": np.array([2, 2, -1, 2])}
    ),
    "generations 2 to 100000000 are not in 0 to 99999999": (
        lambda columns: {**columns, "generation": np.array([2, 2, 10**8, 2])}
    ),
}


@pytest.mark.parametrize("message", WRONG)
@pytest.mark.parametrize("reopened", [False, True])
def test_wrong_rows_are_named_and_not_added(tmp_path: Path, message: str, reopened: bool) -> None:
    writer = RecordWriter(tmp_path)
    writer.append(rows(1))
    writer.flush()
    if reopened:
        writer = RecordWriter(tmp_path)
    with pytest.raises(CoevoError) as caught:
        writer.append(WRONG[message](rows(2)))  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value) == f"{tmp_path}: {message}"
    assert writer.flush() is None


def test_columns_of_different_lengths_are_refused(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path)
    small = {"world": np.zeros(2, int), "generation": np.ones(2, int)}
    for cell, shape in ((np.zeros(3, int), "(3,)"), (np.zeros((2, 1), int), "(2, 1)")):
        with pytest.raises(CoevoError) as caught:
            writer.append({**small, "cell": cell})
        assert str(caught.value) == (
            f"{tmp_path}: columns of shapes {{'world': (2,), 'generation': (2,), 'cell': {shape}}}; "
            "give one value per row in each"
        )


def test_a_row_that_is_appended_twice_is_refused(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path)
    writer.append(rows(1))
    writer.append({name: values[-1:] for name, values in rows(1).items()})
    with pytest.raises(CoevoError) as caught:
        writer.flush()
    assert str(caught.value) == (
        f"{tmp_path}: the row {{'world': 1, 'generation': 1, 'cell': 1}} was appended twice; "
        "append each row once"
    )
    assert list(tmp_path.iterdir()) == []
