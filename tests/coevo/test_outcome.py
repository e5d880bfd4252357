"""The figures at the end of a run, and the choice of the best pairing."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, load_file
from torch import Tensor

from coevo.assemble import Assembled, assemble
from coevo.experiment import Experiment, experiment_from_dict
from coevo.outcome import Outcome, conclude
from coevo.records import RecordWriter
from coevo.run_directory import RunDirectory
from coevo.spent import Spent
from coevo.state import GridState
from tests.coevo.disk_faults import power_failures

WORLDS, CELLS, COLUMNS = 3, 6, 3
DOCUMENT: dict[str, Any] = {
    "seed": 5,
    "grid": {"rows": 2, "columns": COLUMNS},
    "task": {"dataset": "binary_clustering", "output": "identity"},
    "data": {"clusters": 2, "dimensions": 24, "validation_rows": 2, "test_rows": 20},
    "network": {"hidden": [4], "latent": 2},
    "optimizer": {"steps": 7},
    "sweep": {"replicates": WORLDS},
}
FILES = ("encoder.safetensors", "decoder.safetensors", "samples.safetensors", "pairing.json")


@dataclass(frozen=True)
class End:
    """The end of a run that is made up: a state, and records of which worlds stopped when."""

    place: RunDirectory
    experiment: Experiment
    assembled: Assembled
    state: GridState

    def conclude(self, state: GridState | None = None) -> Outcome:
        return conclude(self.place, self.assembled, state or self.state, Spent(1.5, 2.5))

    def scaled(self, factors: dict[int, float]) -> GridState:
        """Multiply the decoders' weights of some cells."""
        scale = torch.ones(WORLDS * CELLS)
        for cell, factor in factors.items():
            scale[cell] = factor
        weights = {
            name: weight * scale.view(-1, *[1] * (weight.dim() - 1))
            for name, weight in self.state.decoders.weights.items()
        }
        return replace(self.state, decoders=replace(self.state.decoders, weights=weights))

    def stopped(self, worlds: dict[int, int], state: GridState | None = None) -> GridState:
        """Stop worlds, and record in which generation they did."""
        state, running = state or self.state, torch.ones(WORLDS * CELLS, dtype=torch.bool)
        with RecordWriter(self.place.records) as writer:
            for generation in range(1, 5):
                for world, last in worlds.items():
                    running[world * CELLS : (world + 1) * CELLS] = generation < last
                writer.append(rows(generation, running))
        return replace(state, generation=4, running=running)


def rows(generation: int, running: Tensor) -> dict[str, Tensor]:
    number = torch.arange(WORLDS * CELLS)
    return {
        "world": number // CELLS,
        "generation": torch.full_like(number, generation),
        "cell": number % CELLS,
        "running": running.clone(),
    }


@pytest.fixture(scope="module")
def assembled() -> tuple[Experiment, Assembled]:
    experiment = experiment_from_dict(DOCUMENT)
    return experiment, assemble(experiment, "cpu")


@pytest.fixture
def end(assembled: tuple[Experiment, Assembled], tmp_path: Path) -> End:
    end = End(RunDirectory(tmp_path), *assembled, assembled[1].engine.init())
    return replace(end, state=end.stopped({}))


def validation_losses(end: End, state: GridState) -> Tensor:
    engine = end.assembled.engine
    pair = state.encoders, state.decoders
    return engine.validation.metrics(engine.networks, engine.task, *pair)["mse"].view(WORLDS, CELLS)


def test_the_result_holds_the_losses_of_every_cell(end: End) -> None:
    outcome = end.conclude()
    assert json.loads(end.place.result_file.read_text("utf-8")) == outcome
    expected = validation_losses(end, end.state).tolist()
    assert [world["validation"]["mse"] for world in outcome["worlds"]] == expected
    assert [world["seed"] for world in outcome["worlds"]] == [5, 6, 7]
    assert (outcome["status"], outcome["generations"], outcome["seconds"]) == ("complete", 4, 1.5)
    assert outcome["gradient_steps_per_cell"] == 28
    assert outcome["parameters"] == end.assembled.parameters


@pytest.mark.parametrize(
    ("tables", "steps"),
    [
        ({}, 4 * 7),
        ({"de": {"every": 2}}, 2 * 7),
        ({"de": {}, "start": {"isolated_generations": 3}}, 3 * 7),
        ({"de": {"every": 2}, "start": {"isolated_generations": 3}}, 4 * 7),
        ({"de": {"fallback": "gradient"}}, 4 * 7),
    ],
)
def test_generations_of_trials_take_no_gradient_steps(
    end: End, tables: dict[str, Any], steps: int
) -> None:
    kind = {"kind": "de"} if "de" in tables else {}
    experiment = experiment_from_dict({"optimizer": {"steps": 7, **kind}, **tables})
    worlds = tuple(replace(world, experiment=experiment) for world in end.assembled.worlds)
    end = replace(end, assembled=replace(end.assembled, worlds=worlds))
    assert end.conclude()["gradient_steps_per_cell"] == steps


def test_the_best_has_the_lowest_loss_on_validation_rows(end: End) -> None:
    losses = validation_losses(end, end.state)
    test = torch.tensor([world["test"]["mse"] for world in end.conclude()["worlds"]])
    assert test.argmin(1).tolist() != losses.argmin(1).tolist(), "test rows would choose others"
    outcome = end.conclude()
    world, cell = divmod(int(losses.argmin()), CELLS)
    assert (outcome["best"]["world"], outcome["best"]["cell"]) == (world, cell)
    assert (outcome["best"]["row"], outcome["best"]["column"]) == divmod(cell, COLUMNS)
    assert outcome["best"]["test"]["mse"] == outcome["worlds"][world]["test"]["mse"][cell]
    for number, described in enumerate(outcome["worlds"]):
        assert described["best"]["cell"] == int(losses[number].argmin())


