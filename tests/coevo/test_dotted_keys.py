from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.dotted_keys import dotted_key, split_key

PARTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_a_written_key_is_read_as_the_same_path(path: list[str]) -> None:
    assert split_key(dotted_key(path)) == tuple(path)


@given(st.text())
def test_whatever_is_read_as_a_key_is_written_to_be_read_again(text: str) -> None:
    path = split_key(text)
    assert path == () or split_key(dotted_key(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (" grid . rows ", ("grid", "rows")),
        ("pruning[10].amount", ("pruning", "10", "amount")),
        ("pruning.10.amount", ("pruning", "10", "amount")),
        ("network.options.'a[1].b'", ("network", "options", "a[1].b")),
        (r'network.options."a\"[1]"', ("network", "options", 'a"[1]')),
        ("grid..rows", ()),
        ("grid rows", ()),
        ("a = 1\nb", ()),
        ("[grid]\na", ()),
        ("a[x]", ()),
        ("a = 0 #", ()),
        ("a#", ()),
        ("", ()),
    ],
)
def test_a_key_is_parts_between_dots_or_nothing(text: str, path: tuple[str, ...]) -> None:
    assert split_key(text) == path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("grid",), "grid"),
        (("pruning", "1", "amount"), "pruning[1].amount"),
        (("network", "options", "a.b"), 'network.options."a.b"'),
        (("1",), "1"),
        (("network", "options", ""), 'network.options.""'),
    ],
)
def test_a_path_is_written_as_people_write_keys(path: tuple[str, ...], text: str) -> None:
    assert dotted_key(path) == text
