"""Elementary functions of compiled loops are as exact as torch's, and let NaN through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numba import njit
from numpy.typing import NDArray
from torch.nn import functional

from coevo.compiled.functions import cross_entropy, sigmoid, tanh

Numbers = NDArray[Any]
KINDS = (np.float32, np.float64)
kinds = pytest.mark.parametrize("kind", KINDS)


@njit
def sigmoids(values: Numbers, images: Numbers) -> None:
    sigmoid(values, images, len(values))


@njit
def tanhs(values: Numbers) -> None:
    tanh(values, len(values))


@njit
def entropies(outputs: Numbers, targets: Numbers, found: Numbers) -> None:
    for i in range(len(outputs)):
        found[i] = cross_entropy(outputs[i], targets[i])


def numbers(kind: type) -> Numbers:
    """Of every size and sign, many of them small or where functions bend."""
    generator = np.random.default_rng(1)
    spread = generator.normal(size=20_000) * 10.0 ** generator.uniform(-8, 1.2, size=20_000)
    near = np.linspace(-20, 20, 4001)
    return np.concatenate([spread, near, [0.0, -0.0, 60.0, -60.0]]).astype(kind)


def units(found: Numbers, exact: Numbers) -> float:
    """The largest difference in units of the last place of what is exact."""
    differences = np.abs(found.astype(np.longdouble) - exact)
    return float((differences / np.spacing(np.abs(exact).astype(found.dtype))).max())


def by_torch(function: Callable[[Any], Any], values: Numbers) -> Numbers:
    result: Numbers = function(torch.from_numpy(values)).numpy()
    return result


@kinds
def test_sigmoid_is_exact(kind: type) -> None:
    values = numbers(kind)
    found, wide = np.empty_like(values), values.astype(np.longdouble)
    sigmoids(values, found)
    exact = 1 / (1 + np.exp(-wide))
    assert units(found, exact) < max(3.0, units(by_torch(torch.sigmoid, values), exact))


@kinds
def test_tanh_is_exact(kind: type) -> None:
    values = numbers(kind)
    found, exact = values.copy(), np.tanh(values.astype(np.longdouble))
    tanhs(found)
    assert units(found, exact) < 4.0


@kinds
def test_cross_entropy_is_exact(kind: type) -> None:
    values = numbers(kind)[:, None]
    targets = np.random.default_rng(2).uniform(size=values.shape).astype(kind)
    found = np.empty(len(values), kind)
    entropies(values, targets, found)
    wide = torch.from_numpy(values.astype(np.float64)), torch.from_numpy(targets.astype(np.float64))
    exact = functional.binary_cross_entropy_with_logits(*wide, reduction="none").numpy()[:, 0]
    assert np.abs(found - exact).max() < 40 * np.finfo(kind).eps
    # Where the target is met, what is left is small, and as exact as if it were large.
    met = np.array([[2.0], [9.0], [15.0]], kind)
    entropies(met, np.ones_like(met), found)
    assert found[:3] == pytest.approx(
        np.log1p(np.exp(-met[:, 0])), rel=8 * float(np.finfo(kind).eps)
    )


@kinds
def test_what_is_not_finite_is_seen(kind: type) -> None:
    values = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30], kind)
    found, curved, losses = np.empty_like(values), values.copy(), np.empty_like(values)
    sigmoids(values, found)
    tanhs(curved)
    entropies(values[:, None], np.full((5, 1), 0.5, kind), losses)
    assert np.isnan([found[0], curved[0], losses[0]]).all()
    assert found[1:].tolist() == pytest.approx([1, 0, 1, 0], abs=1e-37)
    assert curved[1:].tolist() == [1, -1, 1, -1]
    assert not np.isfinite(losses[1:3]).any()
    assert losses[3:].tolist() == pytest.approx([5e29, 5e29])
