"""A weight under a False mask is exactly zero, whatever trains it and wherever it travels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from coevo.population import Population
from coevo.random import Key, uniform
from coevo.state import GridState
from tests.equivalence.agreement import assert_engine_agrees, moments_of
from tests.equivalence.cases import Case, engine_of
from tests.equivalence.test_generation import ALGORITHMS, MOMENTS, PAIRINGS

BASE = Case(pairing="independent", seeds=(5, 6))


def prune(population: Population, purpose: str, *, share: float = 0.3) -> Population:
    """Remove a random share of the kept weights of every cell, biases included."""
    key = Key.for_worlds(torch.arange(population.cells)).of(purpose)
    masks = {
        name: (uniform(key.of(name), weight.shape[1:]) >= share) & _mask(population, name)
        for name, weight in population.weights.items()
    }
    return replace(population, masks=masks).masked()


def pruned(state: GridState, purpose: str) -> GridState:
    """Prune both roles; moments stay as they are."""
    return replace(
        state,
        encoders=prune(state.encoders, f"{purpose} encoder"),
        decoders=prune(state.decoders, f"{purpose} decoder"),
    )


def assert_pruned_are_zero(state: GridState, *, moments: bool) -> None:
    """Where a mask is False the weight is zero, and where it is True it is not."""
    for role, population in (("encoder", state.encoders), ("decoder", state.decoders)):
        assert set(population.masks) == set(population.weights)
        for name, mask in population.masks.items():
            assert (population.weights[name][~mask] == 0).all(), f"{role} {name}"
            assert (population.weights[name][mask] != 0).all(), f"{role} {name}"
        kept = {path: t for path, t in moments_of(state, role).items() if path != "steps"}
        for path, moment in kept.items() if moments else ():
            mask = population.masks[path.partition("/")[2]]
            assert (moment[~mask] == 0).all(), f"{role} {path}"
        assert not (moments and kept) or any(moment.any() for moment in kept.values())


def run_shrinking(case: Case, generations: int = 3, **changes: Any) -> GridState:
    """Prune a little more before every generation, with moments that are not zero by then."""
    engine = engine_of(case, **changes)
    state = engine.init()
    for generation in range(generations):
        state = pruned(state, str(generation))
        before = state
        state, measures = engine.advance(state)
        # With "always", what is in the state is what was trained, moments included.
        assert_pruned_are_zero(state, moments=case.replacement == "always")
        _assert_masks_came_along(case, before, state, measures)
    return state


@pytest.mark.parametrize("pairings", PAIRINGS)
@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: "-".join(map(str, a.values())))
def test_pruned_weights_stay_zero(pairings: str, moments: str, algorithm: dict[str, Any]) -> None:
    run_shrinking(replace(BASE, pairings=pairings, moments=moments, **algorithm))


@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("algorithm", ["adam", "adamw"])
def test_pruned_weights_stay_zero_in_the_fused_kernel(moments: str, algorithm: str) -> None:
    case = replace(BASE, moments=moments, algorithm=algorithm, weight_decay=0.1)
    run_shrinking(replace(case, always_accepted=True))


@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("architecture", ["mlp", "residual"])
def test_pruned_weights_stay_zero_when_results_are_rejected(
    moments: str, architecture: str
) -> None:
    case = replace(BASE, moments=moments, architecture=architecture, learning_rate=0.1)
    run_shrinking(replace(case, replacement="if_better"), 4)


@pytest.mark.parametrize("pairings", PAIRINGS)
def test_a_mask_is_enough_to_zero_a_weight(pairings: str) -> None:
    engine = engine_of(replace(BASE, pairings=pairings))
    state, _ = engine.advance(engine.init())
    masks = pruned(state, "late")
    state = replace(
        state,
        encoders=replace(state.encoders, masks=masks.encoders.masks),
        decoders=replace(state.decoders, masks=masks.decoders.masks),
    )
    assert_pruned_are_zero(engine.advance(state)[0], moments=True)


@pytest.mark.parametrize("pairings", PAIRINGS)
@pytest.mark.parametrize("moments", MOMENTS)
def test_kept_weights_train_as_in_single_networks(pairings: str, moments: str) -> None:
    case = replace(BASE, pairings=pairings, moments=moments, weight_decay=0.05, seeds=(5,))
    assert_engine_agrees(case, start=pruned(engine_of(case).init(), "start"))


def _mask(population: Population, name: str) -> Tensor:
    everything = torch.ones_like(population.weights[name], dtype=torch.bool)
    return population.masks.get(name, everything)


def _assert_masks_came_along(
    case: Case, before: GridState, after: GridState, measures: dict[str, Tensor]
) -> None:
    """A network brings the masks of the cell that it comes from."""
    first = torch.arange(len(after.running)) // case.columns * case.columns
    kept = torch.arange(len(after.running))
    for role in ("encoder", "decoder"):
        source = torch.where(measures["replaced"], first + measures[f"{role}_from"], kept)
        old, new = (s.encoders if role == "encoder" else s.decoders for s in (before, after))
        for name, mask in new.masks.items():
            assert torch.equal(mask, old.masks[name][source])
