"""Operators, schedules, optimizers and data sets of other packages, found by entry points.

A package that is installed beside this one registers a name in one of four groups, for example
in its ``pyproject.toml``::

    [project.entry-points."coevo.operators"]
    loudness = "my_package.pruning:loudness"

and experiments can use the name. To have installed the package is to trust it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Literal, TypeAlias

from coevo.errors import CoevoError

__all__ = ["PluginKind", "load_plugin", "plugin_names", "plugin_package"]

PluginKind: TypeAlias = Literal["operators", "schedules", "optimizers", "datasets"]


@cache
def _found(kind: PluginKind) -> Mapping[str, tuple[EntryPoint, ...]]:
    points: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=f"coevo.{kind}"):
        same = points.get(point.name, ())
        # The same package can be on the path twice, as when it is edited where it is installed.
        if point.value not in {other.value for other in same}:
            points[point.name] = (*same, point)
    return MappingProxyType(points)


def plugin_names(kind: PluginKind) -> tuple[str, ...]:
    """The names that installed packages register, in order; nothing of them is imported."""
    return tuple(sorted(_found(kind)))


def plugin_package(kind: PluginKind, name: str) -> str:
    """The package that registers a name, for lists and messages."""
    distribution = _found(kind)[name][0].dist
    return "an unknown package" if distribution is None else distribution.name


def load_plugin(kind: PluginKind, name: str, key: str) -> object:
    """Import what an installed package registers.

    Args:
        kind: the group, without ``coevo.``.
        name: one of `plugin_names`.
        key: of the experiment, for messages.

    Raises:
        CoevoError: two packages register the name, or it cannot be imported.
    """
    points = _found(kind)[name]
    if len(points) > 1:
        owners = " and ".join(str(point.dist and point.dist.name) for point in points)
        raise CoevoError(f"{key}: {name!r} is registered by {owners}; uninstall all but one")
    try:
        return points[0].load()
    except Exception as error:
        raise CoevoError(
            f"{key}: {name!r} of {plugin_package(kind, name)} cannot be imported "
            f"({type(error).__name__}: {error}); mend or reinstall the package"
        ) from error
