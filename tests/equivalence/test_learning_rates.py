"""Learning rates walk, then decay at the end of a period, then are clipped."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.equivalence.agreement import assert_engine_agrees
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.test_generation import MOMENTS, cases


@cases(
    {"decay": decay, "decay_every": every, **others}
    for decay, every in ((0.5, 2), (0.1, 1))
    for others in ({"walk": 0.0}, {"walk": 0.02, "minimum": 0.004}, {"replacement": "if_better"})
)
def test_decay(changes: dict[str, Any]) -> None:
    assert_engine_agrees(Case(seeds=(3,), steps=1, learning_rate=0.02, **changes))


@pytest.mark.parametrize(("every", "moments"), [*zip((1, 3, 4), MOMENTS, strict=True)])
def test_without_a_walk_it_is_a_step_schedule_of_torch(every: int, moments: str) -> None:
    case = Case(seeds=(3,), walk=0.0, decay=0.3, decay_every=every, moments=moments, steps=1)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], case.learning_rate)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, every, gamma=0.3)
    for state, measures in run(engine_of(case), 9):
        now = optimizer.param_groups[0]["lr"]
        assert measures["learning_rate"].tolist() == pytest.approx([now] * 3, rel=1e-12)
        optimizer.step()
        schedule.step()
        after = state.optimizer.cell["learning_rate"].tolist()
        assert after == pytest.approx([optimizer.param_groups[0]["lr"]] * 3, rel=1e-12)


def test_a_decay_ends_at_the_minimum() -> None:
    case = Case(seeds=(3,), walk=0.0, decay=0.1, decay_every=2, minimum=5e-4, steps=1)
    found = [measures["learning_rate"][0].item() for _, measures in run(engine_of(case), 7)]
    assert found == pytest.approx([0.01, 0.01, 1e-3, 1e-3, 5e-4, 5e-4, 5e-4])


def test_it_is_clipped_after_the_decay_and_not_before() -> None:
    """Steps of the walk are huge, so that what is not clipped in the end is far away."""
    case = Case(seeds=(3, 4), walk=100.0, decay=0.5, decay_every=1, minimum=0.2, maximum=0.4)
    (state, _), *_ = run(engine_of(case), 1)
    assert set(state.optimizer.cell["learning_rate"].tolist()) == {0.2, 0.4}
