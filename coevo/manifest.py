"""The manifest of a checkpoint: which files it has, with their sizes and SHA-256 digests.

``manifest.json`` is canonical JSON that carries the digest of its own content, so a change of
any byte of it, white space included, is seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from coevo.errors import CoevoError
from coevo.files import canonical_json

__all__ = [
    "CheckpointError",
    "Manifest",
    "ShardFile",
    "encode_manifest",
    "decode_manifest",
    "describe_shard",
    "read_file",
    "read_shard",
]

_FORMAT_VERSION = 1


class CheckpointError(CoevoError):
    """A checkpoint cannot be saved as asked, or may not be used: names the file and the reason."""


class ShardFile(BaseModel):
    """One file of a checkpoint.

    Attributes:
        name: the shard's name; the file is called ``<name>.safetensors``.
        file: the file's name.
        size: in bytes.
        sha256: of the file's bytes, 64 hexadecimal digits.
        tensors: the names of its tensors, in the order in which they were saved.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    name: str
    file: str
    size: int
    sha256: str
    tensors: list[str]


class Manifest(BaseModel):
    """What a manifest says.

    Attributes:
        format_version: of this layout.
        generation: 0 or more.
        metadata: what the saver said about the checkpoint.
        shards: its files, in the order in which they were saved.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    format_version: int
    generation: int
    metadata: dict[str, JsonValue]
    shards: list[ShardFile]


def describe_shard(name: str, data: bytes, tensors: Sequence[str]) -> ShardFile:
    """The manifest's entry for a file that holds `data`.

    Examples:
        >>> describe_shard("state", b"1", ["rate"]).file
        'state.safetensors'
    """
    return ShardFile(
        name=name,
        file=f"{name}.safetensors",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        tensors=list(tensors),
    )


def encode_manifest(
    generation: int, metadata: Mapping[str, object], shards: Sequence[ShardFile]
) -> bytes:
    """The bytes of a manifest file.

    Raises:
        CheckpointError: the metadata are not JSON.
    """
    body = {
        "format_version": _FORMAT_VERSION,
        "generation": generation,
        "metadata": dict(metadata),
        "shards": [shard.model_dump() for shard in shards],
    }
    try:
        return canonical_json({**body, "sha256": _digest(body)}).encode("ascii")
    except CoevoError as error:
        raise CheckpointError(f"metadata: {error}") from error


def decode_manifest(file: Path, data: bytes) -> Manifest:
    """Verify the bytes of a manifest file and understand them.

    Args:
        file: where they come from, for the messages.
        data: the file's content.

    Raises:
        CheckpointError: the bytes are not exactly those that `encode_manifest` gave.
    """
    try:
        document = json.loads(data)
        canonical = canonical_json(document).encode("ascii")
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file}: truncated or not JSON; use another checkpoint") from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if version != _FORMAT_VERSION:
        raise CheckpointError(
            f"{file}: format version {version!r} is unknown, expected {_FORMAT_VERSION}; "
            "use the version of coevo that wrote it"
        )
    digest = document.pop("sha256", None)
    # The digest covers the values, the comparison how they are spelled.
    if digest != _digest(document) or canonical != data:
        raise CheckpointError(f"{file}: its digest differs; use another checkpoint")
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CheckpointError(f"{file}: {place}: {first['msg']}") from error
    if len({shard.name for shard in manifest.shards}) < len(manifest.shards):
        raise CheckpointError(f"{file}: names a shard twice; use another checkpoint")
    return manifest


def read_file(path: Path) -> bytes:
    """The content of a regular file.

    Raises:
        CheckpointError: it is missing, unreadable, or a pipe or device that might never end.
    """
    try:
        if not path.is_file():
            raise CheckpointError(f"{path}: missing; use another checkpoint")
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_shard(directory: Path, shard: ShardFile) -> bytes:
    """The content of a shard's file, read once, with its size and digest verified.

    Raises:
        CheckpointError: the file is missing, of another size or of another digest, or the
            entry points to a file that is not the shard's own.
    """
    path = directory / f"{shard.name}.safetensors"
    if shard.file != path.name or path.parent != directory:
        raise CheckpointError(f"{directory}: shard {shard.name!r} names the file {shard.file!r}")
    data = read_file(path)
    if len(data) != shard.size:
        raise CheckpointError(
            f"{path}: has {len(data)} bytes, expected {shard.size}; use another checkpoint"
        )
    if hashlib.sha256(data).hexdigest() != shard.sha256:
        raise CheckpointError(f"{path}: its digest differs; use another checkpoint")
    return data


def _digest(body: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical_json(body).encode("ascii")).hexdigest()
