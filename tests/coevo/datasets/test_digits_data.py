"""Facts about scikit-learn's digits and their splits."""

from __future__ import annotations

import torch

from coevo.datasets import DataOptions, load_dataset


def test_known_facts() -> None:
    digits = load_dataset("digits")
    assert [split.rows for _, split in digits.splits()] == [1079, 359, 359]
    assert digits.input_shape == (1, 8, 8)
    assert digits.train.targets is None
    everything = torch.cat([split.inputs for _, split in digits.splits()])
    assert everything.dtype == torch.float32
    assert float(everything.min()) == 0.0
    assert float(everything.max()) == 1.0
    # The sum of all pixels in units of 1/16, straight from the published file.
    assert int(everything.double().sum() * 16) == 561718
    assert digits.description == (
        "1079 training, 359 validation, 359 test images of 8 x 8, drawn at random by split_seed 0"
    )


def test_all_images_are_in_exactly_one_split() -> None:
    everything = torch.cat([split.inputs for _, split in load_dataset("digits").splits()])
    # All 1,797 images differ, so an image in two splits would show here.
    assert len(torch.unique(everything.flatten(1), dim=0)) == 1797


def test_the_seed_decides_the_splits() -> None:
    first, again = load_dataset("digits"), load_dataset("digits")
    other = load_dataset("digits", DataOptions(split_seed=1))
    assert torch.equal(first.test.inputs, again.test.inputs)
    assert not torch.equal(first.test.inputs, other.test.inputs)
    digits_of = [split.inputs.flatten(1).double().sum(1) for split in (first.train, other.train)]
    assert not torch.equal(*digits_of)
