"""Tells what an experiment would compute, in which memory and time, without computing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coevo.de_choice import gradient_steps
from coevo.experiment import Experiment
from coevo.experiment_source import experiment_source
from coevo.packing import PlannedStack, Setting, pack
from coevo.run_environment import repeatable
from coevo.stacks import replicates, worlds_of
from coevo.timing import expected_seconds
from coevo.variants import variants

__all__ = ["DryRun", "dry_run"]


@dataclass(frozen=True)
class DryRun:
    """What would be computed.

    Attributes:
        variants: their names; one in an experiment that is no study.
        stacks: one after the other.
        seconds: that each stack is expected to take on this machine.
    """

    variants: tuple[str, ...]
    stacks: tuple[PlannedStack, ...]
    seconds: tuple[float, ...]

    @property
    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        stacks = [
            {
                "variants": stack.variants,
                "worlds": len(stack.worlds),
                "cells": stack.cells,
                "generations": stack.experiment.generations,
                "gradient_steps": _gradient_steps(stack),
                "memory_bytes": stack.memory,
                "seconds": round(seconds, 1),
            }
            for stack, seconds in zip(self.stacks, self.seconds, strict=True)
        ]
        return {
            "variants": list(self.variants),
            "worlds": sum(len(stack.worlds) for stack in self.stacks),
            "cells": sum(stack.cells for stack in self.stacks),
            "stacks": stacks,
            "memory_bytes": max(stack.memory for stack in self.stacks),
            "seconds": round(sum(self.seconds), 1),
        }

    @property
    def text(self) -> str:
        """For people: a line for each stack, and all together."""
        found = self.document
        several = "s" if len(self.variants) > 1 else ""
        lines = [f"{len(self.variants)} variant{several}: {', '.join(self.variants)}"]
        lines += ["stack  variants  worlds   cells  generations   memory      time"]
        for number, one in enumerate(found["stacks"], 1):
            lines.append(
                f"{number:>5}  {one['variants']:>8}  {one['worlds']:>6}  {one['cells']:>6}  "
                f"{one['generations']:>11}  {_gibibytes(one['memory_bytes'])}  "
                f"{_duration(one['seconds'])}"
            )
        lines.append(
            f"{found['worlds']} worlds, {found['cells']} cells; about "
            f"{_duration(found['seconds']).strip()} on this machine, and at most "
            f"{_gibibytes(found['memory_bytes']).strip()} at a time; nothing was written"
        )
        lines += [
            f"stack {number} takes more memory than the {_gibibytes(stack.limit).strip()} that one "
            "may take: what is of one world cannot be cut"
            for number, stack in enumerate(self.stacks, 1)
            if stack.memory > stack.limit
        ]
        return "\n".join(lines)


def dry_run(
    experiment: Experiment | str | Path,
    *,
    device: str | None = None,
    overrides: Sequence[str] = (),
) -> DryRun:
    """Plan an experiment, check that all its variants can run, and foresee its time.

    The time is that of some generations which are computed, of as many worlds as half a minute
    allows, so it is of this machine as busy as it is now.

    Args:
        experiment: checked, or the name of a preset, or a TOML file.
        device: ``cpu``, ``cuda``, or None for a GPU if there is one.
        overrides: ``key=value`` strings that change the preset or file; not for an experiment
            that is checked already.

    Raises:
        CoevoError: the experiment cannot be run as asked.
    """
    source = experiment_source(experiment, overrides)
    asked = source.experiment
    setting = Setting(device, source.search)
    wanted = variants(asked)
    with repeatable():
        stacks = pack(worlds_of(wanted) if asked.sweep.is_study else replicates(asked), setting)
        seconds = tuple(expected_seconds(stack, setting) for stack in stacks)
    return DryRun(tuple(variant.name for variant in wanted), stacks, seconds)


def _gradient_steps(stack: PlannedStack) -> int:
    """Of all cells, and of the ancestors of all worlds."""
    experiment = stack.experiment
    of_ancestors = experiment.start.ancestor_generations * experiment.optimizer.steps
    of_a_cell = gradient_steps(experiment, experiment.generations)
    return stack.cells * of_a_cell + len(stack.worlds) * of_ancestors


def _gibibytes(size: int) -> str:
    return f"{size / 2**30:>6.2f} GiB" if size >= 2**27 else f"{size / 2**20:>6.1f} MiB"


def _duration(seconds: float) -> str:
    """Seconds in words, as wide as a column.

    Examples:
        >>> _duration(90.0), _duration(5000.0)
        ('  1.5 min', '    1.4 h')
    """
    if seconds < 60:
        return f"{seconds:>7.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:>5.1f} min"
    return f"{seconds / 3600:>7.1f} h"
