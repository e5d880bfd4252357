"""Rows for the tests of records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars
from hypothesis import strategies as st

from coevo.record_parts import Columns
from coevo.records import RecordWriter

FLOATS = {"loss": np.float64, "density": np.float32}


def rows(generation: int, *, worlds: int = 2, cells: int = 2) -> Columns:
    """The rows of a generation; the floats are any bit patterns, the same in every call."""
    world, cell = (array.ravel() for array in np.indices((worlds, cells)))
    stream = np.random.Generator(np.random.PCG64([generation, worlds, cells]))
    columns: Columns = {
        "world": world,
        "generation": np.full(world.size, generation),
        "cell": cell.astype(np.int32),
        "kept": stream.integers(0, 2, world.size).astype(bool),
    }
    for name, dtype in FLOATS.items():
        values = np.frombuffer(stream.bytes(world.size * np.dtype(dtype).itemsize), dtype).copy()
        # Two NaNs that differ in their payloads only, and two zeros that differ in their signs.
        values[:2] = [np.nan, -0.0] if generation % 2 else [np.nan, 0.0]
        values.view(f"u{values.itemsize}")[0] += generation
        columns[name] = values
    return columns


def record(directory: Path, parts: list[list[int]]) -> None:
    """Write each list of generations as one part."""
    for part in parts:
        with RecordWriter(directory) as writer:
            for generation in part:
                writer.append(rows(generation))


def bits(frame: polars.DataFrame) -> dict[str, tuple[str, bytes]]:
    """All that can be seen of a table, signs of zeros and payloads of NaNs included."""
    assert sum(frame.null_count().row(0)) == 0
    return {
        column.name: (str(column.dtype), column.to_numpy().tobytes())
        for column in frame.iter_columns()
    }


def expected(generations: list[int]) -> dict[str, tuple[str, bytes]]:
    """The `bits` of what `read` should give, computed without any file."""
    blocks = [rows(generation) for generation in generations]
    columns = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    order = np.lexsort([columns[key] for key in ("cell", "generation", "world")])
    return bits(polars.DataFrame({name: values[order] for name, values in columns.items()}))


@st.composite
def splits(draw: st.DrawFn) -> list[list[int]]:
    """Ascending generations, some left out, split into parts."""
    generations = draw(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True))
    generations.sort()
    parts: list[list[int]] = [[]]
    for generation in generations:
        parts[-1].append(generation)
        if draw(st.booleans()):
            parts.append([])
    return [part for part in parts if part]
