"""When cells make trials, and what becomes of moments, archives and memories then."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.engine import Engine, Measures
from coevo.optimizers.differential_evolution import CellRules, cell_trials
from coevo.optimizers.differential_evolution.contest import Verdict
from coevo.optimizers.differential_evolution.scope import ScopeName
from coevo.state import GridState
from tests.equivalence.agreement import TOLERANCE, moments_of
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.evolved import (
    BASE,
    evolving,
    known,
    pair_of,
    preset,
    problem_of,
    with_known,
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


def improved(before: GridState, after: GridState, role: str) -> Tensor:
    """Cells whose network is another one: ``[cells]`` bool."""
    weights = zip(
        pair_of(before)[role].weights.values(), pair_of(after)[role].weights.values(), strict=True
    )
    return torch.stack([(one != other).flatten(1).any(1) for one, other in weights]).any(0)


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
            assert not measures["de_donors"].any()
    # Generations 3, 5: first a gradient step, then trials.
    assert makers == [False, False, False, False, True, False, True]


def test_gradient_steps_are_for_exactly_those_without_trials() -> None:
    rules = CellRules(roles="pair", spread=0.1)
    engine, falling = evolving(rules), evolving(replace(rules, fallback="gradient"))
    state = engine.init()
    kept, kept_measures = engine.advance(state)
    found, measures = falling.advance(state)
    trained = gradient_alone(state, BASE)
    made = trials_of(kept_measures) > 0
    assert 3 < made.sum() < 15
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
    # All cells pay for what the stack computes.
    assert set(measures["sample_forwards"].tolist()) == {3 * 8 + 3 * 8}


@pytest.mark.parametrize("moments", ["persist", "migrate"])
@pytest.mark.parametrize("target", ["center", "selected"])
def test_moments_of_changed_weights_are_forgotten(moments: str, target: str) -> None:
    case = replace(BASE, moments=moments, columns=3)
    rules = preset("cell", crossover="fixed", crossover_start=0.3)
    rules = replace(rules, strategies=("rand_1",))
    settings = CellRules(rules, every=2, grain="tensor", soup=0)
    engine = evolving(replace(settings, target=target), case)
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
            expected = before[path][place].masked_fill(changed[name], 0.0)
            assert torch.equal(moment, expected), f"{role} {path}"
        share = torch.cat([one.flatten() for one in changed.values()]).double().mean()
        assert 0.05 < share < 0.9


def test_the_archive_holds_the_parents_that_lost() -> None:
    """Into the first free place; once there is none, each goes to a random one."""
    engine = evolving(CellRules(archive=2, spread=0.0))
    state = engine.init()
    held = {role: torch.zeros(18, dtype=torch.int64) for role in ROLES}
    overwritten: list[int] = []
    for _ in range(5):
        before, (state, _) = state, engine.advance(state)
        for role in ROLES:
            lost = improved(before, state, role)
            assert 0 < lost.sum() < 18 or state.generation > 1
            full = held[role] == 2
            held[role] = (held[role] + lost).clamp(max=2)
            assert torch.equal(known(state, f"archived/{role}"), held[role])
            name = next(iter(pair_of(before)[role].weights))
            parents = pair_of(before)[role].weights[name]
            places, old = (known(s, f"archive/{role}/{role}/{name}") for s in (state, before))
            for cell in range(18):
                fresh = [
                    place
                    for place in range(2)
                    if not torch.equal(places[cell, place], old[cell, place])
                ]
                assert len(fresh) == int(lost[cell])
                for place in fresh:
                    assert torch.equal(places[cell, place], parents[cell])
                    expected = int(known(before, f"archived/{role}")[cell])
                    assert full[cell] or place == expected
                    overwritten += [place] if full[cell] else []
    assert set(overwritten) == {0, 1}


def test_free_places_hold_nothing() -> None:
    state = run(evolving(CellRules(archive=3)), 1)[0][0]
    for role in ROLES:
        free = torch.arange(3) >= known(state, f"archived/{role}").unsqueeze(1)
        for path, tensor in state.optimizer.cell.items():
            if path.startswith(f"de/archive/{role}/"):
                assert not tensor[free].any()


LARGE = replace(BASE, rows=5, columns=5)
SEVEN = 7  # a cell of the first world, in its second row


@pytest.mark.parametrize("scope", ["cell", "neighborhood", "grid"])
def test_memories_move_one_generation_after_a_success(scope: ScopeName) -> None:
    rules = preset("cell", memory=3)
    engine = evolving(CellRules(rules, scope=scope), LARGE)
    first = engine.init()
    state, _ = engine.advance(first)
    assert (known(state, "outcome_gain") > 0).any()
    for name in ("scale_memory", "crossover_memory", "memory_position"):
        assert torch.equal(known(state, name), known(first, name))
    # Let only one cell have had a success, with its decoder.
    gain = torch.zeros_like(known(state, "outcome_gain"))
    gain[SEVEN, 1] = 0.25
    after, _ = engine.advance(with_known(state, outcome_gain=gain))
    square = {5 * row + column for row in (0, 1, 2) for column in (1, 2, 3)}
    learners = {"cell": {SEVEN}, "neighborhood": square, "grid": set(range(25))}[scope]
    moved = [cell for cell in range(50) if known(after, "memory_position")[cell] == 1]
    assert set(moved) == learners
    assert known(after, "memory_position").sum() == len(learners)
    for kind in ("scale", "crossover"):
        entry = known(state, f"outcome_{'rate' if kind == 'crossover' else kind}")[SEVEN, 1]
        memory, before = (known(s, f"{kind}_memory").clone() for s in (after, state))
        before[moved, 0] = entry
        assert_close(memory, before, rtol=1e-12, atol=0)


def test_what_cells_of_a_scope_learn_at_once_is_one_entry() -> None:
    """The gains weigh: 3 to 1 is the Lehmer mean (3 * 0.04 + 0.36) / (3 * 0.2 + 0.6) = 0.4."""
    engine = evolving(CellRules(scope="grid"))
    state, _ = engine.advance(engine.init())
    gain, scale = (torch.zeros_like(known(state, "outcome_gain")) for _ in range(2))
    gain[2, 0], gain[8, 1] = 0.03, 0.01
    scale[2, 0], scale[8, 1] = 0.2, 0.6
    after, _ = engine.advance(with_known(state, outcome_gain=gain, outcome_scale=scale))
    assert known(after, "scale_memory")[:9, 0].tolist() == pytest.approx([0.4] * 9)
    assert known(after, "memory_position").tolist() == [1] * 9 + [0] * 9


def test_what_was_learned_is_not_learned_again_after_gradient_steps() -> None:
    engine = evolving(CellRules(every=2, scope="cell"))
    states = [state for state, _ in run(engine, 8)]
    for before, after in zip(states[:-1], states[1:], strict=True):
        moved = known(after, "memory_position") - known(before, "memory_position")
        trials = after.generation % 2 == 0
        expected = (known(before, "outcome_gain") > 0).any(1) & trials
        assert torch.equal(moved.bool(), expected)


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


def accepted(target: Tensor, trial: Tensor, *, margin: float) -> Verdict:
    """Accepts all."""
    zeros = torch.zeros(len(target), dtype=torch.float64)
    return Verdict(torch.ones(len(target), dtype=torch.bool), zeros, zeros)


def with_marked_archives(engine: Engine, state: GridState) -> GridState:
    """Archives of two places whose weights say whose they are; only the first is in use."""
    place = 1.0 + torch.arange(2 * engine.grid.cells, dtype=torch.float64).view(-1, 2)
    marked = {
        path.removeprefix("de/"): (1e4 * place).view(-1, 2, *[1] * (tensor.dim() - 2))
        .expand_as(tensor).clone()
        for path, tensor in state.optimizer.cell.items()
        if path.startswith("de/archive/")
    }  # fmt: skip
    held = {f"archived/{role}": torch.ones(engine.grid.cells).long() for role in ROLES}
    return with_known(state, **marked, **held)


def test_donors_come_from_the_archives_of_the_neighborhood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of x + F (pbest - x) + F (r - a), next to an archived a of thousands nothing else counts."""
    rules = preset("cell", strategies=("current_to_pbest_1",), scale="fixed", scale_start=0.5)
    rules = replace(rules, crossover="fixed", crossover_start=1.0)
    engine = evolving(CellRules(rules, archive=2, soup=0), LARGE)
    state = with_marked_archives(engine, engine.init())
    problem, batches = problem_of(engine, state)
    monkeypatch.setattr(cell_trials, "judged", accepted)
    found = engine.optimizer.step(replace(problem, batches=iter(batches)))
    drawn = []
    for population in (found.encoders, found.decoders):
        weight = next(iter(population.weights.values())).flatten(1)[:, 0]
        for cell, number in enumerate((-2 * weight / 1e4).round().long().tolist()):
            if number == 0:  # a donor, who is no giant
                continue
            owner, place = divmod(number - 1, 2)
            assert place == 0
            assert owner in problem.neighbors[cell].tolist()
            drawn.append(owner)
    # Nine archives have one each; of eight donors one is taken.
    assert 0.3 < len(drawn) / 100 < 0.8
    assert len(set(drawn)) > 20
