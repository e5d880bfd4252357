"""Bounds: each rule worked out by hand, and what holds for all of them."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import BOUND_RULES, BoundRule, Bounds

RULES = [rule for rule in BOUND_RULES if rule != "none"]
TARGETS = torch.tensor([[0.0, 0.5, 0.0, 1.0, -1.0]])
MUTANTS = torch.tensor([[-1.25, 0.25, 1.5, 7.0, -9.0]])
UNIFORMS = torch.tensor([[0.25, 0.25, 0.25, 0.75, 0.0]])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("none", [-1.25, 0.25, 1.5, 7.0, -9.0]),
        ("midpoint", [-0.5, 0.25, 0.5, 1.0, -1.0]),
        ("clip", [-1.0, 0.25, 1.0, 1.0, -1.0]),
        ("reflect", [-0.75, 0.25, 0.5, -1.0, 1.0]),
        ("redraw", [-0.5, 0.25, -0.5, 0.5, -1.0]),
    ],
)
def test_rules_between_minus_1_and_1(rule: BoundRule, expected: list[float]) -> None:
    found = Bounds(-1.0, 1.0, rule).mended(MUTANTS, TARGETS, UNIFORMS)
    assert found.tolist() == [expected]


def test_each_gene_has_its_own_bounds() -> None:
    bounds = Bounds(torch.tensor([0.0, -4.0]), torch.tensor([2.0, 0.0]), "clip")
    found = bounds.mended(torch.tensor([[-1.0, -1.0], [3.0, 3.0]]), torch.ones(2, 2))
    assert found.tolist() == [[0.0, -1.0], [2.0, 0.0]]


@st.composite
def searches(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Low, high, mutants, targets within bounds, and uniform numbers; float32."""
    genes = draw(st.integers(1, 4))
    number = st.floats(-1e6, 1e6, width=32)
    fraction = st.floats(0, 1, exclude_max=True, width=32)

    def vector(of: st.SearchStrategy[float]) -> Tensor:
        return torch.tensor(draw(st.lists(of, min_size=genes, max_size=genes)))

    ends = torch.stack([vector(number), vector(number)]).sort(0).values
    low, high = ends.unbind(0)
    targets = vector(number).clamp(low, high)
    mutants = vector(number | st.sampled_from([math.inf, -math.inf, math.nan]))
    return low, high, mutants[None], targets[None], vector(fraction)[None]


@pytest.mark.parametrize("rule", RULES)
@given(searches())
def test_genes_come_within_bounds_and_those_within_stay(
    rule: BoundRule, search: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
) -> None:
    low, high, mutants, targets, uniforms = search
    found = Bounds(low, high, rule).mended(mutants, targets, uniforms)
    within = (mutants >= low) & (mutants <= high)
    unknown = mutants.isnan()
    assert torch.equal(found[within], mutants[within])
    assert found[unknown].isnan().all()
    assert ((found >= low) & (found <= high))[~unknown].all()
    assert found.dtype == torch.float32


@pytest.mark.parametrize("rule", BOUND_RULES)
@given(searches(), st.data())
def test_some_genes_are_treated_as_among_all(
    rule: BoundRule, search: tuple[Tensor, Tensor, Tensor, Tensor, Tensor], data: st.DataObject
) -> None:
    low, high, *rows = search
    start = data.draw(st.integers(0, len(low) - 1))
    part, bounds = (
        slice(start, data.draw(st.integers(start + 1, len(low)))),
        Bounds(low, high, rule),
    )
    found = bounds.genes(part).mended(*(row[:, part] for row in rows))
    assert torch.equal(found.nan_to_num(), bounds.mended(*rows)[:, part].nan_to_num())


@pytest.mark.parametrize("rule", BOUND_RULES)
def test_a_number_stands_for_all_genes(rule: BoundRule) -> None:
    numbers = Bounds(-1.0, 1.0, rule)
    tensors = Bounds(torch.full((5,), -1.0), torch.tensor(1.0), rule)
    found = [bounds.mended(MUTANTS, TARGETS, UNIFORMS) for bounds in (numbers, tensors)]
    assert torch.equal(*found)
    some = [bounds.genes(slice(1, 3)).like(MUTANTS[:, 1:3]) for bounds in (numbers, tensors)]
    assert torch.equal(torch.stack(some[0]), torch.stack(some[1]))


def test_what_is_drawn_anew_is_uniform() -> None:
    uniforms = torch.arange(1000)[None] / 1000
    bounds = Bounds(-3.0, 5.0, "redraw")
    found = bounds.mended(torch.full((1, 1000), 9.0), torch.zeros(1, 1000), uniforms)[0].tolist()
    assert found[0] == -3.0
    assert [b - a for a, b in pairwise(found)] == pytest.approx([0.008] * 999, abs=1e-5)


def test_a_bound_may_be_infinite() -> None:
    bounds = Bounds(-math.inf, 1.0)
    found = bounds.mended(torch.tensor([[-1e30, 3.0]]), torch.zeros(1, 2))
    assert found.tolist() == [[pytest.approx(-1e30), 0.5]]


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="rule: 'wrap' is not one of none, midpoint, clip"):
        Bounds(0.0, 1.0, "wrap")  # type: ignore[arg-type]  # wrong on purpose


def test_drawing_anew_needs_numbers() -> None:
    with pytest.raises(ValueError, match=r"uniforms: none are given; .*\[n, genes\]"):
        Bounds(0.0, 1.0, "redraw").mended(MUTANTS, TARGETS)
