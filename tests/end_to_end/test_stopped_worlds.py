"""A number that is not finite stops its world, and no other (contract C7)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars
import pytest
import torch

import coevo
from coevo import checkpoint
from tests.end_to_end.experiments import CELLS, assert_same_run, result_of, write_experiment
from tests.end_to_end.warm import Warm

ADVICE = "(try a lower optimizer.learning_rate or learning_rate_maximum)"
DIVERGING: dict[str, Any] = {
    "generations": 5,
    "task.output": "identity",
    "optimizer": {
        "algorithm": "sgd",
        "learning_rate": 1e20,
        "learning_rate_maximum": 1e30,
        "batch_size": 8,
        "steps": 3,
    },
}


def stopped(seed: int, generation: int) -> str:
    return (
        f"coevo: the world with seed {seed} stopped in generation {generation}: a loss or a weight "
        f"was not finite; its last good state is kept {ADVICE}"
    )


def test_when_all_worlds_stop_the_run_has_failed(warm: Warm, archive: Path, tmp_path: Path) -> None:
    experiment = write_experiment(tmp_path / "diverging.toml", archive, DIVERGING)
    directory = tmp_path / "run"
    ended = warm.run("run", experiment, "--out", directory)
    assert ended.code == 1
    assert ended.out == f"coevo: {directory}/report.html\n"
    assert ended.err.splitlines() == [stopped(3, 1), stopped(4, 1)]
    result = result_of(directory)
    assert (result["status"], result["generations"], result["best"]) == ("failed", 1, None)
    assert [world["stopped_at"] for world in result["worlds"]] == [1, 1]
    with pytest.raises(coevo.CoevoError, match="no best pairing"):
        coevo.load_pairing(directory)

    copy = shutil.copytree(directory, tmp_path / "copy")
    again = warm.run("resume", copy, "--json")
    assert again.code == 1
    assert again.document["status"] == "failed"
    assert result_of(copy) == result


def test_weights_too_large_for_a_loss_are_no_number_in_the_result(
    warm: Warm, archive: Path, tmp_path: Path
) -> None:
    """One step of one generation: the loss before it is finite, the weights after it are too."""
    one_step = {**DIVERGING["optimizer"], "steps": 1}
    changes = {**DIVERGING, "generations": 1, "optimizer": one_step}
    experiment = write_experiment(tmp_path / "diverging.toml", archive, changes)
    ended = warm.run("run", experiment, "--out", tmp_path / "run")
    assert ended.code == 1, ended.err
    assert ended.err == f"coevo: no loss on validation rows is finite {ADVICE}\n"
    result = result_of(tmp_path / "run")
    assert (result["status"], result["best"], result["median"]) == ("failed", None, None)
    for world in result["worlds"]:
        assert world["stopped_at"] is None
        assert world["validation"]["mse"] == [None] * CELLS
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_world_that_stops_does_not_touch_the_others(
    warm: Warm, finished: Path, tmp_path: Path
) -> None:
    directory = shutil.copytree(finished, tmp_path / "run")
    poison(directory / "checkpoints", world=1)
    ended = warm.run("resume", directory)
    assert ended.code == 0, ended.err
    assert ended.err.splitlines()[1:] == [stopped(4, 23)]
    healthy, ill = (coevo.read_records(path / "records") for path in (finished, directory))
    assert ill.filter(world=0).equals(healthy.filter(world=0))
    until = healthy.filter(polars.col("generation") < 23, world=1)
    assert ill.filter(polars.col("generation") < 23, world=1).equals(until)
    last = ill.filter(polars.col("generation") >= 23, world=1)
    assert last["generation"].to_list() == [23] * CELLS
    assert not last["running"].any()
    result, whole = result_of(directory), result_of(finished)
    assert result["status"] == "complete"
    assert result["worlds"][0] == whole["worlds"][0]
    assert result["worlds"][1]["status"] == "stopped"
    assert result["best"] == {"world": 0, "seed": 3, **whole["worlds"][0]["best"]}
    described = json.loads((directory / "best" / "pairing.json").read_text("utf-8"))
    assert described["world"] == 0

    again = shutil.copytree(directory, tmp_path / "again")
    shutil.rmtree(again / "checkpoints" / "00000024")
    assert warm.run("resume", again).code == 0
    assert_same_run(again, directory)


def poison(checkpoints: Path, *, world: int) -> None:
    """Make the learning rate of a cell infinite, in generation 22 of a run of 24."""
    shutil.rmtree(checkpoints / "00000024")
    found = checkpoint.load(checkpoints / "00000022")
    rates = found.shards["optimizer"]["cell/learning_rate"]
    rates[CELLS * world + 4] = torch.inf
    shutil.rmtree(found.path)
    checkpoint.save(checkpoints, 22, found.shards, found.metadata)
