"""Laws and published reference levels of the generator of noisy bit patterns."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo.datasets import DataOptions, Dataset, Split, binary_centroids, load_dataset
from coevo.errors import CoevoError

options = st.builds(
    DataOptions,
    split_seed=st.integers(0, 2**32),
    clusters=st.integers(1, 5),
    dimensions=st.integers(24, 60),
    rows_per_cluster=st.integers(1, 5),
    flip_probability=st.floats(0.05, 0.5),
    validation_rows=st.integers(1, 12),
    test_rows=st.integers(1, 12),
)


def generate(given_options: DataOptions) -> Dataset:
    return load_dataset("binary_clustering", given_options)


def keys(split: Split) -> list[bytes]:
    return [row.numpy().tobytes() for row in split.inputs.bool()]


@given(options)
def test_held_out_rows_are_distinct_and_were_never_trained_on(chosen: DataOptions) -> None:
    data = generate(chosen)
    validation, test = keys(data.validation), keys(data.test)
    assert len({*validation, *test}) == chosen.validation_rows + chosen.test_rows
    assert not {*validation, *test} & set(keys(data.train))
    assert data.train.rows == chosen.clusters * chosen.rows_per_cluster
    assert data.input_shape == (chosen.dimensions,)
    for _, split in data.splits():
        assert set(torch.unique(split.inputs).tolist()) <= {0.0, 1.0}


@given(options)
def test_the_options_decide_everything(chosen: DataOptions) -> None:
    one, again = generate(chosen), generate(chosen)
    other = generate(replace(chosen, split_seed=chosen.split_seed + 1))
    for name in ("train", "validation", "test"):
        assert torch.equal(getattr(one, name).inputs, getattr(again, name).inputs)
        assert not torch.equal(getattr(one, name).inputs, getattr(other, name).inputs)


@given(st.integers(0, 2**32))
def test_held_out_sizes_do_not_change_what_comes_before(seed: int) -> None:
    small = DataOptions(split_seed=seed, dimensions=40, validation_rows=3, test_rows=4)
    large = replace(small, test_rows=30)
    assert torch.equal(generate(small).train.inputs, generate(large).train.inputs)
    assert torch.equal(generate(small).validation.inputs, generate(large).validation.inputs)


@pytest.mark.parametrize("seed", range(3))
def test_published_reference_levels(seed: int) -> None:
    chosen = DataOptions(split_seed=seed)
    data = generate(chosen)
    assert [split.rows for _, split in data.splits()] == [1000, 500, 1000]
    centroids = binary_centroids(chosen)
    # 10,000 bits: one standard deviation is 0.0043.
    assert float(centroids.mean()) == pytest.approx(0.75, abs=0.015)
    constant = data.train.inputs.mean(0).round()
    for _, split in data.splits():
        oracle = centroids[torch.arange(split.rows) % 10]
        assert float((split.inputs - oracle).abs().mean()) == pytest.approx(0.05, abs=0.001)
        assert float(split.inputs.mean()) == pytest.approx(0.725, abs=0.015)
        assert float((split.inputs - 1.0).abs().mean()) == pytest.approx(0.275, abs=0.015)
        assert float((split.inputs - constant).abs().mean()) == pytest.approx(0.271, abs=0.015)
        assert float((split.inputs - 0.5).abs().mean()) == 0.5


def test_flips_are_independent_between_rows_and_splits() -> None:
    chosen = DataOptions(test_rows=1000, validation_rows=1000)
    data = generate(chosen)
    oracle = binary_centroids(chosen)[torch.arange(1000) % 10]
    flips = [split.inputs != oracle for _, split in data.splits()]
    pairs = [(flips[0], flips[1]), (flips[1], flips[2]), (flips[0][:-10], flips[0][10:])]
    for one, other in pairs:
        # Both flipped: 0.05^2 of about 10^6 bits, standard deviation 0.00005.
        assert float((one & other).float().mean()) == pytest.approx(0.0025, abs=0.0003)
    for flipped in flips:
        assert float(flipped.float().mean(0).std()) < 0.01
        assert float(flipped.float().mean(1).std()) < 0.01


def test_repeated_rows_are_drawn_again() -> None:
    # Half of plain draws are a centroid itself, so many surely repeat.
    chosen = DataOptions(
        clusters=2, dimensions=14, rows_per_cluster=5, validation_rows=30, test_rows=60
    )
    data = generate(chosen)
    assert len({*keys(data.validation), *keys(data.test)}) == 90
    assert not {*keys(data.validation), *keys(data.test)} & set(keys(data.train))


def test_more_distinct_rows_than_exist_are_refused() -> None:
    with pytest.raises(CoevoError) as caught:
        generate(DataOptions(clusters=2, rows_per_cluster=1, dimensions=4, validation_rows=4))
    assert re.fullmatch(
        r"test_rows: 1000 rows that differ from each other and from 6 earlier ones were not found "
        r"with 4 dimensions and flip_probability 0\.05; give more dimensions or fewer rows",
        str(caught.value),
    )
    with pytest.raises(CoevoError, match=r"^validation_rows: 500 rows that differ"):
        generate(DataOptions(dimensions=4))
