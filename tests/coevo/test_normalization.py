"""Running statistics of stacked networks are those that torch takes of each network alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from coevo.networks import build_stacked
from coevo.population import Population

CELLS = 3


def dense() -> nn.Module:
    module = nn.Sequential(
        nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 4), nn.BatchNorm1d(4)
    )
    return module.double().eval()


def single() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5, eps=1e-16)).double().eval()


def images() -> nn.Module:
    inner = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, affine=False))
    module = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), inner)
    return module.double().eval()


def rows(shape: tuple[int, ...]) -> Tensor:
    count = CELLS * 8 * int(torch.Size(shape).numel())
    return torch.linspace(-3.0, 3.0, count, dtype=torch.float64).sin().view(CELLS, 8, *shape)


def taken_alone(module: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.train()
            layer.momentum = 1.0
    module(inputs)
    found = dict(module.named_buffers())
    return {name: t for name, t in found.items() if not name.endswith("num_batches_tracked")}


@pytest.mark.parametrize(("build", "shape"), [(dense, (6,)), (images, (1, 6, 6))])
def test_statistics_are_those_of_each_network_alone_in_training_mode(
    build: Callable[[], nn.Module], shape: tuple[int, ...]
) -> None:
    stacked, inputs = build_stacked(build), rows(shape)
    networks = stacked.initialize(range(CELLS), dtype=torch.float64)
    calibrated = stacked.calibrated(networks, inputs)
    for cell in range(CELLS):
        expected = taken_alone(stacked.module(networks, cell), inputs[cell])
        found = {name: calibrated.buffers[name][cell] for name in expected}
        assert_close(found, expected)


def test_outputs_after_it_have_mean_0_and_deviation_1() -> None:
    stacked, inputs = build_stacked(single), rows((6,))
    networks = stacked.initialize(range(CELLS), dtype=torch.float64)
    outputs = stacked(stacked.calibrated(networks, inputs), inputs)
    assert outputs.mean(1).abs().max() < 1e-9
    assert_close(outputs.std(1), torch.ones_like(outputs.std(1)))


def test_what_goes_in_is_left_alone_and_weights_stay() -> None:
    stacked, inputs = build_stacked(dense), rows((6,))
    networks = stacked.initialize(range(CELLS), dtype=torch.float64)
    before = {name: tensor.clone() for name, tensor in networks.tensors().items()}
    calibrated = stacked.calibrated(networks, inputs)
    assert_close(networks.tensors(), before, rtol=0, atol=0)
    assert calibrated.weights is networks.weights


@pytest.mark.parametrize("build", [nn.BatchNorm1d, nn.GroupNorm, nn.Linear])
def test_networks_without_running_statistics_stay_as_they_are(build: type[nn.Module]) -> None:
    made = {
        nn.BatchNorm1d: lambda: nn.BatchNorm1d(4, track_running_stats=False),
        nn.GroupNorm: lambda: nn.GroupNorm(2, 4),
        nn.Linear: lambda: nn.Linear(4, 4),
    }
    stacked = build_stacked(made[build])
    assert stacked.calibrate is None
    networks = stacked.initialize(range(2))
    assert stacked.calibrated(networks, torch.ones(2, 5, 4)) is networks


def test_one_row_changes_nothing() -> None:
    stacked = build_stacked(dense)
    networks: Population = stacked.initialize(range(CELLS), dtype=torch.float64)
    assert stacked.calibrated(networks, rows((6,))[:, :1]) is networks
