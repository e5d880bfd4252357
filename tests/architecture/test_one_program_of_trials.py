"""Trials of differential evolution are one batched program too, which waits for no device."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coevo.optimizers.differential_evolution import variation
from tests.architecture.test_one_program import Watch
from tests.equivalence.cases import Case
from tests.equivalence.evolved import BASE, SETTINGS, evolving

settings_of = pytest.mark.parametrize("name", SETTINGS)


@pytest.fixture(autouse=True)
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled loops make trials on CPUs, where torch sees nothing of them."""
    monkeypatch.setattr(variation, "suits", lambda *_genomes: False)


def watched(name: str, case: Case) -> Watch:
    """What a generation of trials dispatches; the ones before make what is made once."""
    engine = evolving(SETTINGS[name], case)
    state = engine.init()
    while not (state.generation and SETTINGS[name].makes_trials(state.generation)):
        state, _ = engine.advance(state)
    watch = Watch()
    with watch:
        engine.advance(state)
    return watch


@settings_of
def test_a_generation_of_trials_never_waits(name: str) -> None:
    assert watched(name, BASE).waits == set()
    assert watched(name, replace(BASE, moments="migrate", cells_per_chunk=7)).waits == set()


@settings_of
def test_more_cells_or_worlds_take_no_more_operations(name: str) -> None:
    few = watched(name, replace(BASE, rows=3, columns=3, seeds=(5,)))
    many = watched(name, replace(BASE, rows=4, columns=6, seeds=(5, 8, 1)))
    assert few.counts.total() > 100
    assert many.counts == few.counts
