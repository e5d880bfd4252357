"""Data sets: arrays in [0, 1], split once into training, validation and test rows."""

from __future__ import annotations

from coevo.datasets.binary_clustering import binary_centroids
from coevo.datasets.dataset import Dataset, Split, limit
from coevo.datasets.derived import edges, with_edges
from coevo.datasets.options import DataOptions
from coevo.datasets.registry import DATASETS, Source, load_dataset

__all__ = [
    "DATASETS",
    "DataOptions",
    "Dataset",
    "Source",
    "Split",
    "binary_centroids",
    "edges",
    "limit",
    "load_dataset",
    "with_edges",
]
