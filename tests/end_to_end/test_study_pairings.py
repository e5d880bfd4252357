"""The best pairings of a study's variants, loaded and exported; records read from any directory."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import coevo
from tests.end_to_end.studies import NAMES, stacks_of
from tests.end_to_end.warm import Warm


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "encoder.safetensors")


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_has_a_best_pairing(whole_study: coevo.Run, name: str) -> None:
    encoder, _ = whole_study.best(variant=name)
    (stack,) = [s for s in stacks_of(whole_study.directory) if (name, 3) in s.worlds()]
    expected = weights_in(stack.run.best / name)
    assert encoder.state_dict().keys() == expected.keys()
    for key, tensor in encoder.state_dict().items():
        assert torch.equal(tensor, expected[key])


def test_without_a_name_it_is_that_of_the_lowest_validation_loss(whole_study: coevo.Run) -> None:
    loss = whole_study.outcome["loss"]
    losses = {
        (world["variant"], world["seed"]): world["best"]["validation"][loss]
        for world in whole_study.outcome["worlds"]
    }
    lowest = min(losses, key=lambda world: losses[world])
    best = whole_study.outcome["best"]
    assert (best["variant"], best["seed"]) == lowest
    assert whole_study.test == best["test"]
    chosen, named = whole_study.best(), whole_study.best(variant=lowest[0])
    for one, other in zip(chosen, named, strict=True):
        for key, tensor in one.state_dict().items():
            assert torch.equal(tensor, other.state_dict()[key])


def test_a_variant_is_exported(warm: Warm, study_copy: Path) -> None:
    command = ["export", study_copy, "--format", "safetensors", "--variant", "wanda"]
    assert warm.run(*command).code == 0
    folder = study_copy / "export" / "wanda" / "safetensors"
    assert (folder / "export.json").is_file()
    encoder, _ = coevo.load_export(folder)
    expected, _ = coevo.load_pairing(study_copy, variant="wanda")
    rows = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    first = next(iter(expected.parameters()))
    rows = rows.flatten(1)[:, : first.shape[1]].to(first.dtype)
    assert torch.allclose(encoder(rows), expected(rows), atol=1e-5)


@pytest.mark.parametrize("of_study", [True, False])
def test_a_wrong_variant_is_refused(
    warm: Warm, whole_study: coevo.Run, finished: Path, *, of_study: bool
) -> None:
    directory = whole_study.directory if of_study else finished
    name = "wnda" if of_study else "wanda"
    ended = warm.run("export", directory, "--format", "safetensors", "--variant", name)
    said = (
        "coevo: --variant: 'wnda' is not a variant; did you mean 'wanda'?"
        if of_study
        else f"coevo: --variant: 'wanda' is for studies, and {finished} is a run"
    )
    assert (ended.code, ended.err.splitlines()) == (2, [said])


def test_records_are_read_from_any_directory(whole_study: coevo.Run, finished: Path) -> None:
    assert coevo.read_records(whole_study.directory).equals(whole_study.records())
    assert coevo.read_records(finished).equals(coevo.read_records(finished / "records"))
    (stack, _) = stacks_of(whole_study.directory)
    assert "variant" not in coevo.read_records(stack.run.records).columns
