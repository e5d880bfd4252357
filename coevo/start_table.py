"""The table ``[start]`` of an experiment: how the first networks come about."""

from __future__ import annotations

from pydantic import Field

from coevo.tables import Table
from coevo.values import FileNames, Natural

__all__ = ["StartTable"]


class StartTable(Table):
    """How the first networks come about; by default every cell draws its own."""

    pairs: FileNames = Field(
        default=(),
        description="runs, studies or exports as safetensors whose pairs cells start from, in turn",
    )
    ancestor_generations: Natural = Field(
        default=0,
        description="of one pairing that trains alone first, and is copied to all cells",
    )
    isolated_generations: Natural = Field(
        default=0, description="first generations in which every cell selects its own center"
    )
