"""Finds the operator that an entry of ``[[pruning]]`` names, and tries it if it is the user's own."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from coevo.catalog import OPERATOR_KEYS
from coevo.errors import CoevoError
from coevo.problems import shown
from coevo.pruning_table import PruningTable
from coevo.user_code import Sources, load_named, origin
from operators import (
    NEEDS,
    OPERATORS,
    Layer,
    MaskingOperator,
    PruningOperator,
    ScoringOperator,
    as_operator,
)

__all__ = ["pruning_operator"]


def pruning_operator(
    entry: PruningTable, key: str, sources: Sources, kind: Tensor
) -> PruningOperator:
    """The operator of an entry, with its options.

    Args:
        entry: of ``[[pruning]]``.
        key: where it stands, as ``pruning[0]``.
        sources: for code of the user's own.
        kind: a tensor of the type and on the device of the weights.

    Raises:
        CoevoError: it cannot be loaded, has other options, or does not do what it should.
    """
    name, where = entry.operator, f"{key}.operator"
    if name in OPERATORS:
        options = {k: getattr(entry, k) for k in OPERATOR_KEYS[name] if k != "cases"}
        return OPERATORS[name].bound(options)
    found = load_named("operators", where, name, sources)
    what = f"{where}: {origin('operators', name)}"
    try:
        operator = as_operator(found)
    except ValueError as error:
        raise CoevoError(f"{what}: {error}") from error
    try:
        operator = operator.bound(entry.operator_options)
    except ValueError as error:
        raise CoevoError(f"{key}.operator_options: {error}") from error
    _check_fit(operator, entry, key)
    layer = _small_layer(operator.needs, kind)
    _try_operator(operator, layer, what)
    if entry.structure == "unit" and isinstance(operator, ScoringOperator):
        _try_units(operator, layer, what)
    return operator


def _check_fit(operator: ScoringOperator | MaskingOperator, entry: PruningTable, key: str) -> None:
    """Refuse to rank with an operator that gives no ranks."""
    if isinstance(operator, ScoringOperator):
        return
    reason = f"{entry.operator!r} makes masks by itself"
    if entry.structure == "unit":
        raise CoevoError(
            f"{key}.structure: {reason}, and does not know units; use 'weight', or an operator that "
            "scores"
        )
    if entry.scope not in ("layer", "tensor"):
        raise CoevoError(
            f"{key}.scope: {reason}, so that weights cannot be ranked by {shown(entry.scope)}; use "
            "'layer' or 'tensor', or an operator that scores"
        )


def _try_operator(operator: PruningOperator, layer: Layer, what: str) -> None:
    """Try an operator of the user's own on two cells."""
    quota = torch.tensor([3, 0], device=layer.weights.device)
    try:
        masks: object = operator(layer, quota)
    except Exception as error:
        raise CoevoError(f"{what} fails: {type(error).__name__}: {error}; mend it") from error
    is_mask = isinstance(masks, Tensor) and masks.dtype == torch.bool
    if not (is_mask and isinstance(masks, Tensor) and masks.shape == layer.masks.shape):
        found = f"{masks.dtype} {list(masks.shape)}" if isinstance(masks, Tensor) else repr(masks)
        raise CoevoError(
            f"{what} makes {shown(found)} of a layer with masks {list(layer.masks.shape)}; return "
            "bool masks of the same shape (coevo check-operator tells more)"
        )


def _try_units(operator: ScoringOperator, layer: Layer, what: str) -> None:
    """Try the scores of units, which are asked for where whole units go."""
    try:
        scores: object = operator.unit_scores(layer)
    except Exception as error:
        raise CoevoError(f"{what} fails: {type(error).__name__}: {error}; mend it") from error
    cells, units, _ = layer.masks.shape
    found = list(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
    if found != [cells, units]:
        raise CoevoError(
            f"{what} makes scores {found} of the {units} units of {cells} cells; return one per "
            f"unit, [{cells}, {units}]"
        )


def _small_layer(needs: Iterable[str], kind: Tensor) -> Layer:
    """A layer with what an operator declares that it needs, and nothing else."""
    cells, units, inputs, cases = 2, 3, 4, 5
    weights = torch.linspace(-1.0, 1.0, cells * units * inputs).view(cells, units, inputs)
    known: dict[str, Tensor] = {
        "outputs": torch.linspace(0.0, 1.0, cells * cases * units).view(cells, cases, units, 1),
        "input_rms": torch.linspace(0.1, 1.0, cells * inputs).view(cells, 1, inputs),
        "gradients": weights.flip(1),
        "origins": weights / 2,
    }
    assert set(known) == set(NEEDS)

    def draws(purpose: str, shape: Any) -> Tensor:
        del purpose
        count = math.prod(shape)
        return torch.linspace(0.0, 0.9, cells * count, device=kind.device).view(cells, *shape)

    asked = {need: values.to(kind) for need, values in known.items() if need in needs}
    weights = weights.to(kind)
    return Layer(weights, torch.ones_like(weights, dtype=torch.bool), draws, **asked)
