"""The cross-entropy of outputs that are images already."""

from __future__ import annotations

import torch
from torch.nn import functional

from coevo.random import Key, uniform
from coevo.tasks import Task

TASK = Task(loss="bce", output="identity")
KEY = Key.for_worlds(torch.tensor([1]))


def rows(purpose: str) -> torch.Tensor:
    return uniform(KEY.of(purpose), (3, 4, 5), dtype=torch.float64)[0]


def test_it_is_the_one_of_torch() -> None:
    outputs, targets = rows("outputs"), rows("targets")
    expected = functional.binary_cross_entropy(outputs, targets, reduction="none").mean((1, 2))
    torch.testing.assert_close(TASK.losses(outputs, targets), expected, rtol=1e-12, atol=0)


def test_a_network_whose_output_is_no_number_does_not_touch_the_others() -> None:
    outputs, targets = rows("outputs"), rows("targets")
    healthy = TASK.losses(outputs, targets)
    outputs[1, 2, 3] = torch.nan
    ill = TASK.losses(outputs, targets)
    assert ill.isnan().tolist() == [False, True, False]
    assert torch.equal(ill[[0, 2]], healthy[[0, 2]])


def test_outputs_beyond_the_interval_have_a_finite_loss() -> None:
    outputs = torch.tensor([[[-torch.inf, torch.inf, -1.0, 2.0, 0.0]]])
    for value in (0.0, 0.5, 1.0):
        assert TASK.losses(outputs, torch.full((1, 1, 5), value)).isfinite().all()
