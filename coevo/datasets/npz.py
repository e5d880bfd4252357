"""Arrays that a user saved with numpy's ``savez``."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

import numpy as np
from numpy.lib.npyio import NpzFile
from torch import Tensor

from coevo.datasets.arrays import as_rows
from coevo.datasets.dataset import Dataset, Split
from coevo.datasets.draws import split_rows
from coevo.datasets.files import named_path, open_binary
from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError

__all__ = ["load_npz"]

_SPLITS = ("train", "validation", "test")
_HELD_OUT = 0.1
# All the ways in which numpy says that an archive or an array's header is damaged.
_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    SyntaxError,
    TypeError,
    MemoryError,
    TokenError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class _Arrays:
    """The arrays of one archive."""

    path: Path
    archive: NpzFile

    def has(self, name: str) -> bool:
        return name in self.archive.files

    def rows(self, name: str) -> Tensor:
        what = f"{self.path}: array '{name}'"
        if not self.has(name):
            present = ", ".join(self.archive.files) or "none"
            raise CoevoError(f"{what} is missing; the file has: {present}")
        try:
            array = self.archive[name]
        except _DAMAGE as error:
            if "Object arrays" in str(error):
                raise CoevoError(
                    f"{what} holds Python objects, which are never loaded; save numbers of one "
                    "shape"
                ) from error
            raise CoevoError(f"{what} is damaged ({error}); save the file again") from error
        if not isinstance(array, np.ndarray):
            raise CoevoError(f"{what} is not an array; save the file with numpy.savez")
        return as_rows(array, what)

    def split(self, inputs: str, targets: str) -> Split:
        return Split(self.rows(inputs), self.rows(targets) if self.has(targets) else None)


def load_npz(options: DataOptions) -> Dataset:
    """Load arrays named train, validation, test, or one named inputs.

    Targets, where there are any, are named ``train_targets``, ``validation_targets``,
    ``test_targets``, or ``targets``. One array ``inputs`` is shared out 80/10/10 % at random.
    Other arrays are not read. Bytes (uint8) are divided by 255; all else must be in [0, 1].

    Args:
        options: ``directory``, ``file`` and ``split_seed`` are read.

    Returns:
        Inputs ``[rows, n]`` or ``[rows, channels, height, width]``, as `as_rows` makes them.

    Raises:
        CoevoError: the file is missing or damaged, an array is missing, holds Python objects,
            or is not rows of numbers in [0, 1].
    """
    path = named_path(options, "file", "npz")
    # Opened here because numpy leaves a damaged file open.
    with open_binary(path) as file:
        return _dataset(_Arrays(path, _archive(path, file)), options)


def _archive(path: Path, file: BinaryIO) -> NpzFile:
    try:
        # Pickles stay shut: data from a stranger must not run code.
        archive = np.load(file, allow_pickle=False)
    except _DAMAGE as error:
        raise CoevoError(f"{path}: is not an .npz file; save it with numpy.savez") from error
    if not isinstance(archive, NpzFile):
        raise CoevoError(f"{path}: is a single array (.npy); save it with numpy.savez(inputs=...)")
    return archive


def _dataset(arrays: _Arrays, options: DataOptions) -> Dataset:
    if arrays.has("inputs") and arrays.has("train"):
        raise CoevoError(
            f"{arrays.path}: has both arrays 'inputs' and 'train'; keep 'inputs' to have it split, "
            "or 'train', 'validation' and 'test'"
        )
    if arrays.has("inputs"):
        return _drawn(arrays, options)
    splits = [arrays.split(name, f"{name}_targets") for name in _SPLITS]
    counts = ", ".join(f"{split.rows} {name}" for name, split in zip(_SPLITS, splits, strict=True))
    description = f"{counts} rows as {arrays.path.name} has them"
    return Dataset("npz", splits[0], splits[1], splits[2], description)


def _drawn(arrays: _Arrays, options: DataOptions) -> Dataset:
    whole = arrays.split("inputs", "targets")
    if whole.targets is not None and len(whole.targets) != whole.rows:
        raise CoevoError(
            f"{arrays.path}: {whole.rows} inputs but {len(whole.targets)} targets; save one target "
            "for every input"
        )
    ids = split_rows(
        whole.rows,
        validation_share=_HELD_OUT,
        test_share=_HELD_OUT,
        seed=options.split_seed,
        what=str(arrays.path),
    )
    train, validation, test = (whole.select(chosen) for chosen in ids)
    description = (
        f"{train.rows} training, {validation.rows} validation, {test.rows} test rows of "
        f"{arrays.path.name}, drawn at random by split_seed {options.split_seed}"
    )
    return Dataset("npz", train, validation, test, description)
