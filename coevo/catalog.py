"""What experiment files may name, known without loading what carries the names out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["DATASET_KEYS", "REQUIRED_DATASET_KEYS"]

DATASET_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "digits": (),
        "mnist": (),
        "omniglot": ("frame",),
        "binary_clustering": (
            "clusters",
            "dimensions",
            "rows_per_cluster",
            "flip_probability",
            "validation_rows",
            "test_rows",
        ),
        "idx": ("train_file", "test_file", "validation_share"),
        "npz": ("file",),
        "folder": ("folder", "image_size", "channels"),
    }
)
"""Every data set, with the keys of ``[data]`` that it alone takes."""

REQUIRED_DATASET_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"idx": ("train_file", "test_file"), "npz": ("file",), "folder": ("folder",)}
)
"""Of these, the ones without which there is nothing to read."""
