"""One generation of trials in the cells of a grid: made, scored, and learned from."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from coevo.cells import CellTensors
from coevo.optimizers.differential_evolution.adaptation import (
    Moment,
    Outcomes,
    choose,
    remember,
)
from coevo.optimizers.differential_evolution.archive import Archive
from coevo.optimizers.differential_evolution.attempts import Attempt, Challenger, best_of
from coevo.optimizers.differential_evolution.breeding import Breeding, Stock
from coevo.optimizers.differential_evolution.cell_rules import CellRules
from coevo.optimizers.differential_evolution.company import company
from coevo.optimizers.differential_evolution.contest import Partners, joined, judged, scores
from coevo.optimizers.differential_evolution.draws import Draws
from coevo.optimizers.differential_evolution.neighbors import Neighborhoods, neighborhood_parents
from coevo.optimizers.differential_evolution.panmixia import recipes
from coevo.optimizers.differential_evolution.scope import caught_up
from coevo.optimizers.types import CellProblem
from coevo.population import Population
from coevo.random import Key
from coevo.roles import ROLES
from coevo.stream import Batch
from operators import Parents, Recipe, earned
from operators.mutations import SOUP_SIZE, soup

__all__ = ["Trials"]


class Trials:
    """The trials of some cells in one generation.

    Attributes:
        pair: the networks by role; those that lost are replaced by the trials that won.
        companies: the donors of each group of roles.
        attempts: what became of the trials of each round and group.
        evaluations: of one cell: how often a pair was scored.
        sample_forwards: of one cell: rows that passed through a pair.
    """

    def __init__(
        self,
        settings: CellRules,
        problem: CellProblem,
        kept: CellTensors,
        pair: Mapping[str, Population],
    ) -> None:
        """Bring up to date what is known.

        Args:
            settings: how.
            problem: of the cells; its batches are consumed.
            kept: from the generations before, of all cells.
            pair: the targets by role, zero under their masks.
        """
        self._settings, self._problem, self.pair = settings, problem, dict(pair)
        number = (problem.key.generation - settings.begin) // settings.every
        self._moment = Moment(number, settings.horizon, min(number / settings.horizon, 1.0))
        learned = {name: t for name, t in kept.items() if not name.startswith("archive")}
        self._known, self._lessons = caught_up(
            settings.rules, settings.scope, learned, problem, self._moment
        )
        self._everyones = {
            group: Archive.of(kept, group, roles) for group, roles in settings.groups.items()
        }
        self._archives = {
            group: archive.select(problem.cells) for group, archive in self._everyones.items()
        }
        self._everyone = {"encoder": problem.encoders, "decoder": problem.decoders}
        self.companies = {
            group: company(
                [self._everyone[role] for role in roles], problem.neighbors, gate=settings.gate
            )
            for group, roles in settings.groups.items()
        }
        self._partners = Partners.drawn(problem, settings.partners)
        # The loss of what stands now, relative to the first target's.
        first = torch.ones_like(problem.cells, dtype=torch.float64)
        self._levels = dict.fromkeys(settings.groups, first)
        self.attempts: list[Attempt] = []
        self.evaluations = self.sample_forwards = 0

    def take(self) -> None:
        """Make all trials of the generation."""
        rounds, steps = self._settings.rounds, self._problem.steps
        for number in range(rounds):
            count = (number + 1) * steps // rounds - number * steps // rounds
            batch = joined([next(self._problem.batches) for _ in range(count)])
            key = self._problem.key.of("trial").of(str(number))
            for group in self._settings.groups:
                self._attempt(group, batch, key.of(group), with_soup=number == 0)

    def eligible(self, group: str) -> Tensor:
        """Which cells make trials: ``[n]`` bool."""
        return self.companies[group].eligible(self._settings.donors, self._settings.spread)

    def kept(self) -> dict[str, Tensor]:
        """What is kept for the next generation, ``[n, *shape]`` each."""
        rules, attempts = self._settings.rules, self.attempts
        chosen = {
            name: torch.cat([getattr(attempt.chosen, name) for attempt in attempts], 1)
            for name in ("strategy", "scale", "rate", "frequency")
        }
        gain, success, beats, made = (
            torch.stack([getattr(attempt, name) for attempt in attempts], 1)
            for name in ("gain", "success", "beats", "made")
        )
        own = Outcomes(
            **chosen,
            success=success,
            gain=gain,
            earned=earned(rules.credit, success, gain, beats),
            counts=made,
        )
        result = remember(rules, self._known, own, self._moment)
        result |= {f"outcome_{name}": chosen[name] for name in ("scale", "rate", "frequency")}
        result["outcome_gain"] = gain
        for group, archive in self._archives.items():
            result |= archive.tensors(group)
        return result

    def _attempt(self, group: str, batch: Batch, key: Key, *, with_soup: bool) -> None:
        """Try to replace the networks of a group of roles."""
        settings, eligible = self._settings, self.eligible(group)
        draws = Draws.of(key, 1)
        chosen = choose(settings.rules, self._known, self._lessons, draws, self._moment)
        parents = self._parents(group, draws)
        recipe = recipes(settings.rules, parents, chosen, self._moment.progress)
        # Statistics of the partner change with a trial's.
        roles = ROLES if self._calibrates else settings.groups[group]
        standing = {role: self.pair[role] for role in roles}
        target = self._scores({}, group, batch)

        def challenger(recipe: Recipe, rates: Tensor) -> Challenger:
            networks = self._bred(group, recipe, (rates, draws.forced), key.of("crossover"))
            if self._calibrates:
                networks = self._calibrated({**standing, **networks}, batch)
            found = judged(target, self._scores(networks, group, batch), margin=settings.margin)
            return Challenger(networks, found.only(eligible))

        trial = challenger(recipe, chosen.rate)
        extra = None
        if with_soup and settings.soup:
            mixed = soup(parents, chosen.scale, settings.soup)
            extra = challenger(mixed, torch.ones_like(chosen.rate))
        stood = target.double().mean(1)
        challengers = [trial] if extra is None else [trial, extra]
        stayed, loss, new = best_of(standing, stood, challengers)
        self.pair |= stayed
        self._archives[group] = self._archives[group].joined(
            new, standing, draws.archive.squeeze(1)
        )
        verdict, level = trial.verdict, self._levels[group]
        beats = verdict.accepted & (verdict.loss / stood * level < self._best(group))
        self._levels[group] = torch.where(new, level * loss / stood, level)
        self.attempts.append(
            Attempt(
                chosen,
                eligible,
                verdict.accepted,
                verdict.gain,
                beats,
                None if extra is None else extra.verdict.accepted,
                loss,
            )
        )

    @property
    def _calibrates(self) -> bool:
        recalibrates = self._settings.normalization == "recalibrate"
        return recalibrates and self._problem.networks.calibrates

    def _calibrated(self, pair: Mapping[str, Population], batch: Batch) -> dict[str, Population]:
        """The same pairs with running statistics of the batch."""
        networks = self._problem.networks
        encoders = networks.encoder.calibrated(pair["encoder"], batch.inputs)
        codes = networks.encoder(encoders, batch.inputs)
        decoders = networks.decoder.calibrated(pair["decoder"], codes)
        return {"encoder": encoders, "decoder": decoders}

    def _parents(self, group: str, draws: Draws) -> Parents:
        settings = self._settings
        seen = Neighborhoods(
            self._problem.neighbors,
            self._losses(group),
            self.companies[group],
            self._everyones[group].held,
            settings.archive,
        )
        ranked, progress = max(SOUP_SIZE, settings.soup), self._moment.progress
        return neighborhood_parents(settings.rules, seen, draws, progress, ranked=ranked)

    def _losses(self, group: str) -> Tensor:
        """Losses of the neighborhood's networks with the target's partner: ``[n, k]``."""
        losses = self._problem.losses
        if group == "pair":
            return losses.diagonal(dim1=1, dim2=2)
        of_encoders, of_decoders = self._target_losses()
        return of_encoders if group == "encoder" else of_decoders

    def _target_losses(self) -> tuple[Tensor, Tensor]:
        """Losses of all encoders with the target's decoder, and the reverse: ``[n, k]`` each."""
        losses, problem = self._problem.losses, self._problem
        if self._settings.target == "center":
            return losses[:, :, 0], losses[:, 0]
        encoders = problem.selected_encoders.view(-1, 1, 1).expand(-1, 1, losses.shape[2])
        decoders = problem.selected_decoders.view(-1, 1, 1).expand(-1, losses.shape[1], 1)
        return losses.gather(2, decoders).squeeze(2), losses.gather(1, encoders).squeeze(1)

    def _best(self, group: str) -> Tensor:
        """The lowest loss of a donor, relative to the target's: ``[n]`` float64."""
        losses = self._losses(group).double()
        allowed = losses.masked_fill(~self.companies[group].allowed, torch.inf)
        best = allowed.nan_to_num(nan=torch.inf, posinf=torch.inf).amin(1)
        if self._settings.target == "center":
            return best / losses[:, 0]
        slots = self._problem.selected_encoders.unsqueeze(1)
        return best / self._target_losses()[0].gather(1, slots).squeeze(1).double()

    def _bred(
        self, group: str, recipe: Recipe, crossing: tuple[Tensor, Tensor], key: Key
    ) -> dict[str, Population]:
        """The networks of trials, by role."""
        rates, forced = (numbers.flatten() for numbers in crossing)
        roles = self._settings.groups[group]
        breeding = Breeding(
            recipe.flat(), rates, forced, key, self._settings.grain, self._problem.threads
        )
        archive, networks = self._everyones[group].weights, self._problem.networks
        transposed = {r: getattr(networks, r).transposed for r in roles}
        return breeding.trials(
            {
                role: Stock(
                    self.pair[role],
                    self._everyone[role].weights,
                    archive[role],
                    transposed[role],
                )
                for role in roles
            }
        )

    def _scores(self, tried: Mapping[str, Population], group: str, batch: Batch) -> Tensor:
        """Losses ``[n, rows]`` of the cell's pair with some networks replaced."""
        pair = {**self.pair, **tried}
        encoders, decoders = pair["encoder"], pair["decoder"]
        pairs = [(encoders, decoders)]
        if group == "encoder":
            pairs += [(encoders, partner) for partner in self._partners.decoders]
        elif group == "decoder":
            pairs += [(partner, decoders) for partner in self._partners.encoders]
        self.evaluations += len(pairs)
        self.sample_forwards += len(pairs) * batch.inputs.shape[1]
        return scores(self._problem.networks, self._problem.task, pairs, batch)
