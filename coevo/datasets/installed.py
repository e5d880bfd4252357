"""Data sets of other packages, in the form of all others or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from coevo.datasets.dataset import Dataset
from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError
from coevo.plugins import load_plugin
from coevo.problems import told
from coevo.user_code import check_options, origin

__all__ = ["load_installed"]

_KEY = "dataset"
_DIMENSIONS = (2, 4)


def load_installed(name: str, options: DataOptions, own: Mapping[str, Any]) -> Dataset:
    """Load a data set that an installed package registers.

    Args:
        name: one of ``plugin_names("datasets")``.
        options: what all sources can be told.
        own: the source's own options.

    Returns:
        The data set, on the CPU.

    Raises:
        CoevoError: the package is not what it should be, has no such options, cannot do what
            they ask, or gives no rows of float32 in [0, 1].
    """
    load, what = load_plugin("datasets", name, _KEY), origin("datasets", name)
    if not callable(load):
        raise CoevoError(f"{_KEY}: {what} is a {type(load).__name__}, not a function; mend it")
    check_options(load, own, "options", what, before=1)
    try:
        found: object = load(options, **own)
    except CoevoError as error:
        raise CoevoError(f"{_KEY}: {what}: {error}") from error
    except Exception as error:
        raise CoevoError(f"{_KEY}: {what} fails: {told(error)}; mend it") from error
    if not isinstance(found, Dataset):
        raise CoevoError(
            f"{_KEY}: {what} gives a {type(found).__name__}; return a coevo.datasets.Dataset"
        )
    for split_name, split in found.splits():
        for part, rows in (("inputs", split.inputs), ("targets", split.targets)):
            if rows is not None:
                _check_rows(rows, f"{_KEY}: {what}: {split_name} {part}")
    return found


def _check_rows(rows: object, what: str) -> None:
    """Refuse all but float32 rows of vectors or images in [0, 1], on the CPU."""
    if not isinstance(rows, Tensor):
        raise CoevoError(f"{what} are a {type(rows).__name__}; give a tensor")
    if rows.dtype != torch.float32 or rows.device.type != "cpu":
        raise CoevoError(f"{what} are {rows.dtype} on {rows.device}; give float32 on the CPU")
    if rows.dim() not in _DIMENSIONS or 0 in rows.shape:
        raise CoevoError(
            f"{what} have shape {list(rows.shape)}; give [rows, n] or "
            "[rows, channels, height, width]"
        )
    if not bool(((rows >= 0) & (rows <= 1)).all()):  # refuses NaN, too
        low, high = float(rows.min()), float(rows.max())
        raise CoevoError(f"{what} are from {low:g} to {high:g}; rescale them to [0, 1]")
