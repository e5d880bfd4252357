"""Imports what an experiment names as ``module:name``, where the user trusts it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from coevo.errors import CoevoError
from coevo.plugins import PluginKind, load_plugin

__all__ = ["Sources", "load_callable", "load_named"]


@dataclass(frozen=True)
class Sources:
    """Where code that an experiment names may come from.

    Attributes:
        search: folders that are searched for modules before the installed packages.
        trust: whether modules may be imported at all.
    """

    search: tuple[Path, ...] = (Path(),)
    trust: bool = True


def load_named(kind: PluginKind, key: str, name: str, sources: Sources) -> object:
    """Load what an experiment names as ``module:name``, or by a name of another package.

    Args:
        kind: what it is.
        key: the experiment's key that names it, for messages.
        name: ``module:name``, or one of `coevo.plugins.plugin_names`.
        sources: where modules may come from.

    Raises:
        CoevoError: as for `load_callable` and `coevo.plugins.load_plugin`.
    """
    if ":" in name:
        return load_callable(key, name, search=sources.search, trust=sources.trust)
    return load_plugin(kind, name, key)


def load_callable(
    key: str, reference: str, *, search: tuple[Path, ...], trust: bool
) -> Callable[..., Any]:
    """Import a user's callable.

    Args:
        key: the experiment's key that names it, for messages.
        reference: ``module:name``; the name may have dots.
        search: folders that are searched before the installed packages.
        trust: whether code may be imported at all.

    Raises:
        CoevoError: not trusted, not found, fails at import, or not callable.
    """
    if not trust:
        raise CoevoError(
            f"{key}: {reference!r} is code of its own, which runs when it is imported; "
            "look at it, then say --trust (trust=True in Python)"
        )
    module_name, _, name = reference.partition(":")
    before, folders = list(sys.path), [str(folder.resolve()) for folder in search]
    _forget_namesake(f"{key}: {reference!r}", module_name.partition(".")[0], folders)
    sys.path[:0] = folders
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        looked = " and ".join(str(folder) for folder in search)
        raise CoevoError(
            f"{key}: {reference!r}: no module {error.name!r}; put it into {looked}, or install it"
        ) from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise CoevoError(f"{key}: {reference!r} fails at import: {reason}; mend it") from error
    finally:
        sys.path[:] = before
    for part in name.split("."):
        if not hasattr(found, part):
            raise CoevoError(f"{key}: {reference!r}: module {module_name} has no {name!r}")
        found = getattr(found, part)
    if not callable(found):
        raise CoevoError(f"{key}: {reference!r} is a {type(found).__name__}; give a function")
    result: Callable[..., Any] = found
    return result


def _forget_namesake(what: str, package: str, folders: Sequence[str]) -> None:
    """Make way for a module whose name was taken by one from the folder of another experiment.

    Raises:
        CoevoError: the name is taken by a module that belongs to Python or is installed.
    """
    # A file may be younger than what Python remembers of its folder.
    importlib.invalidate_caches()
    wanted = PathFinder.find_spec(package, folders)
    loaded = getattr(sys.modules.get(package), "__spec__", None)
    if wanted is None or wanted.origin is None or loaded is None:
        return
    if loaded.origin == wanted.origin:
        return
    if not loaded.has_location or _home(loaded) in {Path(place).resolve() for place in sys.path}:
        raise CoevoError(
            f"{what}: another module has the name {package!r}, so that {wanted.origin} cannot be "
            "imported; rename it"
        )
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        del sys.modules[name]


def _home(spec: ModuleSpec) -> Path:
    """The folder that must be searched in order to find a module."""
    return Path(str(spec.origin)).resolve().parents[1 if spec.submodule_search_locations else 0]
