"""The IDX format of MNIST, and data sets of two such files.

Format: two zero bytes, a type byte, the number of dimensions, each dimension as a big-endian
32-bit number, then the numbers, big-endian (https://yann.lecun.com/exdb/mnist).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coevo.datasets.arrays import as_rows
from coevo.datasets.dataset import Dataset, Split
from coevo.datasets.draws import split_rows
from coevo.datasets.files import named_path, read_bytes
from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError

__all__ = ["load_idx", "parse_idx", "read_idx"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def load_idx(options: DataOptions) -> Dataset:
    """Load two IDX files and hold out a share of the training rows at random.

    Args:
        options: ``directory``, ``train_file``, ``test_file``, ``validation_share`` and
            ``split_seed`` are read.

    Returns:
        Inputs ``[rows, n]`` or ``[rows, channels, height, width]``, as `as_rows` makes them.

    Raises:
        CoevoError: a file is missing, is not IDX, or holds no rows in [0, 1].
    """
    paths = [named_path(options, key, "idx") for key in ("train_file", "test_file")]
    inputs, test = (as_rows(read_idx(path), str(path)) for path in paths)
    train_ids, validation_ids, _ = split_rows(
        len(inputs),
        validation_share=options.validation_share,
        test_share=0.0,
        seed=options.split_seed,
        what=str(paths[0]),
    )
    train, validation = Split(inputs[train_ids]), Split(inputs[validation_ids])
    description = (
        f"{train.rows} training and {validation.rows} validation rows of {paths[0].name}, drawn "
        f"at random by split_seed {options.split_seed}; {len(test)} test rows of {paths[1].name}"
    )
    return Dataset("idx", train, validation, Split(test), description)


def read_idx(path: Path) -> NDArray[np.generic]:
    """Read an IDX file, compressed by gzip or not.

    Args:
        path: of the file.

    Returns:
        Numbers of the type and shape that the file states, in native byte order.

    Raises:
        CoevoError: the file cannot be read or is not IDX.
    """
    data = read_bytes(path)
    if path.suffix == ".gz" or data.startswith(_GZIP):
        data = _decompress(data, str(path))
    return parse_idx(data, str(path))


def parse_idx(data: bytes, what: str) -> NDArray[np.generic]:
    """Parse the bytes of an IDX file that is not compressed.

    Args:
        data: all bytes.
        what: names the file in messages.

    Returns:
        Numbers of the type and shape that the file states, in native byte order.

    Raises:
        CoevoError: wrong magic number, or more or fewer bytes than the header states.

    Examples:
        >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), "example")
        array([7, 9], dtype=uint8)
    """
    kind, dimensions = _magic(data, what)
    header = 4 + 4 * dimensions
    if len(data) < header:
        raise CoevoError(
            f"{what}: ends inside the IDX header: {len(data)} bytes, want at least {header}; "
            "fetch the file again"
        )
    shape = struct.unpack(f">{dimensions}I", data[4:header])
    expected = header + math.prod(shape) * kind.itemsize
    if len(data) != expected:
        raise CoevoError(
            f"{what}: {len(data)} bytes, but its header (shape {shape}, type {kind.name}) wants "
            f"{expected}; fetch the file again"
        )
    numbers = np.frombuffer(data, dtype=kind, offset=header).reshape(shape)
    return numbers.astype(kind.newbyteorder("="))


def _magic(data: bytes, what: str) -> tuple[np.dtype[np.generic], int]:
    known = len(data) >= 4 and data[:2] == b"\0\0" and data[2] in _TYPES and data[3] > 0
    if not known:
        raise CoevoError(
            f"{what}: starts with bytes {data[:4].hex(' ') or '(none)'}, which is no IDX magic "
            "number; want 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and a number of dimensions"
        )
    return np.dtype(_TYPES[data[2]]), data[3]


def _decompress(data: bytes, what: str) -> bytes:
    if not data.startswith(_GZIP):
        raise CoevoError(f"{what}: is not compressed by gzip, as its name says; fetch it again")
    try:
        return gzip.decompress(data)
    except EOFError as error:
        raise CoevoError(
            f"{what}: the compressed data end early ({len(data)} bytes); fetch the file again"
        ) from error
    except (OSError, zlib.error, struct.error) as error:
        raise CoevoError(
            f"{what}: the compressed data are damaged ({error}); fetch the file again"
        ) from error
