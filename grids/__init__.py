"""Cells on a torus, their neighborhoods, and stacked worlds of them.

A leaf package: it knows nothing of networks, files, configuration or the engine.
"""

from __future__ import annotations

from grids.graph import to_networkx
from grids.neighborhoods import (
    NEIGHBORHOODS,
    Offset,
    Offsets,
    custom,
    moore,
    neighbor_table,
    offsets,
    ring,
    von_neumann,
)
from grids.pairings import PairingPlan, own_plan, shared_plan
from grids.torus import Torus
from grids.worlds import Grid

__all__ = [
    "Torus",
    "Offset",
    "Offsets",
    "NEIGHBORHOODS",
    "von_neumann",
    "moore",
    "ring",
    "custom",
    "offsets",
    "neighbor_table",
    "Grid",
    "PairingPlan",
    "shared_plan",
    "own_plan",
    "to_networkx",
]
