"""Counterexamples are written so that they can be read, and made smaller step by step."""

from __future__ import annotations

from ast import literal_eval

import pytest
import torch
from hypothesis import find, given, settings
from hypothesis import strategies as st
from torch import Tensor

from operators import OPERATORS, ScoringOperator
from operators.laws import OPERATOR_LAWS, Law, Verdict
from operators.laws.evidence import written
from operators.laws.reduction import smaller_trials
from operators.laws.trial import Trial, trials

WANDA = OPERATORS["wanda"]
ALL: ScoringOperator = OPERATORS["uniform"].__class__(
    OPERATORS["uniform"].function, needs=frozenset({"outputs", "input_rms", "gradients", "origins"})
)


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (torch.tensor([1, 0]), "[1, 0]"),
        (torch.tensor(2.5), "2.5"),
        (torch.tensor([]), "[]"),
        (torch.tensor([[True, False]]), "[[1, 0]]"),
        (torch.tensor([[0.0, -0.0], [torch.nan, torch.inf]]), "[[0, -0],\n    [nan, inf]]"),
        (torch.tensor([[[1.0], [0.125]], [[-3.0], [64.0]]]), None),
        (torch.tensor([1 / 3, 2e9, -1e-9]), "[0.333333, 2e+09, -1e-09]"),
    ],
)
def test_tensors_are_written_as_nested_lists(tensor: Tensor, text: str | None) -> None:
    expected = "[[[1],\n     [0.125]],\n    [[-3],\n     [64]]]" if text is None else text
    assert written({"a": tensor}) == f"a  {expected}"


@given(data=st.data())
def test_what_is_written_can_be_typed_in_again(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    count = torch.Size(shape).numel()
    tensor = torch.arange(count).view(shape) / 8
    text = written({"name": tensor}).removeprefix("name")
    assert torch.equal(torch.tensor(literal_eval(text.strip())), tensor)


def test_values_stand_in_one_column() -> None:
    evidence = {"horizon": 2, "level": 0.5, "got": "nothing", "masks": torch.ones(2, 1).bool()}
    assert written(evidence) == (
        "horizon  2\nlevel    0.5\ngot      nothing\nmasks    [[1],\n          [1]]"
    )


def test_verdicts_are_written_with_their_counterexample() -> None:
    assert str(Verdict("never regrows", "holds")) == "never regrows: holds"
    assert str(Verdict("a", "fails", "b", "c  1")) == "a: fails: b\nc  1"
    assert str(Verdict("a", "does not apply", "b")) == "a: does not apply: b"


@pytest.mark.parametrize("law", OPERATOR_LAWS, ids=lambda law: law.name)
def test_every_law_says_what_it_says(law: Law[object, object]) -> None:
    assert law.name == " ".join(law.name.split())
    assert law.statement.endswith(".")


@settings(deadline=None)
@given(trial=trials(ALL))
def test_smaller_examples_lack_one_cell_unit_or_input(trial: Trial) -> None:
    shape = list(trial.case.layer.masks.shape)
    found = []
    for smaller in smaller_trials(trial):
        layer = smaller.case.layer
        size = list(layer.masks.shape)
        found.append(size)
        assert sum(shape) - sum(size) == 1
        assert layer.weights.shape == smaller.others.shape == layer.masks.shape
        assert layer.need("gradients").shape == layer.need("origins").shape == layer.masks.shape
        assert layer.need("outputs").shape[::2] == layer.masks.shape[:2]
        assert layer.need("input_rms").shape[0] == size[0]
        assert layer.need("input_rms").shape[1] in (1, size[1])
        assert layer.need("input_rms").shape[2] == size[2]
        assert len(smaller.case.quota) == len(smaller.scale) == len(smaller.shift) == size[0]
        assert smaller.chosen
        assert max(smaller.chosen) < size[0]
        assert layer.draws("a", (2,)).shape == (size[0], 2)
        assert smaller.left.shape == layer.masks.shape
    assert len(found) == sum(size for size in shape if size > 1)


def test_a_cell_that_is_left_stays_as_it_is() -> None:
    trial = find(
        trials(WANDA),
        lambda trial: len(set(trial.case.layer.weights.flatten(1).sum(1).tolist())) == 3,
        settings=settings(derandomize=True, database=None, deadline=None),
    )
    without_second = list(smaller_trials(trial))[1]
    case, smaller = trial.case, without_second.case
    assert torch.equal(smaller.layer.weights, case.layer.weights[[0, 2]])
    assert torch.equal(smaller.quota, case.quota[[0, 2]])
    drawn = case.layer.draws("a", (3,))
    assert torch.equal(smaller.layer.draws("a", (3,)), drawn[[0, 2]])
    assert torch.equal(without_second.left, trial.left[[0, 2]])
