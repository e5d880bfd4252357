"""Spatial coevolution of encoder and decoder populations on a torus.

The names below are the public surface; everything that the commands do is one of them. They
are imported when first used, so that ``import coevo`` costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coevo.assemble import assemble
    from coevo.compaction import compact
    from coevo.compare import CompareOptions, Comparison, compare
    from coevo.datasets import DataOptions, Dataset, load_dataset
    from coevo.dry_run import DryRun, dry_run
    from coevo.engine import Engine, evolve
    from coevo.errors import CoevoError
    from coevo.experiment import Experiment, experiment_from_dict, load_experiment, to_toml
    from coevo.export import export
    from coevo.exporting import load_export
    from coevo.interruption import Interrupted
    from coevo.listing import listing
    from coevo.loop import Hooks, Progress
    from coevo.operator_check import check_operator
    from coevo.pairing_files import load_pairing
    from coevo.random import Key
    from coevo.recorded_table import read_records
    from coevo.report import write_report
    from coevo.run import Run, resume, run
    from coevo.variants import Variant, variants
    from coevo.watch import look, serve, watch

__all__ = [
    "run",
    "resume",
    "dry_run",
    "DryRun",
    "Run",
    "Hooks",
    "Progress",
    "Interrupted",
    "variants",
    "Variant",
    "Experiment",
    "load_experiment",
    "experiment_from_dict",
    "to_toml",
    "load_pairing",
    "export",
    "load_export",
    "compact",
    "read_records",
    "compare",
    "CompareOptions",
    "Comparison",
    "write_report",
    "watch",
    "look",
    "serve",
    "listing",
    "check_operator",
    "load_dataset",
    "Dataset",
    "DataOptions",
    "assemble",
    "Engine",
    "evolve",
    "Key",
    "CoevoError",
]

_HOMES = {
    "run": "run",
    "resume": "run",
    "Run": "run",
    "dry_run": "dry_run",
    "DryRun": "dry_run",
    "variants": "variants",
    "Variant": "variants",
    "Hooks": "loop",
    "Progress": "loop",
    "Interrupted": "interruption",
    "Experiment": "experiment",
    "load_experiment": "experiment",
    "experiment_from_dict": "experiment",
    "to_toml": "experiment",
    "load_pairing": "pairing_files",
    "export": "export",
    "load_export": "exporting",
    "compact": "compaction",
    "read_records": "recorded_table",
    "compare": "compare",
    "CompareOptions": "compare",
    "Comparison": "compare",
    "write_report": "report",
    "watch": "watch",
    "look": "watch",
    "serve": "watch",
    "listing": "listing",
    "check_operator": "operator_check",
    "load_dataset": "datasets",
    "Dataset": "datasets",
    "DataOptions": "datasets",
    "assemble": "assemble",
    "Engine": "engine",
    "evolve": "engine",
    "Key": "random",
    "CoevoError": "errors",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'coevo' has no attribute {name!r}")
    found = getattr(import_module(f"coevo.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps the functions `run`, `assemble` and `listing` in sight of their namesakes.

    Python binds a module to its name in the package when it is first imported, wherever that
    happens.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
