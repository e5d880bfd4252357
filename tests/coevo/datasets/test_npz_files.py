"""Archives of numpy arrays: both layouts, and everything that is refused."""

from __future__ import annotations

import pickle
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo.datasets import DataOptions, Dataset, load_dataset
from coevo.errors import CoevoError


def load(path: Path, **arrays: Any) -> Dataset:
    np.savez(path, **arrays)
    return load_dataset("npz", DataOptions(file=path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own.npz"


def refusal(path: Path, **arrays: np.ndarray) -> str:
    with pytest.raises(CoevoError) as caught:
        load(path, **arrays)
    return str(caught.value)


def test_three_arrays_stay_as_they_are(path: Path) -> None:
    stored = {
        name: np.full((rows, 4, 5), 51 * rows, np.uint8)
        for rows, name in enumerate(("train", "validation", "test"), start=2)
    }
    data = load(path, **stored, labels=np.array(["unread"]))
    for rows, (_, split) in enumerate(data.splits(), start=2):
        torch.testing.assert_close(split.inputs, torch.full((rows, 1, 4, 5), rows / 5))
        assert split.targets is None
    assert data.description == "2 train, 3 validation, 4 test rows as own.npz has them"


def test_targets_come_along(path: Path) -> None:
    stored = {name: np.zeros((2, 6)) for name in ("train", "validation", "test")}
    targets = {f"{name}_targets": np.ones((2, 3)) for name in stored}
    data = load(path, **stored, **targets)
    assert (data.input_shape, data.target_shape) == ((6,), (3,))
    del targets["test_targets"]
    assert refusal(path, **stored, **targets) == (
        "npz: test differs from train; either all splits have targets or none has"
    )


def test_one_array_is_shared_out_with_its_targets(path: Path) -> None:
    inputs = (np.arange(40) / 64).reshape(40, 1)
    data = load(path, inputs=inputs, targets=1 - inputs)
    assert [split.rows for _, split in data.splits()] == [32, 4, 4]
    found = []
    for _, split in data.splits():
        assert split.targets is not None
        assert torch.equal(split.targets, 1 - split.inputs)
        found += split.inputs[:, 0].tolist()
    assert sorted(found) == inputs[:, 0].tolist()
    other = load_dataset("npz", DataOptions(file=path, split_seed=1))
    assert not torch.equal(other.test.inputs, data.test.inputs)
    assert data.description == (
        "32 training, 4 validation, 4 test rows of own.npz, drawn at random by split_seed 0"
    )


def test_compressed_files_are_read(path: Path) -> None:
    np.savez_compressed(path, inputs=np.ones((10, 3)))
    assert load_dataset("npz", DataOptions(file=path)).train.inputs.sum() == 24


ROWS = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        (
            {"train": ROWS, "test": ROWS},
            "array 'validation' is missing; the file has: train, test",
        ),
        ({"images": ROWS}, "array 'train' is missing; the file has: images"),
        ({}, "array 'train' is missing; the file has: none"),
        (
            {"train": ROWS, "inputs": ROWS},
            "has both arrays 'inputs' and 'train'; keep 'inputs' to have it split, or 'train', "
            "'validation' and 'test'",
        ),
        (
            {"inputs": np.full((9, 3), 2.5)},
            "array 'inputs': values from 2.5 to 2.5 are not in [0, 1]; rescale them, or store "
            "uint8 from 0 to 255",
        ),
        (
            {"inputs": np.zeros(9)},
            "array 'inputs': shape (9,) is not rows of data; give [rows, n], "
            "[rows, height, width] or [rows, channels, height, width]",
        ),
        (
            {"inputs": np.zeros((9, 3)), "targets": np.zeros((8, 3))},
            "9 inputs but 8 targets; save one target for every input",
        ),
        (
            {"inputs": np.zeros((2, 3))},
            "2 rows are too few; holding out 1 for validation and 1 for test leaves none to "
            "train on",
        ),
    ],
)
def test_other_contents_are_refused(path: Path, arrays: dict[str, np.ndarray], text: str) -> None:
    assert refusal(path, **arrays) == f"{path}: {text}"


def test_python_objects_are_refused_and_nothing_of_them_runs(path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return pytest.fail, ("a pickle was opened",)

    objects = np.empty((3, 1), dtype=object)
    objects[:] = Trap()
    assert refusal(path, inputs=objects) == (
        f"{path}: array 'inputs' holds Python objects, which are never loaded; save numbers of "
        "one shape"
    )
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(CoevoError) as caught:
        load_dataset("npz", DataOptions(file=path))
    assert str(caught.value) == f"{path}: is not an .npz file; save it with numpy.savez"


def test_other_files_are_refused(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, ROWS)
    with pytest.raises(CoevoError) as caught:
        load_dataset("npz", DataOptions(file=path))
    assert str(caught.value) == (
        f"{path}: is a single array (.npy); save it with numpy.savez(inputs=...)"
    )
    for content in (b"", b"text", b"PK\x03\x04 broken off"):
        path.write_bytes(content)
        with pytest.raises(CoevoError, match=r"is not an \.npz file"):
            load_dataset("npz", DataOptions(file=path))
    with pytest.raises(CoevoError, match="cannot be read: Is a directory"):
        load_dataset("npz", DataOptions(file=path.parent))


def test_entries_that_are_no_arrays_are_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs", b"only text")
    with pytest.raises(CoevoError) as caught:
        load_dataset("npz", DataOptions(file=path))
    assert str(caught.value) == (
        f"{path}: array 'inputs' is not an array; save the file with numpy.savez"
    )


@given(st.data())
def test_no_other_error_escapes_from_damaged_files(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    np.savez(path, inputs=np.zeros((8, 3)))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    # Any other exception fails the test.
    with suppress(CoevoError):
        load_dataset("npz", DataOptions(file=path))


@given(st.binary(max_size=60))
def test_no_other_error_escapes_from_damaged_headers(
    tmp_path_factory: pytest.TempPathFactory, header: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "header.npz"
    length = len(header).to_bytes(2, "little")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs.npy", b"\x93NUMPY\x01\x00" + length + header)
    with pytest.raises(CoevoError, match="array 'inputs' is damaged"):
        load_dataset("npz", DataOptions(file=path))
