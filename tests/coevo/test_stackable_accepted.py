"""Modules that can be stacked compute the same stacked as one by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from coevo.stackable import check_stackable

Build = Callable[[], nn.Module]


def in_eval(build: Build) -> Build:
    return lambda: build().eval()


def after_linear(*layers: Callable[[], nn.Module]) -> Build:
    return lambda: nn.Sequential(nn.Linear(4, 6), *(layer() for layer in layers))


class Features(nn.Module):
    """Random features, not saved with the weights."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 5)
        self.features: Tensor
        self.register_buffer("features", torch.rand(4), persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        result: Tensor = self.linear(inputs * self.features)
        return result


def one_activation_twice() -> nn.Module:
    activation = nn.Tanh()
    return nn.Sequential(nn.Linear(4, 6), activation, nn.Linear(6, 6), activation)


def one_linear_layer_twice() -> nn.Module:
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.Tanh(), layer)


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (in_eval(after_linear(lambda: nn.BatchNorm1d(6))), (6,)),
        (in_eval(after_linear(nn.Dropout)), (6,)),
        (after_linear(lambda: nn.Dropout(0.0)), (6,)),
        (after_linear(lambda: nn.GroupNorm(2, 6)), (6,)),
        (after_linear(lambda: nn.LayerNorm(6)), (6,)),
        (after_linear(nn.PReLU), (6,)),
        (after_linear(lambda: nn.ReLU(inplace=True)), (6,)),
        (after_linear(lambda: nn.Unflatten(1, (1, 2, 3)), lambda: nn.Conv2d(1, 2, 2)), (2, 1, 2)),
        (one_activation_twice, (6,)),
        (one_linear_layer_twice, (4,)),
        (Features, (5,)),
    ],
)
def test_modules_that_are_accepted(build: Build, shape: tuple[int, ...]) -> None:
    stacked, found = check_stackable(build, (4,), name="network.encoder")
    assert found == shape
    population = stacked.initialize([3, 4, 5], dtype=torch.float64)
    inputs = torch.linspace(-1, 1, 24, dtype=torch.float64).view(3, 2, 4)
    outputs = stacked(population, inputs)
    for cell in range(3):
        single = stacked.module(population, cell)(inputs[cell])
        torch.testing.assert_close(outputs[cell], single, rtol=1e-12, atol=1e-12)
