"""Operators that each break one law and keep the others."""

from __future__ import annotations

from itertools import count

import torch
from torch import Tensor

from operators import MaskingOperator, ScoringOperator, masking, prune_lowest, scoring
from operators.types import Layer
from tests.operators.broken_rankings import (
    divides_by_removed_values,
    divides_by_the_largest_of_all_cells,
    divides_by_the_loudest_of_all_cells,
    scales_by_a_count_of_calls,
    takes_nan_for_no_factor,
)
from tests.operators.broken_unit_scores import BROKEN_FOR_UNITS


@masking()
def regrows(layer: Layer, quota: Tensor) -> Tensor:
    left = prune_lowest(layer.weights.abs(), layer.masks, quota)
    return left | ~layer.masks


@scoring()
def leaks_between_cells(layer: Layer) -> Tensor:
    kept = layer.weights.where(layer.masks, 0.0)
    center = kept.sum() / layer.masks.sum().clamp(min=1)
    return (layer.weights - center).abs()


@scoring()
def leaks_to_the_next_cell(layer: Layer) -> Tensor:
    sizes = layer.weights.abs().where(layer.masks, 0.0)
    before = sizes.roll(1, 0)
    before[0] = 0.0
    return sizes + before


@scoring()
def favors_the_first_cell(layer: Layer) -> Tensor:
    sizes = layer.weights.abs()
    return torch.cat([-sizes[:1], sizes[1:]])


@scoring()
def leaks_to_the_next_cell_in_wide_layers(layer: Layer) -> Tensor:
    sizes = layer.weights.abs().where(layer.masks, 0.0)
    return sizes + sizes.roll(1, 0) if layer.weights.shape[2] > 8 else sizes


@masking()
def removes_one_too_many(layer: Layer, quota: Tensor) -> Tensor:
    return prune_lowest(layer.weights.abs(), layer.masks, quota + (quota > 0))


@masking(exact=False)
def removes_more_than_it_promises(layer: Layer, quota: Tensor) -> Tensor:
    return prune_lowest(layer.weights.abs(), layer.masks, quota * 2)


@scoring()
def changes_weights(layer: Layer) -> Tensor:
    return layer.weights.abs_()


@masking()
def changes_quotas(layer: Layer, quota: Tensor) -> Tensor:
    left = prune_lowest(layer.weights.abs(), layer.masks, quota)
    quota.zero_()
    return left


@masking()
def changes_masks(layer: Layer, quota: Tensor) -> Tensor:
    return layer.masks.logical_and_(prune_lowest(layer.weights.abs(), layer.masks, quota))


@scoring(needs=["outputs"], per="unit")
def changes_outputs(layer: Layer) -> Tensor:
    return layer.need("outputs").square_().sum((1, 3))


_calls = count()


@masking()
def takes_turns(layer: Layer, quota: Tensor) -> Tensor:
    """Depends on the order of calls: takes the lowest and the highest in turn."""
    sign = 1 if next(_calls) % 2 else -1
    return prune_lowest(sign * layer.weights, layer.masks, quota)


_layers_before: list[Layer] = []


@masking()
def goes_by_the_layer_before(layer: Layer, quota: Tensor) -> Tensor:
    """Depends on the order of calls: equal layers in succession are treated alike."""
    before = _layers_before[-1] if _layers_before else layer
    _layers_before[:] = [layer]
    sign = 1 if before.weights.sum() < 0 else -1
    return prune_lowest(sign * layer.weights, layer.masks, quota)


@scoring()
def reads_removed_values(layer: Layer) -> Tensor:
    return (layer.weights - layer.weights.mean((1, 2), keepdim=True)).abs()


@masking()
def gives_numbers_for_masks(layer: Layer, quota: Tensor) -> Tensor:
    return prune_lowest(layer.weights.abs(), layer.masks, quota).float()


@masking()
def gives_flat_masks(layer: Layer, quota: Tensor) -> Tensor:
    return prune_lowest(layer.weights.abs(), layer.masks, quota).flatten(1)


@masking()
def gives_masks_elsewhere(layer: Layer, quota: Tensor) -> Tensor:
    return prune_lowest(layer.weights.abs(), layer.masks, quota).to("meta")


