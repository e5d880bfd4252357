"""A pruned run on a GPU: whole, resumed, and with the random choices that the CPU makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars
import pytest
import torch
from torch import Tensor

import coevo
from coevo import checkpoint
from coevo.assemble import assemble
from coevo.engine import Measures, evolve
from coevo.state import GridState
from tests.end_to_end.experiments import (
    CELLS,
    GENERATIONS,
    PRUNING,
    WORLDS,
    assert_same_run,
    write_experiment,
)
from tests.end_to_end.test_gpu import run_cold

pytestmark = pytest.mark.gpu
GPU = "cuda"

# What these remove is drawn, and depends on no weight.
DRAWN = [
    {"probability": 0.5, "amount": 0.2, "bias": True},
    {"sparsity": 0.5, "schedule": "increase", "end": 3, "roles": ["encoder"], "scope": "network"},
    {"amount": 0.3, "regrow": "random", "probability": 0.7},
    {"amount": 0.3, "structure": "unit", "probability": 0.3, "roles": ["decoder"]},
]


@pytest.fixture(scope="module")
def pruned(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pruned") / "pruned.toml"
    return write_experiment(place, archive, {"pruning": PRUNING, "engine.cells_per_chunk": 4})


def evolved(experiment: Path, device: str, generations: int) -> list[tuple[GridState, Measures]]:
    engine = assemble(coevo.load_experiment(experiment), device).engine
    return list(evolve(engine, engine.init(), generations))


def masks_of(state: GridState) -> dict[str, Tensor]:
    named = {
        **state.encoders.tensors(),
        **{f"d/{n}": t for n, t in state.decoders.tensors().items()},
    }
    return {name: tensor.cpu() for name, tensor in named.items() if "masks/" in name}


def test_what_is_drawn_is_the_same_as_on_the_cpu(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cell alone, whose networks never meet others that rounding could prefer."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    changes = {"pruning": DRAWN, "generations": 5, "grid.rows": 1, "grid.columns": 1}
    experiment = write_experiment(tmp_path / "drawn.toml", archive, changes)
    pairs = zip(evolved(experiment, GPU, 5), evolved(experiment, "cpu", 5), strict=True)
    for (of_gpu, measures), (of_cpu, expected) in pairs:
        assert measures["pruning_events"].tolist() == expected["pruning_events"].tolist()
        found, wanted = masks_of(of_gpu), masks_of(of_cpu)
        assert found
        assert found.keys() == wanted.keys()
        for name, mask in found.items():
            assert torch.equal(mask, wanted[name]), name
        for name in (name for name in expected if "sparsity" in name):
            assert measures[name].tolist() == expected[name].tolist(), name


def test_events_are_those_of_the_cpu(pruned: Path, tmp_path: Path) -> None:
    columns = {}
    for device in (GPU, "cpu"):
        run = tmp_path / device
        run_cold("run", pruned, "--out", run, "--device", device, place=tmp_path)
        records = coevo.read_records(run / "records")
        assert len(records) == WORLDS * CELLS * GENERATIONS
        columns[device] = records
    of_gpu, of_cpu = columns[GPU], columns["cpu"]
    assert of_gpu["pruning_events"].to_list() == of_cpu["pruning_events"].to_list()
    first = polars.col("generation") == 1
    for name in ("encoder_sparsity", "decoder_sparsity"):
        assert of_gpu.filter(first)[name].to_list() == of_cpu.filter(first)[name].to_list()


def test_it_resumes_bitwise_on_the_gpu(pruned: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run_cold("run", pruned, "--out", run, "--device", GPU, place=tmp_path)
    copy = shutil.copytree(run, tmp_path / "copy")
    for generation in checkpoint.generations(copy / "checkpoints")[1:]:
        shutil.rmtree(copy / "checkpoints" / f"{generation:08d}")
    run_cold("resume", copy, place=tmp_path)
    assert_same_run(copy, run)


def test_the_whole_state_is_on_the_gpu(pruned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    for state, measures in evolved(pruned, GPU, 2):
        for shard, tensors in {**state.shards(), "measures": measures}.items():
            for name, tensor in tensors.items():
                assert tensor.device.type == GPU, f"{shard}/{name}"
