"""Makes pruning operators of functions: of scores, or of masks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias, get_args

from torch import Tensor

from operators.options import options_of
from operators.removal import prune_lowest
from operators.types import NEEDS, Layer, Need

__all__ = ["Invariance", "MaskingOperator", "ScoringOperator", "as_operator", "masking", "scoring"]

Invariance: TypeAlias = Literal["weight_scale", "output_scale", "output_shift", "gradient_scale"]
"""A change of all numbers of one kind in a cell that an operator's choice does not depend on."""
_INVARIANCES: tuple[Invariance, ...] = get_args(Invariance)


@dataclass(frozen=True)
class ScoringOperator:
    """Removes what a function scores lowest.

    Attributes:
        function: ``(layer, **options)`` to scores, high is worth keeping, infinity is never
            removed: of weights, ``[cells, units, inputs]``, or of units, ``[cells, units]``.
        of_units: scores of units, for operators whose function scores weights. Without it, the
            score of a unit is the sum over its kept weights.
        per: what the function scores.
        needs: what of a layer it reads beside weights, masks and draws.
        exact: whether all scores are below infinity, so that quotas are met exactly.
        invariances: what its choice does not depend on, for the laws.
        options: keyword arguments of the functions.
    """

    function: Callable[..., Tensor]
    of_units: Callable[..., Tensor] | None = None
    per: Literal["weight", "unit"] = "weight"
    needs: frozenset[Need] = frozenset()
    exact: bool = True
    invariances: frozenset[Invariance] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, layer: Layer, quota: Tensor) -> Tensor:
        """Remove the weights with the lowest scores; see `PruningOperator`."""
        return prune_lowest(self.scores(layer), layer.masks, quota)

    def scores(self, layer: Layer) -> Tensor:
        """The score of every weight: ``[cells, units, inputs]``; removed ones count for nothing."""
        found = self.function(layer, **self.options)
        return found if self.per == "weight" else found.unsqueeze(2).expand_as(layer.weights)

    def unit_scores(self, layer: Layer) -> Tensor:
        """The score of every unit: ``[cells, units]``."""
        if self.of_units is not None:
            return self.of_units(layer, **self.options)
        found = self.function(layer, **self.options)
        return found if self.per == "unit" else found.where(layer.masks, 0.0).sum(2)

    def bound(self, options: Mapping[str, Any]) -> ScoringOperator:
        """The same operator with options.

        Raises:
            ValueError: it has no such option, or one without a default is missing.
        """
        merged = {**self.options, **options}
        fault = options_of(self.function, before=1).fault(merged, self.name)
        if fault:
            raise ValueError(fault)
        return replace(self, options=merged)

    @property
    def option_names(self) -> tuple[str, ...]:
        """What the function can be told."""
        return tuple(options_of(self.function, before=1).needed)

    @property
    def name(self) -> str:
        """Of the function."""
        return _name(self.function)

    @property
    def description(self) -> str:
        """The first line of the function's docstring."""
        return _first_line(self.function)


@dataclass(frozen=True)
class MaskingOperator:
    """A function that makes the masks itself.

    It acts on one layer at a time, so it knows neither scopes beyond a layer nor units.

    Attributes:
        function: ``(layer, quota, **options)`` to masks, as `PruningOperator` says.
        needs: what of a layer it reads beside weights, masks and draws.
        exact: whether it removes exactly its quota, and not less.
        invariances: what its choice does not depend on, for the laws.
        options: keyword arguments of the function.
    """

    function: Callable[..., Tensor]
    needs: frozenset[Need] = frozenset(NEEDS)
    exact: bool = True
    invariances: frozenset[Invariance] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, layer: Layer, quota: Tensor) -> Tensor:
        """Call the function; see `PruningOperator`."""
        return self.function(layer, quota, **self.options)

    def bound(self, options: Mapping[str, Any]) -> MaskingOperator:
        """The same operator with options.

        Raises:
            ValueError: it has no such option, or one without a default is missing.
        """
        merged = {**self.options, **options}
        fault = options_of(self.function, before=2).fault(merged, self.name)
        if fault:
            raise ValueError(fault)
        return replace(self, options=merged)

    @property
    def option_names(self) -> tuple[str, ...]:
        """What the function can be told."""
        return tuple(options_of(self.function, before=2).needed)

    @property
    def name(self) -> str:
        """Of the function."""
        return _name(self.function)

    @property
    def description(self) -> str:
        """The first line of the function's docstring."""
        return _first_line(self.function)


