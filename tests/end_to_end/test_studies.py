"""Studies: many variants and seeds in one directory, as the library runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import coevo
from coevo import records
from tests.end_to_end.experiments import checkpoints_of, records_of
from tests.end_to_end.studies import (
    FLOAT_TOLERANCE,
    GENERATIONS,
    NAMES,
    SEEDS,
    assert_same_numbers,
    assert_same_study,
    memory_between,
    recorded,
    results_of_worlds,
    stacks_of,
    write_study,
)

WORLDS = {(name, seed) for name in NAMES for seed in SEEDS}


def test_it_has_files_as_a_run_for_every_stack(whole_study: coevo.Run) -> None:
    top = {path.name for path in whole_study.directory.iterdir()}
    assert top == {
        *("experiment.toml", "environment.json", "study.json", "stacks", "result.json"),
        *("report.html", ".lock"),
    }
    one, other = stacks_of(whole_study.directory)
    assert (one.path.name, other.path.name) == ("001", "002")
    assert one.worlds() == tuple((name, seed) for name in NAMES[:3] for seed in SEEDS)
    assert other.worlds() == (("big", 3), ("big", 4))
    for stack, cells in ((one, 4), (other, 6)):
        names = {path.name for path in stack.path.iterdir()}
        assert names == {"stack.json", "records", "checkpoints", "best", "result.json"}
        rows = GENERATIONS * cells * len(stack.worlds())
        assert len(records.read(stack.run.records)) == rows
        assert checkpoints_of(stack.path) == [1, 2, 3]
        best = {path.name for path in stack.run.best.iterdir()}
        assert best == {name for name, _ in stack.worlds()}
    plan = json.loads((whole_study.directory / "study.json").read_text("utf-8"))
    assert plan["seeds"] == list(SEEDS)
    assert [variant["name"] for variant in plan["variants"]] == list(NAMES)
    assert plan["variants"][1] == {
        "name": "wanda",
        "settings": {"pruning.operator": "wanda"},
        "options": {"pruning.operator": "wanda"},
    }
    assert plan["variants"][3]["settings"] == {"grid.rows": 3, "pruning": []}


def test_a_stack_says_what_experiments_its_worlds_are_of(whole_study: coevo.Run) -> None:
    wanted = {one.name: one.experiment for one in coevo.variants(whole_study.experiment)}
    for stack in stacks_of(whole_study.directory):
        texts = stack.experiments()
        assert texts.keys() == {name for name, _ in stack.worlds()}
        for name, text in texts.items():
            alone = wanted[name].model_copy(update={"sweep": coevo.Experiment().sweep})
            assert coevo.to_toml(alone) == text


def test_the_result_gathers_all_stacks(whole_study: coevo.Run) -> None:
    outcome = whole_study.outcome
    assert json.loads((whole_study.directory / "result.json").read_text("utf-8")) == outcome
    assert (outcome["status"], outcome["loss"], outcome["generations"]) == ("complete", "mse", 3)
    assert outcome["failures"] == {}
    worlds = {(world["variant"], world["seed"]): world for world in outcome["worlds"]}
    assert worlds.keys() == WORLDS
    parts = [
        json.loads(stack.run.result_file.read_text("utf-8"))
        for stack in stacks_of(whole_study.directory)
    ]
    for time in ("seconds", "cpu_seconds"):
        assert outcome[time] == pytest.approx(sum(part[time] for part in parts), abs=0.002)
    for name, own in results_of_worlds(whole_study.directory).items():
        assert worlds[name]["best"] == own["best"]
        assert worlds[name]["stack"] == ("002" if name[0] == "big" else "001")
    for variant in outcome["variants"]:
        own = [worlds[variant["name"], seed]["best"] for seed in SEEDS]
        assert (variant["worlds"], variant["stopped"]) == (2, 0)
        mean = sum(best["test"]["mse"] for best in own) / 2  # of two, also their median
        assert variant["median"]["test"]["mse"] == pytest.approx(mean, rel=1e-12)
    best = min(worlds.values(), key=lambda world: world["best"]["validation"]["mse"])
    assert outcome["best"] == {
        **{key: best[key] for key in ("stack", "world", "variant", "seed")},
        **best["best"],
    }
    assert whole_study.test == best["best"]["test"]


def test_every_variant_comes_out_as_by_itself(whole_study: coevo.Run, tmp_path: Path) -> None:
    frames, results = recorded(whole_study.directory), results_of_worlds(whole_study.directory)
    for variant in coevo.variants(whole_study.experiment):
        alone = coevo.run(variant.experiment, tmp_path / variant.name)
        frame = alone.records()
        for world in alone.outcome["worlds"]:
            name = (variant.name, world["seed"])
            own = frame.filter(frame["world"] == world["world"]).drop("world")
            assert_same_numbers(frames[name], own)
            beyond = {c for c in frames[name].columns if c not in own.columns and "sparsity" in c}
            assert all(frames[name][column].is_nan().all() for column in beyond)
            best = results[name]["best"]
            assert best["cell"] == world["best"]["cell"]
            for split in ("validation", "test"):
                assert best[split] == pytest.approx(world["best"][split], rel=FLOAT_TOLERANCE)
            assert results[name]["sparsity"] == world["sparsity"]
        stack = stacks_of(whole_study.directory)[variant.name == "big"]
        for file in ("encoder", "decoder", "samples"):
            path = Path("best") / f"{file}.safetensors"
            mine = load_file(stack.run.best / variant.name / path.name)
            theirs = load_file(alone.directory / path)
            torch.testing.assert_close(mine, theirs, rtol=FLOAT_TOLERANCE, atol=FLOAT_TOLERANCE)
        masks = [alone.directory / "best", stack.run.best / variant.name]
        theirs, mine = (
            load_file(m) if (m := one / "masks.safetensors").exists() else {} for one in masks
        )
        torch.testing.assert_close(mine, theirs)
        assert bool(mine) == (variant.name in {"uniform", "wanda"})


def test_variants_differ_and_the_sparsity_is_that_of_the_variant(whole_study: coevo.Run) -> None:
    """What is compared above would be the same, too, if no variant's settings had an effect."""
    results = results_of_worlds(whole_study.directory)
    losses = {tuple(world["test"]["mse"]) for world in results.values()}
    assert len(losses) == len(WORLDS)
    for (name, _), world in results.items():
        pruned = name in ("uniform", "wanda")
        # Half of the weights, none of the biases: [16, 6, 3, 6, 16] units.
        weights, biases = 2 * (16 * 6 + 6 * 3), 6 + 3 + 6 + 16
        expected = 0.5 * weights / (weights + biases) if pruned else 0.0
        assert world["sparsity"] == pytest.approx([expected] * len(world["sparsity"]))


