"""Operators, schedules, optimizers and data sets of other packages, found by entry points.

A package that is installed beside this one registers a name in one of four groups, for example
in its ``pyproject.toml``::

    [project.entry-points."coevo.operators"]
    loudness = "my_package.pruning:loudness"

and experiments can use the name. To have installed the package is to trust it.

A name that is built in always means what is built in, whatever is installed: installed packages
are looked at only for other names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import EntryPoint, distributions
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from coevo.catalog import DATASET_KEYS, OPERATOR_KEYS, OPTIMIZERS, SCHEDULE_KEYS
from coevo.errors import CoevoError
from coevo.problems import told

__all__ = [
    "BUILT_IN",
    "PluginKind",
    "hidden_plugins",
    "load_plugin",
    "plugin_names",
    "plugin_packages",
    "plugin_versions",
]

PluginKind: TypeAlias = Literal["operators", "schedules", "optimizers", "datasets"]

BUILT_IN: Mapping[PluginKind, frozenset[str]] = MappingProxyType(
    {
        "operators": frozenset(OPERATOR_KEYS),
        "schedules": frozenset(SCHEDULE_KEYS),
        "optimizers": frozenset(OPTIMIZERS),
        "datasets": frozenset(DATASET_KEYS),
    }
)
"""The names that need no other package."""

_Points: TypeAlias = Mapping[str, Mapping[str, EntryPoint]]


def plugin_names(kind: PluginKind) -> tuple[str, ...]:
    """The names that installed packages add, in order; nothing of them is imported."""
    return tuple(sorted(_found()[kind].keys() - BUILT_IN[kind]))


def hidden_plugins(kind: PluginKind) -> Mapping[str, tuple[str, ...]]:
    """Built-in names that packages register too, in vain, and these packages."""
    names = sorted(_found()[kind].keys() & BUILT_IN[kind])
    return {name: plugin_packages(kind, name) for name in names}


def plugin_packages(kind: PluginKind, name: str) -> tuple[str, ...]:
    """The packages that register a name; it can be used where this is one."""
    return tuple(sorted(_found()[kind].get(name, ())))


def plugin_versions(names: Iterable[tuple[PluginKind, str]]) -> dict[str, str]:
    """The packages that some names come from, with their versions.

    Args:
        names: kinds and names; built-in names and ``module:name`` are passed over.
    """
    versions = {}
    for kind, name in names:
        if name in BUILT_IN[kind]:
            continue
        for package, point in _found()[kind].get(name, {}).items():
            versions[package] = str(point.dist and point.dist.version)
    return dict(sorted(versions.items()))


def load_plugin(kind: PluginKind, name: str, key: str) -> object:
    """Import what an installed package registers.

    Args:
        kind: the group, without ``coevo.``.
        name: as registered, and not built in.
        key: of the experiment, for messages.

    Raises:
        CoevoError: no package registers the name, or two do, or it cannot be imported.
    """
    points = _found()[kind].get(name, {})
    if not points:
        raise CoevoError(
            f"{key}: no installed package registers {name!r} as one of coevo.{kind}; install it"
        )
    if len(points) > 1:
        owners = " and ".join(plugin_packages(kind, name))
        raise CoevoError(f"{key}: {name!r} is registered by {owners}; uninstall all but one")
    ((package, point),) = points.items()
    try:
        return point.load()
    except Exception as error:
        raise CoevoError(
            f"{key}: {name!r} of {package} cannot be imported ({told(error)}); "
            "mend or reinstall the package"
        ) from error


@cache
def _found() -> Mapping[PluginKind, _Points]:
    """For each kind: name to package to entry point."""
    kinds: tuple[PluginKind, ...] = get_args(PluginKind)
    found: dict[PluginKind, dict[str, dict[str, EntryPoint]]] = {kind: {} for kind in kinds}
    for point in _entry_points():
        for kind in kinds:
            if point.group == f"coevo.{kind}":
                package = point.dist and point.dist.name
                # A package can be on the path twice; the first is the one that is imported.
                packages = found[kind].setdefault(point.name, {})
                packages.setdefault(package or "an unknown package", point)
    return MappingProxyType(found)


def _entry_points() -> Iterator[EntryPoint]:
    """All entry points; packages whose own description is damaged have none."""
    for distribution in distributions():
        with suppress(Exception):
            yield from distribution.entry_points
