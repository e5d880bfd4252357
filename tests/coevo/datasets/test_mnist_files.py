"""MNIST: known facts of the published files, and what is refused."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import pytest
import torch

from coevo.datasets import DataOptions, load_dataset
from coevo.errors import CoevoError


def write_blank(path: Path, rows: int, *marked: int) -> None:
    """Write black images, without filling the disk; the first pixel of marked ones is white."""
    with path.open("wb") as file:
        file.write(struct.pack(">BBBBIII", 0, 0, 8, 3, rows, 28, 28))
        file.truncate(16 + rows * 784)
        for row in marked:
            file.seek(16 + row * 784)
            file.write(b"\xff")


@pytest.mark.data
def test_known_facts(data_directory: Path) -> None:
    mnist = load_dataset("mnist", DataOptions(directory=data_directory))
    assert [split.rows for _, split in mnist.splits()] == [55_000, 5_000, 10_000]
    assert mnist.input_shape == (1, 28, 28)
    assert mnist.train.targets is None
    training = torch.cat([mnist.train.inputs, mnist.validation.inputs])
    assert training.dtype == torch.float32
    # The mean and deviation that everyone normalizes MNIST with, and the sums behind them.
    assert float(training.mean(dtype=torch.float64)) == pytest.approx(0.1306604762738429)
    variance = training.var(correction=0)
    assert float(variance.sqrt()) == pytest.approx(0.3081078, abs=1e-5)
    assert int(training.mul(255).round().sum(dtype=torch.float64)) == 1_567_298_545
    assert int(mnist.test.inputs.mul(255).round().sum(dtype=torch.float64)) == 264_923_200
    assert mnist.description == (
        "the first 55000 of the published training images, the last 5000 of them for validation; "
        "the published 10000 test images"
    )


@pytest.mark.data
def test_ink_is_where_normalized_drawings_have_theirs(data_directory: Path) -> None:
    """What `normalized_frame` imitates: 20 x 20 pixels of ink, placed by its center of mass."""
    test = load_dataset("mnist", DataOptions(directory=data_directory)).test.inputs[:, 0].double()
    pixels = torch.arange(28, dtype=torch.float64) + 0.5
    for mass in (test.sum(1), test.sum(2)):
        center = (mass * pixels).sum(1) / mass.sum(1)
        assert float(center.mean()) == pytest.approx(14.5, abs=0.02)
        assert float((center - 14.5).abs().quantile(0.99)) < 0.51
        inked = mass > 0
        last = 27 - inked.flip(1).to(torch.uint8).argmax(1)
        assert int((last - inked.to(torch.uint8).argmax(1)).max()) + 1 == 20


def test_plain_files_beside_the_folder_are_found_and_split_in_order(tmp_path: Path) -> None:
    write_blank(tmp_path / "train-images-idx3-ubyte", 60_000, 0, 54_999, 55_001)
    write_blank(tmp_path / "t10k-images-idx3-ubyte", 10_000, 7)
    mnist = load_dataset("mnist", DataOptions(directory=tmp_path))
    found = [split.inputs[:, 0, 0, 0].nonzero()[:, 0].tolist() for _, split in mnist.splits()]
    assert found == [[0, 54_999], [1], [7]]


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(CoevoError) as caught:
        load_dataset("mnist", DataOptions(directory=tmp_path))
    assert str(caught.value) == (
        f"{tmp_path}: has no 'train-images-idx3-ubyte.gz' or 'train-images-idx3-ubyte', neither in "
        "'mnist' nor beside it; put the file there, or set the option 'directory' or the "
        "environment variable COEVO_DATA"
    )


def test_another_number_of_images_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    write_blank(path, 100)
    with pytest.raises(CoevoError) as caught:
        load_dataset("mnist", DataOptions(directory=tmp_path))
    assert str(caught.value) == (
        f"{path}: holds an array of shape (100, 28, 28), want (60000, 28, 28) as in MNIST; "
        "use dataset 'idx' for other data of this format"
    )


def test_a_download_that_broke_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(bytes(5000))[:-9])
    with pytest.raises(CoevoError, match="the compressed data end early"):
        load_dataset("mnist", DataOptions(directory=tmp_path))
