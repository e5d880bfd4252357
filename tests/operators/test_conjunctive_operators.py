"""Operators guided by quiet units, by hand."""

from __future__ import annotations

from math import inf, nan

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import OPERATORS, Layer, RemoveShare, prune_units
from tests.operators.small_layers import gone, layer_of, numbers

UNITS = 5


def heard(*cases: list[float] | list[list[float]]) -> Layer:
    """A layer of one cell with one input, and what its units give on some cases."""
    outputs = torch.stack([numbers(case) for case in cases]).unsqueeze(0)
    if outputs.dim() == 3:
        outputs = outputs.unsqueeze(3)
    return layer_of(torch.ones(1, outputs.shape[2], 1), outputs=outputs)


def quiet(layer: Layer, quota: int | None = None, **options: object) -> set[int]:
    """The units that `conjunctive` takes."""
    operator = OPERATORS["conjunctive"].bound(options)
    most = layer.weights.shape[1] if quota is None else quota
    ((*cells,),) = [gone(layer.masks, operator(layer, torch.tensor([most])))]
    return {place[0] for place in cells[0]}


def test_a_unit_is_quiet_where_it_is_quiet_on_every_case() -> None:
    layer = heard([0.0, 1.0, 0.05, 0.05], [0.0, 1.0, 0.05, 0.5], [0.0, 1.0, 0.09, 0.0])
    assert quiet(layer) == {0, 2}
    assert quiet(layer, threshold=0.05) == {0}
    assert quiet(layer, threshold=0.51) == {0, 2, 3}


def test_levels_are_between_the_lowest_and_the_highest_of_the_case() -> None:
    # On the first case 10 is 0 and 20 is 1; on the second -4 and 0.
    layer = heard([10.0, 10.9, 11.1, 20.0], [-4.0, -3.7, -3.7, 0.0])
    assert quiet(layer) == {0, 1}


def test_the_threshold_itself_is_not_quiet() -> None:
    assert quiet(heard([0.0, 0.25, 1.0]), threshold=0.25) == {0}
    assert quiet(heard([0.0, 0.25, 1.0]), threshold=1.0) == {0, 1}


def test_a_constant_layer_is_never_quiet() -> None:
    assert quiet(heard([0.0, 0.0, 0.0])) == set()
    assert quiet(heard([0.3, 0.3], [0.0, 1.0]), threshold=1.0) == set()
    assert quiet(heard([0.0, 1.0], [7.0, 7.0], [0.0, 1.0]), threshold=1.0) == set()


def test_a_feature_map_is_quiet_only_where_all_its_positions_are() -> None:
    silent, loud, once = [0.0, 0.01], [1.0, 0.0], [0.0, 0.5]
    assert quiet(heard([silent, loud, once])) == {0}
    assert quiet(heard([silent, loud, once], [silent, loud, silent])) == {0}
    assert quiet(heard([silent, loud, silent], [silent, loud, silent])) == {0, 2}


def test_the_lowest_of_a_layer_is_over_all_positions() -> None:
    # The lowest is -1, so that 0 is half of the way to 1.
    assert quiet(heard([[0.0, 0.0], [1.0, -1.0]]), threshold=0.4) == set()
    assert quiet(heard([[0.0, 0.0], [1.0, -1.0]]), threshold=0.6) == {0}


def test_at_most_the_quota_goes_and_the_quietest_first() -> None:
    layer = heard([0.08, 0.02, 0.0, 0.05, 1.0], [0.0, 0.06, 0.0, 0.01, 1.0])
    assert [quiet(layer, quota) for quota in range(6)] == [
        set(),
        {2},
        {2, 3},
        {2, 3, 1},
        {2, 3, 1, 0},
        {2, 3, 1, 0},
    ]


def test_early_stop_takes_the_first_case_that_leaves_one_candidate() -> None:
    # Two are quiet on the first case, one of them on the second, none on the third.
    layer = heard([0.0, 0.01, 1.0, 1.0], [0.0, 1.0, 1.0, 0.5], [1.0, 0.0, 0.5, 0.5])
    assert quiet(layer, early_stop=True) == {0}
    assert quiet(layer) == set()


def test_early_stop_may_end_with_none() -> None:
    layer = heard([0.0, 0.01, 1.0, 1.0], [0.9, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0])
    assert quiet(layer, early_stop=True) == set()
    # Where the first case leaves none at all, too.
    assert quiet(heard([0.5, 0.5], [0.0, 1.0]), early_stop=True) == set()


def test_early_stop_keeps_those_that_are_left_after_all_cases() -> None:
    layer = heard([0.0, 0.01, 1.0, 0.0], [0.0, 0.01, 1.0, 1.0], [0.05, 0.0, 0.0, 1.0])
    assert quiet(layer, early_stop=True) == {0, 1}
    assert quiet(layer) == {0, 1}


