"""Where the files of a data set are, and their bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError

__all__ = ["data_directory", "find_file", "named_path", "open_binary", "read_bytes", "reading"]

VARIABLE = "COEVO_DATA"


def data_directory(options: DataOptions) -> Path:
    """Find the folder that holds the files.

    Args:
        options: whose ``directory`` comes first; without, the environment variable
            ``COEVO_DATA`` counts.

    Returns:
        An existing folder.

    Raises:
        CoevoError: neither is set, or what is set is no folder.
    """
    named = options.directory or os.environ.get(VARIABLE)
    if not named:
        raise CoevoError(
            f"directory: no data directory is set; set the option 'directory' or the environment "
            f"variable {VARIABLE} to the folder that holds the data"
        )
    origin = "directory" if options.directory else VARIABLE
    path = _expanded(origin, named)
    with reading(path):
        if not path.is_dir():
            raise CoevoError(
                f"{origin}: '{path}' is not a folder; give the one that holds the data"
            )
    return path


def find_file(options: DataOptions, folder: str, names: Sequence[str]) -> Path:
    """Find a file in a folder of the data directory, or in the data directory itself.

    Args:
        options: say where the data directory is.
        folder: the data set's own folder, looked into first.
        names: names that the file may have, the preferred one first.

    Returns:
        The first that exists.

    Raises:
        CoevoError: there is none; or there is no data directory.
    """
    directory = data_directory(options)
    candidates = [place / name for place in (directory / folder, directory) for name in names]
    with reading(directory):
        for path in candidates:
            if path.is_file():
                return path
    wanted = " or ".join(f"'{name}'" for name in names)
    raise CoevoError(
        f"{directory}: has no {wanted}, neither in '{folder}' nor beside it; put the file there, "
        f"or set the option 'directory' or the environment variable {VARIABLE}"
    )


def named_path(options: DataOptions, key: str, dataset: str) -> Path:
    """Give the path that an option names.

    Args:
        options: hold the path, relative to the data directory or absolute.
        key: name of the option.
        dataset: the data set that needs it, for the message.

    Returns:
        An existing file or folder.

    Raises:
        CoevoError: the option is not set, or there is nothing at that path.
    """
    value = getattr(options, key)
    if value is None:
        raise CoevoError(
            f"{key}: is not set; dataset '{dataset}' needs a path, absolute or relative to the "
            "data directory"
        )
    path = _expanded(key, value)
    if not path.is_absolute():
        path = data_directory(options) / path
    with reading(path):
        if not path.exists():
            raise CoevoError(
                f"{key}: '{path}' does not exist; give a path, absolute or relative to the data "
                "directory"
            )
    return path


def read_bytes(path: Path) -> bytes:
    """Read a whole file.

    Raises:
        CoevoError: it cannot be read.
    """
    with open_binary(path) as file:
        return file.read()


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading while the context lasts.

    Raises:
        CoevoError: it cannot be opened or read.
    """
    with reading(path), path.open("rb") as file:
        yield file


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of errors of the operating system which path they are about.

    Raises:
        CoevoError: such an error happened within the context.
    """
    try:
        yield
    except OSError as error:
        raise CoevoError(f"{path}: cannot be read: {error.strerror or error}") from error


def _expanded(key: str, value: str | Path) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise CoevoError(f"{key}: '{value}' is in a home that is unknown; give a path") from error
