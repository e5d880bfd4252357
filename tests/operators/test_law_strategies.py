"""Strategies make what operators are given in practice, with the hard cases in it."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from torch import Tensor

from grids import Grid, Torus
from operators import NEEDS, SCHEDULES, Layer, Need
from operators.laws.strategies import (
    ChosenSchedule,
    GridValues,
    HashedDraws,
    activations,
    grids,
    layers,
    masks,
    quotas,
    schedules,
    weights,
)

MANY = settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SMALL = settings(derandomize=True, database=None, deadline=None, max_examples=1000)
PER_WEIGHT = ("weights", "gradients", "origins")


@st.composite
def cases(draw: st.DrawFn) -> tuple[Layer, Tensor]:
    layer = draw(layers())
    return layer, draw(quotas(layer.masks))


def values(tensor: Tensor) -> list[float]:
    found: list[float] = tensor.flatten().tolist()
    return found


def tied(numbers: Tensor, among: Tensor) -> bool:
    """Whether two kept numbers of one cell are equal."""
    pairs = zip(numbers, among, strict=True)
    return any(len(set(values(n[kept]))) < int(kept.sum()) for n, kept in pairs)


def signs_of_zero(tensor: Tensor) -> set[bool]:
    return set(tensor[tensor == 0].signbit().tolist())


LAYERS: dict[str, Callable[[Layer, Tensor], bool]] = {
    "one cell": lambda layer, quota: len(quota) == 1,
    "three cells": lambda layer, quota: len(quota) == 3,
    "one unit": lambda layer, quota: layer.masks.shape[1] == 1,
    "one input": lambda layer, quota: layer.masks.shape[2] == 1,
    "one weight": lambda layer, quota: layer.masks[0].numel() == 1,
    "the largest": lambda layer, quota: layer.masks.shape[1:] == (4, 5),
    "many inputs": lambda layer, quota: layer.masks.shape[2] > 8,
    "many inputs of several units and cells": lambda layer, quota: (
        layer.masks.shape[2] > 5 and len(quota) > 1 and layer.masks.shape[1] > 1
    ),
    "float64": lambda layer, quota: layer.weights.dtype == torch.float64,
    "one case": lambda layer, quota: layer.need("outputs").shape[1] == 1,
    "several positions": lambda layer, quota: layer.need("outputs").shape[3] > 1,
    "inputs of each unit": lambda layer, quota: layer.need("input_rms").shape[1] > 1,
    "full masks": lambda layer, quota: bool(layer.masks.all()),
    "full masks of several cells": lambda layer, quota: len(quota) > 1 and bool(layer.masks.all()),
    "nothing left": lambda layer, quota: not layer.masks.any(),
    "a cell with nothing left, beside others": lambda layer, quota: (
        len(set(layer.masks.flatten(1).any(1).tolist())) == 2
    ),
    "a cell with nothing left, beside one with everything": lambda layer, quota: bool(
        (~layer.masks.flatten(1).any(1)).any() and layer.masks.flatten(1).all(1).any()
    ),
    "a unit with nothing left, beside one with everything": lambda layer, quota: bool(
        layer.masks.shape[2] > 2
        and ((~layer.masks.any(2)).any(1) & layer.masks.all(2).any(1)).any()
    ),
    "a unit with some left": lambda layer, quota: bool(
        (layer.masks.any(2) & ~layer.masks.all(2)).any()
    ),
    "tied weights": lambda layer, quota: tied(layer.weights, layer.masks),
    "different weights": lambda layer, quota: (
        layer.weights[0].numel() > 3 and not tied(layer.weights, torch.ones_like(layer.masks))
    ),
    "zeros of both signs": lambda layer, quota: len(signs_of_zero(layer.weights)) == 2,
    "negative weights": lambda layer, quota: bool((layer.weights < 0).any()),
    "equal units": lambda layer, quota: (
        layer.weights.shape[1] > 1 and bool((layer.weights == layer.weights[:, :1]).all())
    ),
    "equal cells": lambda layer, quota: (
        len(quota) > 1 and bool((layer.weights == layer.weights[:1]).all())
    ),
    "units with equal outputs": lambda layer, quota: (
        layer.need("outputs").shape[2] > 1
        and bool((layer.need("outputs") == layer.need("outputs")[:, :, :1]).all())
    ),
    "a unit whose output is constant, beside others": lambda layer, quota: (
        len(
            set(
                (layer.need("outputs") == layer.need("outputs")[:, :1, :, :1])
                .all(3)
                .all(1)[0]
                .tolist()
            )
        )
        == 2
    ),
    "draws with zeros and ties": lambda layer, quota: (
        0.0 in values(layer.draws("a", (9,))) and tied(layer.draws("a", (9,)), _all(layer, 9))
    ),
    "draws without ties": lambda layer, quota: not tied(layer.draws("a", (9,)), _all(layer, 9)),
    "quota 0": lambda layer, quota: bool(((quota == 0) & (_kept(layer) > 0)).any()),
    "quota 0 in all cells": lambda layer, quota: not quota.any(),
    "quota of what is kept": lambda layer, quota: bool(
        ((quota == _kept(layer)) & (quota > 1)).any()
    ),
    "quota above what is kept": lambda layer, quota: bool((quota > _kept(layer)).any()),
    "quota one below what is kept": lambda layer, quota: bool(
        ((quota == _kept(layer) - 1) & (quota > 1)).any()
    ),
    "quota 1 of many": lambda layer, quota: bool(((quota == 1) & (_kept(layer) > 3)).any()),
    "different quotas": lambda layer, quota: len(set(quota.tolist())) > 1,
}


def _kept(layer: Layer) -> Tensor:
    return layer.masks.flatten(1).sum(1)


def _all(layer: Layer, count: int) -> Tensor:
    return torch.ones(len(layer.masks), count, dtype=torch.bool)


def test_all_hard_cases_occur_among_layers() -> None:
    seen: Counter[str] = Counter()

    @MANY
    @given(case=cases())
    def look(case: tuple[Layer, Tensor]) -> None:
        seen.update(name for name, holds in LAYERS.items() if holds(*case))

    look()
    assert {name: seen[name] for name in LAYERS if seen[name] < 4} == {}, "1 % of the examples"


@given(case=cases())
def test_layers_are_well_formed(case: tuple[Layer, Tensor]) -> None:
    layer, quota = case
    cells, units, inputs = shape = layer.weights.shape
    assert 1 <= cells <= 3
    assert 1 <= units <= 4
    assert 1 <= inputs <= (5 if units > 2 else 10)
    assert (layer.masks.dtype, layer.masks.shape) == (torch.bool, shape)
    assert (quota.dtype, quota.shape) == (torch.int64, (cells,))
    assert (quota >= 0).all()
    outputs, input_rms = layer.need("outputs"), layer.need("input_rms")
    assert (outputs.shape[0], outputs.shape[2]) == (cells, units)
    assert input_rms.shape in ((cells, 1, inputs), shape)
    assert (input_rms >= 0).all()
    assert not input_rms.signbit().any()
    assert {layer.need(name).shape for name in ("gradients", "origins")} == {shape}
    for name in ("weights", *NEEDS):
        tensor = getattr(layer, name)
        assert tensor.dtype == layer.weights.dtype
        assert tensor.is_contiguous()
        assert (tensor * 8 == (tensor * 8).round()).all(), "dyadic"
        assert tensor.abs().max() <= 16
    assert layer.weights.dtype in (torch.float32, torch.float64)
    drawn = layer.draws("a", (2, 3))
    assert (drawn.shape, drawn.dtype) == ((cells, 2, 3), torch.float32), "as in experiments"


@pytest.mark.parametrize("needs", [(), ("gradients",), ("outputs", "origins")])
def test_layers_have_what_is_asked_for(needs: tuple[Need, ...]) -> None:
    layer = find(layers(needs=needs), lambda _: True, settings=SMALL)
    assert tuple(name for name in NEEDS if getattr(layer, name) is not None) == needs


def test_layers_shrink_to_few_small_numbers() -> None:
    layer = find(layers(), lambda _: True, settings=SMALL)
    assert values(layer.weights) == [0.0]
    assert values(layer.masks) == [1.0]
    assert layer.weights.dtype == torch.float32
    thinned = find(
        layers(needs=()), lambda layer: set(values(layer.masks)) == {0.0, 1.0}, settings=SMALL
    )
    assert thinned.masks.numel() == 2
    assert values(thinned.weights) == [0.0, 0.0]
    negative = find(layers(needs=()), lambda layer: bool((layer.weights < 0).any()), settings=SMALL)
    assert negative.masks.numel() <= 4
    assert sorted(set(values(negative.weights))) in ([-1.0], [-1.0, 0.0])
    wide = find(layers(needs=()), lambda layer: layer.masks.shape[2] > 8, settings=SMALL)
    assert wide.masks.shape == (1, 1, 9)
    assert set(values(wide.weights)) == {0.0}
    assert wide.weights.dtype == torch.float32


@given(data=st.data())
def test_tensors_have_the_shape_that_is_asked_for(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)))
    drawn = data.draw(masks(shape))
    assert (drawn.shape, drawn.dtype) == (shape, torch.bool)
    assert data.draw(weights(shape)).shape == shape
    assert data.draw(activations((*shape, 2))).shape == (*shape, 2)
    assert data.draw(quotas(drawn)).shape == shape[:1]


@given(drawn_weights=weights(), drawn_masks=masks(), drawn_activations=activations())
def test_shapes_are_small_where_none_is_asked_for(
    drawn_weights: Tensor, drawn_masks: Tensor, drawn_activations: Tensor
) -> None:
    for tensor in (drawn_weights, drawn_masks):
        assert all(size <= most for size, most in zip(tensor.shape, (3, 4, 5), strict=True))
    sizes = zip(drawn_activations.shape, (3, 3, 4, 2), strict=True)
    assert all(size <= most for size, most in sizes)


def test_draws_are_those_of_their_cell_purpose_and_position() -> None:
    draws = HashedDraws(seed=5, cells=(0, 1, 2))
    drawn = draws("a", (4, 3))
    assert torch.equal(drawn, draws("a", (4, 3)))
    for cells in ((1,), (2, 0), (1, 1, 1, 2)):
        assert torch.equal(HashedDraws(5, cells)("a", (4, 3)), drawn[list(cells)])
    assert torch.equal(draws("a", (20,))[:, :12].view(3, 4, 3), drawn)
    others = [HashedDraws(6, (0, 1, 2))("a", (4, 3)), draws("b", (4, 3)), drawn.roll(1, 0)]
    for other in others:
        assert not (other == drawn).any()


def test_draws_are_uniform() -> None:
    drawn = HashedDraws(seed=1, cells=(0, 1))("a", (5000,))
    assert (drawn.dtype, drawn.shape) == (torch.float32, (2, 5000))
    assert (drawn >= 0).all()
    assert (drawn < 1).all()
    tenths = torch.histc(drawn, 10, 0, 1) / drawn.numel()
    assert (tenths - 0.1).abs().max() < 0.015  # five standard deviations
    coarse = HashedDraws(seed=1, cells=(0, 1), levels=4)("a", (500,))
    assert set(values(coarse)) == {0.0, 0.25, 0.5, 0.75}


def test_draws_of_no_shape_are_one_number_for_each_cell() -> None:
    assert HashedDraws(seed=1, cells=(0, 1))("a", ()).shape == (2,)


def test_all_schedules_and_options_occur() -> None:
    seen: dict[str, set[str]] = {name: set() for name in SCHEDULES}
    horizons: set[int] = set()
    levels: set[float] = set()

    @MANY
    @given(chosen=schedules())
    def look(chosen: ChosenSchedule) -> None:
        seen[chosen.name] |= set(chosen.options)
        horizons.add(chosen.horizon)
        levels.add(chosen.level)

    look()
    for name, factory in SCHEDULES.items():
        parameters = inspect.signature(factory).parameters.values()
        assert seen[name] == {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert {1, 2, 3} <= horizons
    assert max(horizons) > 100
    assert {0.0, 1.0} <= levels
    assert any(0 < level < 1 for level in levels)


@given(chosen=schedules())
def test_schedules_can_be_built(chosen: ChosenSchedule) -> None:
    assert chosen.horizon >= 1
    assert 0 <= chosen.level <= 1
    assert 0 <= chosen.build()(0) <= 1


GRIDS: dict[str, Callable[[GridValues], bool]] = {
    "one cell": lambda grid: grid.rows == grid.columns == 1,
    "one row": lambda grid: grid.rows == 1 < grid.columns,
    "one column": lambda grid: grid.columns == 1 < grid.rows,
    "the cell alone": lambda grid: len(grid.offsets) == 1,
    "several others": lambda grid: len(grid.offsets) > 3,
    "offsets that wrap around": lambda grid: any(abs(row) >= grid.rows for row, _ in grid.offsets),
    "offsets onto the cell itself": lambda grid: any(
        (row % grid.rows, column % grid.columns) == (0, 0) for row, column in grid.offsets[1:]
    ),
}


def test_all_hard_cases_occur_among_grids() -> None:
    seen: Counter[str] = Counter()

    @MANY
    @given(grid=grids())
    def look(grid: GridValues) -> None:
        seen.update(name for name, holds in GRIDS.items() if holds(grid))

    look()
    assert {name: seen[name] for name in GRIDS if seen[name] < 3} == {}


@given(values=grids())
def test_grids_can_be_built(values: GridValues) -> None:
    grid = Grid(Torus(values.rows, values.columns), values.offsets)
    assert values.offsets[0] == (0, 0)
    assert len(set(values.offsets)) == len(values.offsets)
    assert len(grid.neighbors) == values.rows * values.columns
