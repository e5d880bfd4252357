"""Noisy copies of random bit patterns, from Jorgensen et al., GECCO 2025 (arXiv 2505.05138).

Differs from the paper: validation and test rows are drawn with flips of their own and are all
distinct, where the published generator repeats 100 rows; everything follows from a seed.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from coevo.datasets.dataset import Dataset, Split
from coevo.datasets.draws import Bits, bernoulli
from coevo.datasets.options import DataOptions
from coevo.errors import CoevoError

__all__ = ["binary_centroids", "load_binary_clustering"]

# A centroid's bit is 1 where a Binomial(2, 1/2) number is not 0.
_ONES = 0.75
_CENTROIDS, _TRAIN, _VALIDATION, _TEST = range(4)
_ROUNDS = 100


def binary_centroids(options: DataOptions) -> Tensor:
    """Draw the patterns whose noisy copies are the data.

    Args:
        options: ``clusters``, ``dimensions`` and ``split_seed`` are read.

    Returns:
        ``[clusters, dimensions]`` float32, 0 or 1, each bit 1 with probability 0.75.

    Examples:
        >>> binary_centroids(DataOptions(clusters=2, dimensions=3)).shape
        torch.Size([2, 3])
    """
    return _tensor(_centroids(options))


def load_binary_clustering(options: DataOptions) -> Dataset:
    """Generate noisy copies of the centroids, in turn.

    Row ``i`` of every split is centroid ``i % clusters`` with each bit flipped with probability
    ``flip_probability``. Validation and test rows that occur before (in train, validation or
    test) are drawn again, so that no held-out row was seen and none counts twice.

    Args:
        options: ``clusters``, ``dimensions``, ``rows_per_cluster``, ``flip_probability``,
            ``validation_rows``, ``test_rows`` and ``split_seed`` are read.

    Returns:
        Inputs ``[rows, dimensions]``, 0 or 1.

    Raises:
        CoevoError: there are not enough distinct rows.
    """
    centroids = _centroids(options)
    rows = options.clusters * options.rows_per_cluster
    train = _noisy(centroids, np.arange(rows), options, (_TRAIN,))
    validation = _fresh(centroids, train, options, _VALIDATION)
    test = _fresh(centroids, np.concatenate([train, validation]), options, _TEST)
    description = (
        f"{rows} training rows around {options.clusters} random centroids of "
        f"{options.dimensions} bits; {options.validation_rows} validation and "
        f"{options.test_rows} test rows with flips of their own, all distinct; "
        f"split_seed {options.split_seed}"
    )
    splits = [Split(_tensor(bits)) for bits in (train, validation, test)]
    return Dataset("binary_clustering", splits[0], splits[1], splits[2], description)


def _centroids(options: DataOptions) -> Bits:
    shape = (options.clusters, options.dimensions)
    return bernoulli(options.split_seed, (_CENTROIDS,), _ONES, shape)


def _noisy(
    centroids: Bits, rows: np.ndarray, options: DataOptions, stream: tuple[int, ...]
) -> Bits:
    shape = (len(rows), options.dimensions)
    flips = bernoulli(options.split_seed, stream, options.flip_probability, shape)
    return np.asarray(centroids[rows % options.clusters] ^ flips)


def _fresh(centroids: Bits, seen: Bits, options: DataOptions, purpose: int) -> Bits:
    key = "validation_rows" if purpose == _VALIDATION else "test_rows"
    count = options.validation_rows if purpose == _VALIDATION else options.test_rows
    result = np.empty((count, options.dimensions), dtype=np.bool_)
    pending = np.arange(count)
    for attempt in range(_ROUNDS):
        result[pending] = _noisy(centroids, pending, options, (purpose, attempt))
        pending = _repeated(seen, result)
        if len(pending) == 0:
            return result
    raise CoevoError(
        f"{key}: {count} rows that differ from each other and from {len(seen)} earlier ones "
        f"were not found with {options.dimensions} dimensions and flip_probability "
        f"{options.flip_probability}; give more dimensions or fewer rows"
    )


def _repeated(seen: Bits, rows: Bits) -> np.ndarray:
    packed = np.packbits(np.concatenate([seen, rows]), axis=1)
    _, first = np.unique(packed, axis=0, return_index=True)
    is_first = np.zeros(len(packed), dtype=np.bool_)
    is_first[first] = True
    return np.flatnonzero(~is_first[len(seen) :])


def _tensor(bits: Bits) -> Tensor:
    return torch.from_numpy(bits).to(torch.float32)
