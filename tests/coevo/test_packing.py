"""Worlds of a study are packed by shape, as many together as memory holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coevo import memory, packing
from coevo.assemble import Assembled
from coevo.errors import CoevoError
from coevo.experiment import Experiment, experiment_from_dict
from coevo.packing import PlannedStack, Setting, pack, too_large
from coevo.stacks import World, worlds_of
from coevo.variants import variants
from tests.coevo.small_experiments import ROWS, write_data

CELLS = 4
# Weights and biases of networks with [16, 6, 3, 6, 16] units.
NUMBERS = 16 * 6 + 6 + 6 * 3 + 3 + 3 * 6 + 6 + 6 * 16 + 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


def study(folder: Path, **tables: Any) -> Experiment:
    document: dict[str, Any] = {
        "task": {"dataset": "npz"},
        "data": {"file": str(folder / "data.npz")},
        "grid": {"rows": 2, "columns": 2},
        "network": {"hidden": [6], "latent": 3},
        "selection": {"evaluation_batch_size": 4},
        "optimizer": {"algorithm": "sgd", "batch_size": 5, "steps": 1},
        **tables,
    }
    return experiment_from_dict(document)


def planned(experiment: Experiment) -> tuple[PlannedStack, ...]:
    return pack(worlds_of(variants(experiment)), Setting("cpu"))


def names(stacks: Sequence[PlannedStack]) -> list[list[tuple[str, int]]]:
    return [[(world.variant, world.seed) for world in stack.worlds] for stack in stacks]


def test_worlds_that_share_shapes_are_together_in_their_order(folder: Path) -> None:
    sweep = {"replicates": 2, "grid.rows": [2, 3], "optimizer.learning_rate": [0.1, 0.2]}
    stacks = planned(study(folder, sweep=sweep))
    assert names(stacks) == [
        [("2-0.1", 1), ("2-0.1", 2), ("2-0.2", 1), ("2-0.2", 2)],
        [("3-0.1", 1), ("3-0.1", 2), ("3-0.2", 1), ("3-0.2", 2)],
    ]
    assert [(stack.cells, stack.variants) for stack in stacks] == [(16, 2), (24, 2)]


@pytest.mark.parametrize(
    ("key", "values", "together"),
    [
        ("optimizer.learning_rate_step", [0.0, 0.1], True),
        ("optimizer.learning_rate_maximum", [5.0, 6.0], True),
        ("pruning", [[], [{"amount": 0.1}]], True),
        ("optimizer.steps", [1, 2], False),
        ("optimizer.moments", ["persist", "reset"], False),
        ("selection.tournament", [1, 2], False),
        ("task.loss", ["mse", "l1"], False),
        ("generations", [5, 6], False),
        ("network.latent", [2, 3], False),
        ("dtype", ["float32", "float64"], False),
    ],
)
def test_what_differs_decides_whether_worlds_are_stacked(
    key: str, values: list[Any], together: bool, folder: Path
) -> None:
    sweep: dict[str, Any] = {key: values}
    if key == "pruning":
        options = zip("ab", values, strict=True)
        sweep = {"variants": [{"name": name, "pruning": entries} for name, entries in options]}
    assert len(planned(study(folder, sweep=sweep))) == (1 if together else 2)


def test_memory_is_at_least_what_a_generation_holds(folder: Path) -> None:
    (one,) = planned(study(folder, sweep={"optimizer.learning_rate": [0.1]}))
    (three,) = planned(study(folder, sweep={"optimizer.learning_rate": [0.1], "replicates": 3}))
    own = (three.memory - one.memory) / 2
    rows = 2 * 2 * ROWS * 16 * 4  # inputs and targets of training and validation rows
    assert one.memory - own == rows + (512 << 20)  # and what the program takes by itself
    # Weights before and after, their gradients at least; and not more than twenty times as much.
    state = CELLS * NUMBERS * 4
    assert 3 * state <= own <= 20 * state


def test_a_world_takes_as_much_beside_other_variants(folder: Path) -> None:
    (one,) = planned(study(folder, sweep={"optimizer.learning_rate": [0.1], "replicates": 4}))
    (four,) = planned(study(folder, sweep={"optimizer.learning_rate": [0.1, 0.2, 0.3, 0.4]}))
    assert (four.variants, four.memory) == (4, one.memory)


def test_masks_and_moments_take_memory_too(folder: Path) -> None:
    sweep = {"optimizer.learning_rate": [0.1]}
    (plain,) = planned(study(folder, sweep=sweep))
    (pruned,) = planned(study(folder, sweep=sweep, pruning=[{"bias": True}]))
    adam = {"batch_size": 5, "steps": 1, "algorithm": "adam"}
    (trained,) = planned(study(folder, sweep=sweep, optimizer=adam))
    assert pruned.memory - plain.memory == pytest.approx(
        packing._COPIES * CELLS * NUMBERS, rel=0.01
    )
    assert trained.memory - plain.memory == pytest.approx(
        packing._COPIES * CELLS * NUMBERS * 8, rel=0.01
    )


@dataclass(frozen=True)
class Once(Setting):
    """Assembles nothing that it has not assembled before."""

    known: Assembled | None = None

    def assemble(self, worlds: Sequence[World]) -> Assembled:
        assert self.known is not None
        return self.known


@dataclass(frozen=True)
class Plenty:
    """Worlds of one shape, as many as one likes, and what they take."""

    world: World
    setting: Setting
    own: int
    common: int

    def worlds(self, count: int, most: float) -> list[World]:
        """So many worlds, where memory holds ``most`` of them."""
        memory = (self.common + most * self.own) / 2**30
        engine = self.world.experiment.engine.model_copy(update={"memory": memory})
        experiment = self.world.experiment.model_copy(update={"engine": engine})
        return [World(self.world.variant, experiment, seed) for seed in range(count)]


@pytest.fixture(scope="module")
def plenty(folder: Path) -> Plenty:
    experiment = study(folder, sweep={"optimizer.learning_rate": [0.1]})
    (world,) = worlds_of(variants(experiment))
    setting = Once("cpu", known=Setting("cpu").assemble([world]))
    (alone,), (pair,) = pack([world], setting), pack([world, world], setting)
    return Plenty(world, setting, pair.memory - alone.memory, 2 * alone.memory - pair.memory)


@settings(max_examples=50)
@given(count=st.integers(1, 60), most=st.integers(0, 20), spare=st.floats(0.01, 0.99))
def test_stacks_are_few_and_of_about_equal_size(
    plenty: Plenty, count: int, most: int, spare: float
) -> None:
    worlds = plenty.worlds(count, most + spare)
    stacks = pack(worlds, plenty.setting)
    assert [one for stack in stacks for one in stack.worlds] == worlds
    sizes = [len(stack.worlds) for stack in stacks]
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= max(most, 1)
    assert len(sizes) == -(-count // max(most, 1))
    expected = [size * plenty.own + plenty.common for size in sizes]
    assert [stack.memory for stack in stacks] == expected
    for stack in stacks:
        assert too_large(stack.worlds, plenty.setting) == (most > 0 and stack.memory > stack.limit)
        assert ("may be taken" in stack.need) == (most == 0)
        more = [*stack.worlds, *plenty.worlds(most + 1, most + spare)]
        assert too_large(more, plenty.setting) == (len(more) > 1)


@settings(max_examples=50)
@given(count=st.integers(2, 60), most=st.integers(1, 20), done=st.integers(0, 60))
def test_what_is_left_is_packed_as_it_was(plenty: Plenty, count: int, most: int, done: int) -> None:
    """A study that was killed before it had planned it all goes on with the same stacks."""
    worlds = plenty.worlds(count, most + 0.5)
    stacks = pack(worlds, plenty.setting)
    kept = stacks[: done % len(stacks)]
    rest = worlds[sum(len(stack.worlds) for stack in kept) :]
    assert (*kept, *pack(rest, plenty.setting)) == stacks


def test_without_a_limit_it_is_what_is_free(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = {"optimizer.learning_rate": [0.1], "replicates": 4}
    (stack,) = planned(study(folder, sweep=sweep))
    monkeypatch.setattr(packing, "available_memory", lambda device: stack.memory - 1)
    assert [len(one.worlds) for one in planned(study(folder, sweep=sweep))] == [2, 2]
    enough = {"memory": 1.0}
    assert len(planned(study(folder, sweep=sweep, engine=enough))) == 1


def test_what_cannot_run_is_told_with_its_variant(folder: Path) -> None:
    for key, good, bad, text in (
        ("optimizer.batch_size", 5, 50, "optimizer.batch_size: 50 is more than the 12 training"),
        ("pruning.layers", ["1"], ["7"], "pruning[0].layers[0]: '7' is not a layer with weights"),
    ):
        options = [{"name": name, key: value} for name, value in (("good", good), ("bad", bad))]
        experiment = study(folder, sweep={"variants": options}, pruning=[{"roles": ["encoder"]}])
        with pytest.raises(CoevoError) as caught:
            planned(experiment)
        assert str(caught.value).startswith(f"sweep variant 'bad': {text}")


def test_free_memory_is_the_least_of_machine_and_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    free = memory.available_memory(cpu)
    assert free > 0
    (tmp_path / "memory.current").write_text("400000\n", "ascii")
    (tmp_path / "memory.max").write_text("1000000\n", "ascii")
    assert memory.available_memory(cpu) == 360_000
    (tmp_path / "memory.stat").write_text("file 350000\ninactive_file 300000\n", "ascii")
    assert memory.available_memory(cpu) == 540_000  # copies of files are given up
    (tmp_path / "memory.stat").write_text("anon 1\n", "ascii")
    assert memory.available_memory(cpu) == 360_000
    (tmp_path / "memory.max").write_text("300000\n", "ascii")
    assert memory.available_memory(cpu) == 0
    (tmp_path / "memory.max").write_text("max\n", "ascii")
    assert memory.available_memory(cpu) == pytest.approx(free, rel=0.3)
