"""The minimizer: populations do not know of each other, and spend exactly what they may."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from coevo.optimizers.differential_evolution import (
    PRESETS,
    Minimum,
    Options,
    Progress,
    Rules,
    minimize,
)
from operators import BOUND_RULES

BOX = [(-5.0, 5.0), (-3.0, 4.0), (-1.0, 6.0)]


def sphere(genomes: Tensor) -> Tensor:
    return genomes.square().sum(-1)


def waves(genomes: Tensor) -> Tensor:
    """Rastrigin's function, with many minima."""
    return (genomes.square() - 10 * torch.cos(2 * math.pi * genomes) + 10).sum(-1)


class Recorded:
    """What a search told after each generation, and how many genomes were evaluated."""

    def __init__(self, function: Any = waves) -> None:
        self.function, self.calls = function, [0]
        self.told: list[Progress] = []

    def __call__(self, genomes: Tensor) -> Tensor:
        self.calls.append(self.calls[-1] + genomes.shape[-2])
        losses: Tensor = self.function(genomes)
        return losses

    def note(self, progress: Progress) -> None:
        self.told.append(
            replace(progress, genomes=progress.genomes.clone(), losses=progress.losses.clone())
        )

    def search(self, rules: str | Rules, **given: Any) -> Minimum:
        return minimize(self, BOX, rules, callback=self.note, **given)


@pytest.mark.parametrize("rules", PRESETS)
def test_presets_find_the_minimum_of_a_sphere(rules: str) -> None:
    found = minimize(sphere, BOX, rules, evaluations=900, population_size=16)
    assert float(found.fun) < 1e-3
    assert float(found.x.abs().max()) < 0.03


@pytest.mark.parametrize("rules", PRESETS)
def test_populations_find_the_same_beside_others_as_alone(rules: str) -> None:
    given: dict[str, Any] = {"evaluations": 137, "population_size": 12}
    both = minimize(waves, BOX, rules, populations=2, seed=5, **given)
    for place in range(2):
        alone = minimize(waves, BOX, rules, seed=5 + place, **given)
        for name in ("x", "fun", "population", "population_energies"):
            assert torch.equal(getattr(both, name)[place], getattr(alone, name)), name
        assert torch.equal(both.history[:, place], alone.history)
    assert len({float(loss) for loss in both.fun}) == 2


@pytest.mark.parametrize("rules", PRESETS)
@pytest.mark.parametrize("evaluations", [12, 13, 131])
def test_exactly_the_budget_is_spent(rules: str, evaluations: int) -> None:
    recorded = Recorded()
    found = recorded.search(rules, evaluations=evaluations, population_size=12, populations=2)
    assert recorded.calls[-1] == found.nfev == evaluations
    assert [told.evaluations for told in recorded.told] == recorded.calls[1:]
    assert [told.generation for told in recorded.told] == list(range(found.nit + 1))
    assert found.history.shape == (found.nit + 1, 2)


@pytest.mark.parametrize("rules", ["l-shade", "jso"])
def test_populations_shrink_linearly_to_4(rules: str) -> None:
    recorded = Recorded()
    recorded.search(rules, evaluations=300, population_size=30)
    sizes = [told.losses.shape[1] for told in recorded.told]
    expected = [round((4 - 30) / 300 * spent + 30) for spent in recorded.calls[1:]]
    assert sizes == [30, *expected[1:]]
    assert sizes[-1] == 4


def test_populations_end_no_smaller_than_their_strategies_need() -> None:
    recorded = Recorded()
    rules = Rules(strategies=("rand_1", "rand_2"), reduces=True)
    recorded.search(rules, evaluations=150, population_size=20)
    assert recorded.told[-1].losses.shape[1] == 6


def test_the_worst_leave() -> None:
    recorded = Recorded()
    recorded.search("l-shade", evaluations=300, population_size=30)
    best = [told.losses.amin() for told in recorded.told]
    worst = [told.losses.amax() for told in recorded.told]
    assert best == sorted(best, reverse=True)
    assert worst == sorted(worst, reverse=True)


@pytest.mark.parametrize("rules", PRESETS)
def test_members_never_get_worse(rules: str) -> None:
    recorded = Recorded()
    found = recorded.search(rules, evaluations=150, population_size=12, populations=2)
    ordered = [told.losses.sort(1).values for told in recorded.told]
    for before, after in pairwise(ordered):
        assert (after <= before[:, : after.shape[1]]).all()
    assert torch.equal(found.history, torch.stack([losses[:, 0] for losses in ordered]))


@pytest.mark.parametrize("rules", PRESETS)
def test_losses_are_those_of_the_members(rules: str) -> None:
    recorded = Recorded()
    found = recorded.search(rules, evaluations=100, population_size=12, populations=2)
    for told in recorded.told:
        assert torch.equal(waves(told.genomes), told.losses)
    assert torch.equal(waves(found.x), found.fun)
    assert torch.equal(found.population, recorded.told[-1].genomes)
    assert torch.equal(found.fun, found.population_energies.amin(1))


def test_a_loss_that_is_not_a_number_counts_as_infinite() -> None:
    def partly(genomes: Tensor) -> Tensor:
        return sphere(genomes - 1).where(genomes[..., 0] > 0, torch.nan)

    found = minimize(partly, BOX, evaluations=600, population_size=20)
    assert float(found.fun) < 0.1
    nowhere = minimize(lambda x: x[..., 0] * torch.nan, BOX, evaluations=100, population_size=10)
    assert float(nowhere.fun) == math.inf
    assert nowhere.population.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rule", [rule for rule in BOUND_RULES if rule != "none"])
