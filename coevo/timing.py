"""Foresees how long stacks take: by computing some of their generations."""

from __future__ import annotations

import time
from dataclasses import replace

import torch

from coevo.assemble import Assembled
from coevo.packing import PlannedStack, Setting
from coevo.sizing import threads
from coevo.stacks import World

__all__ = ["expected_seconds"]

_FEW_WORLDS = 4
_PATIENCE = 30.0
"""Seconds that trying a stack may take; then some of its worlds stand for all."""
_MOMENTS = (1 / 6, 1 / 2, 5 / 6)
"""Points in the course of a run, because schedules prune more at some than at others."""


def expected_seconds(stack: PlannedStack, setting: Setting) -> float:
    """How long a stack takes from its first generation to its last, on this machine now.

    Args:
        stack: what is to be computed.
        setting: where.
    """
    few = _sample(stack.worlds, _FEW_WORLDS)
    seconds = _seconds_per_generation(setting.assemble(few))
    if len(few) < len(stack.worlds):
        foreseen = seconds / len(few) * (len(_MOMENTS) + 1)
        affordable = max(_FEW_WORLDS, int(_PATIENCE / foreseen))
        more = _sample(stack.worlds, affordable)
        if len(more) > len(few):
            seconds = _seconds_per_generation(setting.assemble(more))
        few = more
    generations, grid = stack.experiment.generations, stack.experiment.grid
    ancestors = stack.experiment.start.ancestor_generations / (grid.rows * grid.columns)
    return seconds * (generations + ancestors) * len(stack.worlds) / len(few)


def _sample(worlds: tuple[World, ...], count: int) -> tuple[World, ...]:
    """Some worlds, spread evenly over all."""
    if count >= len(worlds):
        return worlds
    return tuple(worlds[number * len(worlds) // count] for number in range(count))


def _seconds_per_generation(assembled: Assembled) -> float:
    engine, generations = assembled.engine, assembled.worlds[0].experiment.generations
    with threads(assembled.threads):
        state = engine.blank()
        engine.advance(state)  # warms caches up, and compiles what is to be compiled
        moments = [min(generations - 1, int(share * generations)) for share in _MOMENTS]
        _wait(engine.seeds.device)
        began = time.perf_counter()
        for generation in moments:
            engine.advance(replace(state, generation=generation))
        _wait(engine.seeds.device)
        return (time.perf_counter() - began) / len(moments)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
