"""Imports what an experiment names as ``module:name``, where the user trusts it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from coevo.errors import CoevoError

__all__ = ["load_callable"]


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
    sys.path[:0] = folders
    # A file may be younger than what Python remembers of its folder.
    importlib.invalidate_caches()
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
    _check_origin(f"{key}: {reference!r}", module_name.partition(".")[0], folders)
    for part in name.split("."):
        if not hasattr(found, part):
            raise CoevoError(f"{key}: {reference!r}: module {module_name} has no {name!r}")
        found = getattr(found, part)
    if not callable(found):
        raise CoevoError(f"{key}: {reference!r} is a {type(found).__name__}; give a function")
    result: Callable[..., Any] = found
    return result


def _check_origin(what: str, package: str, folders: Sequence[str]) -> None:
    """Refuse a module that was imported before from another place under the same name."""
    wanted = PathFinder.find_spec(package, folders)
    loaded = getattr(sys.modules[package], "__spec__", None)
    if wanted is None or wanted.origin is None or loaded is None:
        return
    if loaded.origin != wanted.origin:
        raise CoevoError(
            f"{what}: {loaded.origin} is imported already under the name {package!r}, so that "
            f"{wanted.origin} cannot be; give it another name"
        )
