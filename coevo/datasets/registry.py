"""All sources of data by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from coevo.datasets.binary_clustering import load_binary_clustering
from coevo.datasets.dataset import Dataset
from coevo.datasets.digits import load_digits
from coevo.datasets.folder import load_folder
from coevo.datasets.idx import load_idx
from coevo.datasets.mnist import load_mnist
from coevo.datasets.npz import load_npz
from coevo.datasets.omniglot import load_omniglot
from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError

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


def load_dataset(name: str, options: DataOptions | None = None) -> Dataset:
    """Load a data set by name.

    Args:
        name: one of `DATASETS`.
        options: what the source needs to know; None means all defaults.

    Returns:
        The data set, on the CPU.

    Raises:
        CoevoError: the name is unknown, or the source cannot do what the options ask.

    Examples:
        >>> digits = load_dataset("digits")
        >>> digits.train.inputs.shape
        torch.Size([1079, 1, 8, 8])
        >>> load_dataset("digit")
        Traceback (most recent call last):
        ...
        coevo.errors.CoevoError: dataset: 'digit' is not a data set; did you mean 'digits'?
    """
    if name not in DATASETS:
        close = difflib.get_close_matches(name, DATASETS, n=1)
        fix = f"did you mean '{close[0]}'?" if close else f"choose one of {', '.join(DATASETS)}"
        raise CoevoError(f"dataset: '{name}' is not a data set; {fix}")
    return DATASETS[name].load(options or DataOptions())
