"""The fused losses are the task's losses, with autograd's derivative."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coevo.fused_loss import fused_losses
from coevo.random import Key, uniform
from coevo.tasks import Task


def _draw(purpose: str, shape: tuple[int, ...]) -> torch.Tensor:
    key = Key.for_worlds(torch.tensor([1])).of(purpose)
    return uniform(key, shape, low=-3.0, high=3.0, dtype=torch.float64)[0]


@pytest.mark.parametrize(
    ("metric", "output"),
    [
        ("mse", "sigmoid"),
        ("l1", "sigmoid"),
        ("bce", "sigmoid"),
        ("mse", "identity"),
        ("l1", "identity"),
    ],
)
@given(
    networks=st.integers(1, 4), batch=st.integers(1, 5), shape=st.sampled_from([(3,), (1, 2, 2)])
)
def test_loss_and_derivative_equal_autograds(
    metric: str, output: str, networks: int, batch: int, shape: tuple[int, ...]
) -> None:
    outputs = _draw("outputs", (networks, batch, *shape))
    targets = _draw("targets", (networks, batch, *shape)).sigmoid()
    weights = torch.linspace(0.5, 2.0, networks, dtype=torch.float64)
    task = Task(loss=metric, output=output)
    plain, fused = outputs.clone().requires_grad_(), outputs.clone().requires_grad_()
    expected = task.row_losses(plain, targets).mean(1)
    found = fused_losses(fused, targets, metric, squashed=output == "sigmoid")
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    (expected * weights).sum().backward()
    (found * weights).sum().backward()
    torch.testing.assert_close(fused.grad, plain.grad, rtol=1e-12, atol=1e-12)
    assert torch.equal(fused.detach(), outputs)
