"""Compiled loops of differential evolution make what torch makes, whatever the parts and threads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from torch import Tensor
from torch.testing import assert_close

from coevo.compiled.philox import Stream, block, fill
from coevo.optimizers.differential_evolution import compiled_variation, variation
from coevo.optimizers.differential_evolution.trials import Crossing, Genomes, Variation
from coevo.optimizers.differential_evolution.variation import select_, vary, vary_by_torch
from coevo.random import Key, bits
from operators import Recipe
from tests.coevo.compiled.small_variations import FEW, MANY, crossings, numbers, variations


def by_torch(made_of: Variation) -> Tensor:
    out = torch.full_like(made_of.genomes.targets, math.nan)
    vary_by_torch(made_of, out)
    return out


def compiled(made_of: Variation, threads: int = 1) -> Tensor:
    return vary(
        made_of.genomes,
        made_of.recipe,
        made_of.crossing,
        bounds=made_of.bounds,
        out=torch.full_like(made_of.genomes.targets, math.nan),
        threads=threads,
    )


@given(variations(FEW))
def test_compiled_loops_make_what_torch_makes(made_of: Variation) -> None:
    assert_close(compiled(made_of), by_torch(made_of))


@settings(max_examples=25)
@given(variations(MANY))
def test_compiled_loops_make_what_torch_makes_of_many_genes(made_of: Variation) -> None:
    assert_close(compiled(made_of), by_torch(made_of))


@settings(max_examples=25)
@given(variations(FEW | MANY), st.integers(2, 4))
def test_threads_change_nothing(made_of: Variation, threads: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_variation, "_NUMBERS_PER_THREAD", 1)
        assert torch.equal(compiled(made_of, threads), compiled(made_of))


@settings(max_examples=20)
@given(variations(FEW), st.integers(10, 90))
def test_torch_makes_the_same_part_by_part(made_of: Variation, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variation, "_NUMBERS_AT_ONCE", at_once)
        parts = by_torch(made_of)
    assert torch.equal(parts, by_torch(made_of))


@settings(max_examples=20)
@given(variations(FEW))
def test_what_trials_are_made_of_is_left_alone(made_of: Variation) -> None:
    genomes = made_of.genomes
    parts = [genomes.targets, genomes.members, made_of.crossing.rates, made_of.crossing.forced]
    before = [part.clone() for part in parts]
    compiled(made_of)
    assert all(torch.equal(*pair) for pair in zip(parts, before, strict=True))


@given(st.data(), st.integers(1, 3), FEW)
def test_a_part_of_the_groups_crosses_as_among_all(
    data: st.DataObject, trials: int, groups: int
) -> None:
    crossing = data.draw(crossings(trials, groups))
    start = data.draw(st.integers(0, groups - 1))
    part = range(start, data.draw(st.integers(start + 1, groups)))
    whole = crossing.crossed(range(groups))
    assert torch.equal(crossing.crossed(part), whole[:, start : part.stop])


def crossing_of(
    rates: list[float], *, forced: int = -1, group: int = 1, first: int = 0
) -> Crossing:
    key = Key.for_worlds(torch.arange(len(rates)) + 3)
    return Crossing(
        torch.tensor(rates), key, torch.full((len(rates),), forced), group=group, first=first
    )


def moved(trials: int, genes: int, crossing: Crossing, mask: Tensor | None = None) -> Tensor:
    """Trials of zeros whose mutants are ones."""
    targets, members = torch.zeros(trials, genes), torch.ones(1, genes)
    recipe = Recipe(torch.zeros(trials, dtype=torch.int64), *_nothing(trials))
    return vary(Genomes(targets, members, None, mask), recipe, crossing)


def _nothing(trials: int) -> tuple[Tensor, Tensor, Tensor]:
    rows = torch.zeros(trials, 0, dtype=torch.int64)
    return rows, rows, torch.zeros(trials, 0)


def test_as_many_genes_cross_as_the_rate_says() -> None:
    shares = moved(5, 20_000, crossing_of([0.0, 0.1, 0.5, 0.9, 1.0])).mean(1)
    # Five standard deviations of a share of 20,000.
    assert shares.tolist() == pytest.approx([0.0, 0.1, 0.5, 0.9, 1.0], abs=0.018)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_rate_of_0_leaves_the_forced_gene() -> None:
    found = moved(1, 20_000, crossing_of([0.0], forced=9000))
    assert found[0].nonzero().tolist() == [[9000]]


def test_tensors_of_a_genome_share_one_numbering_of_groups() -> None:
    """Two tensors, of 5 and of 7 groups of 3 genes, cross as one of 12 groups."""
    whole = moved(2, 36, crossing_of([0.5, 0.0], forced=6, group=3))
    one = moved(2, 15, crossing_of([0.5, 0.0], forced=6, group=3))
    other = moved(2, 21, crossing_of([0.5, 0.0], forced=6, group=3, first=5))
    assert torch.equal(torch.cat([one, other], 1), whole)
    assert whole[1].nonzero().flatten().tolist() == [18, 19, 20]


@pytest.mark.parametrize("unsound", [math.nan, math.inf, 7.0])
@pytest.mark.parametrize("rate", [0.5, 1.0])
def test_a_pruned_gene_never_comes_back_from_a_donor(unsound: float, rate: float) -> None:
    mask = numbers(4, (3, 50), torch.float32) > 0
    targets = numbers(5, (3, 50), torch.float32) * mask
    donors = numbers(6, (4, 50), torch.float32).masked_fill(~mask[:1], unsound)
    recipe = Recipe(
        torch.tensor([0, -1, 3]),
        torch.tensor([[1], [2], [0]]),
        torch.tensor([[-1], [3], [2]]),
        torch.tensor([[0.5], [0.9], [-0.7]]),
    )
    genomes = Genomes(targets, donors, None, mask)
    made_of = Variation(genomes, recipe, crossing_of([rate] * 3), None)
    for trials in (compiled(made_of), by_torch(made_of)):
        assert (trials[~mask] == 0).all()
        assert (trials[mask] != 0).all()


@pytest.mark.parametrize("row", [-2, 5, 1 << 40])
@pytest.mark.parametrize("place", ["base", "first", "second"])
def test_a_row_that_is_nowhere_is_refused(place: str, row: int) -> None:
    rows = {"base": torch.tensor([0]), "first": torch.tensor([[1]]), "second": torch.tensor([[4]])}
    rows[place] = torch.full_like(rows[place], row)
    genomes = Genomes(torch.zeros(1, 4), torch.zeros(3, 4), torch.zeros(2, 4))
    with pytest.raises(IndexError, match="recipe: a row is neither of the members nor"):
        vary(genomes, Recipe(**rows, weights=torch.ones(1, 1)), crossing_of([0.5]))


def test_out_may_be_a_part_of_something_larger() -> None:
    room = torch.zeros(3, 12)
    genomes = Genomes(torch.zeros(3, 5), torch.ones(1, 5))
    recipe = Recipe(torch.zeros(3, dtype=torch.int64), *_nothing(3))
    made = vary(genomes, recipe, crossing_of([1.0] * 3), out=room[:, 2:7])
    assert made.data_ptr() == room[:, 2:7].data_ptr()
    assert room.sum(0).tolist() == [0, 0, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0]


@st.composite
def selections(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Members, trials, archive, accepted, incoming."""
    count, places, genes = draw(st.integers(1, 5)), draw(st.integers(0, 4)), draw(FEW | MANY)
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    rows = numbers(draw(st.integers(0, 2**40)), (2 * count + places, genes), dtype)
    accepted = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    member = st.integers(-1, count - 1)
    incoming = draw(st.lists(member, min_size=places, max_size=places))
    members, trials, archive = (part.clone() for part in rows.split([count, count, places]))
    return members, trials, archive, torch.tensor(accepted), torch.tensor(incoming).long()


