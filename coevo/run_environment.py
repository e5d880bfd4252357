"""What a run computes in: versions and machine for its records, kernels that repeat."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from coevo.assemble import Assembled
from coevo.experiment import Experiment
from coevo.plugins import PluginKind, plugin_versions
from coevo.run_directory import describe_environment

__all__ = ["environment_of", "repeatable"]


def environment_of(
    assembled: Assembled, experiments: Iterable[Experiment], folder: Path | None
) -> dict[str, object]:
    """What ``environment.json`` says.

    Args:
        assembled: tells device and threads.
        experiments: all that are run.
        folder: of the experiment's file, for modules that it names.
    """
    device = assembled.engine.seeds.device.type
    return describe_environment(device, assembled.threads, folder, _plugins(experiments))


def _plugins(experiments: Iterable[Experiment]) -> dict[str, str]:
    """The packages that names of experiments come from, with their versions."""
    names: dict[tuple[PluginKind, str], None] = {}
    for experiment in experiments:
        names["datasets", experiment.task.dataset] = None
        names["optimizers", experiment.optimizer.kind] = None
        for entry in experiment.pruning:
            names["operators", entry.operator] = None
            names["schedules", entry.schedule] = None
    return plugin_versions(list(names))


@contextmanager
def repeatable() -> Iterator[None]:
    """Deterministic kernels while a run computes, so that resumed runs are bitwise the same."""
    before = torch.get_deterministic_debug_mode()
    # Read by cuBLAS when it starts; without it deterministic products are refused.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Not use_deterministic_algorithms, which first imports a compiler for more than a second.
    torch.set_deterministic_debug_mode("error")
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
