"""Differential evolution of many independent populations at once, generation by generation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from coevo.optimizers.differential_evolution.adaptation import (
    WINDOWS,
    Lessons,
    Moment,
    Outcomes,
    Parameters,
    choose,
    learn,
    remember,
    start,
)
from coevo.optimizers.differential_evolution.draws import Draws
from coevo.optimizers.differential_evolution.panmixia import panmictic_parents, recipes
from coevo.optimizers.differential_evolution.rules import SMALLEST, Rules
from coevo.optimizers.differential_evolution.variation import Crossing, Genomes, select_, vary
from coevo.random import Key, uniform
from operators import Bounds, earned, incoming, kept_places

__all__ = ["Budget", "Search"]


@dataclass(frozen=True)
class Budget:
    """What a search may spend.

    Attributes:
        size: members of a population at first.
        evaluations: of each population, the first members' included.
        reduces: whether populations shrink on the way.
        smallest: the size that they end at.
    """

    size: int
    evaluations: int
    reduces: bool
    smallest: int = SMALLEST

    def size_after(self, spent: int) -> int:
        """Members after so many evaluations, as L-SHADE's linear reduction has it."""
        if not self.reduces:
            return self.size
        share = min(spent / self.evaluations, 1.0)
        return max(self.smallest, round(self.size + (self.smallest - self.size) * share))

    def generations(self) -> int:
        """How many generations of trials the evaluations last for."""
        spent, count, size = self.size, 0, self.size
        while spent < self.evaluations:
            spent, count = spent + size, count + 1
            size = min(size, self.size_after(spent))
        return count


