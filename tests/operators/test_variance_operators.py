"""Operators guided by the variance of activations, by hand and by counting."""

from __future__ import annotations

from math import inf, sqrt

import pytest
import torch
from torch import Tensor

from operators import OPERATORS, Layer, RemoveShare, prune_units
from operators.variance import Remove
from tests.operators.small_layers import drawn, gone, layer_of, numbers, streams

BOTH = pytest.mark.parametrize("remove", ["low", "high"])
ALL = pytest.mark.parametrize("name", ["variance", "variance_probability", "variance_sampled"])


def varying(deviations: list[float], cells: int = 1) -> Tensor:
    """Outputs of two cases with these standard deviations: ``[cells, 2, units, 1]``."""
    values = numbers(deviations)
    shift = torch.arange(float(len(values)))  # means that are no guide
    return torch.stack([shift + values, shift - values]).view(1, 2, -1, 1).repeat(cells, 1, 1, 1)


def lost(name: str, layer: Layer, quota: int, **options: Remove) -> list[set[tuple[int, ...]]]:
    operator = OPERATORS[name].bound(options)
    return gone(layer.masks, operator(layer, torch.full((len(layer.weights),), quota)))


# variance


def test_weights_into_the_units_that_vary_least_go_first() -> None:
    layer = layer_of(torch.ones(1, 3, 2), outputs=varying([0.5, 0.1, 2.0]))
    assert lost("variance", layer, 2) == [{(1, 0), (1, 1)}]
    assert lost("variance", layer, 3) == [{(1, 0), (1, 1), (0, 0)}]
    assert lost("variance", layer, 3, remove="high") == [{(2, 0), (2, 1), (0, 0)}]


def test_the_deviation_is_over_cases_and_positions_together() -> None:
    # Unit 0 varies over positions only, unit 1 over cases only, unit 2 in neither.
    outputs = numbers(
        [[[[0.0, 2.0], [1.0, 1.0], [9.0, 9.0]], [[0.0, 2.0], [4.0, 4.0], [9.0, 9.0]]]]
    )
    layer = layer_of(torch.ones(1, 3, 1), outputs=outputs)
    torch.testing.assert_close(OPERATORS["variance"].unit_scores(layer), numbers([[1.0, 1.5, 0.0]]))
    assert lost("variance", layer, 2) == [{(2, 0), (0, 0)}]


def test_cells_have_variances_of_their_own() -> None:
    outputs = torch.cat([varying([1.0, 2.0]), varying([200.0, 100.0])])
    layer = layer_of(torch.ones(2, 2, 1), outputs=outputs)
    assert lost("variance", layer, 1) == [{(0, 0)}, {(1, 0)}]


def test_a_large_mean_hides_no_difference() -> None:
    outputs = (varying([1e-3, 2e-3, 3e-3]) + 100.0).float()
    layer = layer_of(torch.ones(1, 3, 1), outputs=outputs)
    assert lost("variance", layer, 1) == [{(0, 0)}]
    assert lost("variance", layer, 1, remove="high") == [{(2, 0)}]


# variance_probability


@pytest.mark.parametrize(
    ("remove", "expected"), [("high", [0.0, 0.25, 0.5, 1.0]), ("low", [1.0, 0.75, 0.5, 0.0])]
)
def test_weights_go_with_the_probability_of_their_unit(
    remove: Remove, expected: list[float]
) -> None:
    # Deviations 1, 2, 3, 5 are 0, 1/4, 1/2 and 1 of the way from the least to the most.
    cells, inputs = 20, 500
    layer = layer_of(
        torch.ones(cells, 4, inputs),
        outputs=varying([1.0, 2.0, 3.0, 5.0], cells),
        draws=streams(*range(cells)),
    )
    operator = OPERATORS["variance_probability"].bound({"remove": remove})
    left = operator(layer, torch.full((cells,), 4 * inputs))
    shares = (~left).double().mean((0, 2))
    for share, probability in zip(shares.tolist(), expected, strict=True):
        deviation = sqrt(probability * (1 - probability) / (cells * inputs))
        assert abs(share - probability) <= 5 * deviation
    # Weights of a unit go one by one: cells differ in how many.
    assert len(set((~left[:, 2]).sum(1).tolist())) > 5


def test_the_ends_are_certain() -> None:
    draws = drawn({"variance": [[[0.0, 1 - 2**-24]] * 3]})
    layer = layer_of(torch.ones(1, 3, 2), outputs=varying([1.0, 2.0, 3.0]), draws=draws)
    assert lost("variance_probability", layer, 6, remove="high") == [{(1, 0), (2, 0), (2, 1)}]
    assert lost("variance_probability", layer, 6, remove="low") == [{(0, 0), (0, 1), (1, 0)}]


def test_of_more_than_the_quota_the_clearest_draws_go() -> None:
    # Probabilities 0, 1/2 and 1; margins of the draws: -0.3, -0.1 and -0.6, -0.2.
    draws = drawn({"variance": [[[0.0, 0.5], [0.2, 0.4], [0.4, 0.8]]]})
    layer = layer_of(torch.ones(1, 3, 2), outputs=varying([0.0, 1.0, 2.0]), draws=draws)
    found = [lost("variance_probability", layer, n, remove="high")[0] for n in range(6)]
    order = [(2, 0), (1, 0), (2, 1), (1, 1)]
    assert found == [set(order[:n]) for n in range(6)]


