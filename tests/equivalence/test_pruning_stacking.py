"""A world is pruned the same alone and in a stack, in chunks of any size; cells are alike."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from coevo.pruning import Pruner, Trained
from tests.equivalence.agreement import TOLERANCE, assert_bitwise, assert_measures_bitwise
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.entries import BUILT_IN, OWN, Entry
from tests.equivalence.test_stacking import assert_same_cells, cells_of

OPERATORS = (*BUILT_IN, f"{OWN}:blend", f"{OWN}:drop_last")
STACK = Case(
    seeds=(5, 1, 9, 1 << 60, 2), noise="gaussian", noise_level=0.2, moments="migrate", steps=1
)
operators = pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.removeprefix(f"{OWN}:"))


def pruning_of(operator: str) -> tuple[Entry, ...]:
    """Events, a target and regrowth, by one operator."""
    return (
        Entry(operator, sparsity=0.3, schedule="one_shot", roles=("encoder",), bias=True),
        Entry(operator, probability=0.5, amount=0.2, activations=through_training(operator)),
        Entry("uniform", masks="soft", probability=0.5, amount=0.1, roles=("decoder",)),
        Entry("magnitude", probability=0.7, amount=0.2, regrow="gradient"),
    )


def through_training(operator: str) -> str:
    """The rarer choice, where there is one."""
    watches = operator not in ("uniform", "magnitude", "saliency", "movement")
    return "training" if watches else "now"


@operators
def test_neither_chunks_nor_the_stack_change_anything(operator: str) -> None:
    case = replace(STACK, pruning=pruning_of(operator))
    whole = run(engine_of(case), 2)
    events = torch.stack([measures["pruning_events"] for _, measures in whole])
    assert len(set(events.flatten().tolist())) > 2
    for one, other in zip(whole, run(engine_of(case, cells_per_chunk=4), 2), strict=True):
        assert_same_cells(cells_of(*other, slice(None)), cells_of(*one, slice(None)))
    for place in (0, 3):
        alone = run(engine_of(replace(case, seeds=(case.seeds[place],))), 2)
        for one, other in zip(whole, alone, strict=True):
            cells = slice(3 * place, 3 * place + 3)
            assert_same_cells(cells_of(*one, cells), cells_of(*other, slice(None)))


@pytest.mark.parametrize("size", [1, 2, 7])
def test_chunks_of_any_size_change_nothing(size: int) -> None:
    case = replace(STACK, pruning=pruning_of("wanda"))
    everything = slice(None)
    for one, other in zip(
        run(engine_of(case)), run(engine_of(case, cells_per_chunk=size)), strict=True
    ):
        assert_same_cells(cells_of(*other, everything), cells_of(*one, everything))


@pytest.mark.parametrize("operator", ["uniform", "variance", "movement"])
def test_the_same_packing_repeats_bit_for_bit(operator: str) -> None:
    case = replace(STACK, dtype=torch.float32, pruning=pruning_of(operator), cells_per_chunk=4)
    for one, other in zip(run(engine_of(case)), run(engine_of(case)), strict=True):
        assert_bitwise(one[0], other[0])
        assert_measures_bitwise(one[1], other[1])


def test_cells_and_worlds_have_events_and_draws_of_their_own() -> None:
    entry = Entry("uniform", probability=0.5, amount=0.5)
    case = replace(STACK, columns=8, seeds=(6, 2, 6), pruning=(entry,))
    state, measures = run(engine_of(case), 1)[0]
    first, second, third = measures["pruning_events"].view(3, 8)
    assert torch.equal(first, third)
    assert not torch.equal(first, second)
    masks = state.encoders.masks["0.weight"].flatten(1)[measures["pruning_events"] > 0]
    different = {tuple(mask.tolist()) for mask in masks}
    assert len(different) == int((first.sum() + second.sum()).item())


@lru_cache
def second_generation(operator: str) -> tuple[Pruner, Trained]:
    """A pruner, and networks that have trained and were pruned once."""
    engine = engine_of(replace(STACK, seeds=STACK.seeds[:2], pruning=pruning_of(operator)))
    (state, _), *_ = run(engine, 1)
    first, cells = engine.init(), torch.arange(6)
    assert engine.pruner is not None
    before = (first.encoders, first.decoders)
    trained = Trained(state.encoders, state.decoders, before, cells.roll(1), cells.roll(2))
    return engine.pruner, trained


def selected(trained: Trained, ids: Tensor) -> Trained:
    """Some of the centers; what they were made of stays where it is."""
    return replace(
        trained,
        encoders=trained.encoders.select(ids),
        decoders=trained.decoders.select(ids),
        encoder_of=trained.encoder_of[ids],
        decoder_of=trained.decoder_of[ids],
    )


@operators
@settings(max_examples=3)
@given(ids=st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True).map(torch.tensor))
def test_cells_are_pruned_alike(operator: str, ids: Tensor) -> None:
    pruner, trained = second_generation(operator)
    of_some = replace(
        pruner,
        world_of=pruner.world_of[ids.numpy()],
        cell_key=pruner.cell_key.select(ids),
        host_key=pruner.host_key.select(ids),
    )
    whole = pruner.prune(trained, 1)
    part = of_some.prune(selected(trained, ids), 1)
    for found, everything in (
        (part.encoders, whole.encoders),
        (part.decoders, whole.decoders),
    ):
        expected = everything.select(ids).tensors()
        assert_close(found.tensors(), expected, rtol=TOLERANCE, atol=TOLERANCE)
    assert torch.equal(part.events, whole.events[ids])
    assert torch.equal(part.sound, whole.sound[ids])
