"""What compaction makes of a pairing: sizes, times and agreement, before and after."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from coevo.compaction.agreement import Pair, largest_difference, outputs, tolerance
from coevo.compaction.pairs import compact
from coevo.compaction.sizes import stored_size
from coevo.inference_time import microseconds_per_row

__all__ = ["compaction_account"]


def compaction_account(pair: Pair, rows: Tensor, split: str) -> dict[str, Any]:
    """Make a pairing compact and compare it with what it was.

    Args:
        pair: encoder and decoder, on the CPU, with zeros where weights were removed.
        rows: ``[rows, *input_shape]``, inputs to compare and to measure on.
        split: which rows these are.

    Returns:
        What ``compaction.json`` holds; docs/export.md describes it.
    """
    shape = tuple(rows.shape[1:])
    found = compact(*pair, shape)
    after: Pair = (found.encoder, found.decoder)
    reason, difference = found.reason, largest_difference(outputs(pair, rows), outputs(after, rows))
    allowed = tolerance(rows.dtype)
    if difference > allowed:
        reason = f"the outputs of the compact form differ by {difference:.1e}"
        after = pair
    before = stored_size(pair, shape)
    times = microseconds_per_row([pair] if reason else [pair, after], rows)
    return {
        "rows": len(rows),
        "split": split,
        "largest_difference": difference if difference < math.inf else None,
        "tolerance": allowed,
        "compacted": reason is None,
        "reason": reason,
        "before": {**before, "microseconds_per_row": round(times[0], 4)},
        "after": {
            **(before if reason else stored_size(after, shape)),
            "microseconds_per_row": round(times[-1], 4),
        },
    }
