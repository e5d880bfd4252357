"""Purposes nest, and a key that names no stream is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from coevo.errors import CoevoError
from coevo.keys import WORLD, Key


def grid(*seeds: int, cells: int = 4) -> Key:
    """The cells of some worlds, stacked."""
    return Key.for_cells(
        torch.tensor(seeds).repeat_interleave(cells), torch.arange(cells).repeat(len(seeds))
    )


@given(
    st.lists(st.text("a~/01", max_size=3), max_size=3),
    st.lists(st.text("a~/01", max_size=3), max_size=3),
)
@example(["a", "b"], ["b", "a"])
@example(["a", "b"], ["ab"])
@example(["a", "b"], ["a/b"])
@example(["/"], ["~1"])
@example([], [""])
def test_purposes_nest(names: list[str], others: list[str]) -> None:
    def purpose(names: list[str]) -> str:
        key = grid(1)
        for name in names:
            key = key.of(name)
        return key.purpose

    assert (purpose(names) == purpose(others)) == (names == others)


INT32 = torch.tensor([1], dtype=torch.int32)
ONE = torch.tensor([1])
TWO = torch.tensor([1, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Key(INT32, ONE), "seeds: got torch.int32 [1]; give an int64 vector"),
        (lambda: Key(ONE, ONE[None]), "cells: got torch.int64 [1, 1]; give an int64 vector"),
        (
            lambda: Key(ONE, TWO),
            "cells: got 2 on cpu for 1 seeds on cpu; give one per seed, on the same device",
        ),
        (
            lambda: Key.for_worlds(torch.tensor([3, -1])),
            "seeds: got -1; give a whole number in [0, 9223372036854775808)",
        ),
        (
            lambda: Key.for_cells(TWO, torch.tensor([0, WORLD])),
            "cells: got 4294967295; give a whole number in [0, 4294967295)",
        ),
        (
            lambda: Key.for_cells(TWO, torch.tensor([5, -1])),
            "cells: got -1; give a whole number in [0, 4294967295)",
        ),
        (
            lambda: grid(1).at(2**32),
            "generation: got 4294967296; give a whole number in [0, 4294967296)",
        ),
        (
            lambda: grid(1).at(-1),
            "generation: got -1; give a whole number in [0, 4294967296)",
        ),
    ],
)
def test_what_names_no_stream_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(CoevoError, match=f"^{re.escape(message)}$"):
        call()
