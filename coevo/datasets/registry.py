"""All sources of data by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from coevo.datasets.binary_clustering import load_binary_clustering
from coevo.datasets.dataset import Dataset
from coevo.datasets.digits import load_digits
from coevo.datasets.folder import load_folder
from coevo.datasets.idx import load_idx
from coevo.datasets.installed import load_installed
from coevo.datasets.mnist import load_mnist
from coevo.datasets.npz import load_npz
from coevo.datasets.omniglot import load_omniglot
from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError
from coevo.plugins import plugin_names

__all__ = ["DATASETS", "Source", "load_dataset"]


@dataclass(frozen=True)
class Source:
    """A way to get a data set.

    Attributes:
        load: reads or makes the data set that the options describe.
        description: one line for lists.
    """

    load: Callable[[DataOptions], Dataset]
    description: str


DATASETS: Mapping[str, Source] = MappingProxyType(
    {
        "binary_clustering": Source(
            load_binary_clustering, "generated: noisy copies of random bit patterns"
        ),
        "digits": Source(load_digits, "8 x 8 handwritten digits that come with scikit-learn"),
        "folder": Source(load_folder, "your image files, alone or in pairs of input and target"),
        "idx": Source(load_idx, "your files in the format of MNIST"),
        "mnist": Source(load_mnist, "28 x 28 handwritten digits, from the published files"),
        "npz": Source(load_npz, "your arrays, saved with numpy.savez"),
        "omniglot": Source(
            load_omniglot, "28 x 28 handwritten characters, from the published small archives"
        ),
    }
)


def load_dataset(
    name: str, options: DataOptions | None = None, own: Mapping[str, Any] | None = None
) -> Dataset:
    """Load a data set by name.

    Args:
        name: one of `DATASETS`, or of an installed package's.
        options: what the source needs to know; None means all defaults.
        own: more options, of a data set of another package.

    Returns:
        The data set, on the CPU.

    Raises:
        CoevoError: the name is unknown, the source cannot do what the options ask, or another
            package's does not give a data set in the form of all others.

    Examples:
        >>> digits = load_dataset("digits")
        >>> digits.train.inputs.shape
        torch.Size([1079, 1, 8, 8])
        >>> load_dataset("digit")
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: dataset: 'digit' is not a data set; did you mean 'digits'?
    """
    options = options or DataOptions()
    if name in DATASETS:
        if own:
            raise CoevoError(f"options: {name!r} is built in and has no options of its own")
        return DATASETS[name].load(options)
    if name in plugin_names("datasets"):
        return load_installed(name, options, own or {})
    known = (*DATASETS, *plugin_names("datasets"))
    close = difflib.get_close_matches(name, known, n=1)
    fix = f"did you mean '{close[0]}'?" if close else f"choose one of {', '.join(known)}"
    raise CoevoError(f"dataset: '{name}' is not a data set; {fix}")
