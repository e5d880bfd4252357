"""The IDX format: round trips, known bytes and every kind of damage."""

from __future__ import annotations

import gzip
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coevo.datasets import DataOptions, Dataset, load_dataset
from coevo.datasets.idx import parse_idx, read_idx
from coevo.errors import CoevoError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, CODES[array.dtype.str[1:]], array.ndim])
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return header + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


any_array = arrays.arrays(
    st.sampled_from(sorted(CODES)).map(np.dtype),
    arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
)


@given(any_array)
def test_what_was_written_is_read(array: np.ndarray) -> None:
    found = parse_idx(idx_bytes(array), "x")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_known_bytes() -> None:
    data = bytes.fromhex("00000b02 00000002 00000001 0102 ffff".replace(" ", ""))
    assert parse_idx(data, "x").tolist() == [[258], [-1]]


@given(any_array.filter(lambda array: array.size > 0), st.data())
def test_a_cut_file_is_refused(array: np.ndarray, data: st.DataObject) -> None:
    whole = idx_bytes(array)
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(CoevoError):
        parse_idx(whole[:length], "x")


@given(st.binary(max_size=40) | st.binary(max_size=30).map(lambda tail: b"\0\0\x08\x01" + tail))
def test_any_bytes_are_an_array_or_a_clear_error(data: bytes) -> None:
    # Any other exception fails the test.
    with suppress(CoevoError):
        assert parse_idx(data, "x").size <= len(data)


WHOLE = idx_bytes(np.zeros((2, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            b"PK\x03\x04 zip",
            "x: starts with bytes 50 4b 03 04, which is no IDX magic number; want 00 00, a type "
            "(08, 09, 0b, 0c, 0d or 0e) and a number of dimensions",
        ),
        (
            b"",
            "x: starts with bytes (none), which is no IDX magic number; want 00 00, a type "
            "(08, 09, 0b, 0c, 0d or 0e) and a number of dimensions",
        ),
        (
            WHOLE[:9],
            "x: ends inside the IDX header: 9 bytes, want at least 12; fetch the file again",
        ),
        (
            WHOLE[:-1],
            "x: 17 bytes, but its header (shape (2, 3), type uint8) wants 18; fetch the file again",
        ),
        (
            WHOLE + b"\0",
            "x: 19 bytes, but its header (shape (2, 3), type uint8) wants 18; fetch the file again",
        ),
    ],
)
def test_damage_is_named(data: bytes, text: str) -> None:
    with pytest.raises(CoevoError) as caught:
        parse_idx(data, "x")
    assert str(caught.value) == text


@pytest.mark.parametrize("magic", ["01000801", "00010801", "00000701", "00000a01", "00000800"])
def test_other_magic_numbers_are_refused(magic: str) -> None:
    with pytest.raises(CoevoError, match="no IDX magic number"):
        parse_idx(bytes.fromhex(magic) + bytes(8), "x")


@pytest.mark.parametrize("name", ["rows.gz", "rows"])
def test_compressed_files_are_known_by_their_content(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(WHOLE))
    assert read_idx(tmp_path / name).shape == (2, 3)


def test_damaged_compressed_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.gz"
    whole = gzip.compress(np.random.Generator(np.random.Philox(0)).bytes(1000))
    path.write_bytes(whole[:500])
    with pytest.raises(CoevoError) as caught:
        read_idx(path)
    assert str(caught.value) == (
        f"{path}: the compressed data end early (500 bytes); fetch the file again"
    )
    path.write_bytes(WHOLE)
    with pytest.raises(CoevoError) as caught:
        read_idx(path)
    assert str(caught.value) == (
        f"{path}: is not compressed by gzip, as its name says; fetch it again"
    )
    path.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    with pytest.raises(CoevoError, match=r"damaged \(CRC check failed"):
        read_idx(path)


compressed = gzip.compress(WHOLE, mtime=0)


