"""Names of the columns that every run records, which no measure of an optimizer can have."""

from __future__ import annotations

from coevo.record_parts import KEYS
from coevo.roles import ROLES

__all__ = ["RESERVED_COLUMNS", "RESERVED_PREFIXES", "reserved"]

RESERVED_COLUMNS: tuple[str, ...] = (
    *KEYS,
    *("seed", "row", "column"),
    *("running", "selection_loss", "replaced"),
)
"""Written by the loop and the engine, beside those with a reserved prefix."""

RESERVED_PREFIXES: tuple[str, ...] = (
    *(f"{role}_" for role in ROLES),
    *("validation_", "training_", "test_"),
    "pruning_",
)
"""What columns of networks, of rows that are measured, and of pruning begin with."""


def reserved(name: str) -> str:
    """The column or the beginning that a name takes from the records; "" for a free name.

    Examples:
        >>> reserved("world"), reserved("encoder_norm"), reserved("train_loss")
        ('world', 'encoder_', '')
    """
    if name in RESERVED_COLUMNS:
        return name
    return next((prefix for prefix in RESERVED_PREFIXES if name.startswith(prefix)), "")
