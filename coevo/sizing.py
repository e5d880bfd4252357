"""How many cells and how many threads work at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from coevo.experiment import Experiment
from grids import Grid

__all__ = ["automatic_chunk", "automatic_threads", "sizes", "threads"]

# Measured by scripts/bench chunks: larger chunks fall out of the CPU's caches between the steps,
# smaller ones spend their time on the overhead of calls.
_CPU_CACHE_BYTES = 24 << 20
# Below this, threads wait for each other longer than they work; much longer on a busy machine.
_WORK_FOR_THREADS = 20_000_000
_UPDATE_COST = 10  # an optimizer's step touches every weight about as often as ten rows do
_COPIES = 5  # weights, gradients, two moments, moves
# Compiled loops keep one cell at a time in the caches: a chunk is bounded by memory alone.
_COMPILED_BYTES = 64 << 20


def automatic_chunk(
    cells: int,
    parameters: int,
    device: torch.device,
    *,
    bytes_per_number: int = 4,
    compiled: bool = False,
) -> int:
    """Choose ``cells_per_chunk``.

    On a CPU, a chunk's weights, gradients and moments should stay in the caches through all
    steps of a generation. A GPU is fastest with everything at once.

    Args:
        cells: all cells of the stack.
        parameters: weights of one encoder and one decoder together.
        device: where they train.
        bytes_per_number: size of a weight.
        compiled: whether compiled loops train, one cell after the other.

    Returns:
        A number in ``[1, cells]``.

    Examples:
        >>> automatic_chunk(100, 61_670, torch.device("cpu"))
        20
        >>> automatic_chunk(100, 61_670, torch.device("cpu"), compiled=True)
        50
        >>> automatic_chunk(100, 61_670, torch.device("cuda"))
        100
    """
    if device.type != "cpu":
        return cells
    room = _COMPILED_BYTES if compiled else _CPU_CACHE_BYTES
    fitting = max(1, room // (parameters * bytes_per_number * _COPIES))
    # Chunks of equal size: the last one would otherwise be a small, inefficient rest.
    count = -(-cells // min(fitting, cells))
    return -(-cells // count)


def automatic_threads(chunk: int, parameters: int, batch_size: int) -> int:
    """Choose the number of CPU threads: one for small work, else as many as torch would use.

    Args:
        chunk: cells that are trained at once.
        parameters: weights of one encoder and one decoder together.
        batch_size: rows of a step.

    Examples:
        >>> automatic_threads(chunk=9, parameters=8_000, batch_size=32)
        1
    """
    work = chunk * parameters * (batch_size + _UPDATE_COST)
    return 1 if work < _WORK_FOR_THREADS else torch.get_num_threads()


def sizes(
    experiment: Experiment, grid: Grid, parameters: int, *, compiled: bool
) -> tuple[int, int]:
    """Cells per chunk and CPU threads of torch, as an experiment says or automatically.

    Args:
        experiment: its ``[engine]`` table is used.
        grid: of the stack.
        parameters: weights of one encoder and one decoder together.
        compiled: whether compiled loops train.
    """
    table = experiment.engine
    size = getattr(torch, experiment.dtype).itemsize
    device = torch.device(grid.device)
    chunk = table.cells_per_chunk or automatic_chunk(
        grid.cells, parameters, device, bytes_per_number=size, compiled=compiled
    )
    work = min(chunk, grid.cells), parameters, experiment.optimizer.batch_size
    # Beside compiled loops, which have threads of their own, torch has little to do.
    threads = table.threads or (1 if compiled else automatic_threads(*work))
    return chunk, threads


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many CPU threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
