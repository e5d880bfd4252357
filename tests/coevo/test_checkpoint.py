"""Checkpoints come back bitwise, in order, and only the newest ones stay."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from coevo.checkpoint import generations, load, newest, save

DTYPES = [
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
]


def bits(tensor: Tensor) -> tuple[torch.dtype, torch.Size, bytes]:
    """All that can be seen of a tensor, signs of zeros and payloads of NaNs included."""
    flat = tensor.detach().contiguous().flatten()
    return tensor.dtype, tensor.shape, flat.view(torch.uint8).numpy().tobytes()


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    """Any bit pattern in any dtype and shape, some with strides that are not contiguous."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    size = torch.Size(shape).numel()
    if size == 0:
        return torch.empty(shape, dtype=dtype)
    data = draw(st.binary(min_size=size * dtype.itemsize, max_size=size * dtype.itemsize))
    if dtype == torch.bool:
        data = bytes(byte % 2 for byte in data)
    tensor = torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)
    if draw(st.booleans()):
        tensor = tensor.permute(tuple(reversed(range(tensor.ndim))))
    if draw(st.booleans()):
        tensor = tensor.expand(2, *tensor.shape)
    return tensor


# Printable characters: a tensor's name stands in messages of one line.
TENSOR_NAMES = st.text(st.characters(codec="utf-8"), max_size=8).filter(str.isprintable)
SHARD_NAMES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,5}", fullmatch=True)
SHARDS = st.dictionaries(
    SHARD_NAMES, st.dictionaries(TENSOR_NAMES, tensors(), max_size=4), max_size=3
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(SHARDS, st.dictionaries(st.text(), JSON, max_size=4), st.integers(0, 99_999_999))
def test_what_is_saved_is_loaded_bitwise_and_in_order(
    shards: Mapping[str, Mapping[str, Tensor]], metadata: dict[str, object], generation: int
) -> None:
    with TemporaryDirectory() as directory:
        path = save(Path(directory), generation, shards, metadata)
        loaded = load(path)
        assert path.name == f"{generation:08d}"
        assert [entry.name for entry in Path(directory).iterdir()] == [path.name]
    assert loaded.generation == generation
    assert repr(loaded.metadata) == repr(sort_keys(metadata))
    assert list(loaded.shards) == list(shards)
    for name, saved in shards.items():
        assert list(loaded.shards[name]) == list(saved)
        for key, tensor in saved.items():
            assert bits(loaded.shards[name][key]) == bits(tensor)
            assert loaded.shards[name][key].is_contiguous()


def sort_keys(value: object) -> object:
    if isinstance(value, dict):
        return {key: sort_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sort_keys(item) for item in value]
    return value


def test_special_values_keep_their_bits(tmp_path: Path) -> None:
    quiet, payload, negative = 0x7FC00000, 0x7FC12345, -0x00400000
    signaling = 0x7F800001
    numbers = torch.tensor([quiet, payload, negative, signaling], dtype=torch.int32)
    values = {"nan": numbers.view(torch.float32), "zero": torch.tensor(-0.0)}
    loaded = load(save(tmp_path, 1, {"state": values}, {})).shards["state"]
    assert loaded["nan"].view(torch.int32).tolist() == numbers.tolist()
    assert torch.signbit(loaded["zero"])
    assert loaded["zero"].shape == ()


def test_tensors_that_share_memory_are_saved_and_come_back_apart(tmp_path: Path) -> None:
    base = torch.arange(6.0).reshape(2, 3)
    shared = {"whole": base, "same": base, "row": base[1], "turned": base.t()}
    loaded = load(save(tmp_path, 1, {"state": shared}, {})).shards["state"]
    for name, tensor in shared.items():
        assert torch.equal(loaded[name], tensor)
    loaded["whole"].fill_(7.0)
    assert torch.equal(loaded["same"], base)
    assert torch.equal(loaded["row"], base[1])


def test_parameters_are_saved_by_value_and_saving_changes_nothing(tmp_path: Path) -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    loaded = load(save(tmp_path, 1, {"state": {"weight": parameter}}, {})).shards["state"]
    assert parameter.requires_grad
    assert not loaded["weight"].requires_grad


def test_loaded_tensors_are_writable_and_aligned_as_torch_aligns_its_own(tmp_path: Path) -> None:
    saved = {f"tensor {size}": torch.ones(size) for size in range(1, 9)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load(save(tmp_path, 1, {"state": saved}, {})).shards["state"]
    for tensor in loaded.values():
        tensor.add_(1)
        assert tensor.data_ptr() % 64 == 0


def test_the_default_device_does_not_matter(tmp_path: Path) -> None:
    values = {"one": torch.ones(2), "empty": torch.ones(0)}
    with torch.device("meta"):
        loaded = load(save(tmp_path, 1, {"state": values}, {})).shards["state"]
    assert {tensor.device.type for tensor in loaded.values()} == {"cpu"}


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save(tmp_path / name, 1, {"state": {"b": torch.ones(2), "a": torch.ones(1)}}, {"x": 1})
    for file in ("manifest.json", "state.safetensors"):
        one, other = (tmp_path / name / "00000001" / file for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


# Every save waits for the disk some ten times.
@settings(max_examples=15)
@given(
    saved=st.lists(st.integers(0, 20), min_size=1, max_size=8, unique=True),
    keep=st.integers(1, 4),
)
def test_only_the_newest_stay_and_the_one_just_saved_always_does(
    saved: list[int], keep: int
) -> None:
    expected: list[int] = []
    with TemporaryDirectory() as name:
        directory = Path(name)
        for generation in saved:
            save(directory, generation, {}, {}, keep=keep)
            past = sorted(old for old in [*expected, generation] if old <= generation)
            later = sorted(old for old in expected if old > generation)
            expected = past[-keep:] + later
            assert generations(directory) == expected
            assert generation in expected


def test_a_valid_checkpoint_of_the_same_generation_is_kept(tmp_path: Path) -> None:
    save(tmp_path, 1, {"state": {"value": torch.zeros(1)}}, {})
    save(tmp_path, 1, {"state": {"value": torch.ones(1)}}, {})
    assert load(tmp_path / "00000001").shards["state"]["value"].item() == 0


@pytest.mark.parametrize("damage", ["flipped", "empty", "file"])
def test_a_damaged_checkpoint_of_the_same_generation_is_replaced(
    tmp_path: Path, damage: str
) -> None:
    path = save(tmp_path, 1, {"state": {"value": torch.zeros(1)}}, {})
    file = path / "state.safetensors"
    if damage == "flipped":
        file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    else:
        for entry in path.iterdir():
            entry.unlink()
    if damage == "file":
        path.rmdir()
        path.touch()
    save(tmp_path, 1, {"state": {"value": torch.ones(1)}}, {})
    assert load(path).shards["state"]["value"].item() == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["00000001"]


def test_a_damaged_later_checkpoint_never_costs_the_new_one(tmp_path: Path) -> None:
    save(tmp_path, 9, {}, {})
    (tmp_path / "00000009" / "manifest.json").unlink()
    save(tmp_path, 5, {}, {}, keep=1)
    checkpoint, refusals = newest(tmp_path)
    assert checkpoint is not None
    assert checkpoint.generation == 5
    assert refusals == [f"{tmp_path}/00000009/manifest.json: missing; use another checkpoint"]


def test_generations_ignores_other_names(tmp_path: Path) -> None:
    for name in ("00000002", "00000001", "1", ".tmp-00000003-1", "000000004", "latest"):
        (tmp_path / name).mkdir()
    assert generations(tmp_path) == [1, 2]
    assert generations(tmp_path / "missing") == []


def test_metadata_may_hold_half_a_surrogate_pair(tmp_path: Path) -> None:
    metadata = {"a": "\ud800", "\ud800": 1}
    assert load(save(tmp_path, 1, {}, metadata)).metadata == metadata


def test_the_files_are_as_documented(tmp_path: Path) -> None:
    save(tmp_path, 3, {"state": {"value": torch.ones(1)}}, {"seed": 1})
    path = tmp_path / "00000003"
    assert sorted(file.name for file in path.iterdir()) == ["manifest.json", "state.safetensors"]
    text = (path / "manifest.json").read_text()
    assert text.startswith('{\n  "format_version": 1,\n  "generation": 3,\n  "metadata": {\n')
    assert list(json.loads(text)["shards"][0]) == ["file", "name", "sha256", "size", "tensors"]
