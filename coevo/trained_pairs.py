"""Trained pairs that an experiment starts from: where they lie, and copies that a run keeps.

Only weights as safetensors are read, and JSON where a study says which of its pairings is best:
nothing is imported or executed, whoever made the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from torch import Tensor

from coevo.errors import CoevoError
from coevo.experiment import Experiment
from coevo.files import canonical_json, discard, whole_directory
from coevo.interruption import resume_command
from coevo.pairing_place import best_folder
from coevo.roles import ROLES, RoleName
from coevo.run_directory import RunDirectory
from coevo.study_directory import is_study
from coevo.tensor_bytes import tensors_of

__all__ = ["TrainedPair", "keep_pairs", "pairs_named", "trained_pair"]

_WANTED = "the directory of a run, a study or an export as safetensors"


@dataclass(frozen=True)
class TrainedPair:
    """The weights of an encoder and its decoder.

    Attributes:
        name: how the experiment calls it.
        tensors: of each role, weights and buffers by name.
    """

    name: str
    tensors: Mapping[RoleName, Mapping[str, Tensor]]


def trained_pair(name: str, kept: Path | None = None) -> TrainedPair:
    """Read a trained pair.

    Args:
        name: a directory of a finished run or study, ``DIRECTORY:VARIANT`` for a variant of a
            study, or what ``coevo export --format safetensors`` wrote.
        kept: copies; what has one is not looked for elsewhere.

    Raises:
        CoevoError: there is no trained pair, or it is damaged.
    """
    files = _files(name, kept)
    tensors: dict[RoleName, dict[str, Tensor]] = {}
    for role, data in files.items():
        try:
            tensors[role] = tensors_of(data)
        except ValueError as error:
            raise CoevoError(
                f"{name}: {role}.safetensors is damaged ({error}); finish or repeat the run, or "
                "export it again"
            ) from error
    return TrainedPair(name, MappingProxyType(tensors))


def pairs_named(experiments: Iterable[Experiment]) -> tuple[str, ...]:
    """The names of all trained pairs that some experiments start from, each once."""
    return tuple(dict.fromkeys(name for one in experiments for name in one.start.pairs))


def keep_pairs(names: Iterable[str], kept: Path, *, anew: bool = False) -> None:
    """Copy trained pairs, so that a run needs no other directory to go on.

    Args:
        names: as for `trained_pair`.
        kept: where the copies go; what has one already stays as it is.
        anew: remove copies that are there before.

    Raises:
        CoevoError: as for `trained_pair`, or something cannot be written.
    """
    if anew and kept.exists():
        discard(kept)
    for name in names:
        if _copy(name, kept).is_dir():
            continue
        files = _files(name, None)
        with whole_directory(_copy(name, kept)) as folder:
            for role, data in files.items():
                (folder / f"{role}.safetensors").write_bytes(data)
            (folder / "pair.json").write_text(canonical_json({"name": name}), "utf-8")


def _copy(name: str, kept: Path) -> Path:
    """Where the copy of a pair is."""
    return kept / hashlib.sha256(name.encode()).hexdigest()[:16]


def _files(name: str, kept: Path | None) -> dict[RoleName, bytes]:
    """The files of both roles, as they are."""
    folder = None if kept is None else _copy(name, kept)
    if folder is None or not folder.is_dir():
        folder = _folder(name)
    try:
        return {role: (folder / f"{role}.safetensors").read_bytes() for role in ROLES}
    except OSError as error:
        raise _missing(name, folder, error) from error


def _folder(name: str) -> Path:
    """The folder with the weights of a pair."""
    directory, variant = _parts(name)
    try:
        exported = all((directory / f"{role}.safetensors").is_file() for role in ROLES)
        if exported and variant is None:
            return directory
        return best_folder(directory, variant)
    except CoevoError as error:
        reason = str(error).removeprefix("--").removeprefix(f"{directory}: ")
        raise CoevoError(f"{name}: {reason}") from error


def _parts(name: str) -> tuple[Path, str | None]:
    """The directory, and the variant behind a colon where there is one."""
    if ":" in name and not Path(name).exists():
        directory, _, variant = name.rpartition(":")
        if is_study(Path(directory)):
            return Path(directory), variant
    return Path(name), None


def _missing(name: str, folder: Path, error: OSError) -> CoevoError:
    """Why there is no trained pair, and what to do."""
    directory, _ = _parts(name)
    run = RunDirectory(directory)
    if not directory.is_dir():
        return CoevoError(f"{name}: no such directory; give {_WANTED}")
    if not run.experiment_file.is_file():
        return CoevoError(f"{name}: holds no trained pair; give {_WANTED}")
    if run.result_file.is_file() and not folder.is_dir():
        return CoevoError(f"{name}: has no best pairing, all its worlds stopped; give another")
    if not folder.is_dir():
        return CoevoError(
            f"{name}: no best pairing yet; let '{resume_command(directory)}' finish the run"
        )
    reason = error.strerror or error
    return CoevoError(f"{folder}: cannot be read ({reason}); finish or repeat the run")