def test_early_stop_counts_in_each_cell_by_itself() -> None:
    one = heard([0.0, 0.01, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 0.0])
    other = heard([0.0, 0.01, 1.0], [0.0, 0.01, 1.0], [0.0, 1.0, 1.0])
    outputs = torch.cat([one.need("outputs"), other.need("outputs"), one.need("outputs")])
    layer = layer_of(torch.ones(3, 3, 1), outputs=outputs)
    operator = OPERATORS["conjunctive"].bound({"early_stop": True})
    assert gone(layer.masks, operator(layer, torch.tensor([3, 3, 0]))) == [
        {(0, 0)},
        {(0, 0)},
        set(),
    ]


cases = st.lists(
    st.lists(st.sampled_from([0.0, 0.05, 0.5, 1.0, -1.0]), min_size=UNITS, max_size=UNITS),
    min_size=1,
    max_size=5,
)


def published(outputs: list[list[float]], threshold: float, *, stop: bool) -> set[int]:
    """The definition: go through the cases, and drop the units that are not quiet."""
    candidates = set(range(UNITS))
    for case in outputs:
        low, high = min(case), max(case)
        if low == high:
            candidates = set()
        else:
            candidates = {u for u in candidates if (case[u] - low) / (high - low) < threshold}
        if stop and len(candidates) <= 1:
            break
    return candidates


@given(outputs=cases, threshold=st.sampled_from([0.1, 0.5, 1.0]), stop=st.booleans())
def test_it_is_the_plain_definition(
    outputs: list[list[float]], threshold: float, stop: bool
) -> None:
    found = quiet(heard(*outputs), threshold=threshold, early_stop=stop)
    assert found == published(outputs, threshold, stop=stop)


def test_weights_into_a_quiet_unit_go_in_order_of_position() -> None:
    outputs = numbers([[[[0.0], [1.0], [0.05]]]])
    layer = layer_of(torch.ones(1, 3, 3), outputs=outputs)
    operator = OPERATORS["conjunctive"]
    assert gone(layer.masks, operator(layer, torch.tensor([4]))) == [
        {(0, 0), (0, 1), (0, 2), (2, 0)}
    ]


def test_quiet_units_go_as_units() -> None:
    layer = heard([0.0, 1.0, 0.05, 0.5])
    pruned = prune_units(OPERATORS["conjunctive"], [layer], RemoveShare(1.0))
    assert gone(layer.masks, pruned.masks[0]) == [{(0, 0), (2, 0)}]


# conjunctive_score


def scores(layer: Layer) -> list[float]:
    found: Tensor = OPERATORS["conjunctive_score"].unit_scores(layer)
    return [round(score, 6) for score in found[0].tolist()]


def test_the_score_is_the_loudest_level_of_all_cases() -> None:
    layer = heard([0.0, 5.0, 10.0, 1.0], [0.6, 0.5, 1.0, 0.0])
    assert scores(layer) == [0.6, 0.5, 1.0, 0.1]
    operator = OPERATORS["conjunctive_score"]
    order = [3, 1, 0, 2]
    for quota in range(5):
        lost = gone(layer.masks, operator(layer, torch.tensor([quota])))
        assert lost == [{(unit, 0) for unit in order[:quota]}]


def test_in_a_constant_layer_all_are_as_loud() -> None:
    assert scores(heard([3.0, 3.0], [0.0, 1.0])) == [1.0, 1.0]


@given(outputs=cases, quota=st.integers(0, UNITS))
def test_it_removes_what_the_threshold_that_meets_the_quota_would(
    outputs: list[list[float]], quota: int
) -> None:
    layer = heard(*outputs)
    operator = OPERATORS["conjunctive_score"]
    (lost,) = gone(layer.masks, operator(layer, torch.tensor([quota])))
    assert len(lost) == quota
    loudness = scores(layer)
    for threshold in (0.3, 0.6, 1.0):
        below = {unit for unit in range(UNITS) if loudness[unit] < threshold}
        assert below == quiet(layer, threshold=threshold)
        if len(below) == quota:
            assert {unit for unit, _ in lost} == below


@pytest.mark.parametrize("name", ["conjunctive", "conjunctive_score"])
@pytest.mark.parametrize("value", [nan, inf])
def test_outputs_that_are_no_numbers_are_refused(name: str, value: float) -> None:
    outputs = torch.cat([heard([0.0, 1.0, 0.5], [0.0, 1.0, 0.5]).need("outputs")] * 2)
    outputs[1, 1, 2, 0] = value
    layer = layer_of(torch.ones(2, 3, 2), outputs=outputs)
    with pytest.raises(ValueError, match="of cell 1 is not a number"):
        OPERATORS[name](layer, torch.tensor([1, 1]))
    units = prune_units(OPERATORS[name], [layer], RemoveShare(1.0))
    assert units.sound.tolist() == [True, False]