class Search:
    """Populations in search of a minimum. Genomes are changed in place.

    Attributes:
        size: members of each population now.
        losses: ``[populations, size]`` float64, of the members.
        known: what was learned, see `coevo.optimizers.differential_evolution.adaptation`.
        generation: generations of trials so far.
        spent: evaluations of each population so far.
        successes: ``[populations]`` int64, trials of the last generation that beat their parents.
    """

    def __init__(
        self, rules: Rules, key: Key, bounds: Bounds, genomes: Tensor, budget: Budget
    ) -> None:
        """Take ownership of the first members.

        Args:
            rules: how trials are made.
            key: one stream per population.
            bounds: of the genes; their rule is that of `rules`.
            genomes: ``[populations, size, genes]`` float.
            budget: of each population.
        """
        populations, self.size, self._genes = genomes.shape
        self.rules, self.budget, self._bounds = rules, budget, bounds
        self._horizon, self._populations = budget.generations(), populations
        self._key, self._device = key, genomes.device
        self._members = genomes.reshape(-1, self._genes)
        self._trials = torch.empty_like(self._members)
        self._places = round(rules.archive * self.size)
        self._archive = self._members.new_zeros(populations * self._places, self._genes)
        self._filled = torch.zeros(populations, dtype=torch.int64, device=self._device)
        self.losses = torch.full(
            (populations, self.size), torch.inf, dtype=torch.float64, device=self._device
        )
        self.known = start(rules, populations, self.size, self._device)
        self.generation = self.spent = 0
        self.successes = torch.zeros_like(self._filled)
        self._made: tuple[Draws, Parameters] | None = None

    @property
    def genomes(self) -> Tensor:
        """The members, ``[populations, size, genes]``."""
        return self._members.view(self._populations, self.size, self._genes)

    def begin(self, losses: Tensor) -> None:
        """Tell the losses of the first members, ``[populations, size]``."""
        self.losses = _sound(losses)
        self.spent = self.size

    def trials(self) -> Tensor:
        """Make a trial for every member.

        Returns:
            ``[populations, size, genes]``, to be evaluated and left as they are.
        """
        key = self._member_key()
        draws, moment = Draws.of(key, self.size), self._moment()
        windows = self.known | {k: self.known[k].unsqueeze(1) for k in WINDOWS & self.known.keys()}
        lessons = Lessons.of(self.rules, windows, moment)
        parameters = choose(self.rules, self.known, lessons, draws, moment)
        parents = panmictic_parents(
            self.rules, self.losses, draws, (self._filled, self._places), moment.progress
        )
        recipe = recipes(self.rules, parents, parameters, moment.progress).flat()
        forced = (draws.forced.flatten() * self._genes).long()
        crossing = Crossing(parameters.rate.flatten(), key.of("crossover"), forced)
        archive = self._archive if self._places else None
        genomes = Genomes(self._members, self._members, archive)
        vary(genomes, recipe, crossing, bounds=self._bounds, out=self._trials)
        self._made = draws, parameters
        return self._trials.view(self._populations, self.size, self._genes)

    def select(self, losses: Tensor) -> None:
        """Let trials replace the members that they are as good as, and learn from them.

        Args:
            losses: ``[populations, at most size]``, of the first trials; the others are dropped.
        """
        assert self._made is not None
        draws, parameters = self._made
        tried = losses.shape[1]
        counts = torch.arange(self.size, device=self._device).expand_as(self.losses) < tried
        found = torch.full_like(self.losses, torch.inf)
        found[:, :tried] = _sound(losses)
        accepted = (found <= self.losses) & counts
        better = (found < self.losses) & counts
        success = accepted if self.rules.ties_succeed else better
        self._learn(parameters, found, success, counts)
        self._replace(accepted, better, draws)
        self.losses = torch.where(accepted, found, self.losses)
        self.successes = success.sum(1)
        self.spent += tried
        self.generation += 1
        self._reduce()

    def _learn(self, made: Parameters, found: Tensor, success: Tensor, counts: Tensor) -> None:
        gain = torch.where(success, (self.losses - found).nan_to_num(nan=0.0), 0.0)
        relative = gain / self.losses.abs().clamp(min=torch.finfo(gain.dtype).tiny)
        beats = (found < self.losses.amin(1, keepdim=True)) & counts
        credit = earned(self.rules.credit, success, relative, beats)
        numbers = made.strategy, made.scale, made.rate, made.frequency
        outcomes = Outcomes(*numbers, success, gain, credit, counts)
        known = learn(self.rules, self.known, outcomes)
        self.known = remember(self.rules, known, outcomes, self._moment())

    def _replace(self, accepted: Tensor, better: Tensor, draws: Draws) -> None:
        """Put trials in the places of members, and defeated members into the archive."""
        if not self._places:
            select_(self._members, self._trials, accepted.flatten())
            return
        entering = incoming(better, self._filled, draws.archive, self._places)
        first = torch.arange(self._populations, device=self._device).unsqueeze(1) * self.size
        rows = torch.where(entering >= 0, entering + first, entering).flatten()
        select_(self._members, self._trials, accepted.flatten(), self._archive, rows)
        self._filled = (self._filled + better.sum(1)).clamp(max=self._places)

    def _reduce(self) -> None:
        """Drop the worst members, and random ones of the archive."""
        size = min(self.size, self.budget.size_after(self.spent))
        if size == self.size:
            return
        kept = self.losses.argsort(dim=1, stable=True)[:, :size].sort(1).values
        self._members = _rows(self._members, kept, self.size)
        self._trials = self._trials[: len(self._members)]
        self.losses = self.losses.gather(1, kept)
        places = round(self.rules.archive * size)
        if places < self._places:
            key = self._key.at(self.generation).of("archive")
            fractions = uniform(key, (self._places,), dtype=torch.float64)
            places_kept = kept_places(self._filled, fractions, places)
            self._archive = _rows(self._archive, places_kept, self._places)
            self._filled = self._filled.clamp(max=places)
            self._places = places
        self.size = size

    def _moment(self) -> Moment:
        progress = min(self.spent / self.budget.evaluations, 1.0)
        return Moment(self.generation, max(self._horizon, 1), progress)

    def _member_key(self) -> Key:
        numbers = torch.arange(self.size, device=self._device).repeat(self._populations)
        seeds = self._key.seeds.repeat_interleave(self.size)
        return replace(self._key, seeds=seeds, cells=numbers).at(self.generation)


def _sound(losses: Tensor) -> Tensor:
    """Losses in float64, of which NaN is the worst."""
    return losses.detach().double().nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf)


def _rows(rows: Tensor, kept: Tensor, size: int) -> Tensor:
    """Some rows of each population: ``kept`` is ``[populations, n]``."""
    first = torch.arange(len(kept), device=kept.device).unsqueeze(1) * size
    return rows.index_select(0, (kept + first).flatten())