@given(st.integers(0, len(compressed) - 1), st.integers(1, 255), st.integers(0, len(compressed)))
def test_no_other_error_escapes_from_compressed_files(
    tmp_path_factory: pytest.TempPathFactory, position: int, change: int, length: int
) -> None:
    data = bytearray(compressed)
    data[position] ^= change
    path = tmp_path_factory.getbasetemp() / "changed.gz"
    path.write_bytes(bytes(data[:length]))
    # Any other exception fails the test, and so do wrong numbers: a checksum guards them.
    with suppress(CoevoError):
        assert read_idx(path).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CoevoError) as caught:
        read_idx(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"


def written(tmp_path: Path, train: np.ndarray, test: np.ndarray) -> DataOptions:
    (tmp_path / "train.idx").write_bytes(idx_bytes(train))
    (tmp_path / "test.idx").write_bytes(idx_bytes(test))
    return DataOptions(directory=tmp_path, train_file="train.idx", test_file="test.idx")


def numbered(rows: int) -> np.ndarray:
    images = np.zeros((rows, 4, 5), dtype=np.uint8)
    images[:, 0, 0] = np.arange(rows)
    images[:, 3, 4] = 255
    return images


def numbers(dataset: Dataset, name: str) -> list[int]:
    pixels = getattr(dataset, name).inputs[:, 0, 0, 0]
    return [int(value) for value in (pixels * 255).round()]


def test_two_files_make_a_data_set(tmp_path: Path) -> None:
    options = written(tmp_path, numbered(40), numbered(7))
    data = load_dataset("idx", options)
    assert data.input_shape == (1, 4, 5)
    assert numbers(data, "test") == list(range(7))
    assert sorted(numbers(data, "train") + numbers(data, "validation")) == list(range(40))
    assert data.validation.rows == 4
    assert float(data.train.inputs[0, 0, 3, 4]) == 1.0
    assert data.description == (
        "36 training and 4 validation rows of train.idx, drawn at random by split_seed 0; "
        "7 test rows of test.idx"
    )


def test_the_share_and_the_seed_decide_the_validation_rows(tmp_path: Path) -> None:
    options = written(tmp_path, numbered(40), numbered(7))
    paths: dict[str, Any] = {
        "train_file": tmp_path / "train.idx",
        "test_file": tmp_path / "test.idx",
    }
    other = load_dataset("idx", DataOptions(**paths, validation_share=0.25, split_seed=1))
    assert other.validation.rows == 10
    same_share = load_dataset("idx", DataOptions(**paths, split_seed=1))
    assert numbers(same_share, "validation") != numbers(load_dataset("idx", options), "validation")


def test_vectors_and_colors_keep_their_shape(tmp_path: Path) -> None:
    vectors = written(tmp_path, np.zeros((9, 6), np.float32), np.ones((2, 6), np.float32))
    assert load_dataset("idx", vectors).input_shape == (6,)
    colors = written(tmp_path, np.zeros((9, 3, 4, 5), np.uint8), np.zeros((2, 3, 4, 5), np.uint8))
    assert load_dataset("idx", colors).input_shape == (3, 4, 5)


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CoevoError, match=r"idx: test inputs have shape \(1, 4, 4\), train inputs"):
        load_dataset("idx", written(tmp_path, numbered(9), np.zeros((2, 4, 4), np.uint8)))
    labels = np.zeros(9, np.uint8)
    with pytest.raises(CoevoError, match=r"train\.idx: shape \(9,\) is not rows of data"):
        load_dataset("idx", written(tmp_path, labels, numbered(3)))
    with pytest.raises(CoevoError, match=r"train\.idx: values from 0 to 9 are not in \[0, 1\]"):
        load_dataset("idx", written(tmp_path, np.array([[0, 9]], np.int16), numbered(3)))
    with pytest.raises(CoevoError, match=r"train\.idx: 1 rows are too few"):
        load_dataset("idx", written(tmp_path, numbered(1), numbered(3)))
    with pytest.raises(CoevoError, match=r"^train_file: is not set; dataset 'idx' needs a path"):
        load_dataset("idx", DataOptions(directory=tmp_path))


def test_targets_are_the_inputs(tmp_path: Path) -> None:
    data = load_dataset("idx", written(tmp_path, numbered(9), numbered(3)))
    assert data.train.targets is None
    assert data.train.inputs.dtype == torch.float32
