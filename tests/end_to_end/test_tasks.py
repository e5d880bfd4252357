"""Every task, source of data and kind of network, from the file to the exported pairing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import coevo
from tests.end_to_end.experiments import result_of, write_experiment
from tests.end_to_end.warm import Warm

DIGITS: dict[str, Any] = {"task.dataset": "digits", "task.kind": "reconstruct"}
MAP: dict[str, Any] = {"task.dataset": "digits", "task.kind": "map", "task.target": "edges"}
CLUSTERS = {"clusters": 3, "dimensions": 40, "rows_per_cluster": 10}
CONV = {"kind": "conv", "channels": [3, 4], "latent": 5}

CASES: dict[str, dict[str, Any]] = {
    "gaussian noise": {**DIGITS, "task.kind": "denoise", "task.noise": "gaussian"},
    "uniform noise": {**DIGITS, "task.kind": "denoise", "task.noise": "uniform"},
    "masking": {**DIGITS, "task.kind": "denoise", "task.noise": "masking"},
    "edges": MAP,
    "clusters": {
        "task.dataset": "binary_clustering",
        "task.kind": "reconstruct",
        "data": {**CLUSTERS, "validation_rows": 20, "test_rows": 30},
        "task.loss": "bce",
    },
    "convolutions": {**DIGITS, "network": CONV},
    "convolutions to edges": {**MAP, "network": CONV},
    "identity": {**DIGITS, "task.output": "identity", "task.loss": "l1"},
    "double precision": {**DIGITS, "dtype": "float64"},
    "three worlds": {**DIGITS, "sweep.replicates": 3},
    "subsets": {**DIGITS, "data.subset": 0.1, "data.subset_per": "cell", "data.train_rows": 500},
    "replacement": {**DIGITS, "selection.replacement": "if_better", "evaluation.every": 2},
    "a ring": {**DIGITS, "grid.neighborhood": "ring", "selection.pairing": "independent"},
    "one cell": {**DIGITS, "grid.rows": 1, "grid.columns": 1},
    "opponents": {**DIGITS, "optimizer.pairings": "opponents_trained"},
    "all pairings": {**DIGITS, "optimizer.pairings": "all", "optimizer.moments": "reset"},
}


@pytest.fixture
def check(warm: Warm, tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Run two generations and look at everything that a run leaves."""

    def run(changes: dict[str, Any]) -> Path:
        changes = {"generations": 2, "sweep.replicates": 1, **changes}
        experiment = write_experiment(tmp_path / "case.toml", None, changes)
        ended = warm.run("run", experiment, "--out", tmp_path / "run")
        assert (ended.code, ended.err) == (0, "")
        check_run(tmp_path / "run", coevo.load_experiment(experiment))
        return tmp_path / "run"

    return run


def check_run(directory: Path, experiment: coevo.Experiment) -> None:
    cells = experiment.grid.rows * experiment.grid.columns
    worlds = experiment.sweep.replicates
    records = coevo.read_records(directory / "records")
    assert len(records) == 2 * worlds * cells
    assert records["running"].all()
    for name in ("train_loss", "selection_loss", "learning_rate"):
        assert records[name].is_finite().all()
    measured = records.filter(generation=2)
    assert all(measured[f"validation_{name}"].is_finite().all() for name in ("mse", "l1", "bce"))
    result = result_of(directory)
    assert (result["status"], len(result["worlds"])) == ("complete", worlds)
    assert all(0 < value < 2 for value in result["best"]["test"].values())
    samples = load_file(directory / "best" / "samples.safetensors")
    encoder, decoder = coevo.load_pairing(directory)
    inputs = samples["inputs"].to(getattr(torch, experiment.dtype))
    outputs = decoder(encoder(inputs))
    if experiment.task.output == "sigmoid":
        outputs = outputs.sigmoid()
    torch.testing.assert_close(outputs.float(), samples["outputs"], rtol=0, atol=1e-6)
    assert (directory / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("name", CASES)
def test_from_the_file_to_the_exported_pairing(
    name: str, check: Callable[[dict[str, Any]], Path]
) -> None:
    check(CASES[name])


def test_noise_is_on_the_inputs_alone(check: Callable[[dict[str, Any]], Path]) -> None:
    samples = load_file(check(CASES["gaussian noise"]) / "best" / "samples.safetensors")
    noise = samples["inputs"] - samples["targets"]
    assert 0.25 < float(noise.std()) < 0.35
    test = coevo.load_dataset("digits").test.inputs
    assert all((test == target).flatten(1).all(1).any() for target in samples["targets"])


def test_targets_of_an_archive(check: Callable[[dict[str, Any]], Path], tmp_path: Path) -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    arrays: dict[str, Any] = {}
    for split in ("train", "validation", "test"):
        arrays[split] = generator.uniform(size=(30, 6)).astype(np.float32)
        arrays[f"{split}_targets"] = arrays[split][:, :2] ** 2
    np.savez(tmp_path / "squares.npz", **arrays)
    data = {"file": str(tmp_path / "squares.npz")}
    run = check({"task": {"kind": "map", "dataset": "npz"}, "data": data})
    samples = load_file(run / "best" / "samples.safetensors")
    assert samples["targets"].shape == samples["outputs"].shape == (16, 2)


def test_pairs_of_image_files(check: Callable[[dict[str, Any]], Path], tmp_path: Path) -> None:
    generator = np.random.Generator(np.random.PCG64(2))
    for number in range(40):
        image = generator.integers(0, 256, (6, 5), np.uint8)
        for name, pixels in (("inputs", image), ("targets", 255 - image)):
            file = tmp_path / "pairs" / name / f"{number:02d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
    run = check(
        {
            "task": {"kind": "map", "dataset": "folder"},
            "data": {"folder": "pairs", "directory": str(tmp_path)},
        }
    )
    samples = load_file(run / "best" / "samples.safetensors")
    torch.testing.assert_close(samples["targets"], 1 - samples["inputs"])
    assert samples["inputs"].shape == (4, 1, 6, 5)


@pytest.mark.data
@pytest.mark.parametrize("dataset", ["mnist", "omniglot"])
def test_published_images(
    dataset: str, check: Callable[[dict[str, Any]], Path], data_directory: Path
) -> None:
    data = {"directory": str(data_directory), "train_rows": 50}
    grid = {"rows": 1, "columns": 2}
    run = check({"task": {"dataset": dataset}, "data": data, "grid": grid})
    assert load_file(run / "best" / "samples.safetensors")["inputs"].shape == (16, 1, 28, 28)
    assert "only the first 50 training rows" in result_of(run)["dataset_description"]
