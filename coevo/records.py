"""Records: one row per world, generation and cell, in Parquet files under ``records/``.

The files (see `coevo.record_parts`) appear whole or not at all, and no two hold the same
generation. Rows come back bitwise as they were appended.

A run that is to resume exactly calls `RecordWriter.flush` before it saves a checkpoint, and
`truncate` with the checkpoint's generation when it resumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from coevo.errors import CoevoError
from coevo.files import discard, make_directory, write_bytes
from coevo.record_parts import (
    KEYS,
    LARGEST_GENERATION,
    Array,
    Columns,
    Part,
    check_agreement,
    dtypes,
    encode_part,
    list_parts,
    load_part,
    part_name,
    stored_dtypes,
)

if TYPE_CHECKING:
    import polars
    from torch import Tensor

__all__ = ["RecordWriter", "last_generation", "truncate", "read", "scan"]

_Given: TypeAlias = "Array | Tensor"

_DTYPES = frozenset(
    {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
    | {"float32", "float64"}
)


class RecordWriter:
    """Collects the rows of generations and writes them as parts.

    As a context manager it flushes at the end of the block, but not after an exception.

    Args:
        directory: holds the parts, earlier ones included; created at the first flush.

    Raises:
        CoevoError: the last part is damaged, or two parts hold the same generation.

    Examples:
        >>> import tempfile
        >>> row = {"world": np.array([0]), "generation": np.array([1]), "cell": np.array([0])}
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     with RecordWriter(Path(directory)) as writer:
        ...         writer.append({**row, "loss": np.array([0.5])})
        ...     read(Path(directory)).row(0)
        (0, 1, 0, 0.5)
    """

    def __init__(self, directory: Path) -> None:
        parts = list_parts(directory)
        self._directory = directory
        self._last = parts[-1].last if parts else -1
        self._dtypes = dtypes(load_part(parts[-1])) if parts else None
        self._buffer: list[Columns] = []

    def append(self, columns: Mapping[str, _Given]) -> None:
        """Add rows to those that the next flush writes; they are copied.

        Args:
            columns: name to ``[rows]`` bool, int, float32 or float64 values, the same names
                and dtypes in every call. ``world``, ``generation`` and ``cell`` are integers,
                each combination occurs once, and ``generation`` is later than every part's.

        Raises:
            CoevoError: the columns are not as described; nothing was added.
        """
        arrays = {name: self._array(name, values) for name, values in columns.items()}
        self._check_shape(arrays)
        known = self._check_dtypes(dtypes(arrays))
        if arrays["world"].size:
            self._check_generations(arrays["generation"])
            self._buffer.append({name: arrays[name] for name in known})
        self._dtypes = known

    def flush(self) -> Path | None:
        """Write the collected rows as one part; when it returns, they survive a crash.

        Returns:
            The part, or None where no rows were collected.

        Raises:
            CoevoError: a row occurs twice, or the part cannot be written; the rows are then
                still collected.
        """
        if not self._buffer:
            return None
        columns = {
            name: np.concatenate([block[name] for block in self._buffer])
            for name in self._buffer[0]
        }
        order = np.lexsort([columns[key] for key in ("cell", "world", "generation")])
        columns = {name: values[order] for name, values in columns.items()}
        repeated = np.logical_and.reduce([columns[key][1:] == columns[key][:-1] for key in KEYS])
        if repeated.any():
            row = {key: int(columns[key][repeated.argmax()]) for key in KEYS}
            raise self._error(f"the row {row} was appended twice; append each row once")
        make_directory(self._directory)
        path = self._directory / part_name(columns)
        write_bytes(path, encode_part(columns))
        self._last = int(columns["generation"].max())
        self._buffer.clear()
        return path

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None:
            self.flush()

    def _error(self, text: str) -> CoevoError:
        return CoevoError(f"{self._directory}: {text}")

    def _array(self, name: str, values: _Given) -> Array:
        if isinstance(values, np.ndarray):
            kind = values.dtype.name
        else:
            kind = str(values.dtype).removeprefix("torch.")
        if kind not in _DTYPES:
            raise self._error(
                f"column {name!r} is {kind}; convert it to a bool, an int, float32 or float64"
            )
        array = values if isinstance(values, np.ndarray) else values.detach().cpu().numpy()
        return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True)

    def _check_shape(self, arrays: Columns) -> None:
        for key in KEYS:
            if key not in arrays or arrays[key].dtype.kind not in "iu":
                raise self._error(f"column {key!r} is missing or not an integer; add it")
        shapes = {name: array.shape for name, array in arrays.items()}
        if len(set(shapes.values())) > 1 or arrays["world"].ndim != 1:
            raise self._error(f"columns of shapes {shapes}; give one value per row in each")

    def _check_dtypes(self, found: dict[str, str]) -> dict[str, str]:
        known = found if self._dtypes is None else self._dtypes
        for name in sorted(known.keys() | found.keys()):
            if found.get(name) != known.get(name):
                raise self._error(
                    f"column {name!r} is {found.get(name, 'missing')}, but "
                    f"{known.get(name, 'missing')} in earlier records; record the same columns "
                    "in every generation"
                )
        return known

    def _check_generations(self, generation: Array) -> None:
        first, last = int(generation.min()), int(generation.max())
        if not 0 <= first <= last <= LARGEST_GENERATION:
            raise self._error(f"generations {first} to {last} are not in 0 to {LARGEST_GENERATION}")
        if first <= self._last:
            raise self._error(
                f"generation {first} is not later than {self._last}, the last one recorded; "
                "truncate the records first"
            )


def last_generation(directory: Path) -> int | None:
    """The last generation that the names of the parts promise, or None without parts."""
    parts = list_parts(directory)
    return parts[-1].last if parts else None


def truncate(directory: Path, generation: int) -> None:
    """Remove the rows of all generations later than `generation`.

    Interrupted at any instant, it has removed nothing else, and the same call completes it.

    Args:
        directory: holds the parts; may be missing.
        generation: the last one that stays.

    Raises:
        CoevoError: a part with rows to keep and rows to remove is damaged, or something cannot
            be written.
    """
    for part in reversed(list_parts(directory)):
        if part.last <= generation:
            return
        if part.first > generation:
            discard(part.path)
            continue
        columns = load_part(part)
        kept = columns["generation"] <= generation
        if not kept.any():
            discard(part.path)
            continue
        columns = {name: values[kept] for name, values in columns.items()}
        # First the content, then the name: in between, the name promises more generations than
        # there are, which is harmless; two parts with the same rows would not be.
        write_bytes(part.path, encode_part(columns))
        part.path.replace(directory / part_name(columns))


def read(directory: Path) -> polars.DataFrame:
    """All records, verified, sorted by world, generation and cell.

    Raises:
        CoevoError: there are none, a part is damaged, or two parts disagree about the columns
            or hold the same generation.
    """
    import polars

    parts = _some_parts(directory)
    blocks = [load_part(part) for part in parts]
    check_agreement(parts, [dtypes(block) for block in blocks])
    return polars.concat([polars.DataFrame(block) for block in blocks]).sort(KEYS)


def scan(directory: Path) -> polars.LazyFrame:
    """All records as a lazy query that reads only what it needs, by generation and unverified.

    Raises:
        CoevoError: there are none, a part is not readable at all, or two parts disagree about
            the columns or hold the same generation.
    """
    import polars

    parts = _some_parts(directory)
    check_agreement(parts, [stored_dtypes(part) for part in parts])
    # The names are names: neither patterns nor "key=value" directories.
    return polars.scan_parquet([part.path for part in parts], glob=False, hive_partitioning=False)


def _some_parts(directory: Path) -> list[Part]:
    parts = list_parts(directory)
    if not parts:
        raise CoevoError(f"{directory}: holds no records; give the records directory of a run")
    return parts
