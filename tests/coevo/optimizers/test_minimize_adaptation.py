"""What searches learn on the way: memories, archives, ties."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from coevo.optimizers.differential_evolution import PRESETS, Progress, Rules, minimize
from coevo.optimizers.differential_evolution.search import Budget
from tests.coevo.optimizers.searches import search_of, sphere

ADAPTIVE = ["shade", "l-shade", "jso", "cell", "sa-shade-tri-ensin"]


@pytest.mark.parametrize("preset", ADAPTIVE)
def test_memories_move_after_a_success(preset: str) -> None:
    """One entry after every generation in which anything got better, in turn."""
    rules = replace(PRESETS[preset], memory=3, last_entry=None)
    search = search_of(rules)
    search.begin(sphere(search.genomes))
    places = torch.zeros(2, dtype=torch.int64)
    for _ in range(6):
        before = search.known["scale_memory"].clone()
        search.select(sphere(search.trials()))
        moved = search.known["scale_memory"] != before
        for population in range(2):
            success = bool(search.successes[population] > 0)
            expected = [success and entry == places[population] for entry in range(3)]
            assert moved[population].tolist() == expected
        places = (places + (search.successes > 0)) % 3
    assert torch.equal(search.known["memory_position"], places)
    assert (search.known["scale_memory"] != rules.scale_start).any(1).all()


@pytest.mark.parametrize("preset", ADAPTIVE)
def test_memories_stay_sound(preset: str) -> None:
    told: list[Progress] = []
    minimize(
        sphere, [(-5, 5)] * 3, preset, evaluations=400, population_size=10, callback=told.append
    )
    for progress in told:
        scales, rates = progress.scale_memory, progress.crossover_memory
        assert ((scales > 0) & (scales <= 1)).all()
        assert (((rates >= 0) & (rates <= 1)) | (rates == -1)).all()


def flat(genomes: Tensor) -> Tensor:
    return torch.ones(genomes.shape[:-1])


def test_a_tie_replaces_its_parent_but_is_no_success() -> None:
    search = search_of(PRESETS["shade"])
    search.begin(flat(search.genomes))
    for _ in range(3):
        memory, trials = search.known["scale_memory"], search.trials().clone()
        search.select(flat(trials))
        assert torch.equal(search.genomes, trials)
        assert search.successes.tolist() == [0, 0]
        assert torch.equal(search.known["scale_memory"], memory)
        assert search._filled.tolist() == [0, 0]


def test_a_tie_is_a_success_in_sade() -> None:
    search = search_of(PRESETS["sade"])
    search.begin(flat(search.genomes))
    for _ in range(3):
        trials = search.trials().clone()
        search.select(flat(trials))
        assert torch.equal(search.genomes, trials)
        assert search.successes.tolist() == [8, 8]
    assert torch.equal(search.known["credit_earned"], search.known["credit_trials"])
    assert int(search.known["credit_trials"].sum()) == 2 * 3 * 8


@pytest.mark.parametrize("preset", ["shade", "l-shade", "jso", "cell"])
def test_archives_hold_defeated_parents(preset: str) -> None:
    search = search_of(replace(PRESETS[preset], archive=1.5), evaluations=150)
    search.begin(sphere(search.genomes))
    defeated: list[list[Tensor]] = [[], []]
    while search.spent < 150:
        parents, losses = search.genomes.clone(), search.losses.clone()
        found = sphere(search.trials())
        for population in range(2):
            lost = found[population] < losses[population]
            defeated[population] += list(parents[population][lost])
        search.select(found)
        places = round(1.5 * search.size)
        archive = search._archive.view(2, places, 3)
        for population in range(2):
            # More may have come than fit, and fewer since it shrank.
            filled = int(search._filled[population])
            assert filled <= min(places, len(defeated[population]))
            for genome in archive[population, :filled]:
                assert any(torch.equal(genome, parent) for parent in defeated[population])
        if search.generation == 1:
            assert search._filled.tolist() == [min(places, len(lost)) for lost in defeated]
    assert (search._filled > 0).all()


def test_trials_beyond_the_budget_do_not_count() -> None:
    search = search_of(PRESETS["sade"])
    search.begin(sphere(search.genomes))
    members, trials = search.genomes.clone(), search.trials().clone()
    search.select(torch.zeros(2, 3))
    assert torch.equal(search.genomes[:, :3], trials[:, :3])
    assert torch.equal(search.genomes[:, 3:], members[:, 3:])
    assert search.successes.tolist() == [3, 3]
    assert search.known["credit_trials"].sum((1, 2)).tolist() == [3, 3]
    assert search.spent == 8 + 3


def test_the_horizon_is_what_a_search_lasts() -> None:
    for rules in (PRESETS["shade"], PRESETS["l-shade"]):
        for evaluations in (10, 11, 57, 200):
            found = minimize(
                sphere, [(-5, 5)] * 2, rules, evaluations=evaluations, population_size=10
            )
            assert Budget(10, evaluations, rules.reduces).generations() == found.nit


def test_sizes_of_the_papers() -> None:
    sizes = {name: rules.population_size(10) for name, rules in PRESETS.items()}
    assert sizes["l-shade"] == 180
    assert sizes["jso"] == round(25 * 2.302585 * 3.162278)
    assert (sizes["shade"], sizes["sade"]) == (100, 50)


def test_populations_are_never_too_small_for_their_strategies() -> None:
    assert PRESETS["jso"].population_size(1) == 4
    assert Rules(strategies=("rand_2",), members=2).population_size(5) == 6


def test_which_presets_need_to_know_their_budget() -> None:
    assert {name for name, rules in PRESETS.items() if rules.needs_budget} == {
        "l-shade",
        "jso",
        "sa-shade-tri-ensin",
    }
    assert Rules(pbest=(0.2, 0.1)).needs_budget
    assert not Rules(pbest=(0.2, 0.2)).needs_budget
