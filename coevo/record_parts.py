"""One part of the records: a Parquet file that holds whole generations, and its name.

``part-<first generation>-<last generation>.parquet``, 8 digits each. A part carries the SHA-256
of its rows, so damage anywhere in the file is seen when it is loaded.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from coevo.errors import CoevoError

if TYPE_CHECKING:
    import pyarrow.parquet

__all__ = [
    "Array",
    "Columns",
    "Part",
    "KEYS",
    "LARGEST_GENERATION",
    "check_agreement",
    "dtypes",
    "encode_part",
    "list_parts",
    "load_part",
    "part_name",
    "stored_dtypes",
]

Array: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[Any]]"
Columns: TypeAlias = dict[str, Array]

KEYS = ("world", "generation", "cell")
LARGEST_GENERATION = 99_999_999

_NAME = re.compile(r"part-([0-9]{8})-([0-9]{8})\.parquet")
_DIGEST = b"coevo.sha256"


@dataclass(frozen=True)
class Part:
    """A part and the generations that its name promises.

    Attributes:
        path: the file.
        first: no row is of an earlier generation.
        last: no row is of a later generation.
    """

    path: Path
    first: int
    last: int


def part_name(columns: Columns) -> str:
    """The file name of a part with these rows.

    Examples:
        >>> part_name({"generation": np.array([4, 5, 5])})
        'part-00000004-00000005.parquet'
    """
    generation = columns["generation"]
    return f"part-{generation.min():08d}-{generation.max():08d}.parquet"


def list_parts(directory: Path) -> list[Part]:
    """The parts of a directory in order of generation; other files are ignored.

    Raises:
        CoevoError: the generations of two parts overlap.
    """
    if not directory.is_dir():
        return []
    found = [(path, _NAME.fullmatch(path.name)) for path in directory.iterdir()]
    parts = [Part(path, int(name[1]), int(name[2])) for path, name in found if name is not None]
    parts.sort(key=lambda part: (part.first, part.last))
    for one, other in itertools.pairwise(parts):
        if other.first <= one.last:
            raise CoevoError(
                f"{directory}: {one.path.name} and {other.path.name} both hold generation "
                f"{other.first}; remove one of them"
            )
    return parts


def dtypes(columns: Columns) -> dict[str, str]:
    """Column name to dtype name.

    Examples:
        >>> dtypes({"loss": np.zeros(2)})
        {'loss': 'float64'}
    """
    return {name: values.dtype.name for name, values in columns.items()}


def encode_part(columns: Columns) -> bytes:
    """The bytes of a part: the same rows give the same bytes.

    Args:
        columns: name to ``[rows]`` values.
    """
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({name: pyarrow.array(values) for name, values in columns.items()})
    table = table.replace_schema_metadata({_DIGEST: _digest(columns)})
    # Floats seldom repeat, and a dictionary would have to decide which NaNs are the same.
    repeating = [name for name, values in columns.items() if values.dtype.kind != "f"]
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, compression="zstd", use_dictionary=repeating)
    return buffer.getvalue()


def load_part(part: Part) -> Columns:
    """The rows of a part, after verifying them.

    Returns:
        Column name to ``[rows]`` values, read-only.

    Raises:
        CoevoError: the file is unreadable or damaged, or holds other generations than its
            name promises.
    """
    import pyarrow

    file = _open(part)
    try:
        table = file.read()
        columns = {name: table.column(name).to_numpy() for name in table.column_names}
    except (pyarrow.ArrowException, OSError, ValueError, LookupError) as error:
        raise _damaged(part) from error
    digest = (table.schema.metadata or {}).get(_DIGEST)
    if digest != _digest(columns):
        raise _damaged(part)
    generation = columns["generation"]
    if generation.size and not part.first <= generation.min() <= generation.max() <= part.last:
        raise CoevoError(f"{part.path}: is {part_name(columns)}; give it its name back")
    return columns


def stored_dtypes(part: Part) -> dict[str, str]:
    """Column name to dtype name from the end of the file alone; the rows are not verified.

    Raises:
        CoevoError: the file is unreadable.
    """
    import pyarrow

    schema = _open(part).schema_arrow
    try:
        return {field.name: np.dtype(field.type.to_pandas_dtype()).name for field in schema}
    except (pyarrow.ArrowException, TypeError) as error:
        raise _damaged(part) from error


def check_agreement(parts: list[Part], found: list[dict[str, str]]) -> None:
    """Check that all parts have the same columns in the same order.

    Args:
        parts: at least one.
        found: what `dtypes` or `stored_dtypes` says about each.

    Raises:
        CoevoError: a part differs from the first one.
    """
    for part, columns in zip(parts, found, strict=True):
        if list(columns.items()) != list(found[0].items()):
            raise CoevoError(
                f"{part.path}: its columns {columns} are not those of {parts[0].path.name}, "
                f"{found[0]}; remove one of them"
            )


def _open(part: Part) -> pyarrow.parquet.ParquetFile:
    import pyarrow
    import pyarrow.parquet

    try:
        return pyarrow.parquet.ParquetFile(part.path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _damaged(part) from error


def _damaged(part: Part) -> CoevoError:
    return CoevoError(
        f"{part.path}: damaged or unreadable; restore it, "
        "or remove it to go on without its generations"
    )


def _digest(columns: Columns) -> bytes:
    digest = hashlib.sha256(json.dumps(list(dtypes(columns).items())).encode("ascii"))
    for values in columns.values():
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest().encode("ascii")
