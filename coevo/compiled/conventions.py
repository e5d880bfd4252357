"""What compiled loops know by a number, and how many numbers they take at once. Without numba."""

from __future__ import annotations

__all__ = [
    "ACTIVATIONS",
    "ALGORITHMS",
    "BATCH_BLOCK",
    "GENES_AT_ONCE",
    "LANES",
    "METRICS",
    "ROW_BLOCK",
]

# Each is known by its place.
ACTIVATIONS = ("identity", "relu", "sigmoid", "tanh")
METRICS = ("mse", "l1", "bce")
ALGORITHMS = ("sgd", "sign_sgd", "adam")

BATCH_BLOCK = 5  # rows of a batch
ROW_BLOCK = 2  # rows of weights
LANES = 32  # numbers within a row of weights
GENES_AT_ONCE = 1 << 13  # of each trial of differential evolution