def test_little_memory_makes_more_stacks_and_the_same_results(
    study: Path, whole_study: coevo.Run, tmp_path: Path
) -> None:
    stacks = coevo.dry_run(study).stacks
    assert [(len(stack.worlds), stack.cells) for stack in stacks] == [(6, 24), (2, 12)]
    three = coevo.dry_run(study, overrides=["replicates=1"]).stacks[0].memory
    memory = memory_between(three, stacks[0].memory)
    overrides = [f"engine.memory={memory}"]
    planned = coevo.dry_run(study, overrides=overrides).stacks
    assert [len(stack.worlds) for stack in planned] == [3, 3, 2]
    assert all(stack.memory <= memory * 2**30 for stack in planned[:2])
    cut = coevo.run(study, tmp_path / "cut", overrides=overrides)
    assert [stack.worlds() for stack in stacks_of(cut.directory)] == [
        (("uniform", 3), ("uniform", 4), ("wanda", 3)),
        (("wanda", 4), ("none", 3), ("none", 4)),
        (("big", 3), ("big", 4)),
    ]
    together = recorded(whole_study.directory)
    for name, frame in recorded(cut.directory).items():
        shared = together[name].select(frame.columns)
        assert_same_numbers(frame, shared)
    assert [one["name"] for one in cut.outcome["variants"]] == list(NAMES)
    for one, other in zip(cut.outcome["variants"], whole_study.outcome["variants"], strict=True):
        assert one["median"]["test"] == pytest.approx(other["median"]["test"], rel=FLOAT_TOLERANCE)


def test_records_of_the_whole_study_name_variant_and_stack(whole_study: coevo.Run) -> None:
    frame = whole_study.records()
    assert frame.columns[:2] == ["variant", "stack"]
    assert len(frame) == sum(
        len(records.read(stack.run.records)) for stack in stacks_of(whole_study.directory)
    )
    own = frame.filter((frame["variant"] == "big") & (frame["seed"] == 4))
    assert set(own["stack"]) == {"002"}
    expected = recorded(whole_study.directory)["big", 4]
    assert_same_numbers(own, expected)


def test_records_of_a_study_have_the_wider_type_of_numbers(archive: Path, tmp_path: Path) -> None:
    sweep = {"replicates": 1, "dtype": ["float32", "float64"]}
    changes: dict[str, Any] = {"generations": 1, "sweep": sweep}
    run = coevo.run(write_study(tmp_path / "a.toml", archive, changes), tmp_path / "run")
    frame, narrow = run.records(), recorded(run.directory)["float32", 3]
    assert str(narrow["selection_loss"].dtype) == "Float32"
    own = frame.filter(frame["variant"] == "float32")["selection_loss"]
    assert own.to_list() == narrow["selection_loss"].to_list()
    assert frame["stack"].unique(maintain_order=True).to_list() == ["001", "002"]


def test_the_same_study_repeats_bit_for_bit(
    study: Path, whole_study: coevo.Run, tmp_path: Path
) -> None:
    again = coevo.run(study, tmp_path / "again")
    assert_same_study(again.directory, whole_study.directory)


def test_a_study_of_one_stack_is_one_program(archive: Path, tmp_path: Path) -> None:
    changes: dict[str, Any] = {"sweep": {"replicates": 1, "optimizer.learning_rate": [0.01, 0.02]}}
    run = coevo.run(write_study(tmp_path / "a.toml", archive, changes), tmp_path / "run")
    (stack,) = stacks_of(run.directory)
    assert stack.worlds() == (("0.01", 3), ("0.02", 3))
    rates = records.read(stack.run.records).filter(generation=1)["learning_rate"]
    assert rates.to_list() == [0.01] * 4 + [0.02] * 4
    assert records_of(stack.path).keys() >= {"encoder_sparsity", "decoder_sparsity"}
