"""One generation of trials in plain words: a loop over cells, one network and one number at a time.

Of the package only random numbers, ordinary modules and the settings are used. Encoder and decoder
are tried one after the other, once each, in every generation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import atan, pi, sqrt, tan
from statistics import NormalDist, mean, stdev
from typing import Any, NamedTuple

from torch import ones_like, sigmoid, stack, tensor
from torch.func import functional_call

from coevo.optimizers import CellProblem
from coevo.optimizers.differential_evolution import CellRules
from coevo.optimizers.differential_evolution.draws import Draws
from coevo.random import Key, bits, choice
from coevo.stream import Batch
from tests.equivalence.plain_memories import ROLES, Weights, known_of, picked


class Outcome(NamedTuple):
    """Of one trial."""

    strategy: int
    scale: float
    rate: float
    made: bool
    success: bool
    gain: float
    beats: bool


def length(weights: Weights) -> float:
    """Of all weights of a network as one vector."""
    return sqrt(sum(float(weight.square().sum()) for weight in weights.values()))


def combined(terms: Sequence[tuple[float, Weights]]) -> Weights:
    return {
        name: reduce(lambda x, y: x + y, [factor * weights[name] for factor, weights in terms])
        for name in terms[0][1]
    }


class PlainCell:
    """A cell that makes its trials."""

    def __init__(self, rules: CellRules, problem: CellProblem, cell: int, batch: Batch) -> None:
        self.rules, self.problem, self.cell = rules, problem, cell
        self.key = problem.key.select(tensor([cell]))
        self.rows = batch.inputs[cell], batch.targets[cell]
        self.around: list[int] = problem.neighbors[cell].tolist()
        first = cell // problem.cells_per_world * problem.cells_per_world
        world = range(first, first + problem.cells_per_world)
        self.teachers = {"cell": [cell], "neighborhood": self.around, "grid": list(world)}
        self.everyone = {"encoder": problem.encoders, "decoder": problem.decoders}
        self.of = dict.fromkeys(ROLES, cell)
        if rules.target == "selected":
            chosen = problem.selected_encoders[cell], problem.selected_decoders[cell]
            self.of = {role: self.around[slot] for role, slot in zip(ROLES, chosen, strict=True)}
        self.pair = {role: self.network(role, source) for role, source in self.of.items()}
        slots = choice(self.key.of("partners"), len(self.around) - 1, rules.partners)[0].tolist()
        self.partners = [self.around[slot + 1] for slot in slots]
        self.known = known_of(problem, cell)
        self.outcomes: list[Outcome] = []
        self.lowest: list[float] = []

    def network(self, role: str, cell: int) -> Weights:
        return {name: weight[cell] for name, weight in self.everyone[role].weights.items()}

    def solve(self) -> None:
        """A whole generation."""
        rules, generation = self.rules.rules, self.problem.key.generation
        teachers = [known_of(self.problem, n) for n in self.teachers[self.rules.scope]]
        self.known.learn([one for teacher in teachers for one in teacher.outcomes])
        pool = range(len(rules.strategies))
        worth = [1.0 for _ in pool]
        if rules.credit != "none" and generation >= rules.learning_period:
            for k in pool:
                trials = sum(row[k] for one in teachers for row in one.trials)
                earned = sum(row[k] for one in teachers for row in one.earned)
                worth[k] = earned / max(trials, 1.0) + 0.01
        for role in ROLES:
            self.attempt(role, [one / sum(worth) for one in worth])
        self.known.outcomes = [(one.scale, one.rate, one.gain) for one in self.outcomes]
        if rules.credit != "none":
            row = generation % rules.learning_period
            earning = {"success_rate": "success", "beats_best": "beats", "gain": "gain"}
            for k in pool:
                own = [one for one in self.outcomes if one.strategy == k and one.made]
                self.known.trials[row][k] = len(own)
                self.known.earned[row][k] = sum(getattr(o, earning[rules.credit]) for o in own)

    def attempt(self, role: str, shares: Sequence[float]) -> None:
        """Try a mutant that crossed with the target, and a soup, against the target."""
        rules, key = self.rules, self.key.of("trial").of("0").of(role)
        draws = Draws.of(key, 1)
        strategy, scale, rate = self.chosen(draws, shares)
        allowed, spread = self.company(role)
        made = len(allowed) - 1 >= rules.donors and spread >= rules.spread
        target = self.pair[role]
        before = self.row_losses(role, target)
        first = lowest = mean(before)
        success, gain, beats, winner = False, 0.0, False, target
        if made:
            mutant = self.mutant(role, rules.rules.strategies[strategy], scale, draws, allowed)
            trial = self.crossed(role, mutant, rate, float(draws.forced), key.of("crossover"))
            loss = self.accepted(role, before, trial)
            if loss is not None:
                best = min(self.loss(role, n) for n in allowed) / self.loss(role, self.of[role])
                success, gain, beats = True, (first - loss) / first, loss / first < best
                lowest, winner = loss, trial
        if made and rules.soup:
            mixed = self.soup(role, allowed)
            loss = self.accepted(role, before, mixed)
            if loss is not None and loss < lowest:
                lowest, winner = loss, mixed
        if winner is not target:
            self.archive(role, target, float(draws.archive))
        self.pair[role] = winner
        self.outcomes.append(Outcome(strategy, scale, rate, made, success, gain, beats))
        self.lowest.append(lowest)

    def archive(self, role: str, parent: Weights, fraction: float) -> None:
        places, archive = self.rules.archive, self.known.archives[role]
        if len(archive) < places:
            archive.append(parent)
        elif places:
            archive[picked(range(places), fraction)] = parent

    def soup(self, role: str, allowed: list[int]) -> Weights:
        """The mean of the best; the best again and again where there are too few."""
        count, ranked = self.rules.soup, self.ranked(role, allowed)
        best = (ranked + ranked[:1] * count)[:count]
        return self.masked(role, combined([(1 / count, self.network(role, n)) for n in best]))

    def chosen(self, draws: Draws, shares: Sequence[float]) -> tuple[int, float, float]:
        """A strategy, F and CR, by quantiles."""
        rules, known = self.rules.rules, self.known
        ends = [sum(shares[: k + 1]) for k in range(len(shares) - 1)]
        strategy = sum(float(draws.strategy) >= end for end in ends)
        entry = picked(range(rules.memory), float(draws.entry))
        at, half = known.scales[entry], 2.0**-25
        negative = 0.5 + atan(-at / 0.1) / pi
        quantile = negative + (float(draws.scale) + half) * (1 - negative)
        scale = min(at + 0.1 * tan(pi * (quantile - 0.5)), 1.0)
        rate = 0.0
        if known.rates[entry] >= 0:
            drawn = NormalDist(known.rates[entry], 0.1).inv_cdf(float(draws.rate) + half)
            rate = min(max(drawn, 0.0), 1.0)
        if rules.strategies[strategy] == "current_to_rand_1":
            rate = 1.0
        return strategy, scale, rate

    def company(self, role: str) -> tuple[list[int], float]:
        """Cells whose networks are close, itself first, and how far they spread."""
        own = self.network(role, self.cell)
        reach = self.rules.gate * length(own)
        networks = {n: self.network(role, n) for n in self.around}
        near = [n for n in networks if length(self.apart(role, n)) <= reach]
        center = combined([(1 / len(near), networks[n]) for n in near])
        away = [length(combined([(1, networks[n]), (-1, center)])) for n in near]
        return near, mean(away) / length(center)

    def apart(self, role: str, cell: int) -> Weights:
        """What a neighbor's network has more, where both have a weight."""
        between = combined([(1, self.network(role, cell)), (-1, self.network(role, self.cell))])
        for name, masks in self.everyone[role].masks.items():
            between[name] = between[name] * masks[cell] * masks[self.cell]
        return between

    def loss(self, role: str, cell: int) -> float:
        """Of a neighbor's network with the target's partner, when cells selected."""
        losses, slot = self.problem.losses[self.cell], self.around.index(cell)
        other = self.around.index(self.of[ROLES[role == "encoder"]])
        return float(losses[slot, other] if role == "encoder" else losses[other, slot])

    def ranked(self, role: str, cells: Sequence[int]) -> list[int]:
        return sorted(cells, key=lambda cell: self.loss(role, cell))

    def mutant(
        self, role: str, strategy: str, scale: float, draws: Draws, allowed: list[int]
    ) -> Weights:
        rest, cells, rules = allowed[1:], [], self.rules.rules
        for fraction in draws.donors.flatten().tolist():
            if rest:
                cells.append(picked(rest, fraction))
                rest = [one for one in rest if one != cells[-1]]
        r = [self.network(role, n) for n in cells]
        pool = [self.network(role, n) for n in allowed[1:] if n != cells[0]]
        pool += [a for n in allowed for a in known_of(self.problem, n).archives[role]]
        ranked = self.ranked(role, allowed)
        count = max(2, round(rules.pbest[0] * len(self.around)))
        pbest = self.network(role, picked(ranked[:count], float(draws.pbest)))
        x, best = self.pair[role], self.network(role, ranked[0])
        share, outsider = float(draws.share), picked(pool, float(draws.outsider))
        if strategy == "trigonometric":
            losses = [self.loss(role, n) for n in cells[:3]]
            return combined([(4 / 3 - 3 * losses[k] / sum(losses), r[k]) for k in range(3)])
        terms = {
            "rand_1": [(1.0, r[0]), (scale, r[1]), (-scale, r[2])],
            "best_1": [(1.0, best), (scale, r[0]), (-scale, r[1])],
            "current_to_pbest_1": [
                (1 - scale, x),
                (scale, pbest),
                (scale, r[0]),
                (-scale, outsider),
            ],
            "current_to_rand_1": [(1 - share, x), (share, r[2]), (scale, r[0]), (-scale, r[1])],
        }
        return combined(terms[strategy])

    def crossed(self, role: str, mutant: Weights, rate: float, forced: float, key: Key) -> Weights:
        """What crosses as one has one number of 16 bits; one thing crosses in any case."""
        numbers: dict[tuple[Any, ...], int] = {}
        places: dict[str, list[int]] = {}
        for name, weight in mutant.items():
            genes = range(weight.numel())
            if self.rules.grain == "unit":
                inputs, layer = weight[0].numel(), name.rpartition(".")[0]
                labels: list[tuple[Any, ...]] = [(layer, gene // inputs) for gene in genes]
            else:
                labels = [(name, gene if self.rules.grain == "weight" else 0) for gene in genes]
            places[name] = [numbers.setdefault(label, len(numbers)) for label in labels]
        words = bits(key, (len(numbers) // 2 + 1,))[0].tolist()
        halves = [half for word in words for half in (word % 65536, word // 65536)]
        certain = picked(range(len(numbers)), forced)
        chosen = [k == certain or halves[k] < round(rate * 65536) for k in range(len(numbers))]
        target, trial = self.pair[role], {}
        for name, weight in mutant.items():
            mask = tensor([chosen[k] for k in places[name]]).view_as(weight)
            trial[name] = weight.where(mask, target[name])
        return self.masked(role, trial)

    def masked(self, role: str, weights: Weights) -> Weights:
        masks = {name: mask[self.of[role]] for name, mask in self.everyone[role].masks.items()}
        return {n: w * masks.get(n, ones_like(w)) for n, w in weights.items()}

    def row_losses(self, role: str, weights: Weights) -> list[float]:
        """The squared error of every row, on average over the partners."""
        other = ROLES[role == "encoder"]
        networks, found = self.problem.networks, []
        for partner in [self.pair[other], *(self.network(other, n) for n in self.partners)]:
            pair = {role: weights, other: partner}
            encoder = networks.encoder.module(self.everyone["encoder"], self.cell)
            decoder = networks.decoder.module(self.everyone["decoder"], self.cell)
            code = functional_call(encoder, pair["encoder"], (self.rows[0],))
            outputs = sigmoid(functional_call(decoder, pair["decoder"], (code,)))
            found.append((outputs - self.rows[1]).square().flatten(1).mean(1))
        losses: list[float] = stack(found).mean(0).tolist()
        return losses

    def accepted(self, role: str, before: list[float], weights: Weights) -> float | None:
        """The loss of a network that is better than the target, by as much as is asked."""
        after = self.row_losses(role, weights)
        gains = [old - new for old, new in zip(before, after, strict=True)]
        needed = self.rules.margin * stdev(gains) / len(gains) ** 0.5
        return mean(after) if mean(gains) > needed else None
