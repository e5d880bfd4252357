"""Work that is cut into parts and done in several threads; the parts must not touch each other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["in_threads"]

_PARTS_PER_THREAD = 4  # so that a thread that was held up does not hold up all


def in_threads(take: Callable[[slice], None], items: int, threads: int) -> None:
    """Do something with all items, part by part.

    Args:
        take: does it with a part; it lets other threads run.
        items: how many there are.
        threads: how many at most, at least 1; with one, all items are one part.
    """
    if min(threads, items) <= 1:
        take(slice(0, items))
        return
    size = -(-items // (threads * _PARTS_PER_THREAD))
    parts = [slice(first, min(first + size, items)) for first in range(0, items, size)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(take, parts))
