"""What an observer notes of stacked networks is what hooks on the single modules see."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from coevo.layers import prunable_layers
from coevo.networks import build_stacked
from coevo.population import Population
from coevo.pruning.observer import Observer, Seen
from tests.coevo.pruning.watched import CELLS, ROWS, Build, rows_of, stacked
from tests.equivalence.modules import Residual


class Functional(nn.Module):
    """Activations that are functions, and one that is a module."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(5, 4)
        self.second = nn.Linear(4, 3)
        self.third = nn.Linear(3, 2)
        self.squash = nn.Tanh()

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = self.squash(self.second(functional.relu(self.first(inputs))))
        result: Tensor = torch.sigmoid(self.third(hidden))
        return result


def _shared_activation() -> nn.Module:
    activation = nn.ReLU()
    return nn.Sequential(nn.Linear(5, 4), activation, nn.Linear(4, 3), activation)


class Named(nn.Module):
    """Calls its layers by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.squash = nn.Linear(5, 4), nn.Linear(4, 3), nn.Tanh()

    def forward(self, rows: Tensor) -> Tensor:
        result: Tensor = self.second(input=self.squash(input=self.first(input=rows)))
        return result


# A module, the shape of a row, and for each layer the module whose output counts as its own.
NETWORKS: Mapping[str, tuple[Build, tuple[int, ...], dict[str, str]]] = {
    "dense": (
        lambda: nn.Sequential(
            nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 2)
        ),
        (5,),
        {"0": "1", "2": "3", "4": "4"},
    ),
    "in place": (
        lambda: nn.Sequential(
            nn.Linear(5, 4), nn.ReLU(inplace=True), nn.Linear(4, 3), nn.ELU(inplace=True)
        ),
        (5,),
        {"0": "1", "2": "3"},
    ),
    "reshaped before the activation": (
        lambda: nn.Sequential(nn.Linear(5, 4), nn.Unflatten(1, (2, 2)), nn.ReLU(), nn.Flatten()),
        (5,),
        {"0": "0"},
    ),
    "two activations": (
        lambda: nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Tanh(), nn.Linear(4, 2)),
        (5,),
        {"0": "1", "3": "3"},
    ),
    "identity between": (
        lambda: nn.Sequential(nn.Linear(5, 4), nn.Identity(), nn.ReLU(), nn.Linear(4, 2)),
        (5,),
        {"0": "2", "3": "3"},
    ),
    "shared activation": (_shared_activation, (5,), {"0": "1", "2": "1"}),
    "functional": (Functional, (5,), {"first": "first", "second": "squash", "third": "third"}),
    "called by keyword": (Named, (5,), {"first": "squash", "second": "second"}),
    "in place from the start": (
        lambda: nn.Sequential(nn.ReLU(inplace=True), nn.Linear(5, 4), nn.Tanh()),
        (5,),
        {"1": "2"},
    ),
    "images": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3, stride=2, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(3, 2, 2),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(8, 3),
        ),
        (1, 5, 5),
        {"0": "1", "2": "3", "5": "5"},
    ),
    "images in place": (
        lambda: nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(inplace=True), nn.Conv2d(3, 2, 2)),
        (1, 5, 5),
        {"0": "1", "2": "2"},
    ),
    "to images": (
        lambda: nn.Sequential(
            nn.Linear(3, 8),
            nn.Softplus(),
            nn.Unflatten(1, (2, 2, 2)),
            nn.ConvTranspose2d(2, 2, 2, stride=2),
            nn.SiLU(),
        ),
        (3,),
        {"0": "1", "3": "4"},
    ),
    "dense on the last dimension": (
        lambda: nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Flatten(), nn.Linear(8, 2)),
        (2, 5),
        {"0": "1", "3": "3"},
    ),
    "with buffers": (partial(Residual, 5, 3), (5,), {"inside": "inside", "outside": "outside"}),
}
EVERY = pytest.mark.parametrize("name", NETWORKS)


def observed(name: str) -> tuple[Observer, Population, Tensor, Tensor, dict[str, Seen]]:
    build, shape, _ = NETWORKS[name]
    observer = Observer(build, prunable_layers(build, shape))
    population, rows = stacked(build), rows_of(shape)
    outputs, seen = observer(population, rows)
    return observer, population, rows, outputs, seen


def hooked(
    name: str, population: Population, cell: int, rows: Tensor
) -> tuple[Tensor, dict[str, tuple[Tensor, Tensor]]]:
    """One module alone: its output, and copies of what each layer got and what came of it."""
    build, _, outlets = NETWORKS[name]
    module = build_stacked(build).module(population, cell)
    inputs: dict[str, Tensor] = {}
    outputs: dict[str, list[Tensor]] = {}

    def note(path: str, _: nn.Module, got: tuple[Tensor, ...], gave: Tensor) -> None:
        outputs.setdefault(path, []).append(gave.detach().clone())

    def before(path: str, _: nn.Module, got: tuple[Tensor, ...], named: dict[str, Tensor]) -> None:
        inputs[path] = (*got, *named.values())[0].detach().clone()

    for path, child in module.named_modules():
        child.register_forward_pre_hook(partial(before, path), with_kwargs=True)
        child.register_forward_hook(partial(note, path))
    found = module(rows.clone()).detach()
    outlet_calls: dict[str, int] = {}
    seen = {}
    for layer, outlet in outlets.items():
        turn = outlet_calls.get(outlet, 0)
        outlet_calls[outlet] = turn + 1
        seen[layer] = (inputs[layer], outputs[outlet][turn])
    return found, seen


@EVERY
def test_it_notes_what_single_modules_do(name: str) -> None:
    _, population, rows, outputs, seen = observed(name)
    assert list(seen) == list(NETWORKS[name][2])
    for cell in range(CELLS):
        expected, layers = hooked(name, population, cell, rows[cell])
        torch.testing.assert_close(outputs[cell], expected)
        for layer, (got, gave) in layers.items():
            torch.testing.assert_close(seen[layer].inputs[cell], got)
            torch.testing.assert_close(seen[layer].outputs[cell], gave)


@EVERY
def test_rows_are_left_alone(name: str) -> None:
    build, shape, _ = NETWORKS[name]
    rows = rows_of(shape)
    Observer(build, prunable_layers(build, shape))(stacked(build), rows)
    assert torch.equal(rows, rows_of(shape))


@EVERY
def test_outputs_are_those_of_the_stacked_network(name: str) -> None:
    _, population, rows, outputs, _ = observed(name)
    stacked_network = build_stacked(NETWORKS[name][0])
    torch.testing.assert_close(stacked_network(population, rows.clone()), outputs)


@EVERY
def test_looking_again_or_at_some_gives_the_same(name: str) -> None:
    observer, population, rows, _, seen = observed(name)
    ids = torch.tensor([2, 0])
    outputs, some = observer(population.select(ids), rows[ids])
    assert outputs.shape[0] == 2
    for layer, found in seen.items():
        torch.testing.assert_close(some[layer].outputs, found.outputs[ids])
        torch.testing.assert_close(some[layer].inputs, found.inputs[ids])


def test_outputs_as_operators_see_them_are_by_case_unit_and_position() -> None:
    observer, _, _, _, seen = observed("dense")
    found = observer.outputs("0", seen["0"])
    assert found.shape == (CELLS, ROWS, 4, 1)
    assert torch.equal(found[..., 0], seen["0"].outputs)
    observer, _, _, _, seen = observed("dense on the last dimension")
    found = observer.outputs("0", seen["0"])
    assert found.shape == (CELLS, ROWS, 4, 2)
    assert torch.equal(found[:, :, 3, 1], seen["0"].outputs[:, :, 1, 3])
    observer, _, _, _, seen = observed("images")
    found = observer.outputs("0", seen["0"])
    assert found.shape == (CELLS, ROWS, 3, 9)
    assert torch.equal(found[:, :, 2, 5], seen["0"].outputs[:, :, 2, 1, 2])


def test_only_layers_that_are_asked_for_are_noted() -> None:
    build, shape, _ = NETWORKS["dense"]
    observer = Observer(build, prunable_layers(build, shape)[1:2])
    _, seen = observer(stacked(build), rows_of(shape))
    assert list(seen) == ["2"]


def test_a_failure_leaves_nothing_behind() -> None:
    build, shape, _ = NETWORKS["dense"]
    observer, population = Observer(build, prunable_layers(build, shape)), stacked(build)
    rows = rows_of(shape)
    with pytest.raises(RuntimeError, match="Expected size"):
        observer(population, rows[..., :-1])
    outputs, seen = observer(population, rows)
    torch.testing.assert_close(outputs, build_stacked(build)(population, rows))
    assert set(seen) == {"0", "2", "4"}


def test_making_one_leaves_the_generator_alone() -> None:
    build, shape, _ = NETWORKS["images"]
    layers, before = prunable_layers(build, shape), torch.get_rng_state()
    Observer(build, layers)
    assert torch.equal(torch.get_rng_state(), before)
