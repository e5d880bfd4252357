"""Reads back what was written of a pairing, and compares it with the run's own networks."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import Tensor

from coevo.compaction import largest_difference, outputs, stored_size, tolerance
from coevo.compaction.agreement import Pair
from coevo.errors import CoevoError
from coevo.exporting.formats import FORMATS
from coevo.exporting.pairs import ExportedPair, called_for
from coevo.inference_time import microseconds_per_row

__all__ = ["check_written"]

_PACKAGES = ("coevo", "torch")


def check_written(
    name: str, pair: ExportedPair, masked: Pair, rows: Tensor, folder: Path
) -> dict[str, Any]:
    """Compare files with the networks that they are of.

    Args:
        name: of the format.
        pair: that was written.
        masked: the run's own networks.
        rows: of inputs.
        folder: with the files.

    Returns:
        Agreement, sizes, times and versions, for ``export.json``.

    Raises:
        CoevoError: the files compute something else, or the networks cannot be called.
    """
    allowed = tolerance(rows.dtype)
    with called_for(name):
        difference = _difference(name, pair, masked, rows, folder)
    if difference > allowed:
        raise CoevoError(
            f"--format {name}: what was written differs from the run's networks by "
            f"{difference:.2g} on {len(rows)} rows, more than {allowed:g}; nothing is kept, use "
            "another format"
        )
    shape = tuple(rows.shape[1:])
    written = (pair.modules["encoder"], pair.modules["decoder"])
    with called_for(name):
        before, after = stored_size(masked, shape), stored_size(written, shape)
        times = microseconds_per_row([masked, written] if pair.compact else [masked], rows)
    after["bytes"] = sum((folder / file).stat().st_size for file in FORMATS[name].files[:2])
    return {
        "rows": len(rows),
        "largest_difference": difference,
        "tolerance": allowed,
        "before": {**before, "microseconds_per_row": round(times[0], 4)},
        "after": {**after, "microseconds_per_row": round(times[-1], 4)},
        "versions": {own: version(own) for own in (*_PACKAGES, *FORMATS[name].packages)},
    }


def _difference(name: str, pair: ExportedPair, masked: Pair, rows: Tensor, folder: Path) -> float:
    forward, expected = FORMATS[name].read(pair, folder), outputs(masked, rows)
    # One row too, because a program may have been made for batches of one size.
    return max(
        largest_difference(expected, forward(rows)),
        largest_difference(expected[:1], forward(rows[:1])),
    )
