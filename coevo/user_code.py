"""Imports what an experiment names: ``module:name`` where the user trusts it, or a plug-in."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from coevo.errors import CoevoError
from coevo.plugins import BUILT_IN, PluginKind, load_plugin, plugin_packages
from coevo.problems import told
from operators.options import options_of

__all__ = [
    "Sources",
    "check_options",
    "load_callable",
    "load_named",
    "option_refusal",
    "origin",
]


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


def origin(kind: PluginKind, name: str) -> str:
    """A name as messages give it, with the package that it comes from, if it does.

    Examples:
        >>> origin("operators", "magnitude"), origin("operators", "mine:loudness")
        ("'magnitude'", "'mine:loudness'")
    """
    if ":" in name or name in BUILT_IN[kind]:
        return repr(name)
    return f"{name!r} of {' and '.join(plugin_packages(kind, name))}"


def check_options(
    function: Callable[..., Any], options: Mapping[str, Any], key: str, what: str, *, before: int
) -> None:
    """Make sure that a function takes some options, and gets those that it needs.

    Args:
        function: to be called with options as keyword arguments.
        options: their values by name.
        key: of the experiment that holds the options, for messages.
        what: names the function in messages.
        before: number of other arguments, which it gets first and by position.

    Raises:
        CoevoError: it has no such option, or one without a default is missing.

    Examples:
        >>> check_options(lambda rows, *, size=8: ..., {"sise": 4}, "data.options", "'a'", before=1)
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: data.options: 'sise' is not an option of 'a'; it takes size
    """
    fault = options_of(function, before=before).fault(options, what)
    if fault:
        raise CoevoError(f"{key}: {fault}")


def option_refusal(error: Exception, names: Iterable[str]) -> str:
    """What a function says against the value of one of its options; "" if it is about no option.

    Args:
        error: that the function raised.
        names: of its options.

    Examples:
        >>> option_refusal(ValueError("noise: -1 is not a size"), ["noise"])
        'noise: -1 is not a size'
        >>> option_refusal(RuntimeError("noise: -1"), ["noise"])
        ''
    """
    text = " ".join(str(error).split())
    about = any(text.startswith(f"{name}: ") for name in names)
    return text if about and isinstance(error, ValueError) else ""


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
        raise CoevoError(f"{key}: {reference!r} fails at import: {told(error)}; mend it") from error
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
