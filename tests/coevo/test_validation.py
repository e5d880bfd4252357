"""Errors of pydantic in words of our own, for models that have all kinds of keys."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from coevo.errors import CoevoError
from coevo.problems import Problem, complaint, key_path, shown
from coevo.tables import Table
from coevo.validation import refusal, value_problems


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise refusal(f"{value} is {{even}}; add 1", ("half", 0))
    return value


class Inner(Table):
    switch: bool = False
    share: float = Field(default=0.5, ge=0, le=1)


class Outer(Table):
    odd: Annotated[int, AfterValidator(_odd)] = 1
    below: int = Field(default=0, lt=5)
    lists: tuple[tuple[float, ...], ...] = ()
    flags: tuple[bool, ...] = ()
    words: tuple[str, ...] | None = None
    inner: Inner = Inner()


def lines(mapping: dict[Any, Any], model: type[BaseModel] = Outer) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(mapping)
    return [str(problem) for problem in value_problems(caught.value, model)]


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        ({"inner": {"switch": 1}}, "inner.switch: 1 is not true or false; use true or false"),
        (
            {"inner": {"switch": "true"}},
            "inner.switch: 'true' is not true or false; use true or false, without quotes",
        ),
        ({"inner": {"share": 2}}, "inner.share: 2 is too large; use a number from 0 to 1"),
        ({"below": 5}, "below: 5 is too large; use a whole number < 5"),
        ({"odd": None}, "odd: None is not a whole number; use a whole number"),
        ({"odd": 4}, "odd.half[0]: 4 is {even}; add 1"),
        ({"flags": (1,)}, "flags[0]: 1 is not true or false; use true or false"),
        ({"flags": 1}, "flags: 1 is not a list of truth values; use a list of truth values"),
        ({"words": (1,)}, "words[0]: 1 is not text; use text in quotes"),
        ({"words": "a"}, "words: 'a' is not a list of texts; use a list of texts, without quotes"),
        ({"lists": ((), ("x",))}, "lists[1][0]: 'x' is not a number; use a number, without quotes"),
        ({"inner": None}, "inner: None is not a table; write its keys under [inner]"),
        ({"inner": {"odd": 1}}, "inner.odd: unknown key; [inner] takes 'switch', 'share'"),
        ({"swich": 1}, "swich: unknown key; the top of the file takes 'odd', 'below', 'lists', "
         "'flags', 'words', 'inner'"),
    ],
)  # fmt: skip
def test_a_value_is_refused_in_words(mapping: dict[str, Any], line: str) -> None:
    assert lines(mapping) == [line]


def test_all_problems_are_found_in_the_order_of_the_model() -> None:
    found = lines({"inner": {"switch": 1, "x": 2}, "odd": "a", "flags": (1, True, 0)})
    assert [line.split(":")[0] for line in found] == [
        "odd", "flags[0]", "flags[2]", "inner.switch", "inner.x",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 10, 11, 12])
def test_no_more_than_ten_problems_are_listed(count: int) -> None:
    error = complaint([Problem((f"k{i}",), "wrong") for i in range(count)], lambda _: "f: ")
    assert isinstance(error, CoevoError)
    listed = [f"f: k{i}: wrong" for i in range(min(count, 10))]
    left = {11: ["f: and 1 more problem"], 12: ["f: and 2 more problems"]}.get(count, [])
    assert str(error).splitlines() == listed + left


def test_shown_values_are_short_and_on_one_line() -> None:
    assert shown("a\nb") == "'a\\nb'"
    assert shown("x" * 58) == f"'{'x' * 58}'"
    assert shown("x" * 59) == f"'{'x' * 56}..."
    assert shown(list(range(10**6))).endswith("...")
    assert shown(16**4999) == f"0x1{'0' * 54}..."
    assert shown([[[[[1]]]]]) == "[[[[...]]]]"
    assert shown({"a b": True}) == "{'a b' = true}"


def test_paths_quote_keys_that_are_not_bare() -> None:
    assert key_path(("sweep", "grid.rows", 0, "x")) == "sweep.'grid.rows'[0].x"
