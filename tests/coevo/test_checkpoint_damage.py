"""A checkpoint with any damage is refused, and the run falls back to the one before."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save as safetensors_bytes

from coevo.checkpoint import CheckpointError, load, newest, save
from coevo.files import canonical_json

STATE = {"state": {"value": torch.tensor([1.5, float("nan")])}, "empty": {}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(tmp_path, 7, STATE, {"seed": 1, "text": "é"})


def files(path: Path) -> list[Path]:
    return sorted(path.iterdir())


def test_a_changed_byte_anywhere_is_refused_by_file_name(path: Path) -> None:
    for file in files(path):
        data = file.read_bytes()
        for position in range(len(data)):
            # The second one turns upper case into lower case and back.
            for change in (0x01, 0x20):
                damaged = bytearray(data)
                damaged[position] ^= change
                file.write_bytes(damaged)
                with pytest.raises(CheckpointError) as caught:
                    load(path)
                assert str(caught.value).startswith(f"{file}: ")
        file.write_bytes(data)
    load(path)


def test_a_file_cut_at_any_length_or_prolonged_is_refused(path: Path) -> None:
    for file in files(path):
        data = file.read_bytes()
        for damaged in [*(data[:length] for length in range(len(data))), data + b"\n"]:
            file.write_bytes(damaged)
            with pytest.raises(CheckpointError) as caught:
                load(path)
            assert str(caught.value).startswith(f"{file}: ")
        file.write_bytes(data)
    load(path)


def test_a_missing_file_is_refused(path: Path) -> None:
    for file in files(path):
        data = file.read_bytes()
        file.unlink()
        with pytest.raises(CheckpointError) as caught:
            load(path)
        assert str(caught.value) == f"{file}: missing; use another checkpoint"
        file.write_bytes(data)


def test_a_file_that_is_not_listed_is_ignored(path: Path) -> None:
    (path / "notes.txt").write_text("mine")
    (path / "other.safetensors").write_bytes(b"not safetensors")
    assert list(load(path).shards) == ["state", "empty"]


def test_shards_that_change_places_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, 1, {"a": {"x": torch.zeros(1)}, "b": {"x": torch.ones(1)}}, {})
    (path / "a.safetensors").rename(path / "c")
    (path / "b.safetensors").rename(path / "a.safetensors")
    (path / "c").rename(path / "b.safetensors")
    with pytest.raises(CheckpointError, match="its digest differs"):
        load(path)


def test_a_checkpoint_under_another_generation_is_refused(path: Path) -> None:
    renamed = path.rename(path.with_name("00000008"))
    with pytest.raises(CheckpointError, match="is of generation 7, not of 00000008"):
        load(renamed)
    assert load(renamed.rename(path.with_name("copied"))).generation == 7


def test_a_pipe_in_place_of_a_file_is_refused_instead_of_waited_for(path: Path) -> None:
    (path / "state.safetensors").unlink()
    os.mkfifo(path / "state.safetensors")

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(5)
    try:
        with pytest.raises(CheckpointError, match="missing"):
            load(path)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_a_file_that_may_not_be_read_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert str(caught.value) == f"{path}/manifest.json: cannot be read (Permission denied)"


def forge(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a manifest and give it the digest that it should have."""
    document = json.loads((path / "manifest.json").read_text())
    del document["sha256"]
    change(document)
    digest = hashlib.sha256(canonical_json(document).encode()).hexdigest()
    (path / "manifest.json").write_text(canonical_json({**document, "sha256": digest}))


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "format version 2 is unknown, expected 1; use the version of coevo that wrote it": (
        lambda document: document.update(format_version=2)
    ),
    "format version None is unknown, expected 1; use the version of coevo that wrote it": (
        lambda document: document.pop("format_version")
    ),
    "shards: Field required": lambda document: document.pop("shards"),
    "shards.0.size: Input should be a valid integer": (
        lambda document: document["shards"][0].update(size="76")
    ),
    "more: Extra inputs are not permitted": lambda document: document.update(more=1),
    "names a shard twice; use another checkpoint": (
        lambda document: document["shards"].append(document["shards"][0])
    ),
}


@pytest.mark.parametrize("message", FORGERIES)
def test_a_forged_manifest_is_refused_for_what_it_says(path: Path, message: str) -> None:
    forge(path, FORGERIES[message])
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert str(caught.value) == f"{path}/manifest.json: {message}"


@pytest.mark.parametrize("name", ["../secret", "/secret", "deep/secret"])
@pytest.mark.parametrize("file", ["{name}.safetensors", "secret.safetensors", "state.safetensors"])
def test_a_forged_manifest_reaches_no_file_outside(path: Path, name: str, file: str) -> None:
    shutil.copy(path / "state.safetensors", path.parent / "secret.safetensors")
    names = {"name": name, "file": file.format(name=name)}
    forge(path, lambda document: document["shards"][0].update(names))
    with pytest.raises(CheckpointError, match="names the file"):
        load(path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04N.",
        safetensors_bytes({"other": torch.ones(1)}),
        b"\x3b\0\0\0\0\0\0\0" + b'{"value":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}  ',
    ],
)
def test_a_forged_shard_that_is_no_safetensors_file_is_refused(path: Path, data: bytes) -> None:
    file = path / "state.safetensors"
    file.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    forge(path, lambda document: document["shards"][0].update(size=len(data), sha256=digest))
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize("text", ["", "[]", "null", "1", "[" * 100_000, '{"a": 1e999}', "NaN"])
def test_a_manifest_that_is_something_else_is_refused(path: Path, text: str) -> None:
    (path / "manifest.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"manifest\.json: (truncated|format version None)"):
        load(path)


def test_the_run_falls_back_to_the_newest_good_one_and_says_why(tmp_path: Path) -> None:
    for generation in (1, 2, 3, 4):
        save(tmp_path, generation, STATE, {"generation": generation}, keep=4)
    (tmp_path / "00000004" / "manifest.json").write_text("{\n")
    shutil.copy(
        tmp_path / "00000003" / "empty.safetensors", tmp_path / "00000003" / "state.safetensors"
    )
    checkpoint, refusals = newest(tmp_path)
    assert checkpoint is not None
    assert (checkpoint.generation, checkpoint.metadata) == (2, {"generation": 2})
    sizes = [
        (tmp_path / place).stat().st_size
        for place in ("00000003/state.safetensors", "00000002/state.safetensors")
    ]
    assert refusals == [
        f"{tmp_path}/00000004/manifest.json: truncated or not JSON; use another checkpoint",
        f"{tmp_path}/00000003/state.safetensors: has {sizes[0]} bytes, expected {sizes[1]}; "
        "use another checkpoint",
    ]


def test_without_a_good_one_all_refusals_are_listed(tmp_path: Path) -> None:
    (tmp_path / "00000001").mkdir()
    (tmp_path / "00000002").touch()
    checkpoint, refusals = newest(tmp_path)
    assert checkpoint is None
    assert [line.split(": ")[0] for line in refusals] == [
        f"{tmp_path}/0000000{generation}/manifest.json" for generation in (2, 1)
    ]
