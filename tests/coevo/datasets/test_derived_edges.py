"""Laws and known answers of targets that mark edges."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import Tensor
from torch.nn import functional

from coevo.datasets import Dataset, Split, edges, with_edges
from coevo.errors import CoevoError

images = arrays.arrays(
    "float64",
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    elements=st.floats(0, 1),
).map(torch.from_numpy)


@given(images)
def test_edges_stay_in_the_unit_interval(given_images: Tensor) -> None:
    marked = edges(given_images)
    assert marked.shape == given_images.shape
    assert marked.dtype == given_images.dtype
    assert bool((marked >= 0).all())
    assert bool((marked <= 1).all())


def test_no_patch_has_a_longer_gradient_and_one_has_the_longest() -> None:
    patches = torch.tensor(list(itertools.product([0.0, 1.0], repeat=9))).view(-1, 1, 3, 3)
    middle = edges(patches.double())[:, 0, 1, 1]
    assert float(middle.max()) == pytest.approx(1.0)
    # The clamp hides nothing: one of the longest gradients is (4, 2) by hand.
    patch = torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    assert float(edges(patch.view(1, 1, 3, 3))[0, 0, 1, 1]) == pytest.approx(
        math.hypot(4.0, 2.0) / math.sqrt(20.0)
    )


@given(images)
def test_edges_are_sobels_gradient(given_images: Tensor) -> None:
    kernel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]).double()
    kernels = torch.stack([kernel, kernel.T]).unsqueeze(1)
    n, channels, height, width = given_images.shape
    planes = given_images.reshape(-1, 1, height, width)
    padded = functional.pad(planes, (1, 1, 1, 1), mode="replicate")
    length = functional.conv2d(padded, kernels).norm(dim=1) / math.sqrt(20.0)
    torch.testing.assert_close(edges(given_images), length.view(n, channels, height, width))


@given(images)
def test_edges_follow_turns_and_do_not_see_negatives(given_images: Tensor) -> None:
    marked = edges(given_images)
    torch.testing.assert_close(edges(given_images.transpose(2, 3)), marked.transpose(2, 3))
    torch.testing.assert_close(edges(given_images.flip(3)), marked.flip(3))
    torch.testing.assert_close(edges(1.0 - given_images), marked, rtol=0.0, atol=1e-7)


def test_flat_images_have_no_edges() -> None:
    assert not edges(torch.full((1, 2, 5, 5), 0.7)).any()


def test_with_edges_replaces_the_targets_of_all_splits() -> None:
    splits = [Split(torch.rand(rows, 1, 4, 4, generator=generator())) for rows in (3, 2, 1)]
    marked = with_edges(Dataset("own", splits[0], splits[1], splits[2], "given"))
    assert marked.description == "given; targets are edges"
    for before, (_, after) in zip(splits, marked.splits(), strict=True):
        assert after.inputs is before.inputs
        assert after.targets is not None
        torch.testing.assert_close(after.targets, edges(before.inputs))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_vectors_have_no_edges() -> None:
    rows = Split(torch.zeros(3, 5))
    with pytest.raises(CoevoError) as caught:
        with_edges(Dataset("own", rows, rows, rows, "given"))
    assert str(caught.value) == (
        "dataset: rows of own have shape (5,); edges need images (channels, height, width)"
    )
