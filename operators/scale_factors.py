"""Scale factors F and crossover rates CR of differential evolution: how they are drawn.

Distributions are drawn through their quantiles, of the part that is allowed: the same
distribution as drawing again until a number is allowed, without a loop.

Sources: SHADE (Tanabe & Fukunaga 2013), SaDE (Qin, Huang & Suganthan 2009), LSHADE-EpSin (Awad
et al. 2016), jSO (Brest, Maucec & Boskovic 2017).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = [
    "cauchy_scales",
    "decreasing_sinusoid",
    "increasing_sinusoid",
    "jso_pull",
    "limited_by_jso",
    "normal_rates",
    "normal_scales",
]

_SPREAD = 0.1  # of the Cauchy and the normal distribution around a memory
_HALF_STEP = 2.0**-25  # half of the distance of fractions, so that none is 0


def cauchy_scales(fractions: Tensor, location: Tensor, *, spread: float = _SPREAD) -> Tensor:
    """Cauchy numbers, drawn again while they are not positive, and cut off at 1.

    Args:
        fractions: ``[*]`` float64 in [0, 1).
        location: ``[*]`` float64, in (0, 1].
        spread: half of the width at half of the height.

    Returns:
        ``[*]`` in (0, 1].

    Examples:
        >>> cauchy_scales(torch.tensor([0.0, 0.99]).double(), torch.tensor(0.5)) > 0
        tensor([True, True])
    """
    negative = 0.5 + torch.atan(-location / spread) / math.pi
    allowed = negative + _inner(fractions) * (1.0 - negative)
    drawn = location + spread * torch.tan(math.pi * (allowed - 0.5))
    return drawn.clamp(min=torch.finfo(torch.float32).tiny, max=1.0)


def normal_scales(fractions: Tensor, *, mean: float = 0.5, deviation: float = 0.3) -> Tensor:
    """SaDE's scale factors: normal numbers, whatever they are.

    Args:
        fractions: ``[*]`` float64 in [0, 1).
        mean: of the distribution.
        deviation: standard deviation.
    """
    normal: Tensor = torch.special.ndtri(_inner(fractions))
    return mean + deviation * normal


def normal_rates(
    fractions: Tensor, mean: Tensor, *, redrawn: bool, deviation: float = _SPREAD
) -> Tensor:
    """Crossover rates around a mean.

    Args:
        fractions: ``[*]`` float64 in [0, 1).
        mean: ``[*]`` float64 in [0, 1]; below 0 it stands for the terminal value: the rate is 0.
        redrawn: whether rates outside [0, 1] are drawn again, as in SaDE; otherwise they are cut
            off, as in SHADE.
        deviation: standard deviation.

    Returns:
        ``[*]`` in [0, 1].
    """
    drawn = _inner(fractions)
    if redrawn:
        low = torch.special.ndtr(-mean / deviation)
        high = torch.special.ndtr((1.0 - mean) / deviation)
        drawn = low + drawn * (high - low)
    rates = (mean + deviation * torch.special.ndtri(drawn)).clamp(0.0, 1.0)
    return torch.where(mean < 0, 0.0, rates)


def decreasing_sinusoid(
    generation: int, horizon: int, *, frequency: float = 0.5, phase: float = 0.0
) -> float:
    """F of LSHADE-EpSin that swings less and less: 0.5 (sin(2 pi f g + pi + phase) (G - g) / G + 1).

    With the published frequency of one half and no phase, the sine of whole generations is 0, so
    that F is 0.5. A phase of a quarter period, pi / 2, makes it swing.

    Args:
        generation: g, from 0 to the horizon.
        horizon: G, in generations.
        frequency: swings per generation.
        phase: in radians.

    Examples:
        >>> [round(decreasing_sinusoid(g, 4), 6) for g in range(3)]
        [0.5, 0.5, 0.5]
        >>> [round(decreasing_sinusoid(g, 4, phase=math.pi / 2), 6) for g in range(3)]
        [0.0, 0.875, 0.25]
    """
    sine = math.sin(2.0 * math.pi * frequency * generation + math.pi + phase)
    return 0.5 * (sine * (horizon - generation) / horizon + 1.0)


def increasing_sinusoid(frequency: Tensor, generation: int, horizon: int) -> Tensor:
    """F of LSHADE-EpSin that swings more and more: 0.5 (sin(2 pi f g) g / G + 1).

    Args:
        frequency: ``[*]`` float64 in (0, 1], of each trial.
        generation: g, from 0 to the horizon.
        horizon: G, in generations.

    Returns:
        ``[*]`` in [0, 1].
    """
    sine = torch.sin(2.0 * math.pi * frequency * generation)
    return 0.5 * (sine * generation / horizon + 1.0)


def limited_by_jso(scales: Tensor, rates: Tensor, progress: float) -> tuple[Tensor, Tensor]:
    """JSO's limits: F at most 0.7 in the first 60 %; CR at least 0.7, then 0.6, in the first half.

    Args:
        scales: ``[*]`` F.
        rates: ``[*]`` CR.
        progress: share of the budget that is spent, in [0, 1].
    """
    if progress < 0.6:
        scales = scales.clamp(max=0.7)
    if progress < 0.5:
        rates = rates.clamp(min=0.7 if progress < 0.25 else 0.6)
    return scales, rates


def jso_pull(progress: float) -> float:
    """JSO's factor of F in the difference to the p-best: 0.7, 0.8 from 20 %, 1.2 from 40 %.

    Examples:
        >>> [jso_pull(share) for share in (0.0, 0.2, 0.4)]
        [0.7, 0.8, 1.2]
    """
    if progress < 0.2:
        return 0.7
    return 0.8 if progress < 0.4 else 1.2


def _inner(fractions: Tensor) -> Tensor:
    """The same, away from 0 and 1, where quantiles are infinite."""
    return (fractions + _HALF_STEP).clamp(max=1.0 - _HALF_STEP)
