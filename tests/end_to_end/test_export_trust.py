"""Exports of networks of one's own: with trust, and as far as they can be described."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import coevo
from tests.end_to_end.experiments import write_experiment
from tests.end_to_end.unusual_layers import UNUSUAL_LAYERS

MODULE = f"""
{UNUSUAL_LAYERS}
import torch
from pathlib import Path
from torch import nn

Path(__file__).with_name("imported").touch()

class Shifted(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.inner = nn.Linear(16, latent)

    def forward(self, rows):
        return self.inner(rows.flatten(1)) + 1

def encoder(shape, latent):
    return Shifted(latent)

def unusual(shape, latent):
    twice = Locked(latent)
    return nn.Sequential(nn.Flatten(), Split(), Join(), nn.Linear(4, latent), twice, twice)

def decoder(shape, latent):
    return nn.Sequential(nn.Linear(latent, 16), nn.Unflatten(1, (1, 4, 4)))
"""


@pytest.fixture(scope="module")
def run(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_of("encoder", tmp_path_factory.mktemp("mine"), archive)


def run_of(encoder: str, folder: Path, archive: Path) -> Path:
    (folder / "exported_networks.py").write_text(MODULE, "utf-8")
    named = {
        "network.encoder": f"exported_networks:{encoder}",
        "network.decoder": "exported_networks:decoder",
    }
    changes = {"generations": 2, "network": {"latent": 4}, **named}
    experiment = write_experiment(folder / "mine.toml", archive, changes)
    return coevo.run(experiment, folder / "run").directory


def test_nothing_is_imported_without_trust(run: Path, tmp_path: Path) -> None:
    marker = run.parent / "imported"
    marker.unlink(missing_ok=True)
    with pytest.raises(coevo.CoevoError, match="is code of its own"):
        coevo.export(run, "torch-export", out=tmp_path / "out")
    assert not marker.exists()
    assert not (tmp_path / "out").exists()


def test_a_program_needs_no_code_of_its_own(run: Path, tmp_path: Path) -> None:
    folder = coevo.export(run, "torch-export", out=tmp_path / "out", trust=True).directory
    encoder, decoder = coevo.load_pairing(run, trust=True)
    rows = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    first, second = (
        torch.export.load(folder / f"{r}.pt2").module() for r in ("encoder", "decoder")
    )
    torch.testing.assert_close(second(first(rows)), decoder(encoder(rows)))


def test_weights_are_written_with_a_note(run: Path, tmp_path: Path) -> None:
    folder = coevo.export(run, "safetensors", out=tmp_path / "out", trust=True).directory
    expected = load_file(run / "best" / "encoder.safetensors")
    found = load_file(folder / "encoder.safetensors")
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())
    with pytest.raises(coevo.CoevoError) as caught:
        coevo.load_export(folder)
    assert str(caught.value) == (
        f"{folder}: the encoder is no plain chain of layers; build it with the factory that the "
        "experiment names and load its weights, or load the run with coevo.load_pairing"
    )


def test_compact_weights_that_nothing_could_read_are_refused(run: Path, tmp_path: Path) -> None:
    prepared = coevo.load_pairing(run, trust=True)
    weights = load_file(run / "best" / "decoder.safetensors")
    assert prepared[1].state_dict().keys() == weights.keys()
    found = coevo.export(run, "safetensors", out=tmp_path / "out", compact=True, trust=True)
    assert not found.document["compact"]
    assert found.document["reason"] == (
        "there is no unit to remove; Shifted and what is beside is left alone"
    )


def test_a_network_of_tuples_locks_and_a_layer_used_twice(archive: Path, tmp_path: Path) -> None:
    run = run_of("unusual", tmp_path, archive)
    assert json.loads((run / "result.json").read_text("utf-8"))["status"] == "complete"
    weights = load_file(run / "best" / "encoder.safetensors")
    assert torch.equal(weights["4.weight"], weights["5.weight"])
    encoder, _ = coevo.load_pairing(run, trust=True)
    assert torch.equal(encoder[5].weight, weights["4.weight"])
    assert encoder[4] is encoder[5]
    written = coevo.export(run, "safetensors", trust=True)
    assert load_file(written.directory / "encoder.safetensors").keys() == weights.keys()
    assert written.document["largest_difference"] <= 1e-5
