"""Numbers of worlds from the records of a run or stack; only what is asked for is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from coevo.comparison.summaries import Array
from coevo.records import last_generation, scan

if TYPE_CHECKING:
    import polars

__all__ = ["columns", "in_generation", "last_numbers", "measured_generations", "totals"]


def columns(part: Path) -> list[str]:
    """The columns of the records of a run or stack; none where there are no records."""
    if last_generation(part / "records") is None:
        return []
    return scan(part / "records").collect_schema().names()


def last_numbers(part: Path, column: str, cells: Mapping[int, int | None]) -> dict[int, Array]:
    """A column in the last generation in which it is a number.

    Args:
        part: the directory of a run or stack.
        column: its name.
        cells: for each world the cell that has to have a number; None for all cells.

    Returns:
        ``[cells]`` for each world that has such a generation.
    """
    import polars

    frame = _numbers(part, column, cells)
    needed = polars.LazyFrame(
        {
            "world": list(cells),
            "needed": [-1 if cell is None else cell for cell in cells.values()],
        },
        schema={"world": polars.Int64, "needed": polars.Int64},
    )
    last = frame.select(polars.col("generation").max()).collect().item()
    found = _last(frame.filter(polars.col("generation") == last), needed)
    if found.get_column("world").n_unique() < len(cells):
        found = _last(frame, needed)
    return _by_world(found, column)


def in_generation(
    part: Path, column: str, generation: int, worlds: Mapping[int, int | None]
) -> dict[int, Array]:
    """A column in one generation.

    Args:
        part: the directory of a run or stack.
        column: its name.
        generation: which.
        worlds: those that are wanted, as keys.

    Returns:
        ``[cells]`` for each world that is recorded there.
    """
    import polars

    frame = _numbers(part, column, worlds)
    return _by_world(frame.filter(polars.col("generation") == generation).collect(), column)


def measured_generations(part: Path, column: str) -> list[int]:
    """The generations in which a column is a number somewhere, in order."""
    import polars

    finite = polars.col(column).cast(polars.Float64).is_finite()
    found = scan(part / "records").filter(finite).select(polars.col("generation").unique())
    return sorted(found.collect().get_column("generation").to_list())


def totals(part: Path, column: str, worlds: Collection[int]) -> dict[int, float]:
    """The sum of a column over all cells and generations of each world.

    Args:
        part: the directory of a run or stack.
        column: its name.
        worlds: those that are wanted.

    Returns:
        World to its sum; empty where the column is not recorded.
    """
    if column not in columns(part):
        return {}
    import polars

    numbers = _numbers(part, column, dict.fromkeys(worlds))
    known = polars.col(column).fill_nan(0.0).sum()
    found = numbers.group_by("world").agg(known).collect()
    return dict(zip(found["world"].to_list(), found[column].to_list(), strict=True))


def _numbers(part: Path, column: str, worlds: Mapping[int, object]) -> polars.LazyFrame:
    import polars

    keys = [polars.col(key).cast(polars.Int64) for key in ("world", "generation", "cell")]
    frame = scan(part / "records").select(*keys, polars.col(column).cast(polars.Float64))
    return frame.filter(polars.col("world").is_in(list(worlds)))


def _last(frame: polars.LazyFrame, needed: polars.LazyFrame) -> polars.DataFrame:
    """The rows of each world's last generation with all the numbers that are needed."""
    import polars

    *_, column = frame.collect_schema().names()
    asked = (polars.col("needed") < 0) | (polars.col("needed") == polars.col("cell"))
    whole = polars.col(column).is_finite() | ~asked
    ready = frame.join(needed, on="world").group_by("world", "generation").agg(whole.all())
    last = ready.filter(polars.col(column)).group_by("world").agg(polars.col("generation").max())
    return frame.join(last, on=["world", "generation"]).collect()


def _by_world(frame: polars.DataFrame, column: str) -> dict[int, Array]:
    parts = frame.sort("world", "cell").partition_by("world", maintain_order=True)
    return {int(part["world"][0]): part.get_column(column).to_numpy() for part in parts}
