"""Experiments that ship with the package, to be run by name."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from coevo.errors import CoevoError
from coevo.problems import not_listed

__all__ = ["preset_description", "preset_names", "preset_path"]


def preset_names() -> tuple[str, ...]:
    """Names of all presets, sorted.

    Examples:
        >>> "digits" in preset_names()
        True
    """
    return tuple(sorted(path.stem for path in _directory().glob("*.toml")))


def preset_path(name: str) -> Path:
    """Find the file of a preset.

    Raises:
        CoevoError: there is no such preset.

    Examples:
        >>> preset_path("digit")
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: 'digit' is not a preset; did you mean 'digits'?
    """
    if name not in preset_names():
        raise CoevoError(not_listed(name, "a preset", preset_names()))
    return _directory() / f"{name}.toml"


def preset_description(name: str) -> str:
    """Say in one line what a preset shows.

    Raises:
        CoevoError: there is no such preset.
    """
    return str(tomllib.loads(preset_path(name).read_text("utf-8"))["description"])


def _directory() -> Path:
    return Path(str(files("coevo"))) / "presets"
