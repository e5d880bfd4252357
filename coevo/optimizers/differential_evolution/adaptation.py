"""Chooses a strategy, F and CR for every trial, and learns from what became of them.

What is learned is a mapping of tensors whose first dimension is the population: a world of its
own in `minimize`, a cell on a grid. On a grid, populations learn from each other: outcomes and
windows are pooled before they come here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.optimizers.differential_evolution.draws import Draws
from coevo.optimizers.differential_evolution.rules import Rules
from operators import (
    STRATEGIES,
    MemoryRule,
    Successes,
    SuccessMemory,
    assigned,
    cauchy_scales,
    decreasing_sinusoid,
    increasing_sinusoid,
    limited_by_jso,
    median_where,
    normal_rates,
    normal_scales,
    shares,
)

__all__ = [
    "WINDOWS",
    "Lessons",
    "Moment",
    "Outcomes",
    "Parameters",
    "choose",
    "learn",
    "remember",
    "start",
]


WINDOWS = frozenset({"credit_trials", "credit_earned", "past_rates", "past_strategies"})
"""What is known of the generations of a learning period, ``[populations, period, *]``."""


@dataclass(frozen=True)
class Moment:
    """When in a run a generation of trials is.

    Attributes:
        generation: generations of trials before it.
        horizon: of the run, in such generations.
        progress: share of the budget that is spent, in [0, 1].
    """

    generation: int
    horizon: int = 1
    progress: float = 0.0


@dataclass(frozen=True)
class Parameters:
    """What makes a trial of its parents, each ``[populations, members]``.

    Attributes:
        strategy: int64, the place in the pool.
        scale: float64, F.
        rate: float64 in [0, 1], CR; 1 for strategies without crossover.
        frequency: float64, of the sinusoid that F is of; 0 for any other F.
    """

    strategy: Tensor
    scale: Tensor
    rate: Tensor
    frequency: Tensor


@dataclass(frozen=True)
class Outcomes:
    """What became of trials, each ``[populations, n]``.

    Attributes:
        strategy: as in `Parameters`, and the same for the next three.
        scale: likewise.
        rate: likewise.
        frequency: likewise.
        success: bool, whether the trial is better than its parent.
        gain: float64, by how much, in the measure that memories weigh with; 0 without success.
        earned: float64 in [0, 1], what the trial earns for its strategy.
        counts: bool, whether there was a trial.
    """

    strategy: Tensor
    scale: Tensor
    rate: Tensor
    frequency: Tensor
    success: Tensor
    gain: Tensor
    earned: Tensor
    counts: Tensor


@dataclass(frozen=True)
class Lessons:
    """What the last generations say of the strategies of a pool.

    Attributes:
        shares: ``[populations, strategies]`` float64 with sum 1, of the trials.
        medians: ``[populations, strategies]`` float64, of the successful CRs, NaN without any; None
            where CR is not drawn around them.
    """

    shares: Tensor
    medians: Tensor | None

    @staticmethod
    def of(rules: Rules, windows: CellTensors, moment: Moment) -> Lessons:
        """Look back on the learning period.

        Args:
            rules: what is learned from it.
            windows: of `start`, gathered from all populations that each learns from: ``[populations,
                learned from, period, *]``. The memory of F tells how many populations there are.
            moment: before the end of the first period, there are no lessons yet.
        """
        early = moment.generation < rules.learning_period
        memory, names = windows["scale_memory"], range(len(rules.strategies))
        # Filled where they are needed: a copy from the host would make a GPU wait.
        share = torch.stack([memory.new_full((), share) for share in rules.first_shares])
        learned = share.expand(len(memory), -1)
        if rules.credit != "none" and not early:
            earnings, trials = (windows[f"credit_{k}"].sum((1, 2)) for k in ("earned", "trials"))
            learned = shares(earnings, trials)
        if rules.crossover != "median":
            return Lessons(learned, None)
        first = memory.new_full((len(memory),), rules.crossover_start)
        if early:
            return Lessons(learned, first.unsqueeze(1).expand(-1, len(names)))
        rates, of = windows["past_rates"].flatten(1), windows["past_strategies"].flatten(1)
        none = torch.full_like(first, torch.nan)
        return Lessons(learned, torch.stack([median_where(rates, of == k, none) for k in names], 1))


def start(rules: Rules, populations: int, members: int, device: torch.device) -> dict[str, Tensor]:
    """What is known before the first generation.

    Args:
        rules: which of it is needed.
        populations: how many.
        members: the most trials of a population in a generation.
        device: of the tensors.
    """
    numbers = torch.zeros(populations, dtype=torch.float64, device=device)
    entries = numbers.unsqueeze(-1).expand(-1, rules.memory)
    position = torch.zeros(populations, dtype=torch.int64, device=device)
    known = {
        "scale_memory": entries + rules.scale_start,
        "crossover_memory": entries + rules.crossover_start,
        "memory_position": position,
    }
    if rules.scale == "ensemble_sinusoidal":
        known["frequency_memory"] = entries + 0.5
        known["frequency_position"] = position.clone()
    if rules.credit != "none":
        window = numbers.new_zeros(populations, rules.learning_period, len(rules.strategies))
        known |= {"credit_trials": window, "credit_earned": window.clone()}
    if rules.crossover == "median":
        window = numbers.new_zeros(populations, rules.learning_period, members)
        # No trial yet: strategy -1.
        known |= {"past_rates": window, "past_strategies": (window - 1).long()}
    return known


def choose(
    rules: Rules, known: CellTensors, lessons: Lessons, draws: Draws, moment: Moment
) -> Parameters:
    """Choose for all trials of a generation.

    Args:
        rules: how.
        known: the memories; each ``[populations, *shape]``.
        lessons: shares of the strategies, and their medians.
        draws: random numbers of the trials.
        moment: when.
    """
    entry = _entries(draws.entry, rules.memory)
    strategy = assigned(lessons.shares, draws.strategy[:, 0], draws.strategy)
    scale, frequency = _scales(rules, known, draws, entry, moment)
    if rules.crossover == "fixed":
        rate = torch.full_like(draws.rate, rules.crossover_start)
    else:
        mean = _read(rules, known["crossover_memory"], entry)
        if lessons.medians is not None:
            mean = lessons.medians.gather(1, strategy)
            # As published: any mean, where none was successful.
            mean = torch.where(mean.isnan(), draws.entry, mean)
        rate = normal_rates(draws.rate, mean, redrawn=lessons.medians is not None)
    if rules.limits:
        scale, rate = limited_by_jso(scale, rate, moment.progress)
    for place, name in enumerate(rules.strategies):
        if not STRATEGIES[name].crosses:
            rate = torch.where(strategy == place, 1.0, rate)
    return Parameters(strategy, scale, rate, frequency)


def remember(rules: Rules, known: CellTensors, own: Outcomes, moment: Moment) -> dict[str, Tensor]:
    """Put the outcomes of a population's own trials into its windows.

    Args:
        rules: which windows there are.
        known: of the populations.
        own: their outcomes in this generation.
        moment: of this generation.
    """
    after, place = dict(known), moment.generation % rules.learning_period
    if rules.credit != "none":
        which = torch.arange(len(rules.strategies), device=own.strategy.device)
        of = (own.strategy.unsqueeze(-1) == which) & own.counts.unsqueeze(-1)
        for name, values in (("trials", of.double()), ("earned", of * own.earned.unsqueeze(-1))):
            window = known[f"credit_{name}"].clone()
            window[:, place] = values.sum(1)
            after[f"credit_{name}"] = window
    if rules.crossover == "median":
        members = own.rate.shape[1]
        strategies, rates = known["past_strategies"].clone(), known["past_rates"].clone()
        strategies[:, place] = -1
        strategies[:, place, :members] = torch.where(own.success, own.strategy, -1)
        rates[:, place, :members] = own.rate
        after |= {"past_strategies": strategies, "past_rates": rates}
    return after


def learn(rules: Rules, known: CellTensors, pooled: Outcomes) -> dict[str, Tensor]:
    """Let successes change the memories.

    Args:
        rules: how.
        known: of the populations.
        pooled: outcomes of all trials that each population learns from.
    """
    after = dict(known)
    if not (rules.remembers_scale or rules.remembers_crossover):
        return after
    rule = MemoryRule(rules.crossover_mean, rules.terminal, rules.averaged)
    gain = torch.where(pooled.success & pooled.counts, pooled.gain, 0.0)
    memory = SuccessMemory(
        known["scale_memory"], known["crossover_memory"], known["memory_position"]
    ).learned(Successes(gain, pooled.scale, pooled.rate), rule)
    after |= {
        "scale_memory": memory.scales,
        "crossover_memory": memory.rates,
        "memory_position": memory.position,
    }
    if rules.scale == "ensemble_sinusoidal":
        of_sinusoid = torch.where(pooled.frequency > 0, gain, 0.0)
        frequencies = SuccessMemory(
            known["frequency_memory"], known["frequency_memory"], known["frequency_position"]
        ).learned(Successes(of_sinusoid, pooled.frequency, pooled.frequency), MemoryRule())
        after["frequency_memory"] = frequencies.scales
        after["frequency_position"] = frequencies.position
    return after


def _entries(fractions: Tensor, memory: int) -> Tensor:
    return (fractions * memory).long().clamp(max=memory - 1)


def _read(rules: Rules, memory: Tensor, entry: Tensor) -> Tensor:
    """What trials find in their entries, ``[populations, members]``."""
    found = memory.gather(1, entry)
    if rules.last_entry is None:
        return found
    return torch.where(entry == rules.memory - 1, rules.last_entry, found)


def _scales(
    rules: Rules, known: CellTensors, draws: Draws, entry: Tensor, moment: Moment
) -> tuple[Tensor, Tensor]:
    """F, and the frequencies of sinusoids."""
    none = torch.zeros_like(draws.scale)
    if rules.scale == "fixed":
        return none + rules.scale_start, none
    if rules.scale == "normal":
        return normal_scales(draws.scale), none
    scale = cauchy_scales(draws.scale, _read(rules, known["scale_memory"], entry))
    if rules.scale == "memory" or moment.progress >= 0.5:
        return scale, none
    common = decreasing_sinusoid(moment.generation, moment.horizon, phase=rules.sinusoid_phase)
    entry = _entries(draws.frequency_entry, rules.memory)
    frequency = cauchy_scales(draws.frequency, known["frequency_memory"].gather(1, entry))
    own = increasing_sinusoid(frequency, moment.generation, moment.horizon)
    coin = draws.coin[:, :1] < 0.5
    # F is above 0: a swing that ends there makes no trial.
    scale = torch.where(coin, common, own).clamp(min=1e-3)
    return scale, torch.where(coin, 0.0, frequency)
