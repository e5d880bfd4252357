"""Solution concepts: known answers, and what holds for all losses."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from operators import CONCEPTS, SolutionConcept, best, mean, worst

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
every_concept = pytest.mark.parametrize("concept", CONCEPTS.values(), ids=CONCEPTS.keys())


@st.composite
def tables(draw: st.DrawFn) -> Tensor:
    """``[cells, networks, partners]`` float64."""
    cells, networks, partners = (draw(st.integers(1, 4)) for _ in range(3))
    row = st.lists(numbers, min_size=partners, max_size=partners)
    rows = draw(st.lists(row, min_size=cells * networks, max_size=cells * networks))
    return torch.tensor(rows, dtype=torch.float64).view(cells, networks, partners)


def test_known_answers() -> None:
    losses = torch.tensor([[0.25, 1.0, 0.25], [4.0, -2.0, 1.0]])
    assert best(losses).tolist() == [0.25, -2.0]
    assert mean(losses).tolist() == [0.5, 1.0]
    assert worst(losses).tolist() == [1.0, 4.0]


def test_the_catalog_names_them() -> None:
    assert dict(CONCEPTS) == {"best": best, "mean": mean, "worst": worst}


@given(losses=tables())
def test_best_is_at_most_the_mean_and_the_mean_at_most_worst(losses: Tensor) -> None:
    slack = 1e-9 * losses.abs().amax(-1)
    assert (best(losses) <= mean(losses) + slack).all()
    assert (mean(losses) <= worst(losses) + slack).all()


@every_concept
@given(losses=tables())
def test_a_value_depends_on_its_own_losses_alone(concept: SolutionConcept, losses: Tensor) -> None:
    values = concept(losses)
    assert values.shape == losses.shape[:-1]
    for cell in range(len(losses)):
        for network in range(losses.shape[1]):
            assert values[cell, network] == concept(losses[cell, network])


@every_concept
@given(losses=tables(), data=st.data())
def test_the_order_of_partners_does_not_matter(
    concept: SolutionConcept, losses: Tensor, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(losses.shape[-1])))
    values, shuffled = concept(losses), concept(losses[..., order])
    torch.testing.assert_close(values, shuffled, rtol=1e-9, atol=1e-9)


@every_concept
@given(losses=tables())
def test_one_partner_alone_decides(concept: SolutionConcept, losses: Tensor) -> None:
    assert torch.equal(concept(losses[..., :1]), losses[..., 0])


@every_concept
@given(losses=tables(), data=st.data())
def test_a_partner_that_gives_no_number_spoils_the_value(
    concept: SolutionConcept, losses: Tensor, data: st.DataObject
) -> None:
    losses[0, 0, data.draw(st.integers(0, losses.shape[-1] - 1))] = torch.nan
    spoiled = concept(losses).isnan()
    assert spoiled[0, 0]
    assert spoiled.sum() == 1
