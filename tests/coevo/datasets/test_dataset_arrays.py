"""From stored arrays to rows in [0, 1]."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coevo.datasets.arrays import as_rows
from coevo.errors import CoevoError

shapes = st.one_of(
    arrays.array_shapes(min_dims=2, max_dims=3, max_side=6),
    st.tuples(*[st.integers(1, 6)] * 4).filter(
        lambda s: s[3] not in (1, 3, 4) or s[1] in (1, 3, 4)
    ),
)


@given(arrays.arrays(np.uint8, shapes))
def test_bytes_become_shares_of_255(stored: np.ndarray) -> None:
    if stored.max() == 1:
        stored = stored * np.uint8(2)
    rows = as_rows(stored, "x")
    assert rows.dtype == torch.float32
    assert rows.shape[0] == stored.shape[0]
    expected = torch.tensor([int(value) / 255 for value in stored.flat])
    torch.testing.assert_close(rows.flatten(), expected)


@given(
    arrays.arrays(
        st.sampled_from(["float16", "float32", "float64", ">f4"]).map(np.dtype),
        shapes,
        elements=st.floats(0, 1, width=16),
    )
)
def test_floats_in_the_unit_interval_stay(stored: np.ndarray) -> None:
    assert as_rows(stored, "x").flatten().tolist() == stored.astype(np.float32).flatten().tolist()


@pytest.mark.parametrize("kind", [np.bool_, np.int64, np.int8, np.uint16])
def test_bits_of_any_other_type_stay_bits(kind: type) -> None:
    assert as_rows(np.array([[0, 1]]).astype(kind), "x").tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("stored", "rows"),
    [
        ((5, 7), (5, 7)),
        ((5, 7, 9), (5, 1, 7, 9)),
        ((5, 3, 7, 9), (5, 3, 7, 9)),
        ((5, 2, 7, 9), (5, 2, 7, 9)),
        ((5, 3, 7, 3), (5, 3, 7, 3)),
    ],
)
def test_channels_come_second(stored: tuple[int, ...], rows: tuple[int, ...]) -> None:
    assert as_rows(np.zeros(stored), "x").shape == rows


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (
            np.array([[0.5, 1.5]]),
            "x: values from 0.5 to 1.5 are not in [0, 1]; rescale them, or store uint8 from 0 to "
            "255",
        ),
        (
            np.array([[-0.25, 1.0]]),
            "x: values from -0.25 to 1 are not in [0, 1]; rescale them, or store uint8 from 0 to "
            "255",
        ),
        (
            np.array([[0.5, np.nan]]),
            "x: values from nan to nan are not in [0, 1]; rescale them, or store uint8 from 0 to "
            "255",
        ),
        (
            np.array([[0, 7]]),
            "x: values from 0 to 7 are not in [0, 1]; rescale them, or store uint8 from 0 to 255",
        ),
        (
            np.array([[0, 1]], dtype=np.uint8),
            "x: uint8 values go up to 1 only and would be divided by 255; store 0/1 data as bool "
            "or float32",
        ),
        (
            np.array([["a"]]),
            "x: type <U1 is not numbers; store uint8, or floats in [0, 1]",
        ),
        (
            np.zeros((2, 2), dtype=complex),
            "x: type complex128 is not numbers; store uint8, or floats in [0, 1]",
        ),
        (
            np.zeros(3),
            "x: shape (3,) is not rows of data; give [rows, n], [rows, height, width] or "
            "[rows, channels, height, width]",
        ),
        (np.zeros((0, 3)), "x: shape (0, 3) holds nothing; give at least one row"),
        (
            np.zeros((2, 8, 8, 3)),
            "x: shape (2, 8, 8, 3) has its channels last; store them as "
            "[rows, channels, height, width]",
        ),
    ],
)
def test_what_is_no_rows_in_the_unit_interval_is_refused(stored: np.ndarray, text: str) -> None:
    with pytest.raises(CoevoError) as caught:
        as_rows(stored, "x")
    assert str(caught.value) == text


def test_rows_do_not_share_memory_with_the_array() -> None:
    stored = np.zeros((1, 2), dtype=np.float32)
    rows = as_rows(stored, "x")
    stored[:] = 1
    assert rows.tolist() == [[0.0, 0.0]]
