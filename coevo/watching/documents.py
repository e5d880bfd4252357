"""Small JSON files that others write, replace and delete while they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["finite", "read_document", "seconds_saved", "whole"]


def read_document(path: Path) -> Mapping[str, Any] | None:
    """A JSON object, or None where there is no such file or something else is in it."""
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def finite(document: Mapping[str, Any] | None, key: str) -> float | None:
    """A number of a document, or None for anything else.

    Examples:
        >>> finite({"seconds": 2}, "seconds"), finite({"seconds": "2"}, "seconds")
        (2.0, None)
    """
    value = (document or {}).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < float("inf") else None


def whole(document: Mapping[str, Any] | None, key: str) -> int:
    """A number of a document, or 0 for anything else."""
    return int(finite(document, key) or 0)


def seconds_saved(checkpoints: Path) -> float | None:
    """What had been spent on a run when its newest checkpoint was saved."""
    try:
        names = sorted(path.name for path in checkpoints.iterdir() if path.name.isdecimal())
    except OSError:
        return None
    manifest = read_document(checkpoints / names[-1] / "manifest.json") if names else None
    metadata = (manifest or {}).get("metadata")
    return finite(metadata, "seconds") if isinstance(metadata, dict) else None
