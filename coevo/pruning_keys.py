"""Rules between the keys of an entry of ``[[pruning]]``, and with the rest of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from coevo.catalog import GENERATIONS, LOOKING_OPERATORS, OPERATOR_KEYS, SCHEDULE_KEYS
from coevo.conditions import Condition, one_of
from coevo.problems import Problem, shown
from coevo.pruning_table import PruningTable

__all__ = [
    "ENTRY_DEFAULTS",
    "Entry",
    "entry_problems",
    "has_meaning",
    "is_conditional_in_entry",
    "pruning_problems",
]

Entry: TypeAlias = Callable[[str], Any]
"""The value of a key of an entry, given or default."""
_Found: TypeAlias = Iterator[tuple[str, str]]

ENTRY_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {key: field.default for key, field in PruningTable.model_fields.items()}
)


def _takers(keys: Mapping[str, tuple[str, ...]], key: str) -> tuple[str, ...]:
    return tuple(name for name, own in keys.items() if key in own)


def _looks(operator: str) -> bool:
    return operator in LOOKING_OPERATORS or operator not in OPERATOR_KEYS


_LOOKS = {"rows": "rows", "activations": "activations"}
_EVENTS = Condition("sparsity", lambda value: value is None, "for events, without a sparsity")
_ONLY_WITH: Mapping[str, Condition] = MappingProxyType(
    {
        **{
            key: one_of("operator", _takers(OPERATOR_KEYS, key))
            for keys in OPERATOR_KEYS.values()
            for key in keys
        },
        **{
            key: one_of("schedule", _takers(SCHEDULE_KEYS, key))
            for keys in SCHEDULE_KEYS.values()
            for key in keys
        },
        "operator_options": Condition(
            "operator", lambda value: value not in OPERATOR_KEYS, "for an operator of your own"
        ),
        "schedule_options": Condition(
            "schedule", lambda value: value not in SCHEDULE_KEYS, "for a schedule of your own"
        ),
        "probability": _EVENTS,
        "amount": _EVENTS,
        "scales": _EVENTS,
        "bias": one_of("structure", ("weight",)),
        "regrow": one_of("structure", ("weight",)),
    }
)
"""Keys that mean something only beside some values of another key."""


def has_meaning(key: str, value: Entry) -> bool:
    """Whether a key means something beside the other keys of its entry."""
    if key == "rows":
        return _looks(value("operator")) or value("regrow") == "gradient"
    if key == "activations":
        return _looks(value("operator")) and value("operator") != "saliency"
    if key not in _ONLY_WITH:
        return True
    return _ONLY_WITH[key].holds(value(_ONLY_WITH[key].other))


def is_conditional_in_entry(key: str) -> bool:
    """Whether a key means something only beside some values of other keys of its entry."""
    return key in _ONLY_WITH or key in _LOOKS


def entry_problems(given: Mapping[str, Any], refused: frozenset[str], length: Any) -> _Found:
    """Find the keys of an entry that make no sense together.

    Args:
        given: the keys that the user wrote; may be malformed.
        refused: keys whose values are refused for themselves; rules that need one are left out.
        length: generations of the run; None where they are refused.

    Yields:
        A key, and what is wrong with it.
    """

    def value(key: str) -> Any:
        if key in refused:
            raise KeyError(key)
        return ENTRY_DEFAULTS[key] if given.get(key) is None else given[key]

    for check in (_meaning, _window, _scopes, _regrowth, _test_cases):
        try:
            yield from list(check(given, value, length))
        except KeyError:  # a rule needs a value that is refused already
            continue


def _meaning(given: Mapping[str, Any], value: Entry, length: Any) -> _Found:
    del length
    for key in ENTRY_DEFAULTS:
        if given.get(key) is None:
            continue
        try:
            if has_meaning(key, value):
                continue
            if key in _LOOKS:
                yield (
                    key,
                    f"{shown(value(key))} has no effect: {value('operator')!r} looks at no "
                    f"{_LOOKS[key]}; remove it",
                )
                continue
            yield key, _ONLY_WITH[key].refusal(value(key), value(_ONLY_WITH[key].other))
        except KeyError:
            continue


def _window(given: Mapping[str, Any], value: Entry, length: Any) -> _Found:
    del given
    if length is None:
        return
    begin, end = value("begin"), value("end")
    if end is not None and end > length:
        yield "end", f"{end} is after the last of {length} generations; use {length} or less"
    elif begin >= (length if end is None else end):
        last = f"the end of the run at {length}" if end is None else f"end = {end}"
        yield "begin", f"{begin} is not before {last}; begin earlier or end later"


def _scopes(given: Mapping[str, Any], value: Entry, length: Any) -> _Found:
    del given, length
    scope, roles = value("scope"), value("roles")
    if value("structure") == "unit" and scope in ("unit", "tensor"):
        yield (
            "scope",
            f"{shown(scope)} does not compare whole units; use 'layer', 'network' or 'pair'",
        )
    if scope == "pair" and len(roles) < 2:
        yield "scope", f"'pair' needs both roles, not {shown(roles)}; use 'network' or add a role"


def _regrowth(given: Mapping[str, Any], value: Entry, length: Any) -> _Found:
    del given, length
    if value("regrow") == "none" or not has_meaning("regrow", value):
        return
    if value("masks") == "soft":
        yield "regrow", f"{shown(value('regrow'))} needs masks = 'hard', not 'soft'; change one"
    if value("sparsity") is not None:
        yield (
            "regrow",
            (
                f"{shown(value('regrow'))} keeps the sparsity as it is, so that {value('sparsity')} is "
                "never reached; reach it in an entry before, and give this one an amount"
            ),
        )


def _test_cases(given: Mapping[str, Any], value: Entry, length: Any) -> _Found:
    del given, length
    if not has_meaning("cases", value):
        return
    if value("cases") == "test" and value("masks") != "soft":
        yield (
            "cases",
            (
                "'test' lets pruning see the test rows, which is only there to repeat published runs "
                "(masks = 'soft'); use 'training'"
            ),
        )


def pruning_problems(tables: Mapping[str, Any], refused: frozenset[str]) -> Iterator[Problem]:
    """Find what makes no sense in the entries of ``[[pruning]]``.

    Args:
        tables: of the file; may be malformed.
        refused: paths of refused values, as ``pruning.0.amount``, ``pruning.0``, ``pruning`` or
            ``generations``.
    """
    entries = tables.get("pruning", ())
    if not isinstance(entries, list | tuple):
        return
    length = None if "generations" in refused else tables.get("generations", GENERATIONS)
    for number, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or f"pruning.{number}" in refused:
            continue
        prefix = f"pruning.{number}."
        own = frozenset(p.removeprefix(prefix) for p in refused if p.startswith(prefix))
        for key, text in entry_problems(entry, own, length):
            yield Problem(("pruning", number, key), text)
