"""Root mean squares of what weights are multiplied with, against counting one by one."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from coevo.layers import prunable_layers
from coevo.pruning.observer import Observer
from tests.coevo.pruning.watched import CELLS, ROWS, Build, rows_of, stacked


def rms(build: Build, shape: tuple[int, ...], *, bias: bool = False) -> tuple[Tensor, Tensor]:
    """What an observer says of a module that is one layer, and the rows that it saw."""
    (layer,) = prunable_layers(build, shape)
    observer, population, rows = Observer(build, [layer]), stacked(build), rows_of(shape)
    _, seen = observer(population, rows)
    return observer.input_rms("", seen[""], population.weights, bias=bias), rows


@pytest.mark.parametrize("shape", [(5,), (2, 5), (3, 2, 5)])
def test_inputs_of_dense_layers_are_averaged_over_rows_and_positions(
    shape: tuple[int, ...],
) -> None:
    found, rows = rms(lambda: nn.Linear(5, 4), shape)
    assert found.shape == (CELLS, 1, 5)
    for cell in range(CELLS):
        for place in range(5):
            values = rows[cell][..., place].flatten().tolist()
            expected = (sum(value**2 for value in values) / len(values)) ** 0.5
            assert found[cell, 0, place].item() == pytest.approx(expected, rel=1e-12)


CONVOLUTIONS = [
    partial(nn.Conv2d, 2, 3, (2, 3)),
    partial(nn.Conv2d, 2, 3, 3, stride=2, padding=1),
    partial(nn.Conv2d, 2, 3, 2, dilation=2, padding=(1, 0), bias=False),
    partial(nn.Conv2d, 4, 6, 3, groups=2, padding=1),
    partial(nn.Conv2d, 4, 4, 2, groups=4),
]


@pytest.mark.parametrize("build", CONVOLUTIONS)
def test_inputs_of_convolutions_are_the_patches_that_weights_meet(build: Build) -> None:
    module = build()
    assert isinstance(module, nn.Conv2d)
    found, rows = rms(build, (module.in_channels, 5, 6))
    sizes = module.kernel_size, module.dilation, module.padding, module.stride
    for cell in range(CELLS):
        patches = functional.unfold(rows[cell], *sizes)
        mean = patches.square().mean((0, 2)).sqrt().view(module.groups, -1)
        expected = mean.repeat_interleave(module.out_channels // module.groups, 0)
        torch.testing.assert_close(found[cell], expected)


TRANSPOSED = [
    partial(nn.ConvTranspose2d, 2, 3, (2, 3)),
    partial(nn.ConvTranspose2d, 2, 3, 3, stride=2, padding=1, output_padding=1),
    partial(nn.ConvTranspose2d, 4, 6, 2, stride=2, groups=2, bias=False),
]


@pytest.mark.parametrize("build", TRANSPOSED)
def test_inputs_of_transposed_convolutions_are_counted_one_by_one(build: Build) -> None:
    module = build()
    assert isinstance(module, nn.ConvTranspose2d)
    high, wide = 3, 4
    found, rows = rms(build, (module.in_channels, high, wide))
    own, per_group = module.in_channels // module.groups, module.out_channels // module.groups
    (kh, kw), (sh, sw) = module.kernel_size, module.stride
    (ph, pw) = module.padding  # type: ignore[misc]  # always a pair of numbers
    out_h, out_w = module(torch.zeros(1, module.in_channels, high, wide)).shape[2:]
    for cell in range(CELLS):
        for unit in range(module.out_channels):
            group = unit // per_group
            for channel in range(own):
                image = rows[cell, :, group * own + channel].square().sum(0)
                for y in range(kh):
                    for x in range(kw):
                        total = sum(
                            image[i, j].item()
                            for i in range(high)
                            for j in range(wide)
                            if 0 <= i * sh + y - ph < out_h and 0 <= j * sw + x - pw < out_w
                        )
                        expected = (total / (ROWS * out_h * out_w)) ** 0.5
                        place = (channel * kh + y) * kw + x
                        assert found[cell, unit, place].item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: nn.Linear(5, 4), (5,)),
        (lambda: nn.Conv1d(2, 3, 2), (2, 5)),
        (lambda: nn.ConvTranspose1d(2, 3, 2), (2, 5)),
        (lambda: nn.Conv3d(1, 2, 2), (1, 3, 3, 3)),
    ],
)
def test_the_input_of_a_bias_is_one(build: Build, shape: tuple[int, ...]) -> None:
    without, _ = rms(build, shape)
    found, _ = rms(build, shape, bias=True)
    assert torch.equal(found[..., :-1], without)
    assert torch.equal(found[..., -1], torch.ones_like(found[..., -1]))


def test_a_layer_without_bias_has_no_input_for_it() -> None:
    found, _ = rms(lambda: nn.Linear(5, 4, bias=False), (5,), bias=True)
    assert found.shape == (CELLS, 1, 5)


def test_other_layers_and_weights_do_not_matter_for_inputs() -> None:
    build = partial(nn.Conv2d, 2, 3, 2)
    (layer,) = prunable_layers(build, (2, 4, 4))
    observer, population, rows = Observer(build, [layer]), stacked(build), rows_of((2, 4, 4))
    _, seen = observer(population, rows)
    found = observer.input_rms("", seen[""], population.weights, bias=False)
    other = {name: -3 * weight for name, weight in population.weights.items()}
    assert torch.equal(found, observer.input_rms("", seen[""], other, bias=False))
