from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.errors import CoevoError
from coevo.toml_text import overridden, parse_override, parse_toml, write_toml


def refusal(read: Callable[[], object]) -> str:
    """What is said against it; nothing where it is read."""
    try:
        read()
    except CoevoError as error:
        return str(error)
    return ""


def refused(data: bytes) -> str:
    return refusal(lambda: parse_toml(data, "x.toml"))


def test_a_file_that_is_not_utf8_is_refused_with_the_line() -> None:
    assert refused(b'a = 1\nb = "\xe4"\n') == "x.toml: line 2: not UTF-8; save the file as UTF-8"


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert parse_toml(b"\xef\xbb\xbfseed = 1", "x.toml") == {"seed": 1}


def test_a_list_without_an_end_is_refused() -> None:
    assert refused(b"a = [1,").startswith("x.toml: end of document: ")


@pytest.mark.parametrize("data", [b"a = " + b"[" * 5000 + b"]" * 5000, b"a = " + b"1" * 5000])
def test_what_python_cannot_read_is_refused(data: bytes) -> None:
    assert re.fullmatch(r"x\.toml: [^\n]+", refused(data))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_in_one_line(data: bytes) -> None:
    message = refusal(lambda: parse_toml(data, "x.toml"))
    assert message == "" or re.fullmatch(r"x\.toml: .+", message)


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ('sweep."grid.rows"=[1]', ("sweep", "grid.rows"), [1]),
        (" grid . rows = 1 ", ("grid", "rows"), 1),
        ("a=", ("a",), ""),
        ("a=b=c", ("a",), "b=c"),
        ("a=true", ("a",), True),
        ("a=True", ("a",), "True"),
        ("a='1'", ("a",), "1"),
        ("a={b = 1}", ("a",), {"b": 1}),
    ],
)
def test_an_override_is_a_path_and_a_value(text: str, path: object, value: object) -> None:
    assert parse_override(text) == (path, value)


@given(st.text(max_size=20))
def test_any_override_is_read_or_refused_in_one_line(text: str) -> None:
    message = refusal(lambda: parse_override(text))
    assert (message == "" and "=" in text) or re.fullmatch(r"--set: .+", message)


def test_overriding_leaves_the_original_alone() -> None:
    tables = {"a": {"b": {"c": 1}}}
    assert overridden(tables, [(("a", "b", "c"), 2)]) == {"a": {"b": {"c": 2}}}
    assert tables == {"a": {"b": {"c": 1}}}


def test_written_toml_is_what_a_person_would_write() -> None:
    tables = {
        "name": 'tab\t"quote" \\ \x00\x7f ä',
        "big": 2**63 - 1,
        "grid": {"rate": 1e-09, "offsets": [[0, 1], [-1, 0]], "flag": True, "empty": {}},
        "a b": {"options": {"x y": {"z": [{"w": "1"}]}}},
    }
    assert write_toml(tables).splitlines() == [
        r'name = "tab\t\"quote\" \\ \u0000\u007f ä"',
        "big = 9223372036854775807",
        "",
        "[grid]",
        "rate = 1e-09",
        "offsets = [[0, 1], [-1, 0]]",
        "flag = true",
        "empty = {}",
        "",
        '["a b"]',
        'options = { "x y" = { z = [{ w = "1" }] } }',
    ]
    assert tomllib.loads(write_toml(tables)) == tables


def test_signs_of_zero_survive() -> None:
    assert math.copysign(1, tomllib.loads(write_toml({"a": -0.0}))["a"]) == -1


def test_what_toml_cannot_hold_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="NoneType has no form in TOML"):
        write_toml({"a": None})
