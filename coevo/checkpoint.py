"""Checkpoints: the tensors of one generation in safetensors files under a manifest of digests.

``checkpoints/<generation, 8 digits>/`` holds one ``<shard>.safetensors`` per shard and
``manifest.json``. A checkpoint appears whole or not at all, and every byte of it is verified
before it is used. Nothing in it is executable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import safetensors.torch
import torch
from pydantic import JsonValue
from torch import Tensor

from coevo.files import discard, whole_directory
from coevo.manifest import (
    CheckpointError,
    ShardFile,
    decode_manifest,
    describe_shard,
    encode_manifest,
    read_file,
    read_shard,
)
from coevo.tensor_bytes import tensors_of

__all__ = ["Checkpoint", "CheckpointError", "Shards", "save", "load", "newest", "generations"]

Shards: TypeAlias = Mapping[str, Mapping[str, Tensor]]

_MANIFEST = "manifest.json"
_LARGEST_GENERATION = 99_999_999
_GENERATION = re.compile(r"[0-9]{8}")
# Lower case only: some file systems take "A" and "a" for the same file.
_SHARD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_DTYPES = frozenset(
    {torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
    | {torch.float16, torch.bfloat16, torch.float32, torch.float64}
)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A verified checkpoint.

    Attributes:
        path: the directory it was read from.
        generation: 0 to 99,999,999.
        shards: shard name to tensor name to tensor (any shape, on the CPU, contiguous, owning
            its memory); both levels in the order in which they were saved.
        metadata: what the saver said about it, keys sorted.
    """

    path: Path
    generation: int
    shards: dict[str, dict[str, Tensor]]
    metadata: dict[str, JsonValue]


def save(
    directory: Path,
    generation: int,
    shards: Shards,
    metadata: Mapping[str, object],
    *,
    keep: int = 3,
) -> Path:
    """Save a checkpoint, and once it is safe on the disk delete the oldest ones.

    A valid checkpoint of the same generation is kept and the new one is not written; one that
    does not verify is replaced. Checkpoints of later generations are left alone.

    Args:
        directory: holds one directory per generation; created where missing.
        generation: 0 to 99,999,999.
        shards: shard name (lower case letters, digits, ``_``, ``.``, ``-``) to tensor name to
            tensor: any shape, strides and device, also sharing memory; bool, integer or float.
        metadata: JSON values, which `load` gives back equal.
        keep: at least 1, how many checkpoints up to this generation stay.

    Returns:
        The checkpoint's directory.

    Raises:
        CheckpointError: an argument is not as described.
        CoevoError: something cannot be written; older checkpoints are then untouched.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     path = save(Path(directory), 7, {"state": {"rate": torch.ones(2)}}, {"seed": 1})
        ...     checkpoint = load(path)
        >>> path.name, checkpoint.metadata, checkpoint.shards["state"]["rate"]
        ('00000007', {'seed': 1}, tensor([1., 1.]))
    """
    if not 0 <= generation <= _LARGEST_GENERATION:
        raise CheckpointError(f"generation: {generation} is not in 0 to {_LARGEST_GENERATION}")
    if keep < 1:
        raise CheckpointError(f"keep: {keep} is too few checkpoints; give a whole number >= 1")
    _check_metadata(metadata)
    path = directory / f"{generation:08d}"
    if not _is_valid(path):
        with whole_directory(path) as temporary:
            written = [_write(temporary, name, tensors) for name, tensors in shards.items()]
            manifest = encode_manifest(generation, metadata, written)
            (temporary / _MANIFEST).write_bytes(manifest)
    for old in [past for past in generations(directory) if past <= generation][:-keep]:
        discard(directory / f"{old:08d}")
    return path


def load(path: Path) -> Checkpoint:
    """Read a checkpoint after verifying every byte of it.

    Files that the manifest does not list are ignored: they are never opened.

    Args:
        path: the checkpoint's directory. A name of 8 digits must be its generation.

    Raises:
        CheckpointError: a file is missing, cut, changed or of an unknown format.
    """
    file = path / _MANIFEST
    manifest = decode_manifest(file, read_file(file))
    if _GENERATION.fullmatch(path.name) and int(path.name) != manifest.generation:
        raise CheckpointError(
            f"{file}: is of generation {manifest.generation}, not of {path.name}; rename {path}"
        )
    contents = {shard.name: read_shard(path, shard) for shard in manifest.shards}
    shards = {
        shard.name: _decode(path / shard.file, contents.pop(shard.name), shard.tensors)
        for shard in manifest.shards
    }
    return Checkpoint(path, manifest.generation, shards, manifest.metadata)


def newest(directory: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that verifies, and one line for each newer one that does not.

    Args:
        directory: holds one directory per generation; may be missing.

    Examples:
        >>> newest(Path("no-such-directory"))
        (None, [])
    """
    refusals: list[str] = []
    for generation in reversed(generations(directory)):
        try:
            return load(directory / f"{generation:08d}"), refusals
        except CheckpointError as error:
            refusals.append(" ".join(str(error).split()))
    return None, refusals


def generations(directory: Path) -> list[int]:
    """The generations that have a checkpoint, valid or not, in ascending order."""
    if not directory.is_dir():
        return []
    names = [entry.name for entry in directory.iterdir()]
    return sorted(int(name) for name in names if _GENERATION.fullmatch(name))


def _is_valid(path: Path) -> bool:
    try:
        load(path)
    except CheckpointError:
        return False
    return True


def _check_metadata(metadata: Mapping[str, object]) -> None:
    loaded = decode_manifest(Path("metadata"), encode_manifest(0, metadata, [])).metadata
    for key, value in metadata.items():
        if key not in loaded or loaded[key] != value:
            raise CheckpointError(
                f"metadata.{key}: {value!r} would not come back equal from JSON; "
                "give lists, not tuples, and dicts whose keys are strings"
            )


def _write(directory: Path, name: str, tensors: Mapping[str, Tensor]) -> ShardFile:
    if not _SHARD.fullmatch(name):
        raise CheckpointError(
            f"shard {name!r}: not a shard name; use lower case letters, digits, '_', '.' and '-'"
        )
    for key, tensor in tensors.items():
        if key == "__metadata__" or not key.isprintable():
            raise CheckpointError(f"shard {name!r}: {key!r} cannot name a tensor; rename it")
        if tensor.dtype not in _DTYPES or tensor.layout != torch.strided:
            raise CheckpointError(
                f"shard {name!r}: tensor {key!r} is {tensor.layout} {tensor.dtype}; "
                "give a dense bool, integer or float tensor"
            )
    data: bytes = safetensors.torch.save({key: _copy(tensor) for key, tensor in tensors.items()})
    shard = describe_shard(name, data, list(tensors))
    (directory / shard.file).write_bytes(data)
    return shard


def _decode(file: Path, data: bytes, names: Sequence[str]) -> dict[str, Tensor]:
    try:
        loaded = tensors_of(data)
    except ValueError as error:
        raise CheckpointError(f"{file}: not a safetensors file ({error})") from error
    if sorted(loaded) != sorted(names):
        raise CheckpointError(f"{file}: holds {sorted(loaded)}, expected {sorted(names)}")
    return {name: _copy(loaded[name]) for name in names}


def _copy(tensor: Tensor) -> Tensor:
    """The same values, contiguous, in memory of their own from torch's CPU allocator.

    Saved tensors must not share memory. Loaded ones must be aligned as in a run that was never
    interrupted, because the result of a matrix product may depend on the alignment.
    """
    return torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu").copy_(tensor.detach())
