"""The form of every data set: three splits of rows with one shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from coevo.errors import CoevoError

__all__ = ["Dataset", "Split", "limit"]


@dataclass(frozen=True, eq=False)
class Split:
    """Rows that are used together.

    Attributes:
        inputs: ``[rows, *input_shape]`` float32, in [0, 1].
        targets: ``[rows, *target_shape]`` float32, in [0, 1]; None where every input is its
            own target.
    """

    inputs: Tensor
    targets: Tensor | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.inputs.shape[0]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input: (channels, height, width) of images, (n,) of vectors."""
        return tuple(self.inputs.shape[1:])

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Shape of one target; that of an input where inputs are their own targets."""
        return self.input_shape if self.targets is None else tuple(self.targets.shape[1:])

    def select(self, ids: Tensor) -> Split:
        """Copy some rows; ``ids`` is ``[n]`` int64 and may repeat."""
        targets = None if self.targets is None else self.targets[ids]
        return Split(self.inputs[ids], targets)

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> Split:
        """Move to a device, or convert to another float type; None keeps what is."""
        targets = None if self.targets is None else self.targets.to(device, dtype)
        return Split(self.inputs.to(device, dtype), targets)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named data set with held-out rows.

    Attributes:
        name: as in `DATASETS`, or the caller's own.
        train: rows for training and for selection.
        validation: rows for reports during a run and for the choice of the best pairing.
        test: rows for the final figures; no operator ever reads them.
        description: one line on how the splits were made.

    Raises:
        CoevoError: a split has no rows, or not one target per input, or the splits differ in
            shape.

    Examples:
        >>> rows = Split(torch.zeros(4, 1, 2, 2))
        >>> Dataset("blank", rows, rows, rows, "all black").input_shape
        (1, 2, 2)
    """

    name: str
    train: Split
    validation: Split
    test: Split
    description: str

    def __post_init__(self) -> None:
        for split_name, split in self.splits():
            _check_rows(f"{self.name}: {split_name}", split)
            _check_shape(f"{self.name}: {split_name}", "inputs", split.inputs, self.train.inputs)
            if (split.targets is None) != (self.train.targets is None):
                message = "either all splits have targets or none has"
                raise CoevoError(f"{self.name}: {split_name} differs from train; {message}")
            if split.targets is not None and self.train.targets is not None:
                _check_shape(
                    f"{self.name}: {split_name}", "targets", split.targets, self.train.targets
                )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input: (channels, height, width) of images, (n,) of vectors."""
        return self.train.input_shape

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Shape of one target; that of an input where inputs are their own targets."""
        return self.train.target_shape

    def splits(self) -> Iterator[tuple[str, Split]]:
        """Give the splits with their names, in the order train, validation, test."""
        yield "train", self.train
        yield "validation", self.validation
        yield "test", self.test

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> Dataset:
        """Move to a device, or convert to another float type; None keeps what is."""
        return self.map(lambda split: split.to(device, dtype))

    def map(self, change: Callable[[Split], Split]) -> Dataset:
        """Replace every split by what a function makes of it."""
        return replace(
            self,
            train=change(self.train),
            validation=change(self.validation),
            test=change(self.test),
        )


def limit(dataset: Dataset, train_rows: int) -> Dataset:
    """Keep only the first training rows; validation and test stay whole.

    The order of the training rows is the source's: shuffled where the splits were drawn,
    that of the file for ``mnist`` and ``omniglot`` (the latter goes alphabet by alphabet).

    Args:
        dataset: whose training rows to limit.
        train_rows: how many to keep, from 1 to all of them.

    Returns:
        A data set that shares the memory of the given one.

    Raises:
        CoevoError: ``train_rows`` is below 1 or above the number of training rows.
    """
    if not 1 <= train_rows <= dataset.train.rows:
        raise CoevoError(
            f"train_rows: {train_rows} is not a number of training rows of {dataset.name}; "
            f"give 1 to {dataset.train.rows}"
        )
    targets = dataset.train.targets
    first = Split(
        dataset.train.inputs[:train_rows], None if targets is None else targets[:train_rows]
    )
    description = f"{dataset.description}; only the first {train_rows} training rows"
    return replace(dataset, train=first, description=description)


def _check_rows(what: str, split: Split) -> None:
    if split.rows == 0:
        raise CoevoError(f"{what} has no rows; every split needs at least one")
    if split.targets is not None and split.targets.shape[0] != split.rows:
        raise CoevoError(
            f"{what} has {split.rows} inputs but {split.targets.shape[0]} targets; "
            "give one target for every input"
        )


def _check_shape(what: str, role: str, found: Tensor, train: Tensor) -> None:
    if found.shape[1:] != train.shape[1:]:
        raise CoevoError(
            f"{what} {role} have shape {tuple(found.shape[1:])}, train {role} "
            f"{tuple(train.shape[1:])}; all splits need one shape"
        )
