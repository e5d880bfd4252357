"""Omniglot: known facts of the published archives, and archives made up to be wrong."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from coevo.datasets import DataOptions, load_dataset
from coevo.datasets.options import FrameName
from coevo.errors import CoevoError

NAMES = [f"images_background_small{number}.zip" for number in (1, 2)]
INK = [  # inked pixels of the one-bit drawings, counted alphabet by alphabet
    447_658 + 291_198 + 338_604 + 641_697 + 329_337,
    43_958 + 30_499 + 35_803 + 85_715 + 42_127,
    712_475 + 82_261 + 819_183 + 88_294 + 280_118 + 29_397,
]


@pytest.mark.data
def test_known_facts(data_directory: Path) -> None:
    data = load_dataset("omniglot", DataOptions(directory=data_directory))
    assert [split.rows for _, split in data.splits()] == [2448, 272, 2120]
    assert data.input_shape == (1, 28, 28)
    assert data.train.inputs.dtype == torch.float32
    for (_, split), ink in zip(data.splits(), INK, strict=True):
        # Area averages keep the sum: every result pixel stands for 3.75 x 3.75 others.
        assert float(split.inputs.double().sum()) * 3.75**2 == pytest.approx(ink, rel=1e-7)
    assert data.description == (
        "2448 training drawings (drawers 1-18) and 272 validation drawings (drawers 19-20) of 5 "
        "alphabets; 2120 test drawings of 3 other alphabets; frame full"
    )


@pytest.mark.data
@pytest.mark.parametrize("frame", ["full", "normalized"])
def test_no_drawing_is_in_two_splits(data_directory: Path, frame: FrameName) -> None:
    data = load_dataset("omniglot", DataOptions(directory=data_directory, frame=frame))
    everything = torch.cat([split.inputs.flatten(1) for _, split in data.splits()])
    assert len(torch.unique(everything, dim=0)) == 2448 + 272 + 2120


@pytest.mark.data
def test_normalized_drawings_lie_where_digits_of_mnist_do(data_directory: Path) -> None:
    options = DataOptions(directory=data_directory, frame="normalized")
    test = load_dataset("omniglot", options).test.inputs[:, 0].double()
    pixels = torch.arange(28, dtype=torch.float64) + 0.5
    for mass in (test.sum(1), test.sum(2)):
        center = (mass * pixels).sum(1) / mass.sum(1)
        assert float(center.mean()) == pytest.approx(14.5, abs=0.02)
        inked = mass > 0
        last = 27 - inked.flip(1).to(torch.uint8).argmax(1)
        assert int((last - inked.to(torch.uint8).argmax(1)).max()) + 1 == 20


def drawing(mark: int = 0, shape: tuple[int, int] = (105, 105)) -> bytes:
    """A one-bit drawing, black on white, of one inked line; ``mark`` says which."""
    pixels = np.ones(shape, dtype=bool)
    pixels[mark, :] = False
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def path_in(number: int, alphabet: str, mark: int) -> str:
    return f"images_background_small{number}/{alphabet}/character01/{mark:04d}_{mark:02d}.png"


def write(path: Path, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


@pytest.fixture
def archives(tmp_path: Path) -> DataOptions:
    first = {path_in(1, "Greek", mark): drawing(mark) for mark in range(20, 0, -1)}
    second = {path_in(2, alphabet, 3): drawing(50) for alphabet in ("Greek", "Tagalog")}
    write(tmp_path / NAMES[0], first)
    write(tmp_path / NAMES[1], {"__MACOSX/x/._0001_01.png": b"shadow", **second})
    return DataOptions(directory=tmp_path)


def test_drawers_are_held_out_and_shared_alphabets_left_out(archives: DataOptions) -> None:
    data = load_dataset("omniglot", archives)
    # Line m of 105 is white in row m / 3.75 of 28: white ink on black.
    lines = [(split.inputs[:, 0, :, 5] > 0).nonzero().tolist() for _, split in data.splits()]
    for part, marks in zip(lines, (range(1, 19), (19, 20), (50,)), strict=True):
        # A mark may touch two lines.
        touched = [sorted({int(mark / 3.75), int((mark + 0.99) / 3.75)}) for mark in marks]
        assert part == [[row, line] for row, some in enumerate(touched) for line in some]


def test_a_blank_drawing_has_no_place_in_a_normalized_frame(archives: DataOptions) -> None:
    assert archives.directory is not None
    path = archives.directory / NAMES[1]
    name = path_in(2, "Sanskrit", 1)
    blank = io.BytesIO()
    Image.new("1", (105, 105), 1).save(blank, format="PNG")
    write(path, {path_in(2, "Sanskrit", 0): drawing(3), name: blank.getvalue()})
    full = load_dataset("omniglot", archives)
    assert full.test.inputs.amax((1, 2, 3)).tolist() == [pytest.approx(0.75 / 3.75), 0.0]
    with pytest.raises(CoevoError) as caught:
        load_dataset("omniglot", DataOptions(directory=archives.directory, frame="normalized"))
    assert str(caught.value) == (
        f"{path}: {name}: has no ink to place; remove it or use frame 'full'"
    )


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ({}, "holds no .png drawings; fetch the archive as published"),
        (
            {"Greek/0001.png": drawing()},
            "'Greek/0001.png' is not named like a drawing; want "
            "set/alphabet/character01/0001_01.png as published",
        ),
        (
            {path_in(1, "Greek", 1): drawing(0, (105, 28))},
            f"{path_in(1, 'Greek', 1)}: 105 x 28 pixels, want 105 x 105 as published",
        ),
        (
            {path_in(1, "Greek", 1): b"no image"},
            f"{path_in(1, 'Greek', 1)}: is not a PNG, JPEG, BMP, GIF, PGM or TIFF image",
        ),
    ],
)
def test_an_archive_of_something_else_is_refused(
    archives: DataOptions, entries: dict[str, bytes], text: str
) -> None:
    assert archives.directory is not None
    path = archives.directory / NAMES[0]
    write(path, entries)
    with pytest.raises(CoevoError) as caught:
        load_dataset("omniglot", archives)
    assert str(caught.value) == f"{path}: {text}"


def test_damaged_archives_are_named(archives: DataOptions) -> None:
    assert archives.directory is not None
    path = archives.directory / NAMES[0]
    whole = path.read_bytes()
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(CoevoError) as caught:
        load_dataset("omniglot", archives)
    assert str(caught.value) == (
        f"{path}: is not a whole zip archive (File is not a zip file); fetch the file again"
    )
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CoevoError, match="is not a whole zip archive"):
        load_dataset("omniglot", archives)
    damaged = bytearray(whole)
    damaged[100] ^= 255  # inside the first drawing
    path.write_bytes(damaged)
    with pytest.raises(CoevoError) as caught:
        load_dataset("omniglot", archives)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_missing_archive_is_named(archives: DataOptions) -> None:
    assert archives.directory is not None
    (archives.directory / NAMES[1]).unlink()
    with pytest.raises(CoevoError) as caught:
        load_dataset("omniglot", archives)
    assert str(caught.value) == (
        f"{archives.directory}: has no 'images_background_small2.zip', neither in 'omniglot' nor "
        "beside it; put the file there, or set the option 'directory' or the environment variable "
        "COEVO_DATA"
    )