@masking()
def fails_on_empty_cells(layer: Layer, quota: Tensor) -> Tensor:
    if not layer.masks.flatten(1).any(1).all():
        raise RuntimeError("nothing left")
    return prune_lowest(layer.weights.abs(), layer.masks, quota)


@scoring()
def reads_what_it_does_not_declare(layer: Layer) -> Tensor:
    return layer.weights.abs() * layer.need("gradients").abs()


@scoring()
def takes_all_for_float32(layer: Layer) -> Tensor:
    kept = layer.weights.where(layer.masks, 0.0)
    drawn = layer.draws("inputs", (layer.weights.shape[2], 1))
    return (layer.weights - torch.bmm(kept, drawn)).abs()


@scoring()
def scores_inputs_of_all_units(layer: Layer) -> Tensor:
    return layer.weights.abs().where(layer.masks, 0.0).sum(1, keepdim=True)


@masking()
def removes_one_at_amount_0(layer: Layer, quota: Tensor) -> Tensor:
    return prune_lowest(layer.weights.abs(), layer.masks, quota.clamp(min=1))


@masking()
def keeps_one_at_amount_1(layer: Layer, quota: Tensor) -> Tensor:
    kept = layer.masks.flatten(1).sum(1)
    return prune_lowest(layer.weights.abs(), layer.masks, quota.minimum(kept - 1).clamp(min=0))


@scoring()
def takes_nan_for_zero(layer: Layer) -> Tensor:
    return layer.weights.abs().nan_to_num(nan=0.0)


@scoring(needs=["outputs"], per="unit")
def takes_nan_for_silence(layer: Layer) -> Tensor:
    return layer.need("outputs").abs().nan_to_num(nan=0.0).sum((1, 3))


@scoring()
def fails_in_its_own_way_for_nan(layer: Layer) -> Tensor:
    assert not layer.weights.isnan().any()
    return layer.weights.abs()


@scoring(invariances=["weight_scale"])
def prefers_weights_near_1(layer: Layer) -> Tensor:
    return (layer.weights - 1).abs()


@scoring(needs=["outputs"], per="unit", invariances=["output_scale"])
def prefers_outputs_near_1(layer: Layer) -> Tensor:
    return (layer.need("outputs") - 1).abs().sum((1, 3))


@scoring(needs=["outputs"], per="unit", invariances=["output_shift"])
def prefers_small_outputs(layer: Layer) -> Tensor:
    return layer.need("outputs").abs().sum((1, 3))


@scoring(needs=["gradients"], invariances=["gradient_scale"])
def prefers_gradients_near_1(layer: Layer) -> Tensor:
    return (layer.need("gradients") - 1).abs()


BROKEN: dict[str, list[ScoringOperator | MaskingOperator]] = {
    "keeps shape dtype and device": [
        gives_numbers_for_masks,
        gives_flat_masks,
        gives_masks_elsewhere,
        fails_on_empty_cells,
        reads_what_it_does_not_declare,
        takes_all_for_float32,
        scores_inputs_of_all_units,
    ],
    "never regrows": [regrows],
    "removes its quota": [removes_one_too_many, removes_more_than_it_promises],
    "removes nothing at amount 0": [removes_one_at_amount_0],
    "removes everything at amount 1": [keeps_one_at_amount_1],
    "leaves its inputs alone": [changes_weights, changes_quotas, changes_masks, changes_outputs],
    "repeats itself": [takes_turns, goes_by_the_layer_before, scales_by_a_count_of_calls],
    "ignores values under removed weights": [
        reads_removed_values,
        divides_by_removed_values,
    ],
    "treats cells alike": [
        leaks_between_cells,
        leaks_to_the_next_cell,
        leaks_to_the_next_cell_in_wide_layers,
        favors_the_first_cell,
        divides_by_the_largest_of_all_cells,
        divides_by_the_loudest_of_all_cells,
    ],
    "refuses what is not a number": [
        takes_nan_for_zero,
        takes_nan_for_silence,
        takes_nan_for_no_factor,
        fails_in_its_own_way_for_nan,
    ],
    "scores units by the same laws": BROKEN_FOR_UNITS,
    "ignores the scale of weights": [prefers_weights_near_1],
    "ignores the scale of outputs": [prefers_outputs_near_1],
    "ignores a shift of outputs": [prefers_small_outputs],
    "ignores the scale of gradients": [prefers_gradients_near_1],
}
"""By the law that each is to break."""
