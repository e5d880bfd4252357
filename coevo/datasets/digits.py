"""The digits that come with scikit-learn: 1,797 images of 8 x 8 pixels, 17 gray levels."""

from __future__ import annotations

import torch

from coevo.datasets.dataset import Dataset, Split
from coevo.datasets.draws import split_rows
from coevo.datasets.options import DataOptions

__all__ = ["load_digits"]

_WHITE = 16.0


def load_digits(options: DataOptions) -> Dataset:
    """Load the digits and share them out 60/20/20 % at random.

    Args:
        options: ``split_seed`` is read.

    Returns:
        Inputs ``[rows, 1, 8, 8]``.
    """
    # Imported here because it takes a second, which runs on other data need not spend.
    from sklearn import datasets

    images = datasets.load_digits().images
    inputs = torch.as_tensor(images, dtype=torch.float32).div(_WHITE).unsqueeze(1)
    ids = split_rows(
        len(inputs),
        validation_share=0.2,
        test_share=0.2,
        seed=options.split_seed,
        what="digits",
    )
    train, validation, test = (Split(inputs[chosen]) for chosen in ids)
    description = (
        f"{train.rows} training, {validation.rows} validation, {test.rows} test images of 8 x 8, "
        f"drawn at random by split_seed {options.split_seed}"
    )
    return Dataset("digits", train, validation, test, description)
