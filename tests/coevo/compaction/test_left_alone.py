"""What compaction does not understand stays as it is, with what is beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from coevo.compaction import compact, pairing_size
from coevo.compaction.chain import read_steps


class Twice(nn.Module):
    """A module of one's own with a dead unit in it."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = dead(nn.Linear(3, 3))

    def forward(self, rows: Tensor) -> Tensor:
        return 2 * self.inner(rows)  # type: ignore[no-any-return]  # a module gives a tensor


class Doubled(nn.Linear):
    """Looks like a linear layer."""

    def forward(self, rows: Tensor) -> Tensor:
        return 2 * super().forward(rows)


def dead(layer: nn.Linear) -> nn.Linear:
    with torch.no_grad():
        layer.weight[1] = 0.0
    return layer


def hooked() -> nn.Linear:
    layer = dead(nn.Linear(3, 3))
    layer.register_forward_hook(lambda module, inputs, output: output + 1)
    return layer


def tied() -> nn.Sequential:
    layer = dead(nn.Linear(3, 3))
    return nn.Sequential(layer, nn.ReLU(), layer)


def replaced() -> nn.Linear:
    """Its class says one thing, and it does another."""
    layer = dead(nn.Linear(3, 3))
    weight, bias = layer.weight, layer.bias
    layer.forward = lambda rows: 2 * nn.functional.linear(rows, weight, bias)  # type: ignore[method-assign]  # as users do
    return layer


