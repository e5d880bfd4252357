"""Pixels of image files."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coevo.errors import CoevoError

__all__ = ["decode_image"]

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF")


def decode_image(
    data: bytes,
    what: str,
    *,
    channels: Literal[1, 3] = 1,
    size: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Decode an image of 8 bits per channel or less.

    Of animations the first frame counts. Transparency and orientation tags are ignored.

    Args:
        data: all bytes of a PNG, JPEG, BMP, GIF, PGM (PPM) or TIFF file.
        what: names the file in messages.
        channels: 1 converts to gray, 3 to red, green, blue.
        size: (height, width) in pixels to resize to, smoothly; None keeps the size.

    Returns:
        ``[channels, height, width]`` uint8.

    Raises:
        CoevoError: Pillow cannot read it, or it has more than 8 bits per channel.
    """
    # Imported here because only the sources of images need it.
    from PIL import Image, UnidentifiedImageError

    # SyntaxError and IndexError, too, are ways in which Pillow says that a file is damaged.
    damage = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, OverflowError)
    more = (zlib.error, struct.error, Image.DecompressionBombError)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.mode.startswith(("I", "F")):
                mode = image.mode
                raise CoevoError(
                    f"{what}: more than 8 bits per channel (mode {mode}); save it with 8"
                )
            pixels = image.convert("L" if channels == 1 else "RGB")
    except UnidentifiedImageError as error:
        raise CoevoError(f"{what}: is not a PNG, JPEG, BMP, GIF, PGM or TIFF image") from error
    except CoevoError:
        raise
    except (*damage, *more) as error:
        raise CoevoError(f"{what}: is a damaged image ({error})") from error
    if size is not None:
        pixels = pixels.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    array = np.asarray(pixels, dtype=np.uint8)
    return array[np.newaxis] if array.ndim == 2 else np.moveaxis(array, 2, 0)
