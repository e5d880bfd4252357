"""The layers that can be pruned, in one form: units, inputs, positions, order and names."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parametrizations

from coevo.layers import PrunableLayer, prunable_layers
from coevo.networks import build_stacked
from coevo.population import Population

Build = Callable[[], nn.Module]
SHAPES: dict[str, tuple[Build, tuple[int, ...]]] = {
    "dense": (lambda: nn.Linear(5, 4), (5,)),
    "dense without bias": (lambda: nn.Linear(5, 4, bias=False), (5,)),
    "dense on the last dimension": (lambda: nn.Linear(5, 4), (3, 5)),
    "conv 1d": (lambda: nn.Conv1d(4, 6, 3, groups=2), (4, 9)),
    "conv 2d": (lambda: nn.Conv2d(2, 3, (2, 3), stride=2, padding=1), (2, 5, 6)),
    "conv 2d without bias": (lambda: nn.Conv2d(2, 3, 2, dilation=2, bias=False), (2, 5, 6)),
    "conv 3d": (lambda: nn.Conv3d(2, 4, 2, groups=2), (2, 3, 3, 3)),
    "depthwise": (lambda: nn.Conv2d(3, 6, 3, groups=3), (3, 4, 4)),
    "transposed 1d": (lambda: nn.ConvTranspose1d(4, 6, 3, stride=2, groups=2), (4, 5)),
    "transposed 2d": (
        lambda: nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1),
        (3, 4, 4),
    ),
    "transposed 2d without bias": (lambda: nn.ConvTranspose2d(2, 3, 2, bias=False), (2, 3, 3)),
    "transposed 2d in groups": (lambda: nn.ConvTranspose2d(4, 6, (2, 3), groups=2), (4, 3, 3)),
    "transposed 3d": (lambda: nn.ConvTranspose3d(2, 2, 2), (2, 2, 2, 2)),
}
EVERY = pytest.mark.parametrize("name", SHAPES)


def only(name: str) -> tuple[PrunableLayer, Population, tuple[int, ...]]:
    """A module that is one layer, and two of its networks."""
    build, shape = SHAPES[name]
    (layer,) = prunable_layers(build, shape)
    return layer, build_stacked(build).initialize([3, 4], dtype=torch.float64), shape


def called(name: str, tensors: dict[str, Tensor], rows: Tensor) -> Tensor:
    """What the first network gives: ``[rows, units, positions]``."""
    module = SHAPES[name][0]().double()
    outputs: Tensor = functional_call(module, {n: t[0] for n, t in tensors.items()}, (rows,))
    if isinstance(module, nn.Linear):
        return outputs.flatten(1, -2).transpose(1, 2) if outputs.dim() > 2 else outputs[..., None]
    return outputs.flatten(2)


def numbered(*shape: int) -> Tensor:
    return torch.arange(1.0, 1.0 + prod(shape), dtype=torch.float64).view(shape)


@EVERY
@pytest.mark.parametrize("bias", [False, True])
def test_tensors_undo_the_matrix_and_the_reverse(name: str, bias: bool) -> None:
    layer, population, _ = only(name)
    weights = dict(population.weights)
    with_bias = bias and layer.bias is not None
    matrix = layer.matrix(weights, bias=bias)
    assert matrix.shape == (2, layer.units, layer.inputs + with_bias)
    back = layer.tensors(matrix, bias=bias)
    assert back.keys() == (weights.keys() if with_bias else {"weight"})
    for key, tensor in back.items():
        assert torch.equal(tensor, weights[key])
    numbers = numbered(*matrix.shape)
    assert torch.equal(layer.matrix(layer.tensors(numbers, bias=bias), bias=bias), numbers)


@EVERY
def test_the_bias_is_the_last_input(name: str) -> None:
    layer, population, _ = only(name)
    weights = dict(population.weights)
    matrix = layer.matrix(weights, bias=True)
    assert torch.equal(matrix[..., : layer.inputs], layer.matrix(weights, bias=False))
    if layer.bias is not None:
        assert torch.equal(matrix[..., -1], weights["bias"])


@EVERY
def test_a_unit_without_its_row_gives_exactly_zero_and_others_are_as_before(name: str) -> None:
    layer, population, shape = only(name)
    rows = numbered(2, *shape).sin()
    before = called(name, dict(population.weights), rows)
    assert before.shape[1:] == (layer.units, layer.positions)
    for unit in range(layer.units):
        matrix = layer.matrix(population.weights, bias=True).clone()
        matrix[:, unit] = 0.0
        after = called(name, layer.tensors(matrix, bias=True), rows)
        others = [other for other in range(layer.units) if other != unit]
        assert not after[:, unit].any()
        assert torch.equal(after[:, others], before[:, others])


@EVERY
def test_an_input_is_one_position_of_the_kernel_on_one_map_of_the_group(name: str) -> None:
    layer, _, shape = only(name)
    dense = layer.kind == "dense"
    kernel = 1 if dense else prod(layer.shape[2:])
    channels = shape[-1] if dense else shape[0]
    assert layer.inputs == channels // layer.groups * kernel
    for unit in range(layer.units):
        group = unit // (layer.units // layer.groups)
        for position in range(layer.inputs):
            matrix = torch.zeros(2, layer.units, layer.inputs, dtype=torch.float64)
            matrix[:, unit, position] = 1.0
            tensors = layer.tensors(matrix, bias=False)
            if layer.bias is not None:
                tensors["bias"] = torch.zeros(2, layer.units, dtype=torch.float64)
            own = group * (channels // layer.groups) + position // kernel
            for channel in range(channels):
                rows = torch.zeros(1, *shape, dtype=torch.float64)
                rows.select(-1 if dense else 1, channel).fill_(1.0)
                heard = called(name, tensors, rows)[0].any(1).tolist()
                assert heard == [u == unit and channel == own for u in range(layer.units)]


def test_positions_of_the_kernel_are_in_its_order() -> None:
    layer, population, _ = only("conv 2d")
    matrix = layer.matrix(population.weights, bias=False)
    assert torch.equal(matrix[1, 2], population.weights["weight"][1, 2].flatten())
    layer, population, _ = only("transposed 2d")
    matrix = layer.matrix(population.weights, bias=False)
    assert torch.equal(matrix[1, 1], population.weights["weight"][1, :, 1].flatten())


@pytest.mark.parametrize(
    ("build", "shape", "positions", "uses"),
    [
        (lambda: nn.Linear(8, 3), (8,), 1, 1),
        (lambda: nn.Linear(8, 3), (5, 8), 5, 5),
        (lambda: nn.Linear(8, 3), (2, 5, 8), 10, 10),
        (lambda: nn.Conv2d(1, 4, 3, stride=2, padding=1), (1, 8, 8), 16, 16),
        (lambda: nn.Conv2d(1, 4, 3), (1, 8, 6), 24, 24),
        (lambda: nn.Conv1d(2, 2, 4), (2, 10), 7, 7),
        (lambda: nn.Conv3d(1, 1, 2), (1, 3, 3, 3), 8, 8),
        # Each of the 16 input positions meets each weight once, whatever the stride.
        (
            lambda: nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1),
            (4, 4, 4),
            64,
            16,
        ),
        (lambda: nn.ConvTranspose1d(2, 2, 3, stride=3), (2, 5), 15, 5),
    ],
)
def test_how_often_units_and_weights_are_used(
    build: Build, shape: tuple[int, ...], positions: int, uses: int
) -> None:
    (layer,) = prunable_layers(build, shape)
    assert (layer.positions, layer.uses) == (positions, uses)


def test_multiply_adds_of_a_convolution_counted_one_by_one() -> None:
    (layer,) = prunable_layers(lambda: nn.Conv2d(2, 3, (2, 3), stride=(2, 1)), (2, 6, 5))
    count = 0
    for top in range(0, 6 - 2 + 1, 2):
        for left in range(5 - 3 + 1):
            for _unit in range(3):
                for _channel in range(2):
                    count += len([(top + y, left + x) for y in range(2) for x in range(3)])
    assert layer.units * layer.inputs * layer.uses == count


class Backwards(nn.Module):
    """Calls its layers in another order than it has them; one never, one twice."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 2)
        self.never = nn.Linear(4, 4)
        self.inner = nn.ModuleDict({"twice": nn.Linear(4, 4, bias=False)})
        self.first = nn.Linear(6, 4)

    def forward(self, inputs: Tensor) -> Tensor:
        twice = self.inner["twice"]
        result: Tensor = self.last(twice(twice(self.first(inputs))))
        return result