@BOTH
def test_where_all_vary_equally_nothing_goes(remove: Remove) -> None:
    layer = layer_of(torch.ones(1, 3, 4), outputs=varying([2.0, 2.0, 2.0]))
    assert lost("variance_probability", layer, 12, remove=remove) == [set()]
    constant = layer_of(torch.ones(1, 3, 4), outputs=torch.ones(1, 5, 3, 2))
    assert lost("variance_probability", constant, 12, remove=remove) == [set()]
    lonely = layer_of(torch.ones(1, 1, 4), outputs=varying([2.0]))
    assert lost("variance_probability", lonely, 4, remove=remove) == [set()]


@pytest.mark.parametrize(("remove", "goes", "stays"), [("high", 2, 0), ("low", 0, 2)])
def test_units_go_with_their_probability(remove: Remove, goes: int, stays: int) -> None:
    cells = 1000
    layer = layer_of(
        torch.ones(cells, 3, 2),
        outputs=varying([1.0, 2.0, 3.0], cells),
        draws=streams(*range(cells)),
    )
    operator = OPERATORS["variance_probability"].bound({"remove": remove})
    left = prune_units(operator, [layer], RemoveShare(1.0)).masks[0]
    assert torch.equal(left.any(2), left.all(2))
    removed = (~left.any(2)).sum(0).tolist()
    assert removed[goes] == cells
    assert removed[stays] == 0
    assert abs(removed[1] - cells / 2) < 80  # deviation 16


# variance_sampled


@BOTH
def test_quotas_are_met_exactly_whatever_varies(remove: Remove) -> None:
    for deviations in ([0.0, 1.0, 3.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]):
        layer = layer_of(torch.ones(1, 3, 4), outputs=varying(deviations), draws=streams(5))
        for quota in range(13):
            (found,) = lost("variance_sampled", layer, quota, remove=remove)
            assert len(found) == quota


def test_weights_are_drawn_as_probable_as_they_are() -> None:
    # One weight of each of three units with 0, 1/2 and 1: drawn first with 0, 1/3 and 2/3.
    cells = 3000
    layer = layer_of(
        torch.ones(cells, 3, 1),
        outputs=varying([0.0, 1.0, 2.0], cells),
        draws=streams(*range(cells)),
    )
    one = lost("variance_sampled", layer, 1, remove="high")
    first = [sum((unit, 0) in cell for cell in one) for unit in range(3)]
    assert first[0] == 0
    assert abs(first[1] - 1000) < 130  # deviation 26
    two = lost("variance_sampled", layer, 2, remove="high")
    assert sum((0, 0) in cell for cell in two) <= 1
    low = lost("variance_sampled", layer, 1, remove="low")
    assert abs(sum((1, 0) in cell for cell in low) - 1000) < 130
    assert sum((2, 0) in cell for cell in low) == 0


def test_the_second_draw_is_without_what_went_first() -> None:
    # Weights 1/3, 2/3, 1: the pair without the last one has probability
    # (1/6)(2/3)/(5/3) + (1/3)(1/3)/(4/3) = 0.15.
    cells = 4000
    layer = layer_of(
        torch.ones(cells, 4, 1),
        outputs=varying([0.0, 1.0, 2.0, 3.0], cells),
        draws=streams(*range(cells)),
    )
    pairs = lost("variance_sampled", layer, 2, remove="high")
    assert abs(sum(pair == {(1, 0), (2, 0)} for pair in pairs) - 600) < 110  # deviation 23


def test_where_all_vary_equally_all_are_as_probable() -> None:
    cells = 2000
    layer = layer_of(
        torch.ones(cells, 4, 1), outputs=varying([1.0] * 4, cells), draws=streams(*range(cells))
    )
    found = lost("variance_sampled", layer, 1)
    counts = [sum((unit, 0) in cell for cell in found) for unit in range(4)]
    assert all(abs(count - 500) < 95 for count in counts)  # deviation 19


def test_units_can_be_sampled() -> None:
    cells = 1500
    layer = layer_of(
        torch.ones(cells, 3, 2),
        outputs=varying([0.0, 1.0, 2.0], cells),
        draws=streams(*range(cells)),
    )
    operator = OPERATORS["variance_sampled"].bound({"remove": "high"})
    left = prune_units(operator, [layer], RemoveShare(1 / 3)).masks[0]
    removed = (~left.any(2)).sum(0).tolist()
    assert removed[0] == 0
    assert abs(removed[1] - 500) < 90  # deviation 18
    assert sum(removed) == cells


# all of them


@ALL
@BOTH
@pytest.mark.parametrize("value", [torch.nan, inf])
def test_outputs_that_are_no_numbers_are_refused(name: str, remove: Remove, value: float) -> None:
    outputs = varying([1.0, 2.0, 3.0], 2)
    outputs[1, 0, 2, 0] = value
    layer = layer_of(torch.ones(2, 3, 2), outputs=outputs)
    with pytest.raises(ValueError, match="of cell 1 is not a number"):
        lost(name, layer, 6, remove=remove)
    units = prune_units(OPERATORS[name].bound({"remove": remove}), [layer], RemoveShare(1.0))
    assert units.sound.tolist() == [True, False]


@ALL
def test_a_shift_and_a_scale_of_all_outputs_change_nothing(name: str) -> None:
    outputs = varying([0.5, 0.1, 2.0, 1.0])
    for changed in (outputs + 100.0, outputs * 8.0):
        layers = [layer_of(torch.ones(1, 4, 3), outputs=o) for o in (outputs, changed)]
        for quota in (1, 4, 7):
            assert lost(name, layers[0], quota) == lost(name, layers[1], quota)
