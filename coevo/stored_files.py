"""Files of runs and studies, read with errors in one line that name the file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from coevo.errors import CoevoError

__all__ = [
    "Samples",
    "damaged",
    "json_object",
    "parsed_toml",
    "read_samples",
    "stored_object",
    "stored_value",
    "text_of",
]

Samples: TypeAlias = Mapping[str, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]

_SAMPLE_NAMES = ("inputs", "targets", "outputs")


def damaged(path: Path, reason: object) -> CoevoError:
    """What to raise for a file that cannot be read."""
    return CoevoError(f"{path}: cannot be read ({reason}); restore it or remove it")


def text_of(path: Path) -> str:
    """A text file, word for word.

    Raises:
        CoevoError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(path, error) from error


def parsed_toml(path: Path, text: str) -> Mapping[str, Any]:
    """The tables of a TOML text.

    Args:
        path: where it stands, for the message.
        text: to read.

    Raises:
        CoevoError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise damaged(path, error) from error


def json_object(path: Path) -> Mapping[str, Any] | None:
    """The object of a JSON file, or None where there is no file.

    Raises:
        CoevoError: it is not a JSON object.
    """
    return stored_object(path) if path.is_file() else None


def stored_object(path: Path) -> dict[str, Any]:
    """The object of a JSON file that has to be there.

    Raises:
        CoevoError: it is not there, or not a JSON object.
    """
    document = stored_value(path)
    if not isinstance(document, dict):
        raise damaged(path, "not a JSON object")
    return document


def stored_value(path: Path) -> object:
    """What a JSON file holds that has to be there.

    Raises:
        CoevoError: it is not there, or not JSON.
    """
    try:
        return json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise damaged(path, error) from error


def read_samples(path: Path) -> Samples | None:
    """``inputs``, ``targets`` and ``outputs`` of a pairing, each ``[n, ...]``; None without a file.

    Raises:
        CoevoError: the file is damaged, or its arrays do not belong together.
    """
    if not path.is_file():
        return None
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(path)
        samples = {name: np.asarray(found[name], dtype=np.float64) for name in _SAMPLE_NAMES}
    except (SafetensorError, OSError, KeyError) as error:
        raise damaged(path, error) from error
    shapes = {name: values.shape for name, values in samples.items()}
    counts = {shape[0] if len(shape) > 1 else None for shape in shapes.values()}
    if len(counts) > 1 or None in counts or shapes["targets"] != shapes["outputs"]:
        raise damaged(path, f"shapes {shapes} do not belong together")
    return samples
