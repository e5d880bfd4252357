"""What ``--set`` changes in an experiment file, and which mistakes are its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic_core import PydanticCustomError

from coevo.dotted_keys import split_key
from coevo.problems import KeyPath, Problem, shown
from coevo.schema import Experiment
from coevo.sweep_table import OWN_KEYS, dotted_axes, place
from coevo.toml_text import overridden, parse_override
from coevo.variants import variants

__all__ = ["applied", "concerns", "idle_overrides", "override_paths"]

_REPLICATES = ("sweep", "replicates")
_LISTS = (("zip",), ("variants",), ("exclude",))


def applied(tables: Mapping[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    """Copy the tables of a file with the changes of ``--set`` made.

    Of a sweep, axes are replaced however they are written; ``replicates`` is short for
    ``sweep.replicates``.

    Args:
        tables: nested tables; left as they are.
        texts: ``key=value``; later ones win.

    Raises:
        CoevoError: there is no ``=``, the key is none, or it leads through something that is
            not a table.

    Examples:
        >>> applied({"sweep": {"grid.rows": [1]}}, ["sweep.grid.rows=[2, 3]", "replicates=5"])
        {'sweep': {'grid.rows': [2, 3], 'replicates': 5}}
    """
    result = dict(tables)
    for text in texts:
        path, value = _change(text)
        varied = (
            _with_axes(result.get("sweep", {}), path[1:], value) if path[0] == "sweep" else None
        )
        result = (
            overridden(result, [(path, value)]) if varied is None else {**result, "sweep": varied}
        )
    return result


def override_paths(texts: Sequence[str]) -> list[KeyPath]:
    """The paths that some ``key=value`` are about, part by part also in sweeps.

    Examples:
        >>> override_paths(["replicates=3", "sweep.'grid.rows'=[1]"])
        [('sweep', 'replicates'), ('sweep', 'grid', 'rows')]
        >>> override_paths(["sweep.zip=[{'grid.rows' = [1]}]"])
        [('sweep', 'zip'), ('sweep', 'zip', 'grid', 'rows')]
    """
    paths: list[KeyPath] = []
    for path, value in map(_change, texts):
        if path[0] != "sweep":
            paths.append(path)
            continue
        paths.append(("sweep", *(part for key in path[1:] for part in split_key(key) or (key,))))
        if path[1:2] in _LISTS and isinstance(value, list):
            tables = [table for table in value if isinstance(table, Mapping)]
            with suppress(PydanticCustomError):
                paths += [(*path, *place(key)) for table in tables for key in dotted_axes(table)]
    return paths


def concerns(problem: Problem, paths: Sequence[KeyPath]) -> bool:
    """Whether one of the paths leads to the problem's key, to its table, or into its value.

    A mistake in a variant is that of a path that leads to the key in the experiment, or to what
    varies it in the sweep.
    """
    if not problem.within:
        return any(_meet(problem.path, path) for path in paths)
    if not problem.path:
        return False
    places = [("sweep", *middle, *problem.path) for middle in ((), *_LISTS)]
    return any(
        _meet(where, path)
        for path in paths
        if path[1:] not in _LISTS
        for where in (problem.path, *places)
    )


def idle_overrides(texts: Sequence[str], experiment: Experiment) -> list[Problem]:
    """Find the changes that reach no variant, since every variant sets the same key itself.

    Args:
        texts: ``key=value``, as for `applied`.
        experiment: with these changes.
    """
    changes = [change for change in map(_change, texts) if change[0][0] != "sweep"]
    if not changes or not experiment.sweep.is_study:
        return []
    settings = [one.settings for one in variants(experiment)]
    paths = {key: split_key(key) for one in settings for key in one}
    text = "has no effect: every variant sets this key by itself; change the sweep"
    return [
        Problem(path, f"{shown(value)} {text}")
        for path, value in changes
        if all(any(_covers(paths[key], path) for key in one) for one in settings)
    ]


def _covers(setting: KeyPath, path: KeyPath) -> bool:
    """Whether a setting replaces whatever a path leads to."""
    if _numbered(path) and not _numbered(setting):
        path = (path[0], *path[2:])
    return path[: len(setting)] == setting


def _numbered(path: KeyPath) -> bool:
    return path[0] == "pruning" and len(path) > 1 and str(path[1]).isdecimal()


def _meet(where: KeyPath, path: KeyPath) -> bool:
    there, here = _names(where), _names(path)
    if here == [*_REPLICATES] and there == ["sweep"]:
        return False
    shared = min(len(there), len(here))
    return there[:shared] == here[:shared]


def _names(path: KeyPath) -> list[str]:
    """A path without its positions in lists."""
    return [part for part in path if isinstance(part, str) and not part.isdecimal()]


def _change(text: str) -> tuple[tuple[str, ...], object]:
    path, value = parse_override(text)
    return (_REPLICATES if path == _REPLICATES[1:] else path), value


def _with_axes(sweep: object, path: tuple[str, ...], value: object) -> dict[str, Any] | None:
    """A sweep with an axis set; None where that cannot be, or no axis is meant."""
    if not path or path[0] in OWN_KEYS or not isinstance(sweep, Mapping):
        return None
    axis = {path[-1]: value}
    for part in reversed(path[:-1]):
        axis = {part: axis}
    with suppress(PydanticCustomError):
        return {**dotted_axes(sweep), **dotted_axes(axis)}
    return None
