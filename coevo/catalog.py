"""What experiment files may name, known without loading what carries the names out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = [
    "DATASET_KEYS",
    "DE_PRESETS",
    "DE_STRATEGIES",
    "GENERATIONS",
    "LOOKING_OPERATORS",
    "OPERATOR_KEYS",
    "OPTIMIZERS",
    "REQUIRED_DATASET_KEYS",
    "SCHEDULE_KEYS",
]

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

OPERATOR_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uniform": (),
        "magnitude": (),
        "variance": ("remove",),
        "variance_probability": ("remove",),
        "variance_sampled": ("remove",),
        "conjunctive": ("cases", "threshold", "early_stop"),
        "conjunctive_score": ("cases",),
        "wanda": (),
        "saliency": (),
        "movement": (),
    }
)
"""Every pruning operator, with the keys of ``[[pruning]]`` that it alone takes."""

LOOKING_OPERATORS = (
    "variance",
    "variance_probability",
    "variance_sampled",
    "conjunctive",
    "conjunctive_score",
    "wanda",
    "saliency",
)
"""Those that look at rows of data."""

GENERATIONS = 60
"""Of a run, where an experiment does not say."""

OPTIMIZERS = ("gradient", "de")
"""Every cell optimizer."""

DE_PRESETS = ("cell", "de", "sade", "shade", "l-shade", "jso", "sa-shade-tri-ensin")
"""Every set of rules of differential evolution."""

DE_STRATEGIES = (
    *("rand_1", "rand_2", "best_1", "rand_to_best_2", "current_to_rand_1"),
    *("current_to_pbest_1", "weighted_current_to_pbest_1", "trigonometric", "mean", "soup"),
)
"""Every mutation of differential evolution."""

SCHEDULE_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "fixed": (),
        "increase": (),
        "decrease": (),
        "decrease_published": (),
        "exponential": ("steepness",),
        "final_n": ("share",),
        "population": ("divisor",),
        "prune_after": (),
        "one_shot": (),
        "periodic": ("every",),
        "cosine": (),
        "cosine_decay": (),
        "cubic": (),
    }
)
"""Every schedule, with the keys of ``[[pruning]]`` that it alone takes."""