def test_all_that_is_evaluated_is_within_bounds(rule: Any, dtype: torch.dtype) -> None:
    low, high = (torch.tensor(end, dtype=dtype) for end in zip(*BOX, strict=True))
    outside = []

    def distant(genomes: Tensor) -> Tensor:
        assert genomes.dtype == dtype
        outside.append(int(((genomes < low) | (genomes > high)).sum()))
        return (genomes - 20).square().sum(-1)  # where mutants leave the box

    rules = replace(PRESETS["de"], bounds=rule)
    found = minimize(distant, BOX, rules, evaluations=300, population_size=12, dtype=dtype)
    assert sum(outside) == 0
    assert found.x.tolist() == pytest.approx(high.tolist(), abs=1.0)


def test_without_a_rule_bounds_are_where_members_start() -> None:
    recorded = Recorded(lambda genomes: (genomes - 20).square().sum(-1))
    found = recorded.search(Rules(bounds="none"), evaluations=900, population_size=12)
    first = recorded.told[0].genomes
    assert ((first >= torch.tensor(BOX)[:, 0]) & (first <= torch.tensor(BOX)[:, 1])).all()
    assert found.x.tolist() == pytest.approx([20.0] * 3, abs=0.1)


def test_first_members_are_within_bounds_whatever_the_rounding() -> None:
    # In float32 the distance is rounded up by 1, and drawn numbers reach it.
    recorded: list[Tensor] = []

    def noted(genomes: Tensor) -> Tensor:
        recorded.append(genomes.clone())
        return sphere(genomes)

    box = [(-16777218.0, 1.0)]
    minimize(noted, box, evaluations=20_000, population_size=20_000, dtype=torch.float32)
    assert float(recorded[0].max()) <= 1.0
    assert float(recorded[0].min()) >= -16777218.0


def test_members_that_are_given_come_first() -> None:
    one = torch.tensor([1.0, 2.0, 3.0])
    several = torch.tensor([[0.0, 1.0, 2.0], [9.0, -9.0, 0.5]])
    each = torch.stack([several, several + 0.25])
    clamped = torch.tensor([5.0, -3.0, 0.5])
    for start, expected in (
        (one, one.expand(2, 1, 3)),
        (several, torch.stack([several[0], clamped]).expand(2, 2, 3)),
        (each, torch.stack([each[0], each[1]])),
    ):
        recorded = Recorded()
        recorded.search("shade", start=start, evaluations=20, population_size=10, populations=2)
        first = recorded.told[0].genomes
        low, high = torch.tensor(BOX).double().unbind(1)
        assert torch.equal(first[:, : expected.shape[1]], expected.double().clamp(low, high))
        assert not torch.equal(first[0, 2:], first[1, 2:])


def test_the_other_members_are_drawn_as_without() -> None:
    plain, given = Recorded(), Recorded()
    plain.search("shade", evaluations=20, population_size=10)
    given.search("shade", evaluations=20, population_size=10, start=torch.zeros(3))
    assert torch.equal(plain.told[0].genomes[:, 1:], given.told[0].genomes[:, 1:])


def test_a_start_at_the_minimum_is_kept() -> None:
    found = minimize(sphere, BOX, start=torch.zeros(3), evaluations=60, population_size=10)
    assert float(found.fun) == 0.0


def test_a_search_stops_when_all_populations_reach_the_target() -> None:
    recorded = Recorded(sphere)
    found = recorded.search(
        "l-shade", target=1.0, evaluations=5000, population_size=20, populations=3
    )
    assert found.nfev < 5000
    assert (found.fun <= 1.0).all()
    assert not (recorded.told[-2].losses.amin(1) <= 1.0).all()


def test_genes_are_float32_where_that_is_asked_for() -> None:
    found = minimize(sphere, BOX, evaluations=500, population_size=15, dtype=torch.float32)
    assert found.x.dtype == found.population.dtype == torch.float32
    assert found.fun.dtype == found.history.dtype == torch.float64
    assert float(found.fun) < 0.01


def test_one_population_has_no_dimension() -> None:
    found = minimize(sphere, BOX, "de", evaluations=50, population_size=10)
    one = minimize(sphere, BOX, "de", evaluations=50, population_size=10, populations=1)
    assert (found.x.shape, found.fun.shape, found.population.shape) == ((3,), (), (10, 3))
    assert (one.x.shape, one.fun.shape, one.population.shape) == ((1, 3), (1,), (1, 10, 3))
    assert torch.equal(one.x[0], found.x)


def test_seeds_decide() -> None:
    first, again, other = (
        minimize(waves, BOX, evaluations=100, population_size=10, seed=seed) for seed in (3, 3, 4)
    )
    assert torch.equal(first.population, again.population)
    assert not torch.equal(first.population, other.population)


def test_options_may_come_together_or_by_name() -> None:
    options = Options(evaluations=60, population_size=10, seed=2)
    together = minimize(waves, BOX, "shade", options)
    by_name = minimize(waves, BOX, "shade", evaluations=60, population_size=10, seed=2)
    changed = minimize(waves, BOX, "shade", options, seed=3)
    assert torch.equal(together.population, by_name.population)
    assert not torch.equal(together.population, changed.population)


def test_the_default_budget_is_1000_a_gene() -> None:
    found = minimize(sphere, [(-1, 1)] * 2, "de", population_size=100)
    assert found.nfev == 2000
