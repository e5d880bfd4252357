"""Finds the operator that an entry of ``[[pruning]]`` names, and tries it if it is the user's own."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TypeAlias

import torch
from torch import Tensor

from coevo.catalog import OPERATOR_KEYS
from coevo.errors import CoevoError
from coevo.problems import shown, told
from coevo.pruning_table import PruningTable
from coevo.user_code import Sources, load_named, option_refusal, origin
from operators import (
    NEEDS,
    OPERATORS,
    Layer,
    MaskingOperator,
    PruningOperator,
    ScoringOperator,
    as_operator,
)

__all__ = ["pruning_operator", "refused_option"]

_Operator: TypeAlias = ScoringOperator | MaskingOperator


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
    try:
        masks: object = _masks(operator, layer)
        scores: object = _unit_scores(operator, layer) if entry.structure == "unit" else None
    except Exception as error:
        refused = _refused(operator, error)
        said = f"{key}.operator_options.{refused}" if refused else ""
        raise CoevoError(said or f"{what} fails: {told(error)}; mend it") from error
    _check_masks(masks, layer, what)
    if entry.structure == "unit":
        _check_units(scores, layer, what)
    return operator


def refused_option(operator: _Operator) -> str:
    """What an operator of the user's own says against one of its options; "" if nothing."""
    layer = _small_layer(operator.needs, torch.zeros(()))
    with suppress(Exception):  # what else goes wrong, laws tell
        try:
            _masks(operator, layer)
            _unit_scores(operator, layer)
        except ValueError as error:
            return _refused(operator, error)
    return ""


def _check_fit(operator: _Operator, entry: PruningTable, key: str) -> None:
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


def _refused(operator: _Operator, error: Exception) -> str:
    return option_refusal(error, {*operator.option_names, *operator.options})


def _masks(operator: PruningOperator, layer: Layer) -> object:
    """What an operator makes of two cells."""
    return operator(layer, torch.tensor([3, 0], device=layer.weights.device))


def _unit_scores(operator: _Operator, layer: Layer) -> object:
    return operator.unit_scores(layer) if isinstance(operator, ScoringOperator) else None


def _check_masks(masks: object, layer: Layer, what: str) -> None:
    if isinstance(masks, Tensor):
        if masks.dtype == torch.bool and masks.shape == layer.masks.shape:
            return
        found = shown(f"{masks.dtype} {list(masks.shape)}")
    else:
        found = "'None'" if masks is None else f"a {type(masks).__name__}"
    raise CoevoError(
        f"{what} makes {found} of a layer with masks {list(layer.masks.shape)}; return bool masks "
        "of the same shape (coevo check-operator tells more)"
    )


def _check_units(scores: object, layer: Layer, what: str) -> None:
    """Check the scores of units, which are asked for where whole units go."""
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
