"""What cannot be saved is refused by name before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from coevo.checkpoint import CheckpointError, save

REFUSED: dict[str, dict[str, object]] = {
    "generation: -1 is not in 0 to 99999999": {"generation": -1},
    "generation: 100000000 is not in 0 to 99999999": {"generation": 10**8},
    "keep: 0 is too few checkpoints; give a whole number >= 1": {"keep": 0},
    "shard '../a': not a shard name; use lower case letters, digits, '_', '.' and '-'": {
        "shards": {"../a": {}}
    },
    "shard 'A': not a shard name; use lower case letters, digits, '_', '.' and '-'": {
        "shards": {"A": {}}
    },
    "shard 'a': '__metadata__' cannot name a tensor; rename it": {
        "shards": {"a": {"__metadata__": torch.ones(1)}}
    },
    "shard 'a': '\\ud800' cannot name a tensor; rename it": {
        "shards": {"a": {"\ud800": torch.ones(1)}}
    },
    "shard 'a': tensor 'x' is torch.strided torch.complex64; "
    "give a dense bool, integer or float tensor": {
        "shards": {"a": {"x": torch.ones(1, dtype=torch.complex64)}}
    },
    "shard 'a': tensor 'x' is torch.sparse_coo torch.float32; "
    "give a dense bool, integer or float tensor": {
        "shards": {"a": {"x": torch.eye(2).to_sparse()}}
    },
    "metadata.size: (1, 2) would not come back equal from JSON; "
    "give lists, not tuples, and dicts whose keys are strings": {"metadata": {"size": (1, 2)}},
    "metadata.deep: {1: 2} would not come back equal from JSON; "
    "give lists, not tuples, and dicts whose keys are strings": {"metadata": {"deep": {1: 2}}},
    "metadata: not a JSON document (Out of range float values are not JSON compliant: nan); "
    "give plain, finite values": {"metadata": {"loss": float("nan")}},
}


@pytest.mark.parametrize("message", REFUSED)
def test_wrong_arguments_are_named_and_leave_no_trace(tmp_path: Path, message: str) -> None:
    arguments: dict[str, object] = {"generation": 1, "shards": {}, "metadata": {}}
    with pytest.raises(CheckpointError) as caught:
        save(tmp_path, **{**arguments, **REFUSED[message]})  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []
