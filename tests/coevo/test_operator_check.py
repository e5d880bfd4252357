"""An operator is found by the name that experiments use, and judged with its options."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.configuration import storage_directory

from coevo import CoevoError, check_operator
from coevo.operator_check import operator_options
from operators import OPERATORS
from tests.coevo.installed import install

MINE = '''
import warnings
from operators import masking, prune_lowest, scoring

@scoring()
def gentle(layer, *, power=1.0):
    """Removes the weights nearest to zero."""
    if power < 0:
        raise ValueError(f"power: {power} is below 0")
    return layer.weights.abs() ** power

def off_by_one(layer, quota):
    return prune_lowest(layer.weights, layer.masks, quota + (quota > 0))

@scoring()
def needy(layer, power):
    return layer.weights.abs() ** power

@scoring()
def warns(layer):
    warnings.warn(f"a mean of {layer.weights.sum()}")
    return layer.weights.abs()

def breaks(layer, quota):
    raise ValueError("this is about no option")

class Inside:
    gentle = gentle

number = 3
'''


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "checked_operators.py").write_text(MINE, "utf-8")
    yield tmp_path
    sys.modules.pop("checked_operators", None)


def failing(reference: str, folder: Path, **options: object) -> list[str]:
    verdicts = check_operator(reference, examples=100, options=options, search=[folder])
    return [verdict.law for verdict in verdicts if verdict.outcome == "fails"]


def refusal(reference: str, folder: Path = Path(), examples: int = 1, **options: object) -> str:
    with pytest.raises(CoevoError) as caught:
        check_operator(reference, examples=examples, options=options, search=[folder])
    return str(caught.value)


def test_operators_are_found_where_experiments_find_them(folder: Path, packages: Path) -> None:
    install(packages, "own-operators", {"operators": {"gentle": "gentle"}}, MINE)
    assert failing("magnitude", folder) == []
    assert failing("gentle", folder) == []
    assert failing("checked_operators:gentle", folder) == []
    assert failing("checked_operators:Inside.gentle", folder) == []
    assert failing("checked_operators:off_by_one", folder) == ["removes its quota"]


def test_options_reach_the_operator(folder: Path) -> None:
    assert failing("checked_operators:gentle", folder, power=2.0) == []
    assert failing("checked_operators:needy", folder, power=2.0) == []


def test_values_that_the_operator_refuses_are_refused(folder: Path) -> None:
    assert refusal("checked_operators:gentle", folder, power=-1) == "--option: power: -1 is below 0"
    (verdict, *_) = check_operator("checked_operators:breaks", examples=1, search=[folder])
    assert verdict.message == "raises ValueError: this is about no option"


def test_a_warning_is_shown_once(folder: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert failing("checked_operators:warns", folder) == []
    assert [str(warning.message).partition(" of ")[0] for warning in caught] == ["a mean"]


def test_what_cannot_be_checked_is_refused(folder: Path, packages: Path) -> None:
    known = ", ".join(map(repr, OPERATORS))
    assert refusal("magnitud") == (
        "operator: 'magnitud' is not an operator; did you mean 'magnitude'?"
    )
    assert refusal("xyz") == (
        f"operator: 'xyz' is not an operator; use {known} or your own module:name"
    )
    assert refusal("no_such_module_at_all:f", folder) == (
        "operator: 'no_such_module_at_all:f': no module 'no_such_module_at_all'; "
        f"put it into {folder}, or install it"
    )
    assert refusal("checked_operators:f", folder) == (
        "operator: 'checked_operators:f': module checked_operators has no 'f'"
    )
    assert refusal("checked_operators:number", folder) == (
        "operator: 'checked_operators:number' is a int; give a function"
    )
    assert refusal("magnitude", examples=0) == "--examples: 0 is too small; use 1 or more"
    install(packages, "own-operators", {"operators": {"count": "number"}}, MINE)
    assert refusal("count") == (
        "operator: 'count' of own-operators: int is not an operator; decorate a function with "
        "@scoring or @masking"
    )


def test_wrong_options_are_refused_as_in_experiments(folder: Path) -> None:
    assert refusal("magnitude", power=1) == (
        "--option: 'power' is not an option of magnitude; it takes none"
    )
    assert refusal("checked_operators:gentle", folder, pover=1) == (
        "--option: 'pover' is not an option of gentle; it takes power"
    )
    assert refusal("checked_operators:needy", folder) == (
        "--option: 'power' is missing, and needy needs it; give it a value"
    )
    assert refusal("variance", remove="higher") == (
        "--option: remove: 'higher' is not a choice; did you mean 'high'?"
    )
    assert refusal("conjunctive", threshold=1.5, early_stop=2) == (
        "--option: threshold: 1.5 is too large; use a number > 0 and <= 1\n"
        "--option: early_stop: 2 is not true or false; use true or false"
    )
    assert refusal("conjunctive", cases="test").endswith("it takes threshold, early_stop")


def test_options_are_read_as_keys_of_experiments_are() -> None:
    texts = ["threshold=0.5", "remove=high", "early_stop=true", "names = ['a', 1]"]
    assert operator_options(texts) == {
        "threshold": 0.5,
        "remove": "high",
        "early_stop": True,
        "names": ["a", 1],
    }
    for text, message in (
        ("threshold", "--option: 'threshold' has no value; write key=value, e.g. threshold=0.2"),
        ("=2", "--option: '' is not a key; write e.g. threshold=0.2"),
        ("a.b=2", "--option: 'a.b=2' has a key with dots; write one name"),
    ):
        with pytest.raises(CoevoError) as caught:
            operator_options([text])
        assert str(caught.value) == message


def test_hypothesis_keeps_its_folder(folder: Path) -> None:
    before = storage_directory(intent_to_write=False).home_directory
    failing("checked_operators:off_by_one", folder)
    assert storage_directory(intent_to_write=False).home_directory == before
