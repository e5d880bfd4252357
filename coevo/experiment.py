"""Experiments: from a file, a preset or a mapping to checked values, and back to a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from coevo.errors import CoevoError
from coevo.presets import preset_names, preset_path
from coevo.problems import KeyPath, Problem, complaint, shown, suggestion
from coevo.pruning_keys import has_meaning
from coevo.pruning_table import PruningTable
from coevo.rules import Given, applies, broken_rules
from coevo.schema import DEFAULTS, Experiment
from coevo.tables import (
    CheckpointTable,
    DataTable,
    EngineTable,
    EvaluationTable,
    GridTable,
    NetworkTable,
    OptimizerTable,
    SelectionTable,
    SweepTable,
    TaskTable,
)
from coevo.toml_text import overridden, parse_override, parse_toml, write_toml
from coevo.validation import value_problems

__all__ = [
    "Experiment",
    "load_experiment",
    "experiment_from_dict",
    "to_toml",
    "GridTable",
    "TaskTable",
    "DataTable",
    "NetworkTable",
    "SelectionTable",
    "OptimizerTable",
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
    changes = [parse_override(text) for text in overrides]
    paths = [path for path, _ in changes]

    def origin(problem: Problem) -> str:
        return "--set " if _concerns(problem, paths) else f"{source}: "

    return _checked(overridden(tables, changes), origin)


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


def to_toml(experiment: Experiment) -> str:
    """Write an experiment with all keys that have a meaning in it, the defaults included.

    Returns:
        TOML from which `load_experiment` makes an equal experiment.

    Examples:
        >>> to_toml(Experiment()).splitlines()[:3]
        ['seed = 1', 'generations = 60', 'dtype = "float32"']
    """
    values = experiment.model_dump()
    given = Given(values, DEFAULTS)
    tables = {
        table: {
            key: values[table][key]
            for key in keys
            if values[table][key] is not None and applies(f"{table}.{key}", given)
        }
        for table, keys in DEFAULTS.items()
    }
    entries = [_meaningful(entry) for entry in values["pruning"]]
    del values["pruning"]
    document = {**values, **tables}
    if entries:
        document["pruning"] = entries
    order = [name for name in Experiment.model_fields if name in document]
    return write_toml({name: document[name] for name in order})


def _meaningful(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of an entry of ``[[pruning]]`` that have a value and a meaning."""
    return {
        key: value
        for key, value in entry.items()
        if value is not None and has_meaning(key, entry.__getitem__)
    }


def _checked(mapping: Mapping[str, Any], origin: Callable[[Problem], str]) -> Experiment:
    if not isinstance(mapping, Mapping):
        raise CoevoError(f"{shown(mapping)} is not an experiment; give a mapping of its tables")
    tables = {k: dict(v) if isinstance(v, Mapping) else v for k, v in mapping.items()}
    try:
        return Experiment.model_validate(tables)
    except ValidationError as error:
        problems = value_problems(error, Experiment)
    depths = ((problem.path, 3 if problem.path[:1] == ("pruning",) else 2) for problem in problems)
    refused = frozenset(".".join(map(str, path[:depth])) for path, depth in depths)
    problems += broken_rules(Given(tables, DEFAULTS, refused))
    raise complaint(problems, origin)


def _concerns(problem: Problem, paths: Sequence[KeyPath]) -> bool:
    """Whether one of the paths leads to the problem's key, to its table, or into its value."""
    names = _names(problem.path)
    for path in map(_names, paths):
        shared = min(len(path), len(names))
        if path[:shared] == names[:shared]:
            return True
    return False


def _names(path: KeyPath) -> list[str]:
    """A path without its positions in lists."""
    return [part for part in path if isinstance(part, str) and not part.isdecimal()]


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
