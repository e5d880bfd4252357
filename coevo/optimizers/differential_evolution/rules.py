"""What differential evolution varies and adapts, and the published sets of such rules by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from coevo.errors import CoevoError
from coevo.problems import suggestion
from operators import STRATEGIES, BoundRule, CreditName, CrossoverMean

__all__ = ["PRESETS", "CrossoverName", "Rules", "ScaleName", "SizeName", "preset_rules"]

ScaleName: TypeAlias = Literal["memory", "fixed", "normal", "ensemble_sinusoidal"]
CrossoverName: TypeAlias = Literal["memory", "fixed", "median"]
SizeName: TypeAlias = Literal["constant", "18 D", "25 ln(D) sqrt(D)"]

SMALLEST = 4
"""The size that shrinking populations end at."""


@dataclass(frozen=True)
class Rules:
    """How trials are made, and what is learned from them.

    The papers' numbers of genes are D, sizes of a population NP.

    Attributes:
        strategies: the pool of mutations, by their names in `operators.STRATEGIES`.
        shares: of the trials that each has, before and without credit; empty for equal shares.
        credit: what a strategy's share is learned from after the learning period; ``none`` keeps
            the shares.
        learning_period: generations that credit, and the median of CR, look back on.
        scale: how F is drawn: ``memory`` (SHADE: Cauchy around an entry), ``fixed``
            (`scale_start`), ``normal`` (SaDE), ``ensemble_sinusoidal`` (LSHADE-EpSin: in the
            first half of the budget a fair coin chooses between two sinusoids for all trials of a
            generation; then as memory).
        scale_start: F of every entry at first.
        sinusoid_phase: of the first sinusoid, in radians: 0 as published, where F is always
            0.5; pi / 2 makes it swing.
        crossover: how CR is drawn: ``memory``, ``fixed``, or ``median`` (SaDE: around each
            strategy's median of the successful ones).
        crossover_start: CR of every entry at first.
        memory: entries of the memories.
        crossover_mean: mean of successful CRs.
        terminal: whether CR's entries may end at 0.
        averaged: whether a new entry is averaged with the old one (jSO).
        last_entry: what the last entry always reads as, F and CR (jSO); None for what it holds.
        pbest: share of the population that p-bests are from, at the start and at the end of the
            budget, at least 2 members.
        pbest_drawn: whether each trial draws its own share, from 2 / NP to the first of `pbest`
            (SHADE).
        archive: defeated parents that are kept, as a multiple of NP.
        reduces: whether the population shrinks linearly with the evaluations, to 4 (L-SHADE),
            or to what the strategies need at least.
        limits: jSO's limits of F and CR, its factor of F in the pull to the p-best, and no target
            as its own p-best in the first half.
        bounds: what becomes of a gene outside its bounds.
        size: of a population that is not told its size: `members`, or by the number of genes D.
        members: of a population of constant size.
        ties_succeed: whether a trial as good as its parent is a success (SaDE).
    """

    strategies: tuple[str, ...] = ("current_to_pbest_1",)
    shares: tuple[float, ...] = ()
    credit: CreditName = "none"
    learning_period: int = 50
    scale: ScaleName = "memory"
    scale_start: float = 0.5
    sinusoid_phase: float = 0.0
    crossover: CrossoverName = "memory"
    crossover_start: float = 0.5
    memory: int = 5
    crossover_mean: CrossoverMean = "lehmer"
    terminal: bool = True
    averaged: bool = False
    last_entry: float | None = None
    pbest: tuple[float, float] = (0.11, 0.11)
    pbest_drawn: bool = False
    archive: float = 1.0
    reduces: bool = False
    limits: bool = False
    bounds: BoundRule = "midpoint"
    size: SizeName = "constant"
    members: int = 100
    ties_succeed: bool = False

    def __post_init__(self) -> None:
        for name in self.strategies:
            if name not in STRATEGIES:
                close = suggestion(name, list(STRATEGIES))
                fix = f"did you mean {close!r}?" if close else f"use {', '.join(STRATEGIES)}"
                raise CoevoError(f"strategies: {name!r} is not a strategy; {fix}")
        if not self.strategies or len(set(self.strategies)) < len(self.strategies):
            raise CoevoError("strategies: name at least one, each once")
        if self.shares and len(self.shares) != len(self.strategies):
            raise CoevoError(
                f"shares: {len(self.shares)} for {len(self.strategies)} strategies; give one each"
            )
        if self.shares and not (min(self.shares) >= 0 and 0 < sum(self.shares) < math.inf):
            raise CoevoError("shares: give numbers >= 0, not all 0")
        self._check_numbers()

    def _check_numbers(self) -> None:
        within = (
            ("scale_start", self.scale_start, 0.0 < self.scale_start <= 1.0, "above 0, at most 1"),
            (
                "crossover_start",
                self.crossover_start,
                0.0 <= self.crossover_start <= 1.0,
                "in [0, 1]",
            ),
            ("memory", self.memory, self.memory >= 1, ">= 1"),
            ("learning_period", self.learning_period, self.learning_period >= 1, ">= 1"),
            ("pbest", min(self.pbest), min(self.pbest) > 0.0, "above 0, at most 1"),
            ("pbest", max(self.pbest), max(self.pbest) <= 1.0, "above 0, at most 1"),
            ("archive", self.archive, 0.0 <= self.archive < math.inf, ">= 0"),
            ("sinusoid_phase", self.sinusoid_phase, math.isfinite(self.sinusoid_phase), "finite"),
        )
        for key, value, sound, range_of in within:
            if not sound:
                raise CoevoError(f"{key}: {value} is out of range; give a number {range_of}")

    @property
    def smallest(self) -> int:
        """Members that a population needs at least: all donors are different."""
        return max(SMALLEST, *(1 + STRATEGIES[name].donors for name in self.strategies))

    def population_size(self, genes: int) -> int:
        """Members of a population that is not told its size.

        Examples:
            >>> preset_rules("l-shade").population_size(30), preset_rules("jso").population_size(30)
            (540, 466)
        """
        if self.size == "constant":
            return max(self.smallest, self.members)
        large = 18 * genes if self.size == "18 D" else 25 * math.log(genes) * math.sqrt(genes)
        return max(self.smallest, round(large))

    @property
    def needs_budget(self) -> bool:
        """Whether anything depends on the share of the budget that is spent."""
        varies = self.pbest[0] != self.pbest[1]
        return self.reduces or self.limits or self.scale == "ensemble_sinusoidal" or varies

    @property
    def remembers_scale(self) -> bool:
        """Whether F is drawn around entries of a memory, at least at times."""
        return self.scale in ("memory", "ensemble_sinusoidal")

    @property
    def remembers_crossover(self) -> bool:
        """Whether CR is drawn around entries of a memory."""
        return self.crossover == "memory"

    @property
    def first_shares(self) -> tuple[float, ...]:
        """Shares of the strategies before anything is learned, with sum 1."""
        given = self.shares or (1.0,) * len(self.strategies)
        return tuple(share / sum(given) for share in given)


PRESETS: Mapping[str, Rules] = MappingProxyType(
    {
        "de": Rules(
            strategies=("rand_1",),
            scale="fixed",
            crossover="fixed",
            crossover_start=0.9,
            archive=0.0,
        ),
        "sade": Rules(
            strategies=("rand_1", "rand_to_best_2", "rand_2", "current_to_rand_1"),
            credit="success_rate",
            scale="normal",
            crossover="median",
            archive=0.0,
            bounds="redraw",
            members=50,
            ties_succeed=True,
        ),
        "shade": Rules(
            memory=100,
            crossover_mean="arithmetic",
            terminal=False,
            pbest=(0.2, 0.2),
            pbest_drawn=True,
        ),
        "l-shade": Rules(memory=6, archive=2.6, reduces=True, size="18 D"),
        "jso": Rules(
            strategies=("weighted_current_to_pbest_1",),
            scale_start=0.3,
            crossover_start=0.8,
            averaged=True,
            last_entry=0.9,
            pbest=(0.25, 0.125),
            reduces=True,
            limits=True,
            size="25 ln(D) sqrt(D)",
        ),
        "cell": Rules(
            strategies=("current_to_pbest_1", "best_1"),
            scale_start=0.1,
            crossover_start=0.9,
            memory=20,
        ),
        "sa-shade-tri-ensin": Rules(
            strategies=("current_to_pbest_1", "rand_1", "trigonometric"),
            credit="success_rate",
            learning_period=20,
            scale="ensemble_sinusoidal",
        ),
    }
)
"""Published rules by name. ``de`` is classic rand/1 with F = 0.5 and CR = 0.9.

``sa-shade-tri-ensin`` is a reconstruction: of the submission (ICLR 2024, no. 690) only the parts
are known (the shares of SaDE, the memories of SHADE, a trigonometric mutation in the pool, a
sinusoidal F), not how they go together. ``cell`` is for networks on a grid that are trained
already: small steps towards better neighbors, and from the best one.
"""


def preset_rules(name: str, key: str = "preset") -> Rules:
    """The rules of a preset.

    Args:
        name: of the preset.
        key: what the user called it, for messages.

    Raises:
        CoevoError: there is none of that name.
    """
    if name not in PRESETS:
        close = suggestion(name, list(PRESETS))
        fix = f"did you mean {close!r}?" if close else f"use one of {', '.join(PRESETS)}"
        raise CoevoError(f"{key}: {name!r} is not a preset of differential evolution; {fix}")
    return PRESETS[name]