def test_medians_are_over_the_best_of_each_world(end: End) -> None:
    outcome = end.conclude()
    for split in ("validation", "test"):
        for name in ("mse", "l1", "bce"):
            values = [world["best"][split][name] for world in outcome["worlds"]]
            assert outcome["median"][split][name] == statistics.median(values)


def test_a_world_that_stopped_has_no_best(end: End) -> None:
    champion = end.conclude()["best"]["world"]
    for path in end.place.records.iterdir():
        path.unlink()
    outcome = end.conclude(end.stopped({champion: 3}))
    described = outcome["worlds"][champion]
    assert (described["status"], described["stopped_at"]) == ("stopped", 3)
    assert described["best"] is None
    assert all(value is not None for value in described["test"]["mse"])
    assert outcome["best"]["world"] != champion
    assert outcome["status"] == "complete"
    others = [world["best"]["test"]["mse"] for world in outcome["worlds"] if world["best"]]
    assert outcome["median"]["test"]["mse"] == statistics.median(others)


def test_when_all_worlds_stopped_there_is_no_best_any_more(end: End) -> None:
    end.conclude()
    assert end.place.best.is_dir()
    for path in end.place.records.iterdir():
        path.unlink()
    outcome = end.conclude(end.stopped(dict.fromkeys(range(WORLDS), 2)))
    assert (outcome["status"], outcome["best"], outcome["median"]) == ("failed", None, None)
    assert not end.place.best.exists()


def test_figures_that_are_no_numbers_are_none_and_never_the_best(end: End) -> None:
    champion = int(validation_losses(end, end.state).argmin())
    state = end.scaled({champion: 1e30, 0: 1e38})
    losses = validation_losses(end, state)
    assert not losses.flatten()[[champion, 0]].isfinite().any()
    outcome = end.conclude(state)
    for number in {champion, 0}:
        world, cell = divmod(number, CELLS)
        assert outcome["worlds"][world]["validation"]["mse"][cell] is None
        assert outcome["worlds"][world]["best"]["cell"] != cell
    finite = losses.where(losses.isfinite(), torch.inf)
    best = outcome["best"]
    assert best["world"] * CELLS + best["cell"] == int(finite.argmin())
    json.loads(end.place.result_file.read_text("utf-8"), parse_constant=pytest.fail)


def test_without_any_finite_loss_nothing_is_best(end: End) -> None:
    outcome = end.conclude(end.scaled(dict.fromkeys(range(WORLDS * CELLS), 1e38)))
    assert (outcome["status"], outcome["best"]) == ("failed", None)
    assert not end.place.best.exists()


def test_the_exported_weights_are_those_of_the_best_cell(end: End) -> None:
    best = end.conclude()["best"]
    cell = best["world"] * CELLS + best["cell"]
    for role, population in (("encoder", end.state.encoders), ("decoder", end.state.decoders)):
        weights = load_file(end.place.best / f"{role}.safetensors")
        assert weights.keys() == population.weights.keys()
        assert all(
            torch.equal(weight, population.weights[name][cell]) for name, weight in weights.items()
        )
    described = json.loads((end.place.best / "pairing.json").read_text("utf-8"))
    shapes = {"input_shape": [24], "target_shape": [24], "code_shape": [2]}
    assert described == {**shapes, "output": "identity", "dtype": "float32", **best}


def test_samples_are_spread_over_the_test_rows(end: End) -> None:
    end.conclude()
    samples = load_file(end.place.best / "samples.safetensors")
    rows = end.assembled.test.inputs
    assert samples["inputs"].shape == (16, 24)
    assert torch.equal(samples["inputs"][0], rows[0])
    assert torch.equal(samples["inputs"][-1], rows[-1])
    assert len({sample.numpy().tobytes() for sample in samples["inputs"]}) == 16


def test_a_later_best_replaces_an_earlier_one_as_a_whole(end: End, tmp_path: Path) -> None:
    """Whenever power fails: an encoder beside a decoder of another pairing would be neither."""
    first = end.conclude()["best"]
    cell = first["world"] * CELLS + first["cell"]
    before = contents(end.place.best)
    later = end.scaled({cell: 3.0})
    assert end.conclude(later)["best"] != first
    after = contents(end.place.best)
    end.conclude()
    disk = tmp_path.with_name(f"{tmp_path.name}-copies")
    copies = power_failures(tmp_path, disk, lambda: end.conclude(later))
    found = [contents(copy / "best") for copy in copies]
    assert all(files in (before, after, {}) for files in found)
    assert found[0] == before
    assert found[-1] == after
    results = [load_result(copy) for copy in copies]
    assert {result["best"]["cell"] for result in results} <= {
        first["cell"],
        results[-1]["best"]["cell"],
    }


def contents(best: Path) -> dict[str, bytes]:
    if not best.is_dir():
        return {}
    found = {path.name: path.read_bytes() for path in best.iterdir()}
    assert found.keys() == set(FILES)
    load(found["encoder.safetensors"])
    return found


def load_result(directory: Path) -> Outcome:
    found: Outcome = json.loads((directory / "result.json").read_text("utf-8"))
    return found
