"""The exported best pairing is what the result says it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import polars
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import coevo
from tests.end_to_end.experiments import result_of
from tests.end_to_end.warm import Warm

CHANGES = ("generations=4", "optimizer.steps=10", "sweep.replicates=2", "engine.threads=1")


@dataclass(frozen=True)
class Digits:
    """A run on the digits, without noise, and its best pairing."""

    directory: Path

    def reconstruct(self, inputs: Tensor) -> Tensor:
        encoder, decoder = coevo.load_pairing(self.directory)
        with torch.no_grad():
            return torch.sigmoid(decoder(encoder(inputs)))


@pytest.fixture(scope="module")
def digits(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Digits:
    directory = tmp_path_factory.mktemp("digits") / "run"
    changes = [word for change in CHANGES for word in ("--set", change)]
    ended = warm.run("run", "digits", "--out", directory, *changes)
    assert (ended.code, ended.err) == (0, "")
    return Digits(directory)


def test_it_makes_of_the_samples_what_the_samples_say(digits: Digits) -> None:
    samples = load_file(digits.directory / "best" / "samples.safetensors")
    assert samples["inputs"].shape == samples["targets"].shape == (16, 1, 8, 8)
    outputs = digits.reconstruct(samples["inputs"])
    torch.testing.assert_close(outputs, samples["outputs"], rtol=0, atol=1e-6)


def test_samples_are_test_rows(digits: Digits) -> None:
    rows = coevo.load_dataset("digits").test.inputs
    samples = load_file(digits.directory / "best" / "samples.safetensors")
    for name in ("inputs", "targets"):
        assert all((rows == sample).flatten(1).all(1).any() for sample in samples[name])


@pytest.mark.parametrize("split", ["validation", "test"])
def test_its_losses_are_those_of_the_result(digits: Digits, split: str) -> None:
    rows = getattr(coevo.load_dataset("digits"), split).inputs
    outputs = digits.reconstruct(rows)
    figures = {
        "mse": torch.nn.functional.mse_loss(outputs, rows),
        "l1": torch.nn.functional.l1_loss(outputs, rows),
        "bce": torch.nn.functional.binary_cross_entropy(outputs, rows),
    }
    expected = result_of(digits.directory)["best"][split]
    assert figures.keys() == expected.keys()
    for name, value in figures.items():
        assert float(value) == pytest.approx(expected[name], rel=0, abs=1e-6)


def test_it_is_the_one_with_the_lowest_loss_on_validation_rows(digits: Digits) -> None:
    result = result_of(digits.directory)
    losses = torch.tensor([world["validation"]["mse"] for world in result["worlds"]])
    best = result["best"]
    assert losses.shape == (2, 9)
    assert divmod(int(losses.argmin()), 9) == (best["world"], best["cell"])
    assert (best["row"], best["column"]) == divmod(best["cell"], 3)
    for world in result["worlds"]:
        own = torch.tensor(world["validation"]["mse"])
        assert world["best"]["cell"] == int(own.argmin())
        assert world["best"]["test"]["mse"] == world["test"]["mse"][world["best"]["cell"]]
    described = json.loads((digits.directory / "best" / "pairing.json").read_text("utf-8"))
    assert described.items() >= best.items()


def test_the_result_says_what_the_last_record_says(digits: Digits) -> None:
    records = coevo.read_records(digits.directory / "records")
    last = records.filter(polars.col("generation") == 4).sort("world", "cell")
    for name in ("mse", "l1", "bce"):
        losses = [world["validation"][name] for world in result_of(digits.directory)["worlds"]]
        assert last[f"validation_{name}"].to_list() == [*losses[0], *losses[1]]


def test_a_run_gives_its_best_pairing_without_trust_in_anybody(digits: Digits) -> None:
    before = torch.get_rng_state()
    encoder, decoder = coevo.load_pairing(digits.directory)
    assert torch.equal(torch.get_rng_state(), before)
    for role, module in (("encoder", encoder), ("decoder", decoder)):
        weights = load_file(digits.directory / "best" / f"{role}.safetensors")
        assert module.state_dict().keys() == weights.keys()
        assert all(weight.device.type == "cpu" for weight in module.parameters())
