"""Omniglot's two small background sets: Lake, Salakhutdinov and Tenenbaum, Science 2015.

Differs from the publication: "small 1" and "small 2" share two alphabets (Greek and Latin),
drawing for drawing. They are left out of the test split, which therefore holds only alphabets
that training never shows.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from coevo.datasets.dataset import Dataset, Split
from coevo.datasets.files import find_file
from coevo.datasets.frames import full_frame, normalized_frame
from coevo.datasets.images import decode_image
from coevo.datasets.options import DataOptions, FrameName
from coevo.errors import CoevoError

__all__ = ["load_omniglot"]

_PIXELS = 105
_FIRST_HELD_OUT = 19  # of 20 drawings per character, each by another drawer
_NAME = re.compile(r"[^/]+/(?P<alphabet>[^/]+)/character\d+/\d+_(?P<drawing>\d+)\.png")
_CHUNK = 256


@dataclass(frozen=True)
class _Archive:
    """Drawings of one archive in the order of their names.

    Attributes:
        path: of the archive.
        names: of the drawings in the archive.
        alphabets: of the drawings.
        numbers: of the drawings within their characters, from 1.
        ink: ``[drawings, 105, 105]`` bool, True = ink.
    """

    path: Path
    names: list[str]
    alphabets: list[str]
    numbers: Tensor
    ink: Tensor


def load_omniglot(options: DataOptions) -> Dataset:
    """Load the drawings from the published zip archives, white ink on black.

    Training and validation rows are the drawings of "small 1"; the last 2 of the 20 drawers of
    each character are validation. Test rows are the alphabets that only "small 2" has. Rows are
    in the order of their names.

    Args:
        options: ``directory`` and ``frame`` are read; the archives are in the directory or in
            its folder ``omniglot``.

    Returns:
        Inputs ``[rows, 1, 28, 28]``, area averages of the one-bit drawings.

    Raises:
        CoevoError: an archive is missing, damaged, or holds something else.
    """
    first, second = (
        _read(find_file(options, "omniglot", (f"images_background_small{number}.zip",)))
        for number in (1, 2)
    )
    known = set(first.alphabets)
    new = torch.tensor([alphabet not in known for alphabet in second.alphabets])
    held_out = first.numbers >= _FIRST_HELD_OUT
    train, validation, test = (
        Split(_images(archive, chosen, options.frame))
        for archive, chosen in ((first, ~held_out), (first, held_out), (second, new))
    )
    description = (
        f"{train.rows} training drawings (drawers 1-18) and {validation.rows} validation drawings "
        f"(drawers 19-20) of {len(known)} alphabets; {test.rows} test drawings of "
        f"{len(set(second.alphabets) - known)} other alphabets; frame {options.frame}"
    )
    return Dataset("omniglot", train, validation, test, description)


def _read(path: Path) -> _Archive:
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if _is_drawing(name))
            drawings = [_drawing(archive.read(name), f"{path}: {name}") for name in names]
    except CoevoError:
        raise
    except zipfile.BadZipFile as error:
        raise CoevoError(
            f"{path}: is not a whole zip archive ({error}); fetch the file again"
        ) from error
    except (OSError, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise CoevoError(f"{path}: cannot be read ({error}); fetch the file again") from error
    if not names:
        raise CoevoError(f"{path}: holds no .png drawings; fetch the archive as published")
    parts = [_parse(path, name) for name in names]
    numbers = torch.tensor([number for _, number in parts])
    ink = torch.from_numpy(np.stack(drawings))
    return _Archive(path, names, [alphabet for alphabet, _ in parts], numbers, ink)


def _is_drawing(name: str) -> bool:
    # Archives that were packed again on a Mac hold a shadow file for every drawing.
    return name.endswith(".png") and not name.startswith("__MACOSX/")


def _parse(path: Path, name: str) -> tuple[str, int]:
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise CoevoError(
            f"{path}: '{name}' is not named like a drawing; want "
            "set/alphabet/character01/0001_01.png as published"
        )
    return parts["alphabet"], int(parts["drawing"])


def _drawing(data: bytes, what: str) -> np.ndarray:
    pixels = decode_image(data, what)[0]
    if pixels.shape != (_PIXELS, _PIXELS):
        height, width = pixels.shape
        raise CoevoError(
            f"{what}: {height} x {width} pixels, want {_PIXELS} x {_PIXELS} as published"
        )
    return np.asarray(pixels < 128)


def _images(archive: _Archive, chosen: Tensor, frame: FrameName) -> Tensor:
    ids = chosen.nonzero()[:, 0]
    ink = archive.ink[ids]
    blank = (~ink.flatten(1).any(1)).nonzero()[:, 0]
    if frame == "normalized" and len(blank):
        name = archive.names[int(ids[blank[0]])]
        raise CoevoError(
            f"{archive.path}: {name}: has no ink to place; remove it or use frame 'full'"
        )
    shrink = normalized_frame if frame == "normalized" else full_frame
    parts = [shrink(part.to(torch.float64)) for part in torch.split(ink, _CHUNK)]
    return torch.cat(parts).unsqueeze(1)
