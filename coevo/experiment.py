"""Experiments: from a file, a preset or a mapping to checked values, and back to a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from coevo.de_table import DifferentialEvolutionTable
from coevo.errors import CoevoError
from coevo.experiment_text import to_toml
from coevo.overrides import applied, concerns, idle_overrides, override_paths
from coevo.presets import preset_names, preset_path
from coevo.problems import Problem, complaint, shown, suggestion
from coevo.pruning_table import PruningTable
from coevo.schema import Experiment, checked
from coevo.start_table import StartTable
from coevo.sweep_table import SweepTable
from coevo.tables import (
    CheckpointTable,
    DataTable,
    EngineTable,
    EvaluationTable,
    GridTable,
    NetworkTable,
    OptimizerTable,
    SelectionTable,
    TaskTable,
)
from coevo.toml_text import parse_toml
from coevo.variants import expansion

__all__ = [
    "Experiment",
    "load_experiment",
    "experiment_from_dict",
    "to_toml",
    "GridTable",
    "TaskTable",
    "DataTable",
    "NetworkTable",
    "StartTable",
    "SelectionTable",
    "OptimizerTable",
    "DifferentialEvolutionTable",
    "PruningTable",
    "EvaluationTable",
    "EngineTable",
    "CheckpointTable",
    "SweepTable",
]


def load_experiment(source: str | Path, overrides: Sequence[str] = ()) -> Experiment:
    """Read an experiment from a TOML file or a preset.

    Args:
        source: the name of a preset, or the path of a file. A file with the name of a preset
            is found as ``./name``.
        overrides: ``key=value`` strings with dotted keys, as given to ``--set``. Values are
            TOML, or plain text where they are not valid TOML.

    Returns:
        The experiment. Relative paths in it are as they were written.

    Raises:
        CoevoError: the file cannot be read, or is wrong; a line for each mistake, at most
            ten, with the path in the file, the value, and the fix.

    Examples:
        >>> load_experiment("digits", ["grid.rows=5", "task.loss=bce"]).grid.rows
        5
        >>> load_experiment("digits", ["task.loss=bec", "grid.row=3"])
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: --set grid.row: unknown key; did you mean 'rows'?
        --set task.loss: 'bec' is not a loss; did you mean 'bce'?
    """
    tables = parse_toml(_read(source), str(source))
    changed = applied(tables, overrides)
    paths = override_paths(overrides)
    found = _checked(changed, lambda one: "--set " if concerns(one, paths) else f"{source}: ")
    idle = idle_overrides(overrides, found)
    if idle:
        raise complaint(idle, lambda _: "--set ")
    return found


def experiment_from_dict(mapping: Mapping[str, Any]) -> Experiment:
    """Check an experiment that is at hand as nested mappings.

    Args:
        mapping: tables and keys as in a file; None only where it is the default.

    Raises:
        CoevoError: as for `load_experiment`.

    Examples:
        >>> experiment_from_dict({"network": {"latent": 8}}).network.hidden
        (48,)
        >>> experiment_from_dict({"network": {"latent": 0}})
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: network.latent: 0 is too small; use a whole number >= 1
    """
    return _checked(mapping, lambda _: "")


def _checked(mapping: Mapping[str, Any], origin: Callable[[Problem], str]) -> Experiment:
    if not isinstance(mapping, Mapping):
        raise CoevoError(f"{shown(mapping)} is not an experiment; give a mapping of its tables")
    found = checked(mapping)
    if isinstance(found, Experiment):
        expanded = expansion(found)
        if not isinstance(expanded, list):
            return found
        found = expanded
    raise complaint(found, origin)


def _read(source: str | Path) -> bytes:
    path = preset_path(source) if source in preset_names() else Path(source)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        known = ", ".join(preset_names())
        files = [str(file) for file in path.parent.glob("*.toml")]
        close = suggestion(str(source), [*preset_names(), *files])
        fix = f"did you mean {close!r}?" if close else "give a TOML file or a preset"
        raise CoevoError(f"{source}: no such file or preset; {fix} (presets: {known})") from None
    except OSError as error:
        reason = error.strerror or error
        raise CoevoError(f"{source}: cannot be read ({reason}); give a TOML file") from error
