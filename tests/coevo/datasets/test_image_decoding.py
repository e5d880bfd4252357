"""Pixels of image files in all formats, and images that are damaged."""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coevo.datasets.images import decode_image
from coevo.errors import CoevoError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF")


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=kind)
    return file.getvalue()


def gray(height: int = 6, width: int = 9) -> np.ndarray:
    return np.linspace(0, 255, height * width).reshape(height, width).astype(np.uint8)


@pytest.mark.parametrize("kind", FORMATS)
def test_all_formats_give_their_pixels(kind: str) -> None:
    found = decode_image(encoded(gray(), kind), "x")
    assert found.dtype == np.uint8
    tolerance = 8 if kind == "JPEG" else 0
    np.testing.assert_allclose(found.astype(int)[0], gray().astype(int), atol=tolerance)


def test_colors_are_kept_or_made_gray() -> None:
    pixels = np.zeros((2, 3, 3), dtype=np.uint8)
    pixels[0, 1] = (255, 0, 100)
    found = decode_image(encoded(pixels), "x", channels=3)
    np.testing.assert_array_equal(found, np.moveaxis(pixels, 2, 0))
    luma = decode_image(encoded(pixels), "x")
    assert luma.shape == (1, 2, 3)
    assert luma[0, 0, 1] == round(0.299 * 255 + 0.114 * 100)
    np.testing.assert_array_equal(
        decode_image(encoded(gray()), "x", channels=3), np.stack([gray()] * 3)
    )


def test_one_bit_images_are_black_and_white() -> None:
    bits = gray() > 99
    np.testing.assert_array_equal(decode_image(encoded(bits), "x")[0], bits * 255)


@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_gives_height_and_width(channels: Literal[1, 3]) -> None:
    image = decode_image(
        encoded(np.full((6, 9), 77, np.uint8)), "x", channels=channels, size=(2, 5)
    )
    np.testing.assert_array_equal(image, np.full((channels, 2, 5), 77))


def test_resizing_averages_what_it_shrinks() -> None:
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (20, 10))
    small = decode_image(encoded(stripes), "x", size=(4, 4))
    assert np.abs(small[:, :, 1:-1].astype(int) - 127).max() < 16


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "x: is not a PNG, JPEG, BMP, GIF, PGM or TIFF image"),
        (b"no image", "x: is not a PNG, JPEG, BMP, GIF, PGM or TIFF image"),
        (
            encoded(gray().astype(np.uint16) * 256),
            "x: more than 8 bits per channel (mode I;16); save it with 8",
        ),
        (
            encoded(gray().astype(np.float32), "TIFF"),
            "x: more than 8 bits per channel (mode F); save it with 8",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(CoevoError) as caught:
        decode_image(data, "x")
    assert str(caught.value) == text


def test_a_truncated_image_is_damaged() -> None:
    with pytest.raises(CoevoError, match=r"^x: is a damaged image \("):
        decode_image(encoded(gray(60, 60))[:-40], "x")


def test_a_broken_chunk_is_damage() -> None:
    noise = np.random.Generator(np.random.Philox(0)).integers(0, 256, (60, 60), dtype=np.uint8)
    data = bytearray(encoded(noise))
    length = data.index(b"IDAT") - 4
    data[length : length + 4] = (100).to_bytes(4, "big")  # the next chunk begins in the pixels
    with pytest.raises(CoevoError, match=r"^x: is a damaged image \(broken PNG file"):
        decode_image(bytes(data), "x")


def test_a_size_that_would_fill_the_memory_is_damage() -> None:
    data = bytearray(encoded(gray(), "BMP"))
    data[18:26] = (50_000).to_bytes(4, "little") * 2
    with pytest.raises(CoevoError, match=r"^x: is a damaged image \(Image size"):
        decode_image(bytes(data), "x")


@pytest.mark.parametrize("kind", FORMATS)
@given(data=st.data())
def test_no_other_error_escapes_from_damaged_images(kind: str, data: st.DataObject) -> None:
    content = bytearray(encoded(gray(), kind))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    # Any other exception fails the test; warnings of Pillow are no exceptions for users.
    with warnings.catch_warnings(), suppress(CoevoError):
        warnings.simplefilter("ignore")
        decode_image(bytes(content), "x", size=(4, 4))
