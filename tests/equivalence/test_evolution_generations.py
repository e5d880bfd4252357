"""When cells make trials, who does, and what becomes of moments then."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.engine import Measures
from coevo.optimizers.differential_evolution import CellRules
from coevo.optimizers.differential_evolution.cell_rules import MovedMomentsName, TargetName
from coevo.population import Population
from coevo.random import uniform
from coevo.state import GridState
from tests.equivalence.agreement import TOLERANCE, moments_of
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.evolved import (
    BASE,
    evolving,
    improved,
    known,
    pair_of,
    preset,
)

ROLES = ("encoder", "decoder")


def gradient_alone(state: GridState, case: Case) -> GridState:
    """What gradient steps make of a state, which keeps what trials learned."""
    own = state.optimizer
    cell = {name: t for name, t in own.cell.items() if not name.startswith("de/")}
    after, _ = engine_of(case).advance(replace(state, optimizer=replace(own, cell=cell)))
    ours = {name: t for name, t in own.cell.items() if name.startswith("de/")}
    merged = replace(after.optimizer, cell={**after.optimizer.cell, **ours})
    return replace(after, optimizer=merged)


def assert_same(one: GridState, other: GridState, cells: Tensor | slice = slice(None)) -> None:
    found, expected = (
        {
            shard: {name: tensor[cells] for name, tensor in tensors.items()}
            for shard, tensors in state.shards().items()
        }
        for state in (one, other)
    )
    assert_close(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def trials_of(measures: Measures) -> Tensor:
    """Trials of each cell, soups included: ``[cells]``."""
    named = [t for name, t in measures.items() if name.startswith("de_trials_")]
    return torch.stack(named).sum(0)


@pytest.mark.parametrize("moments", ["persist", "migrate", "reset"])
@pytest.mark.parametrize("pairings", ["selected", "all"])
def test_every_second_generation_takes_gradient_steps(moments: str, pairings: str) -> None:
    case = replace(BASE, moments=moments, pairings=pairings)
    engine = evolving(CellRules(every=2, horizon=2), case)
    state = engine.init()
    for generation in range(4):
        before, (state, measures) = state, engine.advance(state)
        if generation % 2 == 0:
            assert_same(state, gradient_alone(before, case))
            assert trials_of(measures).sum() == 0
            assert measures["evaluations"].sum() == 0
            # Two steps of 4 rows with the selected pairing, or with all 9 x 9.
            rows = 2 * 4 * (81 if pairings == "all" else 1)
            assert set(measures["sample_forwards"].tolist()) == {3 * rows}
        else:
            rates = (s.optimizer.cell["learning_rate"] for s in (before, state))
            assert torch.equal(*rates)
            assert trials_of(measures).tolist() == [4] * 18
            # Target, trial and soup of both roles; two batches of 4 rows are one.
            assert measures["evaluations"].tolist() == [6] * 18
            assert measures["sample_forwards"].tolist() == [6 * 8] * 18


def test_isolated_generations_take_gradient_steps_and_then_trials_begin() -> None:
    isolated = 3
    engine = evolving(CellRules(begin=isolated, every=2), isolated_generations=isolated)
    alone = replace(engine, optimizer=engine_of(BASE).optimizer)
    makers = []
    for (state, measures), (expected, _) in zip(run(engine, 7), run(alone, 7), strict=True):
        makers.append(bool(trials_of(measures).all()))
        if state.generation <= isolated + 1:
            assert_close(state.encoders.weights, expected.encoders.weights)
            assert_close(state.decoders.weights, expected.decoders.weights)
        if state.generation <= isolated:
            assert measures["de_donors"].isnan().all()
    # Generations 3, 5: first a gradient step, then trials.
    assert makers == [False, False, False, False, True, False, True]


def test_gradient_steps_are_for_exactly_those_without_trials() -> None:
    case, rules = replace(BASE, rows=4, columns=4), CellRules(roles="pair")
    state = evolving(rules, case).init()
    between = float(evolving(rules, case).advance(state)[1]["de_spread"].median())
    rules = replace(rules, spread=between)
    engine = evolving(rules, case)
    falling = evolving(replace(rules, fallback="gradient"), case)
    kept, kept_measures = engine.advance(state)
    found, measures = falling.advance(state)
    trained = gradient_alone(state, case)
    made = trials_of(kept_measures) > 0
    assert 8 < made.sum() < 24
    assert torch.equal(trials_of(measures), trials_of(kept_measures))
    assert_same(found, kept, made)
    lonely = ~made
    for role in ROLES:
        assert improved(state, found, role)[lonely].all()
        assert not improved(state, kept, role)[lonely].any()
    for part in ("encoders", "decoders"):
        one, other = (getattr(s, part).weights for s in (found, trained))
        assert_close(
            {n: w[lonely] for n, w in one.items()}, {n: w[lonely] for n, w in other.items()}
        )
    for name, tensor in trained.optimizer.cell.items():
        expected = tensor if not name.startswith("de/") else kept.optimizer.cell[name]
        assert_close(found.optimizer.cell[name][lonely], expected[lonely])
    own, selected = kept_measures["encoder_from"], falling._select(state)
    assert torch.equal(own, falling.grid.cell_of)
    chosen = falling.grid.cell_of[selected.sources(falling.grid.neighbors)[0]]
    assert not torch.equal(chosen, own)
    assert torch.equal(measures["encoder_from"], torch.where(made, own, chosen))
    # All cells pay for what the stack computes.
    assert set(measures["sample_forwards"].tolist()) == {3 * 8 + 3 * 8}


@pytest.mark.parametrize("moments", ["persist", "migrate"])
@pytest.mark.parametrize("target", ["center", "selected"])
@pytest.mark.parametrize("moved", ["reset", "keep"])
def test_moments_of_changed_weights_are_forgotten_unless_kept(
    moments: str, target: TargetName, moved: MovedMomentsName
) -> None:
    case = replace(BASE, moments=moments)
    rules = preset("cell", crossover="fixed", crossover_start=0.3)
    rules = replace(rules, strategies=("rand_1",))
    settings = CellRules(rules, every=2, grain="tensor", soup=0, target=target, moments=moved)
    engine = evolving(settings, case)
    trained = run(engine, 1)[0][0]
    after, measures = engine.advance(trained)
    world, own = torch.arange(18) // 9 * 9, torch.arange(18)
    for role in ROLES:
        # A network brings its moments where they migrate; else its new cell has some.
        source = measures[f"{role}_from"] + world if target == "selected" else own
        place = source if moments == "migrate" else own
        before, found = (moments_of(state, role) for state in (trained, after))
        first, last = pair_of(trained)[role].weights, pair_of(after)[role].weights
        changed = {name: last[name] != first[name][source] for name in first}
        for path, moment in found.items():
            if path == "steps":
                assert torch.equal(moment, before[path][place])
                continue
            name = path.partition("/")[2]
            assert before[path].any()
            expected = before[path][place]
            if moved == "reset":
                expected = expected.masked_fill(changed[name], 0.0)
            assert torch.equal(moment, expected), f"{role} {path}"
        share = torch.cat([one.flatten() for one in changed.values()]).double().mean()
        assert 0.05 < share < 0.9


def test_strangers_make_no_trials() -> None:
    engine = replace(evolving(CellRules(fallback="keep")), first=None)
    state = engine.init()
    after, measures = engine.advance(state)
    assert not measures["de_donors"].any()
    assert not trials_of(measures).any()
    assert not known(after, "outcome_gain").any()
    for role in ROLES:
        assert not improved(state, after, role).any()
        assert not known(after, f"archived/{role}").any()


def test_a_stranger_changes_nothing_for_its_neighbors() -> None:
    engine = evolving(CellRules())
    state = run(engine, 1)[0][0]

    def with_stranger(factor: float) -> tuple[GridState, Measures]:
        weights = {name: weight.clone() for name, weight in state.encoders.weights.items()}
        for weight in weights.values():
            weight[4] *= factor
        return engine.advance(replace(state, encoders=replace(state.encoders, weights=weights)))

    (one, measures), (other, _) = with_stranger(-1.0), with_stranger(3.0)
    others = [cell for cell in range(18) if cell != 4]
    assert improved(state, one, "encoder")[others].any()
    for shard, tensors in one.shards().items():
        for name, tensor in tensors.items():
            assert torch.equal(tensor[others], other.shards()[shard][name][others]), name
    donors = measures["de_donors"]
    # Encoders have one donor less there, decoders have all eight.
    assert donors[:9].tolist() == [7.5] * 4 + [4.0] + [7.5] * 4
    assert trials_of(measures)[4] == 2


@pytest.mark.parametrize(("distance", "trials"), [(0.0, 0), (0.004, 0), (0.02, 4)])
def test_cells_that_are_all_alike_stop(distance: float, trials: int) -> None:
    engine = evolving(CellRules(spread=0.005), distance=distance)
    state = engine.init()
    after, measures = engine.advance(state)
    assert trials_of(measures).tolist() == [trials] * 18
    assert trials > 0 or not any(improved(state, after, role).any() for role in ROLES)


def test_records_name_the_selected_networks_where_these_are_the_target() -> None:
    engine = evolving(CellRules(target="selected"))
    state = engine.init()
    _, measures = engine.advance(state)
    encoders, decoders = engine._select(state).sources(engine.grid.neighbors)
    assert torch.equal(measures["encoder_from"], engine.grid.cell_of[encoders])
    assert torch.equal(measures["decoder_from"], engine.grid.cell_of[decoders])


def test_what_one_of_two_networks_has_lost_makes_nobody_a_stranger() -> None:
    engine = evolving(CellRules(gate=0.3, spread=0.0))
    state = engine.init()
    expected = engine.advance(state)[1]["de_donors"]
    assert (expected == 8).all()

    def pruned(population: Population) -> Population:
        masks = {
            name: uniform(engine.cell_key.of(name), tuple(weight.shape[1:])) < 0.5
            for name, weight in population.weights.items()
        }
        return replace(population, masks=masks).masked()

    lost = replace(state, encoders=pruned(state.encoders), decoders=pruned(state.decoders))
    assert torch.equal(engine.advance(lost)[1]["de_donors"], expected)
