"""A run on a GPU: whole, resumed, and with the choices that the CPU makes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import coevo
from coevo import checkpoint
from coevo.assemble import assemble
from tests.end_to_end.experiments import CELLS, WORLDS, assert_same_run
from tests.end_to_end.warm import cold

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def on_gpu(experiment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("gpu") / "run"
    run_cold("run", experiment, "--out", directory, "--device", "cuda", place=directory.parent)
    return directory


def run_cold(*arguments: object, place: Path) -> str:
    process = cold(*arguments, directory=place)
    _, err = process.communicate()
    assert process.returncode == 0, err
    return err


def test_it_resumes_bitwise_on_the_gpu_without_being_told(on_gpu: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(on_gpu, tmp_path / "run")
    for generation in checkpoint.generations(copy / "checkpoints")[1:]:
        shutil.rmtree(copy / "checkpoints" / f"{generation:08d}")
    assert run_cold("resume", copy, place=tmp_path) == "coevo: going on after generation 20 of 24\n"
    assert_same_run(copy, on_gpu)
    environment = json.loads((copy / "environment.json").read_text("utf-8"))
    assert environment["device"] == environment["resumed"][0]["device"]
    assert environment["device"] == torch.cuda.get_device_name()


def test_a_run_of_the_cpu_goes_on_there_beside_a_gpu(experiment: Path, tmp_path: Path) -> None:
    directory = tmp_path / "run"
    six = ("--set", "generations=6")
    run_cold("run", experiment, "--out", directory, "--device", "cpu", *six, place=tmp_path)
    run_cold("resume", directory, "--generations", 24, place=tmp_path)
    environment = json.loads((directory / "environment.json").read_text("utf-8"))
    assert environment["resumed"][0]["device"] == "cpu"
    assert environment["device"] == "cpu"


def test_a_change_of_device_is_said(on_gpu: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(on_gpu, tmp_path / "run")
    err = run_cold("resume", copy, "--device", "cpu", place=tmp_path)
    assert f"computed on {torch.cuda.get_device_name()} so far, on cpu from here" in err


def test_the_choices_of_the_first_generation_are_those_of_the_cpu(
    on_gpu: Path, experiment: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "run"
    one = ("--set", "generations=1")
    run_cold("run", experiment, "--out", directory, "--device", "cpu", *one, place=tmp_path)
    of_gpu, of_cpu = (
        coevo.read_records(run / "records").filter(generation=1) for run in (on_gpu, directory)
    )
    assert len(of_gpu) == len(of_cpu) == WORLDS * CELLS
    for name in ("encoder_from", "decoder_from", "replaced", "running"):
        assert of_gpu[name].to_list() == of_cpu[name].to_list(), name
    for name in ("train_loss", "selection_loss", "validation_mse"):
        assert of_gpu[name].to_list() == pytest.approx(of_cpu[name].to_list(), rel=1e-4)


def test_the_whole_state_is_on_the_gpu(experiment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    engine = assemble(coevo.load_experiment(experiment), "cuda").engine
    state, _ = engine.advance(engine.init())
    for shard, tensors in state.shards().items():
        for name, tensor in tensors.items():
            assert tensor.device.type == "cuda", f"{shard}/{name}"
