"""What a run that prunes says of its best pairing: records, result and files agree exactly."""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path
from typing import Any

import polars
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import coevo
from coevo import pruned_pairing
from coevo.report import write_report
from tests.end_to_end.experiments import assert_same_run, result_of, write_experiment
from tests.end_to_end.unusual_layers import UNUSUAL_LAYERS

ROLES = ("encoder", "decoder")
MAGNITUDE = {"operator": "magnitude", "schedule": "cubic", "sparsity": 0.9, "end": 4}
CHANGES = {"generations": 6, "sweep.replicates": 2}


def pruned_run(folder: Path, archive: Path, entries: list[dict[str, Any]], **more: Any) -> Path:
    changes = {**CHANGES, **more, "pruning": entries}
    experiment = write_experiment(folder / "pruned.toml", archive, changes)
    return coevo.run(experiment, folder / "run").directory


@pytest.fixture(scope="module")
def pruned(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read it only."""
    return pruned_run(tmp_path_factory.mktemp("pruned"), archive, [MAGNITUDE])


def weights(run: Path, role: str) -> dict[str, Tensor]:
    return load_file(run / "best" / f"{role}.safetensors")


def last_records(run: Path) -> dict[str, Any]:
    """The last row of the cell that holds the best pairing."""
    best = result_of(run)["best"]
    frame = coevo.read_records(run / "records")
    row = frame.filter(
        (polars.col("world") == best["world"])
        & (polars.col("cell") == best["cell"])
        & (polars.col("generation") == frame["generation"].max())
    )
    return dict(row.row(0, named=True))


def assert_records_agree(run: Path) -> None:
    pruning, records = result_of(run)["best"]["pruning"], last_records(run)
    for role in ROLES:
        found = pruning[role]
        for name in ("sparsity", "dead_units", "parameters", "multiply_adds"):
            assert found[name] == records[f"{role}_{name}"]
        layers = {name: found["layers"][name] for name in found["layers"]}
        own = {n: v for n, v in records.items() if n.startswith(f"{role}_sparsity.")}
        assert own == {f"{role}_sparsity.{name}": value for name, value in layers.items()}


def test_records_result_and_files_agree_exactly(pruned: Path) -> None:
    assert_records_agree(pruned)
    pruning = result_of(pruned)["best"]["pruning"]
    for role in ROLES:
        matrices = {n: w for n, w in weights(pruned, role).items() if n.endswith("weight")}
        zeros = {name: int((weight == 0).sum()) for name, weight in matrices.items()}
        numbers = {name: weight.numel() for name, weight in matrices.items()}
        assert pruning[role]["sparsity"] == sum(zeros.values()) / sum(numbers.values())
        assert pruning[role]["layers"] == {
            name.removesuffix(".weight"): zeros[name] / numbers[name] for name in matrices
        }
        assert 0.85 < pruning[role]["sparsity"] < 0.95


def test_masks_say_what_is_zero(pruned: Path) -> None:
    masks = load_file(pruned / "best" / "masks.safetensors")
    expected = {
        f"{role}/{name}"
        for role in ROLES
        for name in weights(pruned, role)
        if name.endswith("weight")
    }
    assert masks.keys() == expected
    for path, mask in masks.items():
        role, name = path.split("/")
        assert mask.dtype == torch.bool
        assert torch.equal(mask, weights(pruned, role)[name] != 0)


def test_what_remains_is_what_the_compact_form_holds(pruned: Path) -> None:
    document = json.loads((pruned / "compaction.json").read_text("utf-8"))
    before, after, pruning = document["before"], document["after"], last_records(pruned)
    assert document["compacted"]
    assert document["reason"] is None
    assert (document["rows"], document["split"]) == (10, "validation")
    assert 0 <= document["largest_difference"] <= document["tolerance"] == 1e-5
    assert before.keys() == after.keys()
    for name in ("parameters", "multiply_adds", "bytes"):
        assert 0 < after[name] < before[name]
    sizes = [len((pruned / "best" / f"{role}.safetensors").read_bytes()) for role in ROLES]
    assert before["bytes"] == sum(sizes)
    assert before["parameters"] == sum(result_of(pruned)["parameters"].values())
    stored = [weight for role in ROLES for weight in weights(pruned, role).values()]
    assert before["nonzero_parameters"] == sum(int((w != 0).sum()) for w in stored)
    assert after["nonzero_multiply_adds"] == sum(pruning[f"{r}_multiply_adds"] for r in ROLES)
    assert 0 < after["microseconds_per_row"] < 1e4
    assert 0 < before["microseconds_per_row"] < 1e4


def test_a_run_that_was_interrupted_says_the_same(
    pruned: Path, archive: Path, tmp_path: Path
) -> None:
    changes = {**CHANGES, "pruning": [MAGNITUDE]}
    experiment = write_experiment(tmp_path / "pruned.toml", archive, changes)
    seen: list[coevo.Progress] = []
    hooks = coevo.Hooks(watch=seen.append, stop=lambda: seen[-1].generation == 3)
    with pytest.raises(coevo.Interrupted):
        coevo.run(experiment, tmp_path / "run", hooks=hooks)
    assert not (tmp_path / "run" / "compaction.json").exists()
    coevo.resume(tmp_path / "run")
    assert_same_run(tmp_path / "run", pruned)
    one, other = (run / "best" / "masks.safetensors" for run in (tmp_path / "run", pruned))
    assert one.read_bytes() == other.read_bytes()
    assert (tmp_path / "run" / "compaction.json").is_file()


def test_weights_that_grow_back_count_as_kept(archive: Path, tmp_path: Path) -> None:
    entry = {"operator": "magnitude", "regrow": "random", "amount": 0.5}
    run = pruned_run(tmp_path, archive, [MAGNITUDE | {"end": 1}, entry])
    assert_records_agree(run)
    masks = load_file(run / "best" / "masks.safetensors")
    for role in ROLES:
        own = {n: mask for n, mask in masks.items() if n.startswith(role)}
        kept = sum(int(mask.sum()) for mask in own.values())
        numbers = sum(mask.numel() for mask in own.values())
        stored = weights(run, role)
        # Those that came back just now have not been trained yet.
        assert kept > sum(int((stored[n.split("/")[1]] != 0).sum()) for n in own)
        assert result_of(run)["best"]["pruning"][role]["sparsity"] == (numbers - kept) / numbers


def test_soft_masks_leave_no_file(archive: Path, tmp_path: Path) -> None:
    entry = {"operator": "magnitude", "masks": "soft", "roles": ["decoder"], "amount": 0.5}
    run = pruned_run(tmp_path, archive, [entry])
    assert not (run / "best" / "masks.safetensors").exists()
    pruning = result_of(run)["best"]["pruning"]
    assert pruning["encoder"]["sparsity"] is None
    assert pruning["encoder"]["layers"] == {}
    matrices = [w for n, w in weights(run, "decoder").items() if n.endswith("weight")]
    zeros = sum(int((weight == 0).sum()) for weight in matrices)
    assert pruning["decoder"]["sparsity"] == zeros / sum(weight.numel() for weight in matrices)
    assert zeros > 0


def test_a_run_that_does_not_prune_says_nothing_of_it(finished: Path, tmp_path: Path) -> None:
    assert not (finished / "compaction.json").exists()
    assert not (finished / "best" / "masks.safetensors").exists()
    assert "pruning" not in result_of(finished)["best"]
    copy = shutil.copytree(finished, tmp_path / "run")
    (copy / "compaction.json").write_text("{}", "utf-8")
    coevo.resume(copy)
    assert not (copy / "compaction.json").exists()


UNUSUAL = f"""
{UNUSUAL_LAYERS}
def tuples(shape, latent):
    return nn.Sequential(nn.Flatten(), Split(), Join(), nn.Linear(4, latent))

def locked(shape, latent):
    return nn.Sequential(nn.Flatten(), nn.Linear(16, latent), Locked(latent))

def decoder(shape, latent):
    layers = nn.Linear(latent, 6), nn.ReLU(), nn.Linear(6, 16)
    return nn.Sequential(*layers, nn.Unflatten(1, (1, 4, 4)))
"""
HALF = {"operator": "magnitude", "structure": "unit", "sparsity": 0.5, "roles": ["decoder"]}


def unusual_run(encoder: str, folder: Path, archive: Path) -> tuple[dict[str, Any], str]:
    """What its ``compaction.json`` and its report say."""
    (folder / "unusual_networks.py").write_text(UNUSUAL, "utf-8")
    named = {
        "network.encoder": f"unusual_networks:{encoder}",
        "network.decoder": "unusual_networks:decoder",
    }
    changes = {"generations": 2, "network": {"latent": 4}, **named}
    run = pruned_run(folder, archive, [HALF], **changes)
    assert result_of(run)["status"] == "complete"
    document = json.loads((run / "compaction.json").read_text("utf-8"))
    return document, html.unescape(write_report(run).read_text("utf-8"))


def test_what_is_no_chain_of_tensors_is_left_alone(archive: Path, tmp_path: Path) -> None:
    document, page = unusual_run("tuples", tmp_path, archive)
    assert (document["compacted"], document["reason"]) == (True, None)
    assert document["after"]["parameters"] < document["before"]["parameters"]
    assert "was folded into biases and removed from the best pairing" in page


def test_what_cannot_be_copied_is_told(archive: Path, tmp_path: Path) -> None:
    document, page = unusual_run("locked", tmp_path, archive)
    reason = "a module cannot be copied (TypeError: cannot pickle '_thread.lock' object)"
    assert (document["compacted"], document["reason"]) == (False, reason)
    assert document["before"] == document["after"]
    assert None not in document["before"].values()
    assert f"The best pairing was not made compact: {reason}." in page


def test_a_run_has_its_results_whatever_fails(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> Any:
        raise AttributeError("no such thing\nin many words")

    monkeypatch.setattr(pruned_pairing, "compaction_account", fail)
    document, page = unusual_run("tuples", tmp_path, archive)
    reason = "it cannot be tried (AttributeError: no such thing)"
    assert (document["compacted"], document["reason"]) == (False, reason)
    assert document["before"]["multiply_adds"] is None
    assert f"The best pairing was not made compact: {reason}." in page
    run = tmp_path / "run"
    files = [(run / "best" / f"{role}.safetensors").read_bytes() for role in ROLES]
    assert document["before"]["bytes"] == sum(map(len, files))