@settings(max_examples=30)
@given(selections(), st.sampled_from([1, 3]))
def test_members_leave_before_trials_come(
    selection: tuple[Tensor, Tensor, Tensor, Tensor, Tensor], threads: int
) -> None:
    members, trials, archive, accepted, incoming = selection
    expected_members = torch.stack(
        [trials[i] if accepted[i] else members[i] for i in range(len(members))]
    )
    expected = [members[k] if k >= 0 else archive[a] for a, k in enumerate(incoming.tolist())]
    for compiles in (True, False):
        now, places = members.clone(), archive.clone()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compiled_variation, "_NUMBERS_PER_THREAD", 1)
            patch.setattr(variation, "_NUMBERS_AT_ONCE", 1000)
            if not compiles:
                patch.setattr(variation, "suits", lambda *genomes: False)
            select_(now, trials, accepted, places, incoming, threads=threads)
        assert torch.equal(now, expected_members)
        assert all(torch.equal(*pair) for pair in zip(places, expected, strict=True))


def test_selection_needs_no_archive() -> None:
    members = torch.zeros(2, 3)
    select_(members, torch.ones(2, 3), torch.tensor([False, True]))
    assert members.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_a_member_that_is_nowhere_is_refused() -> None:
    members, trials, archive = torch.zeros(2, 3), torch.ones(2, 3), torch.zeros(1, 3)
    with pytest.raises(IndexError, match="incoming: there is no such member"):
        select_(members, trials, torch.tensor([True, True]), archive, torch.tensor([2]))


@njit
def filled(words: Any, stream: Stream, first: int, count: int) -> None:
    fill(words, stream, first, count)


@njit
def blocks(words: Any, stream: Stream, first: int) -> None:
    for b in range(len(words) // 4):
        four = block(stream, np.uint64(first + b))
        for k in range(4):
            words[4 * b + k] = np.uint32(four[k])


@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**20),
    st.integers(1, 9),
)
def test_words_are_those_of_all_other_draws(
    seed: int, cell: int, generation: int, first: int, count: int
) -> None:
    key = Key(torch.tensor([seed]), torch.tensor([cell]), generation, "/any purpose")
    stream = Stream(*(np.uint64(n) for n in (seed, cell, generation, key.purpose_word)))
    expected = bits(key, (4 * count,), start=4 * first)[0]
    words = np.zeros(4 * (count + 3), np.uint32)
    filled(words, stream, first, count)
    assert words[: 4 * count].tolist() == expected.tolist()
    one_by_one = np.zeros(4 * count, np.uint32)
    blocks(one_by_one, stream, first)
    assert one_by_one.tolist() == expected.tolist()
