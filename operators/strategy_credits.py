"""Which strategy a trial uses: shares that follow from what strategies were worth before.

SaDE (Qin, Huang & Suganthan 2009) counts successes. Successes favor strategies that move trials
towards each other; gains and trials that beat the best of the population are other measures.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

__all__ = ["CreditName", "assigned", "earned", "median_where", "shares"]

CreditName: TypeAlias = Literal["none", "success_rate", "gain", "beats_best"]

_FLOOR = 0.01  # of a strategy that never succeeded, so that it is tried now and then


def earned(credit: CreditName, success: Tensor, gain: Tensor, beats: Tensor) -> Tensor:
    """What trials earn for their strategies.

    Args:
        credit: ``success_rate``: 1 for a success; ``gain``: the relative improvement;
            ``beats_best``: 1 for a trial that beats the best of its population; ``none``: 0.
        success: ``[*]`` bool.
        gain: ``[*]`` float64 >= 0, (f(parent) - f(trial)) / |f(parent)|; at most 1 counts,
            and NaN, of an infinite parent, as 1.
        beats: ``[*]`` bool.

    Returns:
        ``[*]`` float64 in [0, 1].
    """
    if credit == "success_rate":
        return success.double()
    if credit == "gain":
        return (gain.nan_to_num(nan=1.0, posinf=1.0) * success).clamp(0.0, 1.0)
    return beats.double() if credit == "beats_best" else torch.zeros_like(gain)


def shares(earnings: Tensor, trials: Tensor) -> Tensor:
    """SaDE's shares: what a strategy earned per trial, plus 0.01, over the sum of all.

    Args:
        earnings: ``[*, strategies]`` float64 >= 0, over the learning period.
        trials: ``[*, strategies]`` float64, of that period.

    Returns:
        ``[*, strategies]`` float64 above 0, with sum 1.

    Examples:
        >>> shares(torch.tensor([9.0, 0.0]), torch.tensor([10.0, 0.0]))
        tensor([0.9891, 0.0109])
    """
    rates = earnings / trials.clamp(min=1.0) + _FLOOR
    return rates / rates.sum(-1, keepdim=True)


def assigned(probabilities: Tensor, start: Tensor, order: Tensor) -> Tensor:
    """Strategies of all trials, by stochastic universal sampling, shuffled.

    Each strategy is taken as often as its probability says, rounded up or down.

    Args:
        probabilities: ``[populations, strategies]`` with sum 1.
        start: ``[populations]`` in [0, 1), where the first pointer stands.
        order: ``[populations, n]``, any numbers, whose ranks say which trial takes which pointer.

    Returns:
        ``[populations, n]`` int64 in ``[0, strategies)``.

    Examples:
        >>> halves = torch.tensor([[0.5, 0.5]])
        >>> assigned(halves, torch.tensor([0.3]), torch.tensor([[0.1, 0.7, 0.2, 0.5]]))
        tensor([[0, 1, 0, 1]])
    """
    n = order.shape[-1]
    ends = probabilities.cumsum(-1)[:, :-1].contiguous()
    ranks = order.argsort(dim=-1, stable=True).argsort(dim=-1)
    pointers = (start.unsqueeze(-1) + ranks) / n
    return torch.searchsorted(ends, pointers.to(ends.dtype), right=True)


def median_where(values: Tensor, condition: Tensor, otherwise: Tensor) -> Tensor:
    """The median of the values that meet a condition, over the last dimension.

    Args:
        values: ``[*, n]`` float.
        condition: ``[*, n]`` bool.
        otherwise: ``[*]``, taken where none meets it.

    Returns:
        ``[*]``; of an even number, the mean of the two in the middle.

    Examples:
        >>> kept = torch.tensor([True, False, True, True, True])
        >>> median_where(torch.tensor([0.1, 9.0, 0.4, 0.2, 0.3]), kept, torch.tensor(0.5))
        tensor(0.2500)
    """
    count = condition.sum(-1, keepdim=True)
    ordered = values.masked_fill(~condition, torch.inf).sort(-1).values
    low = ordered.gather(-1, ((count - 1) // 2).clamp(min=0)).squeeze(-1)
    high = ordered.gather(-1, (count // 2).clamp(max=values.shape[-1] - 1)).squeeze(-1)
    return torch.where(count.squeeze(-1) > 0, (low + high) / 2.0, otherwise)
