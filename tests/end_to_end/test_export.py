"""Exports compute what the run's own networks compute, whatever reads them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import coevo
from coevo.cli import main
from coevo.export import export
from coevo.exporting import safetensors_files
from tests.end_to_end.experiments import write_experiment

MAGNITUDE = {"operator": "magnitude", "schedule": "cubic", "sparsity": 0.9, "end": 3}
CHANGES: dict[str, Any] = {"generations": 4, "sweep.replicates": 1}
FILES = {
    "safetensors": {"encoder.safetensors", "decoder.safetensors", "architecture.json"},
    "torch-export": {"encoder.pt2", "decoder.pt2"},
    "onnx": {"encoder.onnx", "decoder.onnx"},
}
Forward = Callable[[Tensor], Tensor]


def run_of(folder: Path, archive: Path, **changes: Any) -> Path:
    experiment = write_experiment(folder / "own.toml", archive, {**CHANGES, **changes})
    return coevo.run(experiment, folder / "run").directory


@pytest.fixture(scope="module")
def pruned(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Add to it nothing but exports."""
    return run_of(tmp_path_factory.mktemp("pruned"), archive, pruning=[MAGNITUDE])


@pytest.fixture(scope="module")
def unpruned(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Add to it nothing but exports."""
    return run_of(tmp_path_factory.mktemp("unpruned"), archive)


def trained(run: Path, rows: Tensor) -> Tensor:
    encoder, decoder = coevo.load_pairing(run)
    return called(encoder, decoder)(rows)


def called(encoder: nn.Module, decoder: nn.Module) -> Forward:
    def forward(rows: Tensor) -> Tensor:
        with torch.no_grad():
            found: Tensor = decoder(encoder(rows))
        return found

    return forward


def _safetensors(folder: Path) -> Forward:
    return called(*coevo.load_export(folder))


def _torch(folder: Path) -> Forward:
    encoder, decoder = (torch.export.load(folder / f"{r}.pt2") for r in ("encoder", "decoder"))
    return called(encoder.module(), decoder.module())


def _onnx(folder: Path) -> Forward:
    import onnxruntime

    sessions = [
        onnxruntime.InferenceSession(folder / f"{role}.onnx") for role in ("encoder", "decoder")
    ]
    names = [(s.get_inputs()[0].name, s.get_outputs()[0].name) for s in sessions]
    assert names == [("inputs", "codes"), ("codes", "outputs")]
    assert all(session.get_inputs()[0].shape[0] == "batch" for session in sessions)

    def forward(rows: Tensor) -> Tensor:
        (codes,) = sessions[0].run(["codes"], {"inputs": rows.numpy()})
        (found,) = sessions[1].run(["outputs"], {"codes": codes})
        return torch.from_numpy(found)

    return forward


READERS = {"safetensors": _safetensors, "torch-export": _torch, "onnx": _onnx}


def rows(count: int) -> Tensor:
    return torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(count))


@pytest.mark.parametrize(
    "name", ["safetensors", "torch-export", pytest.param("onnx", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("compact", [True, False])
def test_what_is_exported_computes_the_same(
    name: str, compact: bool, pruned: Path, unpruned: Path
) -> None:
    run = pruned if compact else unpruned
    written = coevo.export(run, name, compact=compact)
    assert written.directory == run / "export" / (f"{name}-compact" if compact else name)
    names = {path.name for path in written.directory.iterdir()}
    assert names == FILES[name] | {"export.json"}
    forward = READERS[name](written.directory)
    for count in (1, 2, 7):
        expected = trained(run, rows(count))
        torch.testing.assert_close(forward(rows(count)), expected, rtol=1e-5, atol=1e-5)
    document = written.document
    assert document == json.loads((written.directory / "export.json").read_text("utf-8"))
    assert (document["format"], document["compact"], document["reason"]) == (name, compact, None)
    assert (document["rows"], document["split"]) == (10, "validation")
    assert 0 <= document["largest_difference"] <= document["tolerance"] == 1e-5
    weights = [path for path in written.directory.iterdir() if path.suffix != ".json"]
    assert document["after"]["bytes"] == sum(path.stat().st_size for path in weights)
    own = ("encoder.safetensors", "decoder.safetensors")
    assert document["before"]["bytes"] == sum((run / "best" / n).stat().st_size for n in own)
    assert document["versions"]["torch"] == torch.__version__
    for path in weights:
        # Nothing of this machine is in them.
        assert os.fsencode(Path(torch.__file__).parent) not in path.read_bytes()
        assert os.fsencode(Path(coevo.__file__).parent) not in path.read_bytes()
    fewer = document["after"]["parameters"] < document["before"]["parameters"]
    assert fewer == compact
    assert document["after"]["microseconds_per_row"] > 0


def test_an_export_of_the_trained_pairing_has_its_zeros(pruned: Path) -> None:
    written = coevo.export(pruned, "safetensors").directory
    for role in ("encoder", "decoder"):
        found = load_file(written / f"{role}.safetensors")
        expected = load_file(pruned / "best" / f"{role}.safetensors")
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_compact_says_why_nothing_is_left_out(
    unpruned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main_ends(["export", str(unpruned), "--format", "safetensors", "--compact"])
    folder, agreement, reason = capsys.readouterr().out.splitlines()
    assert folder == f"coevo: {unpruned}/export/safetensors-compact"
    assert agreement.startswith("agrees with the run's networks to ")
    assert agreement.endswith(" (on 10 validation rows)")
    assert reason == "not compact: there is no unit to remove"
    document = json.loads((unpruned / "export/safetensors-compact/export.json").read_text("utf-8"))
    assert (document["compact"], document["reason"]) == (False, "there is no unit to remove")


def test_the_command_prints_what_it_did(pruned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = pruned.parent / "out" / "here"
    main_ends(["export", str(pruned), "--format", "safetensors", "--compact", "--out", str(out)])
    folder, _, compact = capsys.readouterr().out.splitlines()
    assert folder == f"coevo: {out}"
    assert compact.startswith("compact: ")
    assert " of 259 parameters, " in compact
    arguments = ["export", str(pruned), "--format", "safetensors", "--json", "--out", str(out)]
    main_ends(arguments)
    printed, err = capsys.readouterr()
    assert err == ""
    assert json.loads(printed) == json.loads((out / "export.json").read_text("utf-8"))


def main_ends(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0


def refusal(run: Path, name: str, out: Path, **options: Any) -> str:
    """Why an export is refused; it leaves nothing behind."""
    before = sorted(out.parent.parent.rglob("*"))
    with pytest.raises(coevo.CoevoError) as caught:
        coevo.export(run, name, out=out, **options)
    assert sorted(out.parent.parent.rglob("*")) == before
    return str(caught.value)


def test_what_computes_something_else_is_refused(
    pruned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = safetensors_files.weight_bytes

    def tampered(module: nn.Module) -> bytes:
        other = deepcopy(module)
        with torch.no_grad():
            list(other.parameters())[-1][0] += 0.25
        return honest(other)

    monkeypatch.setattr(safetensors_files, "weight_bytes", tampered)
    assert refusal(pruned, "safetensors", tmp_path / "new" / "out") == (
        "--format safetensors: what was written differs from the run's networks by 0.25 on 10 "
        "rows, more than 1e-05; nothing is kept, use another format"
    )


def test_compaction_that_computes_something_else_is_refused(
    pruned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["coevo.export"]
    honest = module.compact_pair

    def tampered(*arguments: Any) -> Any:
        found = honest(*arguments)
        with torch.no_grad():
            found.decoder[0].bias.fill_(7.0)
        return found

    monkeypatch.setattr(module, "compact_pair", tampered)
    message = refusal(pruned, "torch-export", tmp_path / "new" / "out", compact=True)
    assert message.startswith("--format torch-export: what was written differs from the run's ")


def test_a_tampered_file_is_not_what_is_read(pruned: Path, tmp_path: Path) -> None:
    folder = coevo.export(pruned, "safetensors", out=tmp_path / "out").directory
    file = folder / "architecture.json"
    document = json.loads(file.read_text("utf-8"))
    document["decoder"][0]["module"] = "os.system"
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(
        coevo.CoevoError, match=r"out: damaged \(decoder: 'os.system' is not a layer"
    ):
        coevo.load_export(folder)
    file.write_text(json.dumps({**document, "version": 2}), "utf-8")
    with pytest.raises(coevo.CoevoError, match="is not of version 1"):
        coevo.load_export(folder)
    file.write_text("{", "utf-8")
    with pytest.raises(coevo.CoevoError, match=r"damaged \(Expecting"):
        coevo.load_export(folder)
    file.write_text("[" * 100_000, "utf-8")
    with pytest.raises(coevo.CoevoError, match=r"out: damaged \(maximum recursion depth"):
        coevo.load_export(folder)
    file.unlink()
    with pytest.raises(coevo.CoevoError, match=r"architecture\.json is missing; give a directory"):
        coevo.load_export(folder)


def test_an_earlier_export_is_replaced_and_nothing_else(pruned: Path, tmp_path: Path) -> None:
    out = tmp_path / "here" / "out"
    coevo.export(pruned, "torch-export", out=out)
    coevo.export(pruned, "safetensors", out=out)
    assert {path.name for path in out.iterdir()} == FILES["safetensors"] | {"export.json"}
    (out / "thesis.txt").touch()
    taken = f"{out}: exists already, and holds more than an export; choose another directory with"
    assert refusal(pruned, "safetensors", out) == f"{taken} --out"
    (out / "thesis.txt").rename(tmp_path / "here" / "thesis.txt")
    (out / "export.json").unlink()
    assert refusal(pruned, "safetensors", out) == f"{taken} --out"
    file = tmp_path / "here" / "thesis.txt"
    message = refusal(pruned, "safetensors", file)
    assert (
        message == f"{file}: cannot be used (Not a directory); choose another directory with --out"
    )


def test_the_samples_are_used_where_the_data_are_not_there(
    pruned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = pruned / "experiment.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("waves.npz", "gone.npz"), "utf-8")
    out = str(tmp_path / "out")
    main_ends(["export", str(pruned), "--format", "safetensors", "--out", out])
    file.write_text(text, "utf-8")
    assert "(on 10 samples of test rows)" in capsys.readouterr().out


DAMAGED = {
    "[" * 100_000: "pairing.json: maximum recursion depth exceeded",
    "{": "pairing.json: Expecting property name",
    "[]": "pairing.json: not a JSON object",
    "{}": "pairing.json: 'input_shape' is None",
    '{"input_shape": [1, -4]}': "pairing.json: 'input_shape' is [1, -4]",
    '{"input_shape": ["a"]}': "pairing.json: 'input_shape' is ['a']",
    '{"input_shape": [1], "target_shape": true}': "pairing.json: 'target_shape' is True",
    '{"input_shape": [1], "target_shape": [1], "dtype": 32}': "pairing.json: 'dtype' is 32",
    '{"input_shape": [1], "target_shape": [1], "dtype": "float32"}': (
        "pairing.json: 'output' is None"
    ),
}


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_description_is_named(text: str, pruned: Path, tmp_path: Path) -> None:
    run = shutil.copytree(pruned, tmp_path / "run")
    (run / "best" / "pairing.json").write_text(text, "utf-8")
    message = refusal(run, "safetensors", tmp_path / "new" / "out")
    assert message.startswith(f"{run}/best: damaged ({DAMAGED[text]}")
    assert message.endswith("); finish or repeat the run")


@pytest.mark.parametrize("shape", [(0, 1, 4, 4), (3, 1, 4, 5), (3,)])
def test_damaged_samples_are_named(shape: tuple[int, ...], pruned: Path, tmp_path: Path) -> None:
    run = shutil.copytree(pruned, tmp_path / "run")
    file = run / "experiment.toml"
    file.write_text(file.read_text("utf-8").replace("waves.npz", "gone.npz"), "utf-8")
    save_file({"inputs": torch.zeros(shape)}, run / "best" / "samples.safetensors")
    message = refusal(run, "safetensors", tmp_path / "new" / "out")
    assert message.startswith(
        f"{run}/best: damaged (samples.safetensors: inputs of shape {list(shape)}, not ['rows', 1, "
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "safetenors"], "--format: 'safetenors' is not a format; did you mean "),
        (["--format", "pickle"], "--format: 'pickle' is not a format; "),
    ],
)
def test_a_format_that_is_none(
    arguments: list[str], message: str, pruned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["export", str(pruned), *arguments])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.startswith(f"coevo: {message}")


def test_packages_that_are_missing_are_named(
    pruned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coevo.exporting import onnx_files

    there = onnx_files.find_spec
    monkeypatch.setattr(
        onnx_files, "find_spec", lambda name: None if name != "onnx" else there(name)
    )
    assert refusal(pruned, "onnx", tmp_path / "new" / "out") == (
        "--format onnx: needs onnxscript and onnxruntime; run 'pip install onnxscript onnxruntime'"
    )


def test_a_run_without_a_best_pairing(pruned: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "experiment.toml").write_bytes((pruned / "experiment.toml").read_bytes())
    message = refusal(tmp_path / "run", "safetensors", tmp_path / "new" / "out")
    assert message.startswith(f"{tmp_path}/run: no best pairing yet (pairing.json is missing); let")
    with pytest.raises(coevo.CoevoError, match="not a run directory"):
        export(tmp_path, "safetensors")
    assert not (tmp_path / "export").exists()


@pytest.mark.slow
def test_double_precision(archive: Path, tmp_path: Path) -> None:
    changes = {"dtype": "float64", "network.activation": "elu", "pruning": [MAGNITUDE]}
    run = run_of(tmp_path, archive, **changes)
    written = coevo.export(run, "safetensors", compact=True)
    assert written.document["tolerance"] == 1e-9
    assert {w.dtype for m in coevo.load_export(written.directory) for w in m.parameters()} == {
        torch.float64
    }
    assert refusal(run, "onnx", tmp_path / "new" / "out").startswith(
        "--format onnx: onnxruntime cannot run the encoder (NotImplemented: "
    )


@pytest.mark.slow
def test_convolutions(archive: Path, tmp_path: Path) -> None:
    network = {"network.kind": "conv", "network.channels": [3, 4], "network.hidden": []}
    entry = {"operator": "magnitude", "structure": "unit", "sparsity": 0.4}
    run = run_of(tmp_path, archive, **network, pruning=[entry])
    written = coevo.export(run, "onnx", compact=True)
    assert written.document["compact"]
    expected = trained(run, rows(5))
    found = _onnx(written.directory)(rows(5))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert isinstance(found.numpy(), np.ndarray)