def scoring(
    *,
    needs: Iterable[Need] = (),
    per: Literal["weight", "unit"] = "weight",
    of_units: Callable[..., Tensor] | None = None,
    exact: bool = True,
    invariances: Iterable[Invariance] = (),
) -> Callable[[Callable[..., Tensor]], ScoringOperator]:
    """Make an operator of a function that scores.

    Args:
        needs: what of a `Layer` the function reads beside weights, masks and draws.
        per: whether it scores weights, ``[cells, units, inputs]``, or units, ``[cells, units]``.
        of_units: scores units, for functions that score weights.
        exact: whether all scores are below infinity.
        invariances: changes that the choice does not depend on; the laws test them.

    Raises:
        ValueError: an argument is none of those that there are.

    Examples:
        >>> @scoring(invariances=["weight_scale"])
        ... def magnitude(layer: Layer) -> Tensor:
        ...     '''Removes the weights nearest to zero.'''
        ...     return layer.weights.abs()
        >>> magnitude.name, magnitude.description
        ('magnitude', 'Removes the weights nearest to zero.')
    """
    asked = _some_of("needs", needs, NEEDS)
    unchanged = _some_of("invariances", invariances, _INVARIANCES)
    _one_of("per", per, ("weight", "unit"))

    def decorate(function: Callable[..., Tensor]) -> ScoringOperator:
        return ScoringOperator(function, of_units, per, asked, exact, unchanged)

    return decorate


def masking(
    *, needs: Iterable[Need] = (), exact: bool = True, invariances: Iterable[Invariance] = ()
) -> Callable[[Callable[..., Tensor]], MaskingOperator]:
    """Make an operator of a function from a layer and a quota to masks.

    Args:
        needs: what of a `Layer` the function reads beside weights, masks and draws.
        exact: whether it removes exactly its quota, and not less.
        invariances: changes that the choice does not depend on; the laws test them.

    Raises:
        ValueError: an argument is none of those that there are.
    """
    asked = _some_of("needs", needs, NEEDS)
    unchanged = _some_of("invariances", invariances, _INVARIANCES)

    def decorate(function: Callable[..., Tensor]) -> MaskingOperator:
        return MaskingOperator(function, asked, exact, unchanged)

    return decorate


def as_operator(found: object) -> ScoringOperator | MaskingOperator:
    """Take an operator as it is, and a plain function as one that makes masks.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(found, ScoringOperator | MaskingOperator):
        return found
    if not callable(found):
        raise ValueError(
            f"{type(found).__name__} is not an operator; decorate a function with @scoring or "
            "@masking"
        )
    return MaskingOperator(found)


def _some_of(argument: str, given: Iterable[Any], known: Sequence[str]) -> frozenset[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(f"{argument}: {given!r} is not a list; give one, of {', '.join(known)}")
    return frozenset(_one_of(argument, name, known) for name in given)


def _one_of(argument: str, given: object, known: Sequence[str]) -> object:
    if given in known:
        return given
    near = get_close_matches(str(given), known, n=1)
    fix = f"did you mean {near[0]!r}?" if near else "use one of these"
    raise ValueError(f"{argument}: {given!r} is none of {', '.join(known)}; {fix}")


def _name(function: Callable[..., Tensor]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _first_line(function: Callable[..., Tensor]) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]
