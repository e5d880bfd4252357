"""Folders of image files, alone or in pairs of input and target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from coevo.datasets.dataset import Dataset, Split
from coevo.datasets.draws import split_rows
from coevo.datasets.files import named_path, read_bytes, reading
from coevo.datasets.images import decode_image
from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError

__all__ = ["load_folder"]

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".tif", ".tiff")
_SPLITS = ("train", "validation", "test")
_HELD_OUT = 0.1


@dataclass(frozen=True)
class _Files:
    """Image files in the order of their names; targets, if any, row by row."""

    inputs: list[Path]
    targets: list[Path] | None


def load_folder(options: DataOptions) -> Dataset:
    """Load image files from folders train, validation and test, or share out one folder.

    A folder without these three is shared out 80/10/10 % at random. Where a folder has folders
    ``inputs`` and ``targets`` (each of the three, or the one), files of equal name are pairs.
    Other files are passed over.

    Args:
        options: ``directory``, ``folder``, ``split_seed``, ``image_size`` and ``channels`` are
            read.

    Returns:
        Inputs (and targets) ``[rows, channels, height, width]``.

    Raises:
        CoevoError: there are no images, one cannot be read, they differ in size, or a pair is
            not complete.
    """
    folder = named_path(options, "folder", "folder")
    if not folder.is_dir():
        raise CoevoError(f"folder: '{folder}' is a file; give a folder of images")
    with reading(folder):
        present = [name for name in _SPLITS if (folder / name).is_dir()]
    if not present:
        return _drawn(folder, options)
    if missing := [name for name in _SPLITS if name not in present]:
        raise CoevoError(
            f"{folder}: has {_quoted(present)} but not {_quoted(missing)}; make all three folders, "
            "or put all images into one"
        )
    return _as_placed(folder, options)


def _as_placed(folder: Path, options: DataOptions) -> Dataset:
    parts = [_files(folder / name) for name in _SPLITS]
    paired = [part.targets is not None for part in parts]
    if any(paired) and not all(paired):
        raise CoevoError(f"{folder}: some of its folders have targets; all of them or none must")
    counts = [len(part.inputs) for part in parts]
    # All images of a role are stacked at once, so that one size is asked of all splits.
    inputs = _stack(list(chain(*(part.inputs for part in parts))), options)
    targets = list(chain(*(part.targets or [] for part in parts)))
    whole = Split(inputs, _stack(targets, options) if targets else None)
    train, validation, test = torch.split(torch.arange(whole.rows), counts)
    shares = ", ".join(f"{n} {name}" for n, name in zip(counts, _SPLITS, strict=True))
    description = f"{shares} images as the folders of {folder.name} have them"
    splits = [whole.select(ids) for ids in (train, validation, test)]
    return Dataset("folder", splits[0], splits[1], splits[2], description)


def _drawn(folder: Path, options: DataOptions) -> Dataset:
    files = _files(folder)
    ids = split_rows(
        len(files.inputs),
        validation_share=_HELD_OUT,
        test_share=_HELD_OUT,
        seed=options.split_seed,
        what=str(folder),
    )
    targets = None if files.targets is None else _stack(files.targets, options)
    whole = Split(_stack(files.inputs, options), targets)
    train, validation, test = (whole.select(chosen) for chosen in ids)
    description = (
        f"{train.rows} training, {validation.rows} validation, {test.rows} test images of "
        f"{folder.name}, drawn at random by split_seed {options.split_seed}"
    )
    return Dataset("folder", train, validation, test, description)


def _files(folder: Path) -> _Files:
    with reading(folder):
        present = [name for name in ("inputs", "targets") if (folder / name).is_dir()]
    if not present:
        return _Files(_listed(folder), None)
    if len(present) == 1:
        missing = "targets" if present == ["inputs"] else "inputs"
        raise CoevoError(f"{folder}: has '{present[0]}' but no '{missing}'; pairs need both")
    inputs, targets = (_listed(folder / name) for name in ("inputs", "targets"))
    have = [path.name for path in inputs], [path.name for path in targets]
    for one, other, names in (("targets", "inputs", have), ("inputs", "targets", have[::-1])):
        if alone := sorted(set(names[0]) - set(names[1])):
            raise CoevoError(
                f"{folder}: {one} has no '{alone[0]}', which {other} has; pairs have equal names"
            )
    return _Files(inputs, targets)


def _listed(folder: Path) -> list[Path]:
    with reading(folder):
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES and p.is_file())
    if not files:
        raise CoevoError(f"{folder}: has no images; want files ending in {', '.join(_SUFFIXES)}")
    return files


def _stack(paths: Sequence[Path], options: DataOptions) -> Tensor:
    images: list[np.ndarray] = []
    for path in paths:
        image = decode_image(
            read_bytes(path), str(path), channels=options.channels, size=options.image_size
        )
        if images and image.shape != images[0].shape:
            raise CoevoError(
                f"{path}: {_size(image)} pixels (height x width), but {paths[0]} has "
                f"{_size(images[0])}; make them equal, or give image_size"
            )
        images.append(image)
    return torch.from_numpy(np.stack(images)).to(torch.float32).div_(255.0)


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[2]}"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
