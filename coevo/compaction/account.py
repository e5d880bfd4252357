"""What compaction makes of a pairing: sizes, times and agreement, before and after."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from coevo.compaction.agreement import Pair, largest_difference, outputs, tolerance
from coevo.compaction.pairs import compact
from coevo.compaction.sizes import parameter_counts, stored_size, weight_bytes
from coevo.inference_time import microseconds_per_row
from coevo.problems import first_line

__all__ = ["compaction_account", "failed_account"]

_MEASURED = ("multiply_adds", "nonzero_multiply_adds", "microseconds_per_row")


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


def failed_account(pair: Pair, error: Exception, split: str) -> dict[str, Any]:
    """What is left to say where `compaction_account` fails: the reason, and what can be counted.

    Args:
        pair: encoder and decoder.
        error: what it failed with.
        split: which rows it was to compare on.

    Returns:
        The keys of `compaction_account`: no rows, and None for what is not known.

    Examples:
        >>> from torch import nn
        >>> found = failed_account((nn.Linear(2, 2), nn.Linear(2, 2)), TypeError("no"), "validation")
        >>> found["compacted"], found["reason"], found["before"]["parameters"]
        (False, 'it cannot be tried (TypeError: no)', 12)
    """
    size: dict[str, Any] = {
        **dict.fromkeys(_MEASURED),
        **parameter_counts(pair),
        "bytes": sum(len(weight_bytes(module)) for module in pair),
    }
    return {
        "rows": 0,
        "split": split,
        "largest_difference": None,
        "tolerance": tolerance(next(pair[0].parameters()).dtype),
        "compacted": False,
        "reason": f"it cannot be tried ({first_line(error)})",
        "before": size,
        "after": size,
    }
