"""The table [de] of an experiment becomes the rules that it says, or is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest

from coevo.assemble import assemble
from coevo.catalog import DE_PRESETS, DE_STRATEGIES
from coevo.de_choice import cell_rules, evolution_rules, trial_generations
from coevo.de_table import DifferentialEvolutionTable
from coevo.errors import CoevoError
from coevo.experiment import Experiment, experiment_from_dict
from coevo.optimizers.differential_evolution import PRESETS, CellRules, DifferentialEvolution, Rules
from operators import STRATEGIES

MOORE = 9


def experiment(evolution: dict[str, Any] | None = None, **tables: Any) -> Experiment:
    optimizer = {"kind": "de"} | tables.pop("optimizer", {})
    grid = {"neighborhood": "moore"} | tables.pop("grid", {})
    found = {"grid": grid, "optimizer": optimizer, "de": evolution or {}}
    return experiment_from_dict(found | tables)


def refused(evolution: dict[str, Any], **tables: Any) -> str:
    with pytest.raises(CoevoError) as caught:
        assemble(experiment(evolution, **tables), "cpu")
    return str(caught.value)


def test_names_of_presets_and_strategies_are_those_that_there_are() -> None:
    assert set(DE_PRESETS) == set(PRESETS)
    assert tuple(STRATEGIES) == DE_STRATEGIES


def test_defaults_of_the_table_are_those_of_the_rules_of_cells() -> None:
    defaults = CellRules()
    renamed = {"scope": "memory_scope"}
    for field in fields(CellRules):
        key = renamed.get(field.name, field.name)
        if key in DifferentialEvolutionTable.model_fields:
            table = DifferentialEvolutionTable.model_fields[key]
            assert table.default == getattr(defaults, field.name), key


@pytest.mark.parametrize(
    ("key", "owner", "field"),
    [
        ("memory_scope", CellRules, "scope"),
        ("grain", CellRules, "grain"),
        ("roles", CellRules, "roles"),
        ("fallback", CellRules, "fallback"),
        ("target", CellRules, "target"),
        ("moments", CellRules, "moments"),
        ("normalization", CellRules, "normalization"),
        ("credit", Rules, "credit"),
        ("scale", Rules, "scale"),
        ("crossover", Rules, "crossover"),
    ],
)
def test_the_table_knows_every_choice(key: str, owner: type, field: str) -> None:
    annotation = DifferentialEvolutionTable.model_fields[key].annotation
    known = [one for one in get_args(annotation) if one is not type(None)]
    choices = get_args(known[0]) if not isinstance(known[0], str) else tuple(known)
    assert set(choices) == set(get_args(get_type_hints(owner)[field]))


@pytest.mark.parametrize("preset", DE_PRESETS)
def test_a_preset_alone_is_the_preset(preset: str) -> None:
    assert evolution_rules(DifferentialEvolutionTable(preset=preset)) == PRESETS[preset]


def test_what_the_table_says_stands_in_the_place_of_the_presets_rules() -> None:
    table = DifferentialEvolutionTable(
        preset="sade",
        strategies=("best_1", "mean"),
        shares=(3.0, 1.0),
        credit="gain",
        learning_period=7,
        scale="fixed",
        scale_start=0.7,
        crossover="memory",
        crossover_start=0.2,
        memory=3,
        pbest=0.4,
        sinusoid_phase=1.5,
    )
    rules = evolution_rules(table)
    assert rules.first_shares == (0.75, 0.25)
    assert (rules.strategies, rules.credit, rules.learning_period) == (
        ("best_1", "mean"),
        "gain",
        7,
    )
    assert (rules.scale, rules.scale_start, rules.sinusoid_phase) == ("fixed", 0.7, 1.5)
    assert (rules.crossover, rules.crossover_start, rules.memory) == ("memory", 0.2, 3)
    assert rules.pbest == (0.4, 0.4)


def test_another_pool_has_equal_shares() -> None:
    table = DifferentialEvolutionTable(strategies=("best_1", "mean", "rand_1", "soup"))
    assert evolution_rules(table).first_shares == (0.25, 0.25, 0.25, 0.25)


@pytest.mark.parametrize(
    ("generations", "isolated", "every", "expected"),
    [(60, 0, 1, 60), (60, 10, 1, 50), (60, 10, 7, 7), (5, 5, 1, 1), (3, 0, 9, 1)],
)
def test_the_horizon_is_the_number_of_generations_of_trials(
    generations: int, isolated: int, every: int, expected: int
) -> None:
    given = experiment(
        {"every": every}, generations=generations, start={"isolated_generations": isolated}
    )
    assert trial_generations(given) == expected
    rules = cell_rules(given, MOORE)
    made = sum(rules.makes_trials(generation) for generation in range(generations))
    assert max(made, 1) == rules.horizon == expected


def test_the_optimizer_has_the_rules_and_takes_gradient_steps_by_the_other_table() -> None:
    given = experiment({"rounds": 2, "margin": 1.5}, optimizer={"learning_rate": 0.02})
    optimizer = assemble(given, "cpu").engine.optimizer
    assert isinstance(optimizer, DifferentialEvolution)
    assert optimizer.settings == cell_rules(given, MOORE)
    assert (optimizer.settings.rounds, optimizer.settings.margin) == (2, 1.5)
    assert optimizer.gradient.learning_rate == 0.02


def test_a_neighborhood_needs_enough_donors() -> None:
    found = refused({"preset": "sade"}, grid={"neighborhood": "von_neumann"})
    assert found == (
        "grid.neighborhood: a cell has 4 neighbors, and differential evolution with these "
        "strategies needs 5 as donors; use 'moore' on 3 x 3 cells or more, or other de.strategies"
    )


def test_there_are_no_more_partners_than_neighbors() -> None:
    found = refused({"partners": 9})
    assert found == "de.partners: 9 is more than the 8 neighbors of a cell; lower it"


def test_shares_are_for_the_strategies_of_the_preset() -> None:
    found = refused({"shares": [0.5, 0.25, 0.25]})
    assert found == "de.shares: 3 for 2 strategies; give one each"