UNKNOWN = {
    "Twice": Twice,
    "Doubled": lambda: dead(Doubled(3, 3)),
    "Linear": hooked,
    "Sequential": tied,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_pairing_without_a_plain_layer(name: str) -> None:
    encoder, decoder = UNKNOWN[name](), UNKNOWN[name]()
    found = compact(encoder, decoder, [3])
    assert (found.encoder, found.decoder) == (encoder, decoder)
    assert found.reason == f"there is no plain chain: {name} and what is beside is left alone"


def test_a_chain_that_does_more_than_its_layers_is_left_alone() -> None:
    encoder = nn.Sequential(dead(nn.Linear(3, 3)), nn.ReLU())
    encoder.register_forward_pre_hook(lambda module, inputs: (inputs[0] + 1,))
    found = compact(encoder, nn.Linear(3, 2), [3])
    assert found.reason == "there is no unit to remove; Sequential and what is beside is left alone"


def test_a_layer_with_another_forward_is_left_alone() -> None:
    encoder = nn.Sequential(replaced())
    found = compact(encoder, nn.Linear(3, 2), [3])
    assert found.reason == "there is no unit to remove; Linear and what is beside is left alone"


class Split(nn.Module):
    """Gives something that is no tensor."""

    def __init__(self, give: Callable[..., object]) -> None:
        super().__init__()
        self.first, self.second = dead(nn.Linear(3, 3)), nn.Linear(3, 3)
        self.give = give

    def forward(self, rows: Tensor) -> object:
        return self.give(first=self.first(rows), second=self.second(rows))


class Join(nn.Module):
    def forward(self, given: dict[str, Tensor] | tuple[Tensor, ...]) -> Tensor:
        first, second = given.values() if isinstance(given, dict) else given
        return first * second


@pytest.mark.parametrize("give", [dict, lambda **tensors: tuple(tensors.values())])
def test_a_network_with_anything_but_tensors_between_its_parts_is_left_alone(
    give: Callable[..., object],
) -> None:
    encoder = nn.Sequential(dead(nn.Linear(3, 3)), Split(give), Join(), nn.Linear(3, 2))
    (step,) = read_steps(encoder, "encoder", (3,))
    assert (step.module, step.kind) == (encoder, "unknown")
    assert (step.before, step.after) == ((3,), (2,))
    decoder = nn.Sequential(dead(nn.Linear(2, 3)), nn.ReLU(), nn.Linear(3, 2))
    found = compact(encoder, decoder, [3])
    assert found.reason is None
    assert found.decoder[0].weight.shape == (2, 2)
    rows = torch.linspace(-1, 1, 12).view(4, 3)
    torch.testing.assert_close(found.decoder(found.encoder(rows)), decoder(encoder(rows)))


class Picky(nn.Module):
    def forward(self, rows: Tensor) -> Tensor:
        if not rows.any():
            raise ValueError("no zeros")
        return rows


def test_what_a_network_fails_with_is_told() -> None:
    with pytest.raises(ValueError, match="no zeros"):
        compact(nn.Sequential(Picky(), nn.Linear(3, 2)), nn.Linear(2, 2), [3])


@pytest.mark.parametrize("name", ["Twice", "Doubled", "Linear"])
def test_units_beside_stay_and_others_go(name: str) -> None:
    unknown = UNKNOWN[name]()
    encoder = nn.Sequential(dead(nn.Linear(3, 3)), nn.ReLU(), dead(nn.Linear(3, 3)), unknown)
    decoder = nn.Sequential(dead(nn.Linear(3, 3)), nn.ReLU(), nn.Linear(3, 2))
    found = compact(encoder, decoder, [3])
    shapes = [tuple(w.shape) for w in found.encoder.parameters() if w.dim() > 1]
    assert shapes[:2] == [(2, 3), (3, 2)]
    assert found.decoder[0].weight.shape == (2, 3)
    rows = torch.linspace(-1, 1, 12).view(4, 3)
    torch.testing.assert_close(found.decoder(found.encoder(rows)), decoder(encoder(rows)))


def test_a_linear_layer_on_more_dimensions_is_no_plain_layer() -> None:
    encoder = nn.Sequential(dead(nn.Linear(3, 3)), nn.Flatten())
    found = compact(encoder, nn.Linear(6, 1), [2, 3])
    assert found.reason == "there is no unit to remove; Linear and what is beside is left alone"


def test_groups_stay() -> None:
    encoder = nn.Sequential(nn.Conv1d(2, 4, 1), nn.Conv1d(4, 4, 1, groups=2))
    with torch.no_grad():
        for layer in encoder:
            layer.weight[1] = 0.0
    found = compact(encoder, nn.Conv1d(4, 1, 1), [2, 5])
    assert found.reason == "there is no unit to remove; Conv1d and what is beside is left alone"


def test_what_is_left_alone_is_not_shared() -> None:
    norm = nn.BatchNorm1d(2).eval()
    encoder = nn.Sequential(dead(nn.Linear(3, 3)), nn.ReLU(), nn.Linear(3, 2), norm)
    found = compact(encoder, nn.Linear(2, 1), [3])
    assert found.reason is None
    assert isinstance(found.encoder[3], nn.BatchNorm1d)
    assert found.encoder[3] is not norm
    assert not found.encoder[3].training


def test_statistics_of_a_batch_are_not_touched() -> None:
    norm = nn.BatchNorm1d(3)
    encoder = nn.Sequential(nn.Linear(3, 3), norm)
    compact(encoder, nn.Linear(3, 1), [3])
    assert norm.num_batches_tracked is not None
    assert int(norm.num_batches_tracked) == 0


class Remembering(nn.Module):
    """Torch refuses to copy it."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.computed = 2 * self.scale

    def forward(self, rows: Tensor) -> Tensor:
        return rows * self.scale


def test_what_cannot_be_copied_stays_whole() -> None:
    encoder = nn.Sequential(dead(nn.Linear(3, 3)), nn.Linear(3, 2), Remembering())
    found = compact(encoder, nn.Linear(2, 1), [3])
    assert found.encoder is encoder
    assert found.reason is not None
    assert found.reason.startswith("a module cannot be copied (RuntimeError: Only Tensors created")
    assert pairing_size(encoder, nn.Linear(2, 1), (3,)).multiply_adds == 9 + 6 + 2


class Locked(nn.Linear):
    """Python refuses to copy it."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.lock = threading.Lock()


def test_what_python_cannot_copy_stays_whole() -> None:
    encoder = nn.Sequential(dead(nn.Linear(3, 3)), nn.Linear(3, 2), Locked())
    found = compact(encoder, nn.Linear(2, 1), [3])
    assert found.encoder is encoder
    assert found.reason == (
        "a module cannot be copied (TypeError: cannot pickle '_thread.lock' object)"
    )