def test_layers_are_in_the_order_in_which_they_are_called() -> None:
    layers = prunable_layers(Backwards, (6,))
    assert [(layer.name, layer.calls) for layer in layers] == [
        ("first", 1),
        ("inner.twice", 2),
        ("last", 1),
    ]
    assert [(layer.weight, layer.bias) for layer in layers] == [
        ("first.weight", "first.bias"),
        ("inner.twice.weight", None),
        ("last.weight", "last.bias"),
    ]
    assert not any(layer.shared for layer in layers)


def test_a_module_that_is_a_layer_has_no_name() -> None:
    (layer,) = prunable_layers(lambda: nn.Linear(3, 2), (3,))
    assert (layer.name, layer.weight, layer.bias) == ("", "weight", "bias")


def _tied() -> nn.Module:
    one, other, alone = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
    other.weight = one.weight
    return nn.Sequential(one, other, alone)


def test_layers_that_have_the_same_weight_are_marked() -> None:
    assert [layer.shared for layer in prunable_layers(_tied, (4,))] == [True, True, False]


def _repeated() -> nn.Module:
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.Tanh(), layer)


def test_a_layer_that_stands_twice_is_one_that_is_called_twice() -> None:
    (layer,) = prunable_layers(_repeated, (4,))
    assert (layer.name, layer.calls, layer.shared) == ("0", 2, False)


def test_weights_that_are_computed_from_others_are_left_out() -> None:
    def build() -> nn.Module:
        return nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 4)), nn.Linear(4, 4))

    assert [layer.name for layer in prunable_layers(build, (4,))] == ["1"]


def test_other_layers_are_none() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.LayerNorm(4), nn.Tanh())

    assert prunable_layers(build, (4,)) == ()


def test_finding_layers_leaves_the_generator_alone_and_takes_any_number_type() -> None:
    before = torch.get_rng_state()
    (layer,) = prunable_layers(lambda: nn.Linear(3, 2).double(), (3,))
    assert layer.units == 2
    assert torch.equal(torch.get_rng_state(), before)
