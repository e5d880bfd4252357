"""Parents in populations where everybody may meet everybody: who may be drawn, and who never is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from coevo.optimizers.differential_evolution import PRESETS, Rules
from coevo.optimizers.differential_evolution.adaptation import Parameters
from coevo.optimizers.differential_evolution.draws import Draws
from coevo.optimizers.differential_evolution.panmixia import (
    panmictic_parents,
    pbest_count,
    recipes,
)
from coevo.random import Key, uniform
from operators import Parents, combine
from tests.coevo.optimizers.searches import draws

ALL = Rules(strategies=("rand_2", "current_to_pbest_1"))
EIGHT = torch.tensor([[7.0, 1.0, 5.0, 3.0, 0.0, 2.0, 6.0, 4.0]]).double()  # the best is the fifth


def drawn(seed: int, populations: int, size: int) -> tuple[Tensor, Draws]:
    """Losses and random numbers."""
    seeds = (torch.arange(populations) + seed).repeat_interleave(size)
    key = Key(seeds, torch.arange(size).repeat(populations))
    losses = uniform(key.of("losses"), (), dtype=torch.float64).view(populations, size)
    return losses, Draws.of(key, size)


def parents_of(rules: Rules, losses: Tensor, drawn: Draws, progress: float = 0.0) -> Parents:
    """Without an archive."""
    nothing = torch.zeros(len(losses), dtype=torch.int64)
    return panmictic_parents(rules, losses, drawn, (nothing, 0), progress)


@given(st.integers(0, 2**40), st.integers(1, 3), st.integers(6, 9), st.data())
def test_parents_are_of_their_own_population(
    seed: int, populations: int, size: int, data: st.DataObject
) -> None:
    losses, numbers = drawn(seed, populations, size)
    places = data.draw(st.integers(0, 5))
    some = st.lists(st.integers(0, places), min_size=populations, max_size=populations)
    filled = data.draw(some)
    made = panmictic_parents(ALL, losses, numbers, (torch.tensor(filled), places), 0.0)
    for population in range(populations):
        first, behind = population * size, populations * size + population * places
        members = set(range(first, first + size))
        known = members | set(range(behind, behind + filled[population]))
        best = first + int(losses[population].argmin())
        for i in range(size):
            own, others = first + i, made.drawn[population, i].tolist()
            assert len({own, *others}) == 6
            assert set(others) <= members
            outsider = int(made.outsider[population, i])
            assert outsider in known - {own, others[0]}
            assert int(made.best[population, i]) == best
            assert int(made.pbest[population, i]) in members
            assert made.losses[population, i].tolist() == [
                float(losses.flatten()[row]) for row in others
            ]


def test_every_outsider_is_equally_likely() -> None:
    """From 6 members less the target and the first donor, and 2 of an archive: 6 in all."""
    numbers = draws(1, 6, outsider=0.0)
    seen: Counter[int] = Counter()
    for k in range(60):
        numbers = draws(1, 6, outsider=(k + 0.5) / 60)
        made = panmictic_parents(
            Rules(), torch.arange(6.0).double()[None], numbers, (torch.tensor([2]), 4), 0.0
        )
        first, outsider = int(made.drawn[0, 0, 0]), int(made.outsider[0, 0])
        seen[outsider] += 1
    assert seen == {row: 10 for row in range(8) if row not in (0, first)}


def test_the_ranked_are_the_best_in_order() -> None:
    made = parents_of(Rules(), torch.cat([EIGHT, -EIGHT]), draws(2, 8))
    assert made.ranked[0].tolist() == [[4, 1, 5]] * 8
    assert made.ranked[1].tolist() == [[8 + 0, 8 + 6, 8 + 2]] * 8


def pbests(rules: Rules, losses: Tensor, target: int, progress: float, **given: float) -> set[int]:
    """All p-bests that a target may have."""
    found = set()
    for k in range(100):
        numbers = draws(1, losses.shape[1], pbest=k / 100, **given)
        found.add(int(parents_of(rules, losses, numbers, progress).pbest[0, target]))
    return found


def test_pbests_are_a_share_of_the_population_but_at_least_two() -> None:
    assert pbests(Rules(pbest=(0.5, 0.5)), EIGHT, 0, 0.0) == {4, 1, 5, 3}
    assert pbests(Rules(pbest=(0.01, 0.01)), EIGHT, 0, 0.0) == {4, 1}
    assert pbests(Rules(pbest=(1.0, 1.0)), EIGHT, 0, 0.0) == set(range(8))


def test_a_target_may_be_its_own_pbest() -> None:
    assert 4 in pbests(Rules(pbest=(0.5, 0.5)), EIGHT, 4, 0.0)


def test_the_share_changes_with_the_budget() -> None:
    rules = replace(PRESETS["jso"], limits=False)
    assert [pbest_count(rules, 100, progress) for progress in (0.0, 0.5, 1.0)] == [25, 19, 12]
    assert pbest_count(PRESETS["l-shade"], 100, 0.3) == 11
    assert pbest_count(PRESETS["l-shade"], 4, 0.3) == 2


def test_no_target_is_its_own_pbest_in_the_first_half_of_jso() -> None:
    rules = replace(PRESETS["jso"], pbest=(0.5, 0.5))
    assert pbests(rules, EIGHT, 4, 0.49) == {1, 5, 3}
    assert pbests(rules, EIGHT, 1, 0.0) == {4, 5, 3}
    assert pbests(rules, EIGHT, 0, 0.0) == {4, 1, 5, 3}
    assert pbests(rules, EIGHT, 4, 0.5) == {4, 1, 5, 3}


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, {4, 1}), (0.5, {4, 1, 5}), (0.999, {4, 1, 5, 3})]
)
def test_shade_draws_the_share_of_each_trial(share: float, expected: set[int]) -> None:
    # From 2 / 8 to 4 / 8.
    rules = replace(PRESETS["shade"], pbest=(0.5, 0.5))
    assert pbests(rules, EIGHT, 0, 0.0, pbest_share=share) == expected


@pytest.mark.parametrize(("progress", "pull"), [(0.1, 0.7), (0.3, 0.8), (0.9, 1.2)])
def test_jso_pulls_the_harder_the_later(progress: float, pull: float) -> None:
    genomes = uniform(Key.for_worlds(torch.arange(8)), (2,), dtype=torch.float64)
    parents = parents_of(PRESETS["jso"], EIGHT, draws(1, 8), progress)
    half = torch.full((1, 8), 0.5, dtype=torch.float64)
    chosen = Parameters(torch.zeros(1, 8, dtype=torch.int64), half, half, half)
    recipe = recipes(PRESETS["jso"], parents, chosen, progress).flat()
    mutants = combine(genomes, genomes, None, recipe)
    pbest, r1, outsider = (
        genomes[row]
        for row in (parents.pbest[0, 2], parents.drawn[0, 2, 0], parents.outsider[0, 2])
    )
    expected = genomes[2] + pull * 0.5 * (pbest - genomes[2]) + 0.5 * (r1 - outsider)
    assert mutants[2].tolist() == pytest.approx(expected.tolist())


def test_each_trial_is_made_by_its_own_strategy() -> None:
    rules = Rules(strategies=("best_1", "mean", "soup"))
    parents = parents_of(rules, EIGHT, draws(1, 8))
    strategy = torch.tensor([[0, 1, 2, 0, 1, 2, 0, 1]])
    half = torch.full((1, 8), 0.5, dtype=torch.float64)
    recipe = recipes(rules, parents, Parameters(strategy, half, half, half), 0.0)
    assert recipe.base[0].tolist() == [
        4 if k != 1 else int(parents.drawn[0, i, 0]) for i, k in enumerate(strategy[0].tolist())
    ]
