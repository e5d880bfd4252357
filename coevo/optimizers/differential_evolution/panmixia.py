"""Parents in populations where everybody may meet everybody."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from coevo.optimizers.differential_evolution.adaptation import Parameters
from coevo.optimizers.differential_evolution.draws import DONORS, Draws
from coevo.optimizers.differential_evolution.rules import Rules
from operators import STRATEGIES, Parents, Recipe, distinct, jso_pull
from operators.mutations import weighted_current_to_pbest_1

__all__ = ["donors_of", "panmictic_parents", "pbest_count", "pbest_ranks", "recipes"]

_RANKED = 3  # members of a soup


def panmictic_parents(
    rules: Rules,
    losses: Tensor,
    draws: Draws,
    archive: tuple[Tensor, int],
    progress: float,
) -> Parents:
    """Draw parents for every member.

    Args:
        rules: which are needed.
        losses: ``[populations, members]`` float64.
        draws: random numbers of the members.
        archive: ``[populations]`` int64, places in use, and the number of places.
        progress: share of the budget that is spent.

    Returns:
        Rows of members, a population behind the other, then those of the archives likewise.
    """
    populations, size = losses.shape
    filled, places = archive
    own = torch.arange(size, device=losses.device).expand_as(losses)
    first = torch.arange(populations, device=losses.device).unsqueeze(1) * size
    order = losses.argsort(dim=1, stable=True)
    drawn = distinct(draws.donors[..., : donors_of(rules)], size, own.unsqueeze(-1))
    taken = torch.stack([own, drawn[..., 0]], -1)
    outsider = draws.outsider.unsqueeze(-1)
    outsider = distinct(outsider, (size + filled).unsqueeze(1), taken).squeeze(-1)
    population = torch.arange(populations, device=losses.device).unsqueeze(1)
    archived = populations * size + population * places + outsider - size
    rank = order.argsort(dim=1)
    pbest = order.gather(1, pbest_ranks(rules, rank, draws, progress, (size, size)))
    return Parents(
        best=(order[:, :1] + first).expand_as(own),
        pbest=pbest + first,
        drawn=drawn + first.unsqueeze(-1),
        outsider=torch.where(outsider < size, outsider + first, archived),
        losses=losses.gather(1, drawn.flatten(1)).view_as(drawn),
        ranked=(order[:, :_RANKED] + first).unsqueeze(1).expand(-1, size, -1),
        share=draws.share,
    )


def recipes(rules: Rules, parents: Parents, chosen: Parameters, progress: float) -> Recipe:
    """What every trial is made of, by its own strategy.

    Args:
        rules: the pool.
        parents: to choose from.
        chosen: strategy and F of the trials.
        progress: share of the budget that is spent.
    """
    functions = {name: STRATEGIES[name].function for name in rules.strategies}
    if rules.limits and "weighted_current_to_pbest_1" in functions:
        pulled = partial(weighted_current_to_pbest_1, pull=jso_pull(progress))
        functions["weighted_current_to_pbest_1"] = pulled
    made = [function(parents, chosen.scale) for function in functions.values()]
    return made[0] if len(made) == 1 else Recipe.choose(made, chosen.strategy)


def donors_of(rules: Rules) -> int:
    """How many different members the strategies need beside the target."""
    return min(DONORS, max(1, *(STRATEGIES[name].donors for name in rules.strategies)))


def pbest_count(rules: Rules, members: int, progress: float) -> int:
    """How many of the best a p-best is one of."""
    begin, end = rules.pbest
    return max(2, round((begin + (end - begin) * progress) * members))


def pbest_ranks(
    rules: Rules, rank: Tensor, draws: Draws, progress: float, sizes: tuple[int, Tensor | int]
) -> Tensor:
    """The ranks of p-bests, ``[populations, trials]`` int64.

    Args:
        rules: how many are to choose from.
        rank: ``[populations, trials]`` int64, of the targets.
        draws: random numbers of the trials.
        progress: share of the budget that is spent.
        sizes: members of a population, and how many of them can be p-bests at most.
    """
    size, most = sizes
    count = torch.full_like(rank, min(size, pbest_count(rules, size, progress)))
    if rules.pbest_drawn:
        low = 2.0 / size
        share = low + draws.pbest_share * max(rules.pbest[0] - low, 0.0)
        count = (share * size).round().long().clamp(2, size)
    count = count.clamp(max=most)
    if not (rules.limits and progress < 0.5):
        return torch.minimum((draws.pbest * count).long(), count - 1)
    among = (rank < count).long()
    others = (count - among).clamp(min=1)
    drawn = torch.minimum((draws.pbest * others).long(), others - 1)
    return drawn + ((drawn >= rank) & (among == 1))
