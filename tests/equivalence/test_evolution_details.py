"""What is recorded of trials, what crosses as a unit, who is a p-best, and running statistics."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict
from coevo.horizon import with_horizon
from coevo.networks import NetworkPair, build_stacked
from coevo.optimizers.differential_evolution import CellRules, DifferentialEvolution
from coevo.optimizers.differential_evolution.breeding import Stock, groups
from coevo.optimizers.differential_evolution.company import Company
from coevo.optimizers.differential_evolution.draws import Draws
from coevo.optimizers.differential_evolution.neighbors import Neighborhoods, neighborhood_parents
from coevo.random import Key
from tests.equivalence.cases import engine_of, optimizer_of, run
from tests.equivalence.evolved import BASE, evolving, pair_of, preset


@pytest.mark.parametrize("fallback", ["keep", "gradient"])
def test_all_generations_record_the_same_columns_of_the_same_types(fallback: str) -> None:
    rules = CellRules(every=2, fallback="gradient" if fallback == "gradient" else "keep")
    engine = evolving(rules)
    decays = torch.linspace(0.0, 0.1, engine.grid.cells, dtype=torch.float64)
    gradient = optimizer_of(BASE)
    gradient = replace(gradient, rule=replace(gradient.rule, weight_decay=decays))
    engine = replace(engine, optimizer=DifferentialEvolution(rules, gradient))
    found = [{k: t.dtype for k, t in measures.items()} for _, measures in run(engine, 4)]
    assert found[1:] == found[:-1]
    assert "weight_decay" in found[0]


@pytest.mark.parametrize(
    ("pairings", "times"),
    [("selected", 1), ("opponents", 2), ("opponents_trained", 2), ("all", 81)],
)
def test_a_gradient_step_counts_three_passes_of_each_pairing(pairings: str, times: int) -> None:
    case = replace(BASE, pairings=pairings)
    (_, measures), *_ = run(engine_of(case), 1)
    rows = measures["sample_forwards"]
    engine = engine_of(case)
    expected = 3 * engine.order.steps * engine.order.batch_size * times
    assert set(rows.tolist()) == {expected}


def test_memories_that_nothing_draws_from_stay_and_are_not_told() -> None:
    engine = evolving(CellRules(preset("sade"), spread=0.0))
    for state, measures in run(engine, 2):
        assert measures["de_scale_memory"].isnan().all()
        assert measures["de_crossover_memory"].isnan().all()
        assert (state.optimizer.cell["de/scale_memory"] == 0.5).all()


def transposed() -> nn.Module:
    return nn.Sequential(nn.ConvTranspose2d(4, 4, 2), nn.Flatten(), nn.Linear(16, 3))


def test_units_of_transposed_convolutions_are_those_before_them() -> None:
    network = build_stacked(transposed)
    population = network.initialize([1])
    stock = Stock(population, population.weights, {}, network.transposed)
    places, total = groups({"decoder": stock}, "unit")
    assert network.transposed == {"0.weight"}
    # Four inputs with 4 x 2 x 2 weights each, four biases alone, three units with their biases.
    assert places["decoder"] == {
        "0.weight": (16, 0),
        "0.bias": (1, 4),
        "2.weight": (16, 8),
        "2.bias": (1, 8),
    }
    assert total == 11


def test_in_jsos_first_half_nobody_is_its_own_p_best() -> None:
    cells = 500
    around = torch.arange(9).expand(cells, 9)
    losses = torch.linspace(1.0, 2.0, 9).expand(cells, 9)
    everyone = Company(
        torch.ones(cells, 9, dtype=torch.bool), torch.full((cells,), 8), torch.ones(cells)
    )
    seen = Neighborhoods(around, losses, everyone, torch.zeros(9, dtype=torch.int64), 0)
    key = Key.for_cells(torch.zeros(cells, dtype=torch.int64), torch.arange(cells)).at(0)

    def p_bests(progress: float) -> list[int]:
        draws = Draws.of(key.of("p-bests of this test"), 1)
        rules = preset("jso", pbest=(0.33, 0.33))
        return sorted(
            set(
                neighborhood_parents(rules, seen, draws, progress, ranked=1)
                .pbest.flatten()
                .tolist()
            )
        )

    assert p_bests(0.49) == [1, 2]
    assert p_bests(0.5) == [0, 1, 2]


@pytest.mark.parametrize(("name", "longer"), [("l-shade", True), ("shade", True), ("jso", False)])
def test_a_shrinking_population_is_no_matter_for_cells(name: str, longer: bool) -> None:
    experiment = experiment_from_dict({"optimizer": {"kind": "de"}, "de": {"preset": name}})
    if longer:
        assert with_horizon(experiment, 99, 10).generations == 99
    else:
        with pytest.raises(CoevoError, match=r"de\.preset: 'jso' goes by the share"):
            with_horizon(experiment, 99, 10)


def normalized(width: int, out: int) -> nn.Module:
    module = nn.Sequential(nn.Linear(width, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, out))
    return module.eval()


def with_statistics(margin: float) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """Buffers and weights of networks before and after trials that take statistics anew."""
    rules = CellRules(normalization="recalibrate", margin=margin, gate=9.0, spread=0.0)
    engine = evolving(rules)
    shape = engine.training.inputs.shape[1:].numel()
    pair = NetworkPair(
        build_stacked(lambda: normalized(shape, 5)),
        build_stacked(lambda: normalized(5, shape)),
        engine.networks.description,
    )
    engine = replace(engine, networks=pair)
    state = engine.init()
    after, measures = engine.advance(state)
    before, now = (
        {f"{role}/{n}": t for role, p in pair_of(s).items() for n, t in p.tensors().items()}
        for s in (state, after)
    )
    won = torch.stack([t for n, t in measures.items() if n.startswith("de_successes")]).sum(0)
    return before, now, won


def test_statistics_of_networks_that_win_nothing_stay() -> None:
    before, after, won = with_statistics(margin=1e9)
    assert not won.any()
    assert_close(after, before, rtol=0, atol=0)


def test_trials_that_win_bring_statistics_of_their_own() -> None:
    before, after, won = with_statistics(margin=0.0)
    name = "encoder/buffers/1.running_mean"
    changed = (after[name] != before[name]).any(1)
    assert changed.any()
    assert (won[changed] > 0).all()
