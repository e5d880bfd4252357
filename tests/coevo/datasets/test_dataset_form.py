"""What every data set promises, and the helpers on it."""

from __future__ import annotations

import re

import pytest
import torch

from coevo.datasets import Dataset, Split, limit
from coevo.errors import CoevoError


def split(rows: int, *, targets: bool = False, width: int = 2) -> Split:
    inputs = torch.arange(rows * width, dtype=torch.float32).view(rows, width)
    return Split(inputs, inputs[:, :1] + 100 if targets else None)


def dataset(*, targets: bool = False) -> Dataset:
    train, validation, test = (split(rows, targets=targets) for rows in (6, 2, 3))
    return Dataset("own", train, validation, test, "given")


def test_an_input_is_its_own_target_where_there_is_none() -> None:
    assert dataset().target_shape == dataset().input_shape == (2,)
    assert dataset(targets=True).target_shape == (1,)


@pytest.mark.parametrize(
    ("validation", "text"),
    [
        (Split(torch.zeros(0, 2)), "own: validation has no rows; every split needs at least one"),
        (
            split(2, width=3),
            "own: validation inputs have shape (3,), train inputs (2,); all splits need one shape",
        ),
        (
            split(2, targets=True),
            "own: validation differs from train; either all splits have targets or none has",
        ),
    ],
)
def test_splits_that_do_not_fit_are_refused(validation: Split, text: str) -> None:
    with pytest.raises(CoevoError, match=f"^{re.escape(text)}$"):
        Dataset("own", split(6), validation, split(3), "given")


def test_as_many_targets_as_inputs_are_asked_for() -> None:
    lacking = Split(torch.zeros(3, 2), torch.zeros(2, 1))
    with pytest.raises(CoevoError, match="train has 3 inputs but 2 targets"):
        Dataset("own", lacking, lacking, lacking, "given")


def test_targets_of_one_shape_are_asked_for() -> None:
    wide = Split(torch.zeros(3, 2), torch.zeros(3, 5))
    with pytest.raises(CoevoError, match=r"test targets have shape \(5,\), train targets \(1,\)"):
        Dataset("own", split(6, targets=True), split(2, targets=True), wide, "given")


def test_limit_keeps_the_first_training_rows_and_all_held_out_ones() -> None:
    whole = dataset(targets=True)
    limited = limit(whole, 4)
    torch.testing.assert_close(limited.train.inputs, whole.train.inputs[:4])
    assert whole.train.targets is not None
    torch.testing.assert_close(limited.train.targets, whole.train.targets[:4])
    assert limited.validation is whole.validation
    assert limited.test is whole.test
    assert limited.description == "given; only the first 4 training rows"


@pytest.mark.parametrize("rows", [0, -1, 7])
def test_limit_refuses_what_is_not_there(rows: int) -> None:
    text = f"train_rows: {rows} is not a number of training rows of own; give 1 to 6"
    with pytest.raises(CoevoError, match=f"^{text}$"):
        limit(dataset(), rows)


def test_to_converts_inputs_and_targets_of_all_splits() -> None:
    for _, part in dataset(targets=True).to("cpu", torch.float64).splits():
        assert part.targets is not None
        assert part.inputs.dtype == part.targets.dtype == torch.float64
    moved = dataset().to("meta")
    assert {part.inputs.device.type for _, part in moved.splits()} == {"meta"}
    assert moved.train.inputs.dtype == torch.float32


def test_select_keeps_inputs_and_targets_together() -> None:
    chosen = split(5, targets=True).select(torch.tensor([4, 0, 4]))
    assert chosen.inputs[:, 0].tolist() == [8.0, 0.0, 8.0]
    assert chosen.targets is not None
    assert chosen.targets[:, 0].tolist() == [108.0, 100.0, 108.0]
