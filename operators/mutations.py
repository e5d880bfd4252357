"""Mutation strategies of differential evolution: which rows a mutant is made of.

In formulas x is the target, r the members drawn at random in their order, a the outsider, F the
scale, K the share. Sources: Storn and Price (1997) for rand and best; Qin, Huang and Suganthan
(2009), SaDE, for rand_2, rand_to_best_2 and current_to_rand_1; Tanabe and Fukunaga (2013), SHADE,
for current_to_pbest_1; Brest, Maucec and Boskovic (2017), jSO, for its weighted form; Fan and
Lampinen (2003) for trigonometric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import torch
from torch import Tensor

from operators.differential import OWN, Parents, Recipe

__all__ = [
    "SOUP_SIZE",
    "STRATEGIES",
    "Mutation",
    "Strategy",
    "best_1",
    "current_to_pbest_1",
    "current_to_rand_1",
    "mean_of_random",
    "rand_1",
    "rand_2",
    "rand_to_best_2",
    "soup",
    "trigonometric",
    "trigonometric_coefficients",
    "weighted_current_to_pbest_1",
]

Mutation: TypeAlias = Callable[[Parents, Tensor], Recipe]
"""From parents and the scales F, ``[*]`` float, to recipes with the same leading shape."""


@dataclass(frozen=True)
class Strategy:
    """A mutation, and what it asks for.

    Attributes:
        function: makes the recipes.
        donors: how many of `Parents.drawn` it reads at least.
        crosses: whether crossover with the target follows.
    """

    function: Mutation
    donors: int
    crosses: bool = True


def rand_1(parents: Parents, scale: Tensor) -> Recipe:
    """``r1 + F (r2 - r3)``."""
    drawn = parents.drawn
    return _recipe(drawn[..., 0], [(drawn[..., 1], drawn[..., 2], scale)])


def rand_2(parents: Parents, scale: Tensor) -> Recipe:
    """``r1 + F (r2 - r3) + F (r4 - r5)``."""
    drawn = parents.drawn
    return _recipe(
        drawn[..., 0],
        [(drawn[..., 1], drawn[..., 2], scale), (drawn[..., 3], drawn[..., 4], scale)],
    )


def best_1(parents: Parents, scale: Tensor) -> Recipe:
    """``best + F (r1 - r2)``."""
    drawn = parents.drawn
    return _recipe(parents.best, [(drawn[..., 0], drawn[..., 1], scale)])


def rand_to_best_2(parents: Parents, scale: Tensor) -> Recipe:
    """``x + F (best - x) + F (r1 - r2) + F (r3 - r4)``."""
    drawn, own = parents.drawn, _own(parents)
    return _recipe(
        own,
        [
            (parents.best, own, scale),
            (drawn[..., 0], drawn[..., 1], scale),
            (drawn[..., 2], drawn[..., 3], scale),
        ],
    )


def current_to_rand_1(parents: Parents, scale: Tensor) -> Recipe:
    """``x + K (r3 - x) + F (r1 - r2)``; no crossover follows."""
    drawn, own = parents.drawn, _own(parents)
    return _recipe(
        own,
        [(drawn[..., 2], own, parents.share), (drawn[..., 0], drawn[..., 1], scale)],
    )


def current_to_pbest_1(parents: Parents, scale: Tensor) -> Recipe:
    """``x + F (pbest - x) + F (r1 - a)``."""
    return weighted_current_to_pbest_1(parents, scale)


def weighted_current_to_pbest_1(
    parents: Parents, scale: Tensor, pull: Tensor | float = 1.0
) -> Recipe:
    """``x + pull F (pbest - x) + F (r1 - a)``.

    Args:
        parents: to choose from.
        scale: ``[*]`` float, F.
        pull: ``[*]`` float or a number; 0.7 to 1.2 in jSO.
    """
    own = _own(parents)
    return _recipe(
        own,
        [
            (parents.pbest, own, scale * pull),
            (parents.drawn[..., 0], parents.outsider, scale),
        ],
    )


def trigonometric(parents: Parents, scale: Tensor) -> Recipe:
    """``c1 r1 + c2 r2 + c3 r3`` with `trigonometric_coefficients`; there is no F in it."""
    drawn = parents.drawn
    coefficients = trigonometric_coefficients(parents.losses[..., :3]).to(scale.dtype)
    return _recipe(
        drawn[..., 0],
        [
            (drawn[..., 1], drawn[..., 0], coefficients[..., 1]),
            (drawn[..., 2], drawn[..., 0], coefficients[..., 2]),
        ],
    )


def trigonometric_coefficients(losses: Tensor) -> Tensor:
    """What each of three parents counts in trigonometric mutation.

    That is ``4/3 - 3 p`` for a parent whose absolute loss is the share p of the sum of all
    three: better parents count more, above 1 where p < 1/9, below 0 where p > 4/9.

    Args:
        losses: ``[*, 3]`` float. NaN counts as infinite.

    Returns:
        ``[*, 3]`` finite, with sum 1; exactly 1/3 each where losses are equal, or all zero.

    Examples:
        >>> trigonometric_coefficients(torch.tensor([[1.0, 2.0, 1.0], [5.0, 5.0, 5.0]]))
        tensor([[ 0.5833, -0.1667,  0.5833],
                [ 0.3333,  0.3333,  0.3333]])
    """
    largest = torch.finfo(losses.dtype).max
    sizes = losses.abs().nan_to_num(nan=largest, posinf=largest)
    top = sizes.amax(-1, keepdim=True)
    # In [0, 1], so that no sum overflows, and one of them 1, so that none is too small.
    sizes = (sizes / top).masked_fill(top == 0, 1.0)
    first, second, third = sizes.unbind(-1)
    lead = torch.stack(
        [
            (second - first) + (third - first),
            (first - second) + (third - second),
            (first - third) + (second - third),
        ],
        dim=-1,
    )
    return lead / sizes.sum(-1, keepdim=True) + 1 / 3


def mean_of_random(parents: Parents, scale: Tensor, k: int = 3) -> Recipe:
    """The mean of the first k members drawn at random, ``r1 + sum of (r - r1) / k``."""
    return _mean(parents.drawn[..., :k], scale)


SOUP_SIZE = 3
"""How many networks the strategy ``soup`` averages."""


def soup(parents: Parents, scale: Tensor, k: int = SOUP_SIZE) -> Recipe:
    """The mean of the k best members, or of all that are ranked where those are fewer."""
    return _mean(parents.ranked[..., :k], scale)


def _mean(rows: Tensor, scale: Tensor) -> Recipe:
    base, *others = rows.unbind(-1)
    part = torch.full_like(scale, 1 / rows.shape[-1])
    if not others:
        return _recipe(base, [(base, base, torch.zeros_like(scale))])
    return _recipe(base, [(row, base, part) for row in others])


def _own(parents: Parents) -> Tensor:
    return torch.full_like(parents.best, OWN)


def _recipe(base: Tensor, terms: list[tuple[Tensor, Tensor, Tensor]]) -> Recipe:
    first, second, weights = (torch.stack(part, -1) for part in zip(*terms, strict=True))
    return Recipe(base, first, second, weights)


STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {
        "rand_1": Strategy(rand_1, donors=3),
        "rand_2": Strategy(rand_2, donors=5),
        "best_1": Strategy(best_1, donors=2),
        "rand_to_best_2": Strategy(rand_to_best_2, donors=4),
        "current_to_rand_1": Strategy(current_to_rand_1, donors=3, crosses=False),
        "current_to_pbest_1": Strategy(current_to_pbest_1, donors=1),
        "weighted_current_to_pbest_1": Strategy(weighted_current_to_pbest_1, donors=1),
        "trigonometric": Strategy(trigonometric, donors=3),
        "mean": Strategy(mean_of_random, donors=3),
        "soup": Strategy(soup, donors=0, crosses=False),
    }
)
