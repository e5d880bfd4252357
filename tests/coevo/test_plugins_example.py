"""What the example plug-in's operators, schedule and data set do, and that they obey the laws."""

from __future__ import annotations

import re
from functools import partial

import pytest
import torch
from torch import Tensor

from coevo import CoevoError, DataOptions, check_operator
from operators import Layer
from operators.laws import operator_laws, schedule_laws
from tests.architecture.sources import ROOT
from tests.example_plugin.coevo_example.pruning import negligible, noisy_magnitude
from tests.example_plugin.coevo_example.schedules import staircase
from tests.example_plugin.coevo_example.stripes import load_stripes

EXAMPLES = 50

test_noisy_magnitude = operator_laws(noisy_magnitude, examples=EXAMPLES)
test_negligible = operator_laws(negligible.bound({"share": 0.5}), examples=EXAMPLES)
test_staircase = schedule_laws(staircase, examples=EXAMPLES)
test_a_steep_staircase = schedule_laws(partial(staircase, steps=1), examples=EXAMPLES)


def test_options_that_the_example_refuses_are_refused_by_their_flag() -> None:
    with pytest.raises(CoevoError) as caught:
        check_operator(
            "tests.example_plugin.coevo_example.pruning:noisy_magnitude", options={"noise": -1}
        )
    assert str(caught.value) == "--option: noise: -1 is not a size; give a number >= 0"


def layer_of(weights: list[list[float]], draws: list[list[float]]) -> Layer:
    """One cell."""

    def draw(purpose: str, shape: object) -> Tensor:
        return torch.tensor([draws])

    found = torch.tensor([weights])
    return Layer(found, torch.ones_like(found, dtype=torch.bool), draw)


def test_noise_decides_between_weights_that_are_nearly_alike() -> None:
    layer = layer_of([[1.0, 1.05, -9.0]], [[0.9, 0.1, 0.0]])
    quota = torch.tensor([1])
    masks = [noisy_magnitude.bound({"noise": noise})(layer, quota) for noise in (0.0, 0.1)]
    assert masks[0].tolist() == [[[False, True, True]]]
    assert masks[1].tolist() == [[[True, False, True]]]


def test_only_what_is_tiny_beside_the_largest_of_its_unit_goes() -> None:
    layer = layer_of([[10.0, 0.9, 1.1, -0.2], [0.4, 0.5, 0.03, 0.0]], [])
    prune = negligible.bound({"share": 0.1})
    tiny = [[True, False, True, False], [True, True, False, False]]
    assert prune(layer, torch.tensor([8])).tolist() == [tiny]
    first = [[True, True, True, False], [True, True, False, False]]
    assert prune(layer, torch.tensor([3])).tolist() == [first]


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_impossible_noise_is_refused(noise: float) -> None:
    with pytest.raises(ValueError, match=r"noise: .* is not a size; give a number >= 0"):
        noisy_magnitude.bound({"noise": noise})(layer_of([[1.0]], [[0.5]]), torch.tensor([1]))


@pytest.mark.parametrize("share", [0.0, 1.5, float("nan")])
def test_an_impossible_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"share: .* is not a share; give a number above 0"):
        negligible.bound({"share": share})(layer_of([[1.0]], []), torch.tensor([1]))


def test_a_staircase_rises_in_equal_steps_and_ends_exactly_at_its_level() -> None:
    found = [staircase(7, 0.9, steps=3)(generation) for generation in range(7)]
    assert found == pytest.approx([0.0, 0.0, 0.3, 0.3, 0.6, 0.6, 0.9], abs=1e-12)
    assert found[-1] == 0.9
    assert staircase(1, 0.1, steps=3)(0) == 0.1
    with pytest.raises(ValueError, match="steps: 0 is no number of steps"):
        staircase(7, steps=0)


def test_stripes_are_all_different_and_follow_from_the_seed() -> None:
    data, again = load_stripes(DataOptions()), load_stripes(DataOptions())
    other = load_stripes(DataOptions(split_seed=1))
    rows = torch.cat([split.inputs for _, split in data.splits()])
    assert rows.shape == (400, 1, 8, 8)
    assert len(set(map(str, rows.tolist()))) == 400
    assert rows.dtype == torch.float32
    assert 0.0 <= rows.min() < 0.01
    assert 0.99 < rows.max() <= 1.0
    assert torch.equal(data.train.inputs, again.train.inputs)
    assert not torch.isclose(data.train.inputs, other.train.inputs).all((1, 2, 3)).any()
    tiny = load_stripes(DataOptions(), size=2, rows=1)
    assert [split.inputs.shape for _, split in tiny.splits()] == [(1, 1, 2, 2)] * 3
    with pytest.raises(CoevoError, match="rows: 0 is too small; give a whole number >= 1"):
        load_stripes(DataOptions(), rows=0)


def test_the_code_in_the_document_is_that_of_the_example() -> None:
    text = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    package = ROOT / "tests" / "example_plugin"
    files = [*package.glob("*.*"), *(package / "coevo_example").glob("*.py")]
    sources = [path.read_text("utf-8") for path in files if path.is_file()]
    found = re.findall(r"^```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(found) >= 8
    for code in found:
        assert any(code in source for source in sources), code
