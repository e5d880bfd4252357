"""The records of a run or a study as one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coevo.records import last_generation, read
from coevo.run_directory import RunDirectory
from coevo.study_directory import StudyDirectory, is_study

if TYPE_CHECKING:
    import polars

__all__ = ["read_records"]


def read_records(directory: str | Path) -> polars.DataFrame:
    """All records of a run or a study, verified.

    Args:
        directory: of the run or study, or the ``records`` directory of a run.

    Returns:
        One row per world, generation and cell. Those of a study are of the variants and seeds
        that it has now, and begin with the columns ``variant`` and ``stack``; columns that a
        stack does not have are null there, and where ``dtype`` varies, numbers have the wider
        type.

    Raises:
        CoevoError: there are no records, or a part of them is damaged.
    """
    place = RunDirectory(Path(directory))
    if is_study(place.path):
        return _of_study(StudyDirectory(place.path))
    return read(place.records if place.experiment_file.is_file() else place.path)


def _of_study(study: StudyDirectory) -> polars.DataFrame:
    import polars

    plan = study.plan()
    variants, seeds = {variant["name"] for variant in plan["variants"]}, set(plan["seeds"])
    tables = []
    for stack in study.needed():
        if last_generation(stack.run.records) is None:
            continue
        wanted = [
            (number, variant)
            for number, (variant, seed) in enumerate(stack.worlds())
            if variant in variants and seed in seeds
        ]
        names = polars.DataFrame(
            wanted, schema={"world": polars.Int64, "variant": polars.String}, orient="row"
        )
        rows = read(stack.run.records)
        table = rows.join(names, on="world", how="inner", maintain_order="left")
        table = table.with_columns(stack=polars.lit(stack.path.name))
        first = ["variant", "stack"]
        tables.append(table.select(*first, polars.exclude(first)))
    # Without any, say so as for a run.
    return polars.concat(tables, how="diagonal_relaxed") if tables else read(study.run.records)
