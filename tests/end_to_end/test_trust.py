"""Code that an experiment names runs only where the user trusts it (contract C5)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from coevo import CoevoError, load_pairing
from tests.end_to_end.experiments import assert_same_run, result_of, write_experiment
from tests.end_to_end.warm import Warm

MODULE = """
from pathlib import Path
from torch import nn

Path(__file__).with_name("imported").touch()

def encoder(shape, latent, width):
    return nn.Sequential(nn.Flatten(), nn.Linear(16, width), nn.Tanh(), nn.Linear(width, latent))

def decoder(shape, latent, width):
    layers = nn.Linear(latent, width), nn.Tanh(), nn.Linear(width, 16), nn.Unflatten(1, (1, 4, 4))
    return nn.Sequential(*layers)

def second_best(losses):
    return losses.kthvalue(2, -1).values
"""
CHANGES = {
    "generations": 4,
    "network": {
        "encoder": "trusted_networks:encoder",
        "decoder": "trusted_networks:decoder",
        "latent": 3,
        "options": {"width": 5},
    },
}
WAY_OUT = "look at it, then say --trust (trust=True in Python)"


@pytest.fixture(scope="module")
def original(warm: Warm, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with networks of its own, started from another directory."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "trusted_networks.py").write_text(MODULE, "utf-8")
    experiment = write_experiment(folder / "mine.toml", archive, CHANGES)
    ended = warm.run("run", experiment, "--out", folder / "run")
    assert (ended.code, ended.err) == (0, "")
    return folder / "run"


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """The run, as if its last generation had not been saved; nothing is imported yet."""
    copy = shutil.copytree(original, tmp_path / "run")
    shutil.rmtree(copy / "checkpoints" / "00000004")
    marker(original).unlink(missing_ok=True)
    return copy


def marker(original: Path) -> Path:
    return original.parent / "imported"


def test_resume_imports_nothing_without_trust(warm: Warm, original: Path, copy: Path) -> None:
    before = (copy / "experiment.toml").read_bytes(), (copy / "environment.json").read_bytes()
    ended = warm.run("resume", copy, "--generations", 9)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "coevo: network.encoder: 'trusted_networks:encoder' is code of its own, which runs when it "
        f"is imported; {WAY_OUT}\n"
    )
    assert not marker(original).exists()
    after = (copy / "experiment.toml").read_bytes(), (copy / "environment.json").read_bytes()
    assert after == before


def test_resume_with_trust_goes_on(warm: Warm, original: Path, copy: Path) -> None:
    ended = warm.run("resume", copy, "--trust")
    assert ended.code == 0, ended.err
    assert marker(original).exists()
    assert_same_run(copy, original)


def test_a_report_imports_nothing(warm: Warm, original: Path, copy: Path) -> None:
    ended = warm.run("report", copy)
    assert ended.code == 0, ended.err
    assert not marker(original).exists()


def test_the_best_pairing_is_loaded_only_with_trust(original: Path, copy: Path) -> None:
    with pytest.raises(CoevoError) as caught:
        load_pairing(copy)
    assert str(caught.value).endswith(WAY_OUT)
    assert not marker(original).exists()
    encoder, decoder = load_pairing(copy, trust=True)
    samples = load_file(copy / "best" / "samples.safetensors")
    outputs = torch.sigmoid(decoder(encoder(samples["inputs"])))
    torch.testing.assert_close(outputs, samples["outputs"], rtol=0, atol=1e-6)


def test_a_module_that_has_changed_since_is_named(original: Path, copy: Path) -> None:
    file = copy / "experiment.toml"
    file.write_text(file.read_text("utf-8").replace("width = 5", "width = 6"), "utf-8")
    with pytest.raises(CoevoError, match=r"network\.encoder: is not what .*best was made with"):
        load_pairing(copy, trust=True)


def test_a_concept_is_code_too(warm: Warm, original: Path, archive: Path, tmp_path: Path) -> None:
    changes = {"generations": 2, "selection.concept": "trusted_networks:second_best"}
    experiment = write_experiment(original.parent / "concept.toml", archive, changes)
    assert warm.run("run", experiment, "--out", tmp_path / "run").code == 0
    marker(original).unlink()
    ended = warm.run("resume", tmp_path / "run")
    assert ended.code == 2
    assert ended.err.startswith("coevo: selection.concept: 'trusted_networks:second_best' is code")
    assert not marker(original).exists()
    assert warm.run("resume", tmp_path / "run", "--trust").code == 0
    assert result_of(tmp_path / "run")["status"] == "complete"
