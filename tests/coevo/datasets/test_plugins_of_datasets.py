"""Data sets of other packages: in the form of all others, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from coevo.datasets import DataOptions, load_dataset
from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict
from coevo.experiment_data import experiment_data
from tests.coevo.installed import install

MODULE = """
import torch
from coevo import CoevoError
from coevo.datasets import Dataset, Split

def made(rows, targets=None):
    split = Split(rows, targets)
    return Dataset("rain", split, split, split, "made up")

def plain(options):
    return made(torch.full((4, 3), options.split_seed / 10))

def sized(options, *, size=2, value=0.5):
    if size < 1:
        raise CoevoError(f"size: {size} is too small; give a whole number >= 1")
    return made(torch.full((6, size), value))

def needy(options, *, size):
    return made(torch.zeros(6, size))

def anything(options, **own):
    return made(torch.full((len(own), 3), 0.25))

def with_targets(options, *, value=0.0):
    return made(torch.zeros(2, 3), torch.full((2, 1, 4, 4), value))

def failing(options):
    raise KeyError("no such station")

def wrong(options, *, what):
    rows = {
        "tensor": torch.zeros(2, 3),
        "nothing": None,
        "double": made(torch.zeros(2, 3, dtype=torch.float64)),
        "bytes": made(torch.zeros(2, 3, dtype=torch.uint8)),
        "numbers": made(torch.zeros(3)),
        "gray": made(torch.zeros(3, 4, 4)),
        "empty": made(torch.zeros(3, 0)),
        "negative": made(torch.full((2, 3), -0.5)),
        "large": made(torch.full((2, 3), 255.0)),
        "no number": made(torch.full((2, 3), torch.nan)),
    }
    return rows[what]

def arrays(options):
    return made(torch.zeros(2, 3).numpy())

constant = 3
"""
NAMES = (
    *("plain", "sized", "needy", "anything", "with_targets", "failing", "wrong", "arrays"),
    "constant",
)


@pytest.fixture(autouse=True)
def _rain(packages: Path) -> None:
    install(packages, "own-weather", {"datasets": {name: name for name in NAMES}}, MODULE)


def refusal(name: str, **own: Any) -> str:
    with pytest.raises(CoevoError) as caught:
        load_dataset(name, own=own)
    return str(caught.value)


def test_it_is_told_what_all_sources_are_told() -> None:
    rows = load_dataset("plain", DataOptions(split_seed=5)).train.inputs
    torch.testing.assert_close(rows, torch.full((4, 3), 0.5))


def test_it_takes_options_of_its_own() -> None:
    assert load_dataset("sized").input_shape == (2,)
    assert load_dataset("sized", own={"size": 5}).input_shape == (5,)
    assert load_dataset("needy", own={"size": 4}).input_shape == (4,)
    assert load_dataset("anything", own={"a": 1, "b": 2, "c": 3}).train.rows == 3
    assert load_dataset("with_targets").target_shape == (1, 4, 4)


def test_options_that_it_does_not_take_are_refused() -> None:
    assert refusal("sized", sise=3) == (
        "options: 'sise' is not an option of 'sized' of own-weather; it takes size, value"
    )
    assert refusal("plain", size=3) == (
        "options: 'size' is not an option of 'plain' of own-weather; it takes none"
    )
    assert refusal("needy") == (
        "options: 'size' is missing, and 'needy' of own-weather needs it; give it a value"
    )
    assert refusal("digits", size=3) == (
        "options: 'digits' is built in and has no options of its own"
    )


def test_its_own_refusal_is_told_in_its_own_words() -> None:
    assert refusal("sized", size=0) == (
        "dataset: 'sized' of own-weather: size: 0 is too small; give a whole number >= 1"
    )


@pytest.mark.parametrize(
    ("name", "own", "reason"),
    [
        ("failing", {}, " fails: KeyError: 'no such station'; mend it"),
        ("constant", {}, " is a int, not a function; mend it"),
        ("arrays", {}, ": train inputs are a ndarray; give a tensor"),
        ("with_targets", {"value": 2.0}, ": train targets are from 2 to 2; rescale them to [0, 1]"),
        ("wrong", {"what": "tensor"}, " gives a Tensor; return a coevo.datasets.Dataset"),
        ("wrong", {"what": "nothing"}, " gives a NoneType; return a coevo.datasets.Dataset"),
        (
            "wrong",
            {"what": "double"},
            ": train inputs are torch.float64 on cpu; give float32 on the CPU",
        ),
        (
            "wrong",
            {"what": "bytes"},
            ": train inputs are torch.uint8 on cpu; give float32 on the CPU",
        ),
        (
            "wrong",
            {"what": "numbers"},
            ": train inputs have shape [3]; give [rows, n] or [rows, channels, height, width]",
        ),
        (
            "wrong",
            {"what": "gray"},
            ": train inputs have shape [3, 4, 4]; give [rows, n] or "
            "[rows, channels, height, width]",
        ),
        (
            "wrong",
            {"what": "empty"},
            ": train inputs have shape [3, 0]; give [rows, n] or [rows, channels, height, width]",
        ),
        (
            "wrong",
            {"what": "negative"},
            ": train inputs are from -0.5 to -0.5; rescale them to [0, 1]",
        ),
        ("wrong", {"what": "large"}, ": train inputs are from 255 to 255; rescale them to [0, 1]"),
        (
            "wrong",
            {"what": "no number"},
            ": train inputs are from nan to nan; rescale them to [0, 1]",
        ),
    ],
)
def test_what_is_no_data_set_is_refused_by_name_and_package(
    name: str, own: dict[str, Any], reason: str
) -> None:
    assert refusal(name, **own) == f"dataset: '{name}' of own-weather{reason}"


def test_a_near_name_is_suggested() -> None:
    assert refusal("plane") == "dataset: 'plane' is not a data set; did you mean 'plain'?"
    assert refusal("zzz").endswith(
        "omniglot, anything, arrays, constant, failing, needy, plain, sized, with_targets, wrong"
    )


def test_an_experiment_gives_its_options_and_names_its_keys() -> None:
    document: dict[str, Any] = {"task": {"dataset": "sized"}, "data": {"options": {"size": 5}}}
    assert experiment_data(experiment_from_dict(document)).input_shape == (5,)
    for options, start in (
        ({"sise": 5}, "data.options: 'sise' is not an option of 'sized' of own-weather"),
        ({"size": 0}, "task.dataset: 'sized' of own-weather: size: 0 is too small"),
        ({"value": 7.0}, "task.dataset: 'sized' of own-weather: train inputs are from 7 to 7"),
    ):
        document["data"] = {"options": options}
        with pytest.raises(CoevoError) as caught:
            experiment_data(experiment_from_dict(document))
        assert str(caught.value).startswith(start)
