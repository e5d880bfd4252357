"""Files and directories that appear whole or not at all, whenever the process is killed.

Everything is written under a temporary name that starts with ``.tmp-``, forced to the disk
with ``fsync`` and only then renamed, which POSIX makes atomic. What a killed process leaves
behind is therefore recognizable by its name; `remove_leftovers` deletes it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coevo.errors import CoevoError

__all__ = [
    "canonical_json",
    "write_bytes",
    "write_text",
    "write_json",
    "whole_directory",
    "make_directory",
    "discard",
    "remove_leftovers",
    "directory_lock",
]

_TEMPORARY = ".tmp-"


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn a failure of the operating system into one line that names `path`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise CoevoError(
            f"{path}: cannot be written ({reason}); make room or choose another directory"
        ) from error


def canonical_json(document: object) -> str:
    r"""The one text of a JSON document: sorted keys, indented by 2, ASCII, newline at the end.

    Raises:
        CoevoError: the document is not JSON, or holds a NaN or an infinity, which JSON lacks.

    Examples:
        >>> canonical_json({"b": 1, "a": [0.5]})
        '{\n  "a": [\n    0.5\n  ],\n  "b": 1\n}\n'
    """
    try:
        return json.dumps(document, sort_keys=True, indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise CoevoError(f"not a JSON document ({error}); give plain, finite values") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that `path` holds its old content or all of `data`, never a part.

    Returns when the new content would survive a power failure.

    Raises:
        CoevoError: the file cannot be written.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     write_bytes(Path(directory) / "weights.bin", b"1")
        ...     (Path(directory) / "weights.bin").read_bytes()
        b'1'
    """
    temporary = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}")
    with _naming(path):
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_directory(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with `write_bytes`, line ends untouched."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, document: object) -> None:
    """Write the `canonical_json` of a document with `write_bytes`; both may raise."""
    try:
        text = canonical_json(document)
    except CoevoError as error:
        raise CoevoError(f"{path}: {error}") from error
    write_bytes(path, text.encode("ascii"))


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """Give an empty temporary directory that becomes `path` when the block ends well.

    All files in it, however they were written, are forced to the disk before the rename.
    An exception in the block discards everything. What already stands at `path` is moved
    aside first; a crash in that moment leaves neither, so replace only what can be made again.

    Raises:
        CoevoError: something cannot be written.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     best = Path(directory) / "best"
        ...     with whole_directory(best) as temporary:
        ...         _ = (temporary / "encoder.bin").write_bytes(b"1")
        ...         before = best.exists()
        ...     before, (best / "encoder.bin").read_bytes()
        (False, b'1')
    """
    temporary = path.with_name(f"{_TEMPORARY}{path.name}-{os.getpid()}")
    with _naming(path):
        make_directory(path.parent)
        # Process numbers come around again: this may be the leftover of a killed process.
        _delete(temporary)
        temporary.mkdir()
        try:
            yield temporary
            _sync_tree(temporary)
            if os.path.lexists(path):
                discard(path)
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        _sync_directory(path.parent)


def make_directory(path: Path) -> None:
    """Create a directory and its missing parents, and force them to the disk.

    Raises:
        CoevoError: it cannot be created, for example because a file has that name.
    """
    with _naming(path):
        missing = [place for place in (path, *path.parents) if not place.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for place in missing:
            _sync_directory(place.parent)


def discard(path: Path) -> None:
    """Delete a file or a whole directory; to others it vanishes at once, not bit by bit.

    Raises:
        CoevoError: it cannot be deleted or is not there.
    """
    aside = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}")
    with _naming(path):
        path.replace(aside)
        _delete(aside)


def remove_leftovers(directory: Path) -> list[str]:
    """Delete what killed processes left half written, and return the names, sorted.

    Call it only under the `directory_lock`: a living process's temporary files look the same.
    Subdirectories are not searched; a missing directory has no leftovers.

    Raises:
        CoevoError: a leftover cannot be deleted.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     (Path(directory) / ".tmp-1").touch()
        ...     remove_leftovers(Path(directory))
        ['.tmp-1']
    """
    with _naming(directory):
        leftovers = sorted(directory.glob(f"{_TEMPORARY}*"))
        for leftover in leftovers:
            _delete(leftover)
    return [leftover.name for leftover in leftovers]


@contextmanager
def directory_lock(path: Path) -> Iterator[None]:
    """Hold a directory for this process alone, without waiting.

    The lock is an ``flock`` on ``path/.lock``: the kernel releases it when the process ends,
    ``kill -9`` included; the file stays. Children made by ``fork`` hold it with their parent.

    Raises:
        CoevoError: another process holds it, or the directory cannot be locked.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path, directory_lock(Path(path)):
        ...     pass
    """
    with _naming(path):
        descriptor = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with _naming(path):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = "another process is running here; wait for it or stop it"
                raise CoevoError(f"{path}: {message}") from error
        yield
    finally:
        os.close(descriptor)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    """Force the names in a directory (not the content of its files) to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a directory and keep names safe themselves.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _sync_tree(directory: Path) -> None:
    for place in directory.rglob("*"):
        if place.is_dir():
            _sync_directory(place)
        else:
            with place.open("rb") as file:
                os.fsync(file.fileno())
    _sync_directory(directory)
