"""Populations keep weights, masks and first weights together, wherever they go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from coevo.optimizers import OptimizerState
from coevo.population import Population
from coevo.random import Key, uniform
from coevo.state import GridState

CELLS = 5


def population(purpose: str = "first", cells: int = CELLS) -> Population:
    """Two weights, of which one can be pruned, with a buffer and the first values."""
    key = Key.for_worlds(torch.arange(cells)).of(purpose)

    def draw(name: str, *shape: int) -> Tensor:
        return uniform(key.of(name), shape, low=0.1)

    masks = {"a": draw("mask", 2, 3) < 0.6}
    weights = {"a": draw("a", 2, 3) * masks["a"], "b": draw("b", 2)}
    return Population(weights, {"scale": draw("scale", 4)}, masks, {"a": draw("origin", 2, 3)})


def rows(of: Population, cell: int) -> dict[str, list[object]]:
    return {name: tensor[cell].tolist() for name, tensor in of.tensors().items()}


def test_all_parts_have_names() -> None:
    names = {"weights/a", "weights/b", "buffers/scale", "masks/a", "origins/a"}
    assert set(population().tensors()) == names


CHANGES: dict[str, tuple[Callable[[Population], Population], list[int]]] = {
    "select": (lambda p: p.select(torch.tensor([3, 0, 3])), [3, 0, 3]),
    "chunk": (lambda p: p.chunk(slice(1, 4)), [1, 2, 3]),
    "to": (lambda p: p.to("cpu"), [0, 1, 2, 3, 4]),
    "concatenate": (
        lambda p: Population.concatenate([p.chunk(slice(0, 2)), p.chunk(slice(2, 5))]),
        [0, 1, 2, 3, 4],
    ),
    "from tensors": (lambda p: Population.from_tensors(p.tensors()), [0, 1, 2, 3, 4]),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=list(CHANGES))
def test_all_parts_of_a_network_come_along(
    change: Callable[[Population], Population], expected: list[int]
) -> None:
    whole = population()
    found = change(whole)
    assert found.cells == len(expected)
    for place, cell in enumerate(expected):
        assert rows(found, place) == rows(whole, cell)


def test_a_merge_takes_whole_networks() -> None:
    one, other = population(), population("second")
    chosen = torch.tensor([True, False, False, True, False])
    merged = one.merge(chosen, other)
    for cell, mine in enumerate(chosen.tolist()):
        assert rows(merged, cell) == rows(one if mine else other, cell)


names = st.sets(st.sampled_from(("a", "b")))


@given(ids=st.lists(st.integers(0, CELLS - 1), unique=True, max_size=CELLS), chosen=names)
def test_named_tensors_of_a_copy_are_overwritten_for_some_cells(
    ids: list[int], chosen: set[str]
) -> None:
    whole, part = population(), population("second", cells=len(ids))
    copy = {name: tensor.clone() for name, tensor in whole.tensors().items()}
    found = whole.copied(chosen)
    found.put(torch.tensor(ids, dtype=torch.int64), part, chosen)
    for cell in range(CELLS):
        expected = rows(whole, cell)
        if cell in ids:
            new = rows(part, ids.index(cell))
            parts = ("weights", "masks", "origins")
            paths = {f"{kind}/{name}" for kind in parts for name in chosen}
            expected |= {path: new[path] for path in paths if path in new}
        assert rows(found, cell) == expected
    assert all(torch.equal(copy[name], tensor) for name, tensor in whole.tensors().items())


def test_names_without_masks_or_origins_are_overwritten() -> None:
    plain = Population({"a": torch.zeros(2, 1)})
    other = Population({"a": torch.ones(1, 1)})
    found = plain.copied(["a"])
    found.put(torch.tensor([1]), other, ["a"])
    assert found.weights["a"].tolist() == [[0.0], [1.0]]
    assert (found.masks, found.origins) == ({}, {})


@pytest.mark.parametrize("missing", [["masks"], ["origins"], ["masks", "origins", "buffers"]])
def test_parts_that_are_missing_are_empty(missing: list[str]) -> None:
    whole = population()
    tensors = {
        path: tensor
        for path, tensor in whole.tensors().items()
        if path.partition("/")[0] not in missing
    }
    found = Population.from_tensors(tensors)
    assert set(found.tensors()) == set(tensors)
    assert all(getattr(found, part) == {} for part in missing)


def test_slashes_in_names_are_kept() -> None:
    found = Population.from_tensors({"weights/a/b": torch.ones(1, 2)})
    assert list(found.weights) == ["a/b"]


def test_a_state_without_masks_and_origins_is_read_as_one_that_was_never_pruned() -> None:
    """The form that checkpoints had before there was pruning."""
    shards: dict[str, dict[str, Tensor]] = {
        "encoders": {"weights/a": torch.ones(2, 3)},
        "decoders": {"weights/b": torch.ones(2, 4), "buffers/c": torch.ones(2)},
        "optimizer": {"cell/learning_rate": torch.ones(2)},
        "grid": {"running": torch.ones(2, dtype=torch.bool)},
    }
    state = GridState.from_shards(7, shards)
    assert isinstance(state.optimizer, OptimizerState)
    assert (state.generation, state.encoders.masks, state.decoders.origins) == (7, {}, {})
    assert state.shards() == shards
    assert state.encoders.density().tolist() == [1.0, 1.0]


def test_density_counts_what_masks_keep() -> None:
    masks = {"a": torch.tensor([[True, False], [False, False]])}
    found = Population({"a": torch.zeros(2, 2), "b": torch.zeros(2, 2)}, {}, masks)
    assert found.density().tolist() == [0.75, 0.5]


def test_masked_sets_what_is_removed_to_zero() -> None:
    mask = torch.tensor([[True, False]])
    found = Population({"a": torch.tensor([[2.0, -3.0]]), "b": torch.ones(1)}, {}, {"a": mask})
    assert found.masked().weights["a"].tolist() == [[2.0, 0.0]]
    assert found.masked().weights["b"].tolist() == [1.0]
