"""Says in words of our own what pydantic found wrong with the values of an experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from coevo.problems import KeyPath, Problem, key_path, not_listed, shown, suggestion

__all__ = ["BETWEEN_KEYS", "LARGEST", "refusal", "value_problems"]

LARGEST = 2**63 - 1
"""The largest whole number that TOML promises to hold; not worth a word in an error."""

BETWEEN_KEYS = "between_keys"
"""Error type of the rules between keys, which are reported from elsewhere."""

_REFUSAL = "refusal"
_NAMES: Mapping[Any, tuple[str, str]] = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    bool: ("true or false", "truth values"),
    dict: ("a table", "tables"),
}
_SIZES = {
    "greater_than": "is too small",
    "greater_than_equal": "is too small",
    "less_than": "is too large",
    "less_than_equal": "is too large",
    "finite_number": "is not a finite number",
}


def refusal(text: str, at: KeyPath = ()) -> PydanticCustomError:
    """Refuse a value from within a pydantic validator, in words that reach the user as given.

    Args:
        text: the value, what is wrong with it, and the fix.
        at: where within the field the value stands.
    """
    return PydanticCustomError(_REFUSAL, "{text}", {"text": text, "at": at})


def value_problems(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Turn a failed validation into problems, in the order of the model.

    Args:
        error: what pydantic raised.
        model: what was validated.

    Returns:
        A problem for each value and key that is refused for itself.
    """
    details = error.errors(include_url=False)
    problems = [_problem(one, model) for one in details if one["type"] != BETWEEN_KEYS]
    return list(dict.fromkeys(problems))


@dataclass(frozen=True)
class _Slot:
    """A place for a value: its type without decoration, its bounds, and what it is called."""

    kind: Any
    bounds: tuple[object, ...] = ()
    title: str | None = None

    @property
    def items(self) -> tuple[_Slot, ...]:
        return tuple(_undecorated(item) for item in get_args(self.kind) if item is not Ellipsis)

    def noun(self, *, plural: bool = False) -> str:
        """What belongs there, such as "a list of 2 numbers"."""
        if self.title:
            return f"{self.title.partition(' ')[2]}s" if plural else self.title
        name = dict if _is_table(self.kind) else get_origin(self.kind) or self.kind
        if name is not tuple:
            return _NAMES[name][plural]
        count = "" if Ellipsis in get_args(self.kind) else f"{len(self.items)} "
        return f"a list of {count}{self.items[0].noun(plural=True)}"

    def want(self, *, limits: bool = False) -> str:
        """The same with its range, such as "a list of 2 numbers >= 0 and < 1"."""
        bounds = self.bounds if not self.items else self.items[0].bounds
        return f"{self.noun()}{_interval(bounds, limits=limits)}"


def _problem(error: ErrorDetails, model: type[BaseModel]) -> Problem:
    path = error["loc"]
    if error["type"] in ("extra_forbidden", "invalid_key"):
        return Problem(path, _unknown_key(path, model))
    if error["type"] == _REFUSAL:
        return Problem((*path, *error["ctx"]["at"]), error["ctx"]["text"])
    if error["type"] == "missing":  # an item of a list of fixed length; blame the list
        path = path[:-1]
    slot = _slot(path, model)
    return Problem(path, _wrong_value(error, slot, key_path(path)))


def _wrong_value(error: ErrorDetails, slot: _Slot, where: str) -> str:
    value = error["input"]
    if _is_table(slot.kind) or get_origin(slot.kind) is dict:
        header = f"[[{where.partition('[')[0]}]]" if where.endswith("]") else f"[{where}]"
        return f"{shown(value)} is not a table; write its keys under {header}"
    if get_origin(slot.kind) is Literal:
        return not_listed(value, slot.noun(), get_args(slot.kind))
    if error["type"] in _SIZES:
        want = slot.want(limits=error["type"] == "less_than_equal")
        return f"{shown(value)} {_SIZES[error['type']]}; use {want}"
    if slot.kind is str:
        return f"{shown(value)} is not text; use text in quotes"
    quotes = ", without quotes" if isinstance(value, str) else ""
    return f"{shown(value)} is not {slot.noun()}; use {slot.want()}{quotes}"


def _unknown_key(path: KeyPath, model: type[BaseModel]) -> str:
    *above, given = path
    table = _slot(tuple(above), model).kind
    elsewhere = [f"{t}.{given}" for t, fields in _tables(model) if given in fields]
    near = suggestion(str(given), table.model_fields)
    if elsewhere or near:
        found = " or ".join(map(repr, elsewhere)) or repr(near)
        return f"unknown key; did you mean {found}?"
    name = ".".join(part for part in above if isinstance(part, str))
    brackets = f"[[{name}]]" if any(isinstance(part, int) for part in above) else f"[{name}]"
    place = brackets if above else "the top of the file"
    return f"unknown key; {place} takes {', '.join(map(repr, table.model_fields))}"


def _tables(model: type[BaseModel]) -> Iterator[tuple[str, Mapping[str, FieldInfo]]]:
    for name, field in model.model_fields.items():
        slot = _undecorated(field.annotation)
        for kind in (slot.kind, *(item.kind for item in slot.items)):
            if _is_table(kind):
                yield name, kind.model_fields


def _slot(path: KeyPath, model: type[BaseModel]) -> _Slot:
    slot = _Slot(model)
    for part in path:
        if isinstance(part, int):
            slot = slot.items[min(part, len(slot.items) - 1)]
        else:
            field: FieldInfo = slot.kind.model_fields[part]
            slot = _undecorated(field.annotation, tuple(field.metadata), field.title)
    return slot


def _undecorated(
    annotation: object, bounds: tuple[object, ...] = (), title: str | None = None
) -> _Slot:
    """Look through ``Annotated`` and ``| None``."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        if get_origin(annotation) is Annotated:
            annotation, *extras = get_args(annotation)
            for extra in extras:
                bounds += tuple(extra.metadata) if isinstance(extra, FieldInfo) else (extra,)
                title = title or getattr(extra, "title", None)
        else:
            annotation = next(a for a in get_args(annotation) if a is not type(None))
    return _Slot(annotation, bounds, title)


def _is_table(kind: object) -> bool:
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel)


def _interval(bounds: tuple[object, ...], *, limits: bool) -> str:
    """Write bounds as " from 0 to 9", " > 0 and <= 1" or " >= 1"."""
    low = high = ""
    ends: dict[type, Any] = {}
    for bound in bounds:
        match bound:
            case Ge(ge=end):
                low, ends[Ge] = f">= {end}", end
            case Gt(gt=end):
                low = f"> {end}"
            case Le(le=end) if end != LARGEST or limits:
                high, ends[Le] = f"<= {end}", end
            case Lt(lt=end):
                high = f"< {end}"
    if len(ends) == 2:
        return f" from {ends[Ge]} to {ends[Le]}"
    ranges = " and ".join(text for text in (low, high) if text)
    return f" {ranges}" if ranges else ""
