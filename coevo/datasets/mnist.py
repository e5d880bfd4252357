"""MNIST (LeCun, Cortes and Burges): 70,000 handwritten digits of 28 x 28 pixels."""

from __future__ import annotations

from torch import Tensor

from coevo.datasets.arrays import as_rows
from coevo.datasets.dataset import Dataset, Split
from coevo.datasets.files import find_file
from coevo.datasets.idx import read_idx
from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError

__all__ = ["load_mnist"]

_TRAIN_ROWS = 55_000


def load_mnist(options: DataOptions) -> Dataset:
    """Load MNIST from the published IDX files, compressed or not.

    The last 5,000 training images are the validation split. Labels are not needed.

    Args:
        options: ``directory`` is read; the files are in it or in its folder ``mnist``.

    Returns:
        Inputs ``[rows, 1, 28, 28]``, white on black.

    Raises:
        CoevoError: a file is missing, damaged, or does not hold MNIST's number of images.
    """
    inputs = _images(options, "train-images-idx3-ubyte", 60_000)
    test = _images(options, "t10k-images-idx3-ubyte", 10_000)
    description = (
        "the first 55000 of the published training images, the last 5000 of them for validation; "
        "the published 10000 test images"
    )
    train, validation = Split(inputs[:_TRAIN_ROWS]), Split(inputs[_TRAIN_ROWS:])
    return Dataset("mnist", train, validation, Split(test), description)


def _images(options: DataOptions, name: str, rows: int) -> Tensor:
    path = find_file(options, "mnist", (f"{name}.gz", name))
    array = read_idx(path)
    if array.shape != (rows, 28, 28):
        raise CoevoError(
            f"{path}: holds an array of shape {array.shape}, want {(rows, 28, 28)} as in MNIST; "
            "use dataset 'idx' for other data of this format"
        )
    return as_rows(array, str(path))
