"""Measures how long pairings take for a row, side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from coevo.sizing import threads

__all__ = ["microseconds_per_row"]

# Short calls, so that most of them are not interrupted on a machine that does other things too.
_ROWS_AT_ONCE = 100
_FEWEST_ROUNDS = 5


def microseconds_per_row(
    pairs: Sequence[tuple[nn.Module, nn.Module]], rows: Tensor, *, seconds: float = 0.3
) -> list[float]:
    """Time pairings on one CPU thread.

    They take turns, so that whatever else the machine does hits all of them alike, and the
    shortest time of each counts, which is the least disturbed one.

    Args:
        pairs: encoders and decoders, on the CPU.
        rows: ``[rows, *input_shape]``; the first 100 are used, as one batch.
        seconds: that it takes in all, if five rounds do not take longer.

    Returns:
        Microseconds per row, for every pairing.
    """
    batch = rows[:_ROWS_AT_ONCE]
    best = [float("inf")] * len(pairs)
    with torch.no_grad(), threads(1):
        for encoder, decoder in pairs:
            decoder(encoder(batch))
        end, rounds = time.perf_counter() + seconds, 0
        while rounds < _FEWEST_ROUNDS or time.perf_counter() < end:
            for number, (encoder, decoder) in enumerate(pairs):
                begin = time.perf_counter()
                decoder(encoder(batch))
                best[number] = min(best[number], time.perf_counter() - begin)
            rounds += 1
    return [1e6 * taken / len(batch) for taken in best]
