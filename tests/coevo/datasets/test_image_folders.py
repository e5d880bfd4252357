"""Folders of images: the layouts, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from coevo.datasets import DataOptions, Split, load_dataset
from coevo.errors import CoevoError

SUFFIXES = ".png, .jpg, .jpeg, .bmp, .gif, .pgm, .tif, .tiff"


def save(path: Path, value: int, shape: tuple[int, ...] = (4, 5)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, dtype=np.uint8)).save(path)


def values(split: Split) -> list[int]:
    return [int(value) for value in (split.inputs[:, 0, 0, 0] * 255).round()]


def target_values(split: Split) -> list[int]:
    assert split.targets is not None
    return [int(value) for value in (split.targets[:, 0, 0, 0] * 255).round()]


def refusal(folder: Path, **options: Any) -> str:
    with pytest.raises(CoevoError) as caught:
        load_dataset("folder", DataOptions(folder=folder, **options))
    return str(caught.value)


def test_three_folders_are_the_splits_in_order_of_names(tmp_path: Path) -> None:
    for index, name in enumerate(("train", "validation", "test")):
        save(tmp_path / name / "b.png", 10 * index + 2)
        save(tmp_path / name / "a.BMP", 10 * index + 1)
        (tmp_path / name / "notes.txt").touch()
    save(tmp_path / "train" / "c.tif", 3)
    data = load_dataset("folder", DataOptions(directory=tmp_path.parent, folder=tmp_path.name))
    assert [values(split) for _, split in data.splits()] == [[1, 2, 3], [11, 12], [21, 22]]
    assert data.input_shape == (1, 4, 5)
    assert data.train.targets is None
    assert data.description == (
        f"3 train, 2 validation, 2 test images as the folders of {tmp_path.name} have them"
    )


def test_one_folder_is_shared_out(tmp_path: Path) -> None:
    for value in range(20):
        save(tmp_path / f"{value:02d}.png", value)
    data = load_dataset("folder", DataOptions(folder=tmp_path))
    found = [values(split) for _, split in data.splits()]
    assert [len(part) for part in found] == [16, 2, 2]
    assert sorted(chain(*found)) == list(range(20))
    other = load_dataset("folder", DataOptions(folder=tmp_path, split_seed=1))
    assert values(other.train) != found[0]
    assert data.description == (
        f"16 training, 2 validation, 2 test images of {tmp_path.name}, drawn at random by "
        "split_seed 0"
    )


def test_pairs_stay_together_when_shared_out(tmp_path: Path) -> None:
    for value in range(20):
        save(tmp_path / "inputs" / f"{value:02d}.png", value)
        save(tmp_path / "targets" / f"{value:02d}.png", value + 100, (8, 8))
    data = load_dataset("folder", DataOptions(folder=tmp_path))
    assert (data.input_shape, data.target_shape) == ((1, 4, 5), (1, 8, 8))
    for _, split in data.splits():
        assert [value + 100 for value in values(split)] == target_values(split)


def test_pairs_in_three_folders(tmp_path: Path) -> None:
    for index, name in enumerate(("train", "validation", "test"), start=1):
        for row in range(index):
            save(tmp_path / name / "inputs" / f"{row}.png", 10 * index + row)
            save(tmp_path / name / "targets" / f"{row}.png", 100 + 10 * index + row)
    data = load_dataset("folder", DataOptions(folder=tmp_path))
    assert [values(split) for _, split in data.splits()] == [[10], [20, 21], [30, 31, 32]]
    assert target_values(data.test) == [130, 131, 132]


def test_colors_and_sizes(tmp_path: Path) -> None:
    for value in range(3):
        save(tmp_path / f"{value}.png", value, (4 + value, 5, 3))
    options = DataOptions(folder=tmp_path, channels=3, image_size=(2, 7))
    assert load_dataset("folder", options).input_shape == (3, 2, 7)


def test_the_first_odd_image_is_named(tmp_path: Path) -> None:
    for name in ("train", "validation", "test"):
        save(tmp_path / name / "a.png", 1)
        save(tmp_path / name / "b.png", 1, (4, 5) if name == "train" else (6, 7))
    assert refusal(tmp_path) == (
        f"{tmp_path / 'validation' / 'b.png'}: 6 x 7 pixels (height x width), but "
        f"{tmp_path / 'train' / 'a.png'} has 4 x 5; make them equal, or give image_size"
    )


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for value in range(4):
        save(tmp_path / f"{value}.png", value)
    (tmp_path / "2.png").write_bytes(b"no image")
    assert refusal(tmp_path) == (
        f"{tmp_path / '2.png'}: is not a PNG, JPEG, BMP, GIF, PGM or TIFF image"
    )


def lonely_inputs(folder: Path) -> str:
    save(folder / "inputs" / "a.png", 1)
    return f"{folder}: has 'inputs' but no 'targets'; pairs need both"


def lonely_targets(folder: Path) -> str:
    save(folder / "targets" / "a.png", 1)
    return f"{folder}: has 'targets' but no 'inputs'; pairs need both"


def input_without_target(folder: Path) -> str:
    save(folder / "inputs" / "a.png", 1)
    save(folder / "targets" / "b.png", 1)
    return f"{folder}: targets has no 'a.png', which inputs has; pairs have equal names"


def target_without_input(folder: Path) -> str:
    save(folder / "inputs" / "a.png", 1)
    save(folder / "targets" / "a.png", 1)
    save(folder / "targets" / "b.png", 1)
    return f"{folder}: inputs has no 'b.png', which targets has; pairs have equal names"


def split_missing(folder: Path) -> str:
    save(folder / "train" / "a.png", 1)
    return (
        f"{folder}: has 'train' but not 'validation', 'test'; make all three folders, or put all "
        "images into one"
    )


def some_paired(folder: Path) -> str:
    for name in ("train/inputs", "train/targets", "validation", "test"):
        save(folder / name / "a.png", 1)
    return f"{folder}: some of its folders have targets; all of them or none must"


def empty(folder: Path) -> str:
    folder.mkdir()
    (folder / "notes.txt").touch()
    return f"{folder}: has no images; want files ending in {SUFFIXES}"


def empty_split(folder: Path) -> str:
    for name in ("train", "validation"):
        save(folder / name / "a.png", 1)
    (folder / "test").mkdir()
    return f"{folder / 'test'}: has no images; want files ending in {SUFFIXES}"


def too_few(folder: Path) -> str:
    save(folder / "a.png", 1)
    save(folder / "b.png", 1)
    return (
        f"{folder}: 2 rows are too few; holding out 1 for validation and 1 for test leaves none "
        "to train on"
    )


def a_file(folder: Path) -> str:
    folder.touch()
    return f"folder: '{folder}' is a file; give a folder of images"


@pytest.mark.parametrize(
    "make",
    [
        lonely_inputs,
        lonely_targets,
        input_without_target,
        target_without_input,
        split_missing,
        some_paired,
        empty,
        empty_split,
        too_few,
        a_file,
    ],
)
def test_other_layouts_are_refused(tmp_path: Path, make: Callable[[Path], str]) -> None:
    folder = tmp_path / "data"
    text = make(folder)
    assert refusal(folder) == text


def test_without_the_option_the_key_is_named() -> None:
    with pytest.raises(CoevoError, match=re.escape("folder: is not set; dataset 'folder' needs")):
        load_dataset("folder", DataOptions())
