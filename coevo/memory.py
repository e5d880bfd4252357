"""How much memory there is to compute in."""

from __future__ import annotations

import os
from pathlib import Path

import torch

__all__ = ["available_memory"]

_GROUP = Path("/sys/fs/cgroup")
_SHARE = 0.6
"""Of what is there: other programs, and what no estimate foresees, need some too."""


def available_memory(device: torch.device) -> int:
    """Bytes that a stack may take on a device.

    Args:
        device: where it computes.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free * _SHARE)
    limits = [_machine(), _group()]
    return int(min(limit for limit in limits if limit is not None) * _SHARE)


def _machine() -> int:
    """What the operating system could give; of all there is, a half where it does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(found.split()[1]) << 10
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _group() -> int | None:
    """What is left of the limit of a container; None without one."""
    try:
        most, used = (
            int((_GROUP / name).read_text("ascii")) for name in ("memory.max", "memory.current")
        )
    except (OSError, ValueError):
        return None
    return max(most - max(used - _cached(), 0), 0)


def _cached() -> int:
    """Copies of files that count as used, and that a container gives up when it needs memory."""
    try:
        lines = (_GROUP / "memory.stat").read_text("ascii").splitlines()
        found = next(line for line in lines if line.startswith("inactive_file "))
        return int(found.split()[1])
    except (OSError, ValueError, StopIteration):
        return 0
