"""Time thirty stacked worlds against one world alone, and gradient steps against torch's.

Worlds are seeds of a preset; a generation is whole, with selection, training and what is measured,
but without records and files. Sides alternate in one process, so that a machine that slows down
slows all. Torch computes with one thread, because threads that wait for each other use as much CPU
as threads that work. Figures, medians over rounds:

- ``stacked_over_alone_NAME``: CPU seconds of all threads per world of 30 stacked worlds, over
  those of one world alone; seconds of the clock on a GPU. ``canonical`` are single autoencoders on
  digits, the name is left out for 3 x 3 grids on digits, ``paper`` is the published ring of ten;
- ``ms_per_cell_step_paper``: CPU milliseconds of one thread for one gradient step of one cell of
  the published ring; with ``_torch`` behind it, without compiled loops.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from unittest.mock import patch

import torch

from coevo.assemble import Assembled, assemble
from coevo.experiment import load_experiment
from coevo.optimizers import regimes
from coevo.pairing import Selected
from coevo.sizing import threads

__all__ = ["figures"]

_WORLDS = 30
_ROUNDS = 5
# Preset, and generations of the world alone in a round.
_SHAPES = {
    "stacked_over_alone_canonical": ("digits-canonical", 10),
    "stacked_over_alone": ("digits", 5),
    "stacked_over_alone_paper": ("gecco2025-none", 3),
}


def figures(device: str = "cpu") -> dict[str, float]:
    """Measure all on a device."""
    found = {name: _stacked_over_alone(name, device) for name in _SHAPES}
    return found | _step_times(device)


def _stacked_over_alone(name: str, device: str) -> float:
    preset, generations = _SHAPES[name]
    stacked, alone = (
        _generations(_assembled(preset, worlds, device), count)
        for worlds, count in ((_WORLDS, 1), (1, generations))
    )
    ratios = [
        seconds / _WORLDS / (seconds_alone / generations)
        for seconds, seconds_alone in _alternated((stacked, alone), device)
    ]
    return statistics.median(ratios)


def _step_times(device: str) -> dict[str, float]:
    """Milliseconds for one step of one cell, with and without compiled loops."""
    assembled = _assembled("gecco2025-none", 1, device)
    engine = assembled.engine
    state = engine.init()
    own = torch.zeros_like(state.running, dtype=torch.int64)
    selected = Selected(own, own, own.float(), own.float().view(-1, 1, 1))

    def compiled() -> None:
        with threads(assembled.threads):
            engine._improve(state, selected)

    def by_torch() -> None:
        with patch.object(regimes, "fits", lambda *_: False):
            compiled()

    times = zip(*_alternated((compiled, by_torch), device), strict=True)
    steps = engine.grid.cells * engine.order.steps
    names = ("ms_per_cell_step_paper", "ms_per_cell_step_paper_torch")
    return {
        name: 1e3 * statistics.median(seconds) / steps
        for name, seconds in zip(names, times, strict=True)
    }


def _assembled(preset: str, worlds: int, device: str) -> Assembled:
    changes = ["engine.threads=1", f"sweep.replicates={worlds}"]
    return assemble(load_experiment(preset, changes), device)


def _generations(assembled: Assembled, count: int) -> Callable[[], None]:
    """Compute some more generations at every call."""
    state = assembled.engine.init()

    def run() -> None:
        nonlocal state
        with threads(assembled.threads):
            for _ in range(count):
                state, _ = assembled.engine.advance(state)

    return run


def _alternated(sides: tuple[Callable[[], None], ...], device: str) -> list[tuple[float, ...]]:
    """The seconds of every side in every round, without the first, which fills caches."""
    rounds = [tuple(_seconds(side, device) for side in sides) for _ in range(_ROUNDS + 1)]
    return rounds[1:]


def _seconds(run: Callable[[], None], device: str) -> float:
    """CPU seconds of all threads; on a GPU, seconds of the clock."""
    if device == "cpu":
        begin = time.process_time()
        run()
        return time.process_time() - begin
    torch.cuda.synchronize()
    begin = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - begin
