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


@pytest.mark.parametrize(
    ("override", "entries"),
    [
        ("pruning.amount=0.5", [{"a": 1, "amount": 0.5}, {"amount": 0.5}]),
        ("pruning.1.amount=0.5", [{"a": 1}, {"amount": 0.5}]),
        ("pruning.0.a=2", [{"a": 2}, {}]),
        ("pruning.a=2", [{"a": 2}, {"a": 2}]),
        (
            "pruning.operator=magnitude",
            [{"a": 1, "operator": "magnitude"}, {"operator": "magnitude"}],
        ),
        ("pruning.1.options.x=3", [{"a": 1}, {"options": {"x": 3}}]),
        ("pruning=[{b = 1}]", [{"b": 1}]),
        ("pruning=[]", []),
    ],
)
def test_a_key_of_a_list_of_tables_is_set_in_all_or_in_one(
    override: str, entries: list[object]
) -> None:
    tables = {"pruning": [{"a": 1}, {}]}
    assert overridden(tables, [parse_override(override)]) == {"pruning": entries}
    assert tables == {"pruning": [{"a": 1}, {}]}


@pytest.mark.parametrize("override", ["pruning.amount=0.5", "pruning.0.amount=0.5"])
def test_where_there_is_no_entry_one_is_made(override: str) -> None:
    assert overridden({}, [parse_override(override)]) == {"pruning": [{"amount": 0.5}]}


def test_an_entry_that_is_not_there_is_refused() -> None:
    for count, override in ((2, "pruning.2.amount=0.5"), (1, "pruning.1.amount=0.5")):
        tables = {"pruning": [{}] * count}
        message = refusal(lambda: overridden(tables, [parse_override(override)]))  # noqa: B023 - called at once
        assert message == (
            f"--set pruning.{count}.amount: there are {count} entries, counted from 0; "
            "give the number of one, or no number for all"
        )


def test_what_is_no_list_of_tables_is_left_for_the_check_of_values() -> None:
    assert overridden({"pruning": [3]}, [(("pruning", "a"), 1)]) == {"pruning": [3]}
    one = overridden({"pruning": {"a": 1}}, [(("pruning", "b"), 2)])
    assert one == {"pruning": {"a": 1, "b": 2}}
    message = refusal(lambda: overridden({"pruning": 3}, [(("pruning", "a"), 1)]))
    assert message == "--set pruning.a: pruning is 3, not a table; set a key of a table"


def test_lists_of_tables_are_written_with_headers_of_their_own() -> None:
    tables = {"pruning": [{"amount": 0.5, "options": {"x": 1}}, {}], "grid": {"rows": 2}}
    assert write_toml(tables).splitlines() == [
        "[[pruning]]",
        "amount = 0.5",
        "options = { x = 1 }",
        "",
        "[[pruning]]",
        "",
        "[grid]",
        "rows = 2",
    ]
    assert tomllib.loads(write_toml(tables)) == tables
    assert write_toml({"pruning": []}) == "pruning = []\n"


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
