"""Types of the values in an experiment, with the checks that a type and a range cannot make."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from coevo.catalog import DATASET_KEYS, OPERATOR_KEYS, OPTIMIZERS, SCHEDULE_KEYS
from coevo.plugins import PluginKind, plugin_names
from coevo.problems import KeyPath, not_listed, shown
from coevo.roles import RoleName
from coevo.validation import LARGEST, refusal

__all__ = [
    "Activation",
    "BelowOne",
    "CONCEPTS",
    "Channels",
    "Concept",
    "Count",
    "DatasetName",
    "Extent",
    "Factor",
    "Factory",
    "FileName",
    "FileNames",
    "ImageSize",
    "Natural",
    "Names",
    "Neighborhood",
    "NeighborhoodName",
    "NotNegative",
    "OperatorName",
    "OptimizerName",
    "Options",
    "Pair",
    "Positive",
    "Roles",
    "ScheduleName",
    "Share",
    "Sharing",
    "Sizes",
    "Text",
    "frozen_list",
    "is_unicode",
    "plain_value",
]

CONCEPTS = ("best", "mean", "worst")
CHANNELS = (1, 3)
NeighborhoodName: TypeAlias = Literal["von_neumann", "moore", "ring"]

_DEEPEST = 16  # tables in tables; more would only test how deep a reader can recurse


def frozen_list(value: object) -> object:
    """A list as a tuple, which does not change; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def _gray_or_color(value: object) -> object:
    """Refuse what equals a number of channels without being a whole number: 1.0 and true."""
    if type(value) is not int or value not in CHANNELS:
        raise refusal(not_listed(value, "a number of channels", CHANNELS))
    return value


def _known_dataset(value: str) -> str:
    names = tuple(DATASET_KEYS)
    if value not in names and value not in plugin_names("datasets"):
        raise refusal(not_listed(value, "a dataset", (*names, *plugin_names("datasets"))))
    return value


def _module_and_name(value: str) -> str:
    """Refuse what does not look like ``module:name``; whether it exists shows on import."""
    module, _, name = value.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        raise refusal(f"{shown(value)} does not name an object; use 'module:name'")
    return value


def _known_concept(value: str) -> str:
    if ":" in value:
        return _module_and_name(value)
    if value not in CONCEPTS:
        raise refusal(not_listed(value, "a solution concept", CONCEPTS, also="'module:function'"))
    return value


def _known_operator(value: str) -> str:
    return _named_or_own(value, "an operator", tuple(OPERATOR_KEYS), "operators")


def _known_schedule(value: str) -> str:
    return _named_or_own(value, "a schedule", tuple(SCHEDULE_KEYS), "schedules")


def _named_or_own(value: str, noun: str, known: tuple[str, ...], kind: PluginKind) -> str:
    if ":" in value:
        return _module_and_name(value)
    if value not in known and value not in plugin_names(kind):
        names = (*known, *plugin_names(kind))
        raise refusal(not_listed(value, noun, names, also="'module:function'"))
    return value


def _known_optimizer(value: str) -> str:
    if value not in OPTIMIZERS and value not in plugin_names("optimizers"):
        names = (*OPTIMIZERS, *plugin_names("optimizers"))
        raise refusal(not_listed(value, "a cell optimizer", names))
    return value


def _each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise refusal("[] names nothing; name at least one")
    for position, item in enumerate(value):
        if item in value[:position]:
            raise refusal(f"{shown(item)} is given twice; give it once", (position,))
    return value


def _name_or_offsets(value: object) -> object:
    names = get_args(NeighborhoodName)
    if isinstance(value, str) and value in names:
        return value
    if not isinstance(value, list | tuple):
        raise refusal(not_listed(value, "a neighborhood", names, also="a list of offsets"))
    seen: dict[tuple[int, int], int] = {}
    for position, offset in enumerate(value):
        pair = _offset(offset, position)
        if pair in seen:
            text = f"{shown(offset)} is already offset {seen[pair]}; give each offset once"
            raise refusal(text, (position,))
        seen[pair] = position
    return tuple(seen)


def _offset(offset: object, position: int) -> tuple[int, int]:
    match offset:
        case [int() as row, int() as column] if not (
            isinstance(row, bool)
            or isinstance(column, bool)
            or max(abs(row), abs(column)) > LARGEST
        ):
            return row, column
    text = f"{shown(offset)} is not an offset; use two whole numbers [row, column]"
    raise refusal(text, (position,))


def plain_value(value: Any, at: KeyPath = ()) -> object:
    """Copy what TOML can write, dates excepted.

    Args:
        value: text, a number, a truth value, or lists and tables of them.
        at: where it stands within the field, for messages.

    Raises:
        PydanticCustomError: it is something else.
    """
    if len(at) > _DEEPEST:
        raise refusal(f"{shown(value)} is nested too deeply; use {_DEEPEST} levels at most", at)
    if isinstance(value, dict) and all(isinstance(k, str) and is_unicode(k) for k in value):
        return {key: plain_value(item, (*at, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(item, (*at, position)) for position, item in enumerate(value)]
    if _is_scalar(value):
        return value
    text = f"{shown(value)} cannot be an option; use text, numbers, true or false, lists or tables"
    raise refusal(text, at)


def _is_scalar(value: object) -> bool:
    match value:
        case bool():
            return True
        case int():
            return abs(value) <= LARGEST
        case float():
            return isfinite(value)
        case str():
            return is_unicode(value)
    return False


def is_unicode(text: str) -> bool:
    """Whether a text holds no halves of surrogate pairs, so that files can hold it."""
    return text == text.encode("utf-8", "ignore").decode()


def _not_empty(text: str) -> str:
    if not text:
        raise refusal("'' is empty; give text or remove the key")
    return text


def _writable(text: str) -> str:
    """Refuse halves of surrogate pairs, which Python's texts may hold and files may not."""
    if not is_unicode(text):
        raise refusal(f"{shown(text)} is not Unicode; use text without lone surrogates")
    return text


Count: TypeAlias = Annotated[int, Field(ge=1, le=LARGEST)]
Natural: TypeAlias = Annotated[int, Field(ge=0, le=LARGEST)]
Extent: TypeAlias = Annotated[int, Field(ge=1, le=10_000)]
Positive: TypeAlias = Annotated[float, Field(gt=0)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0)]
BelowOne: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
Pair: TypeAlias = Annotated[tuple[BelowOne, BelowOne], BeforeValidator(frozen_list)]
Sizes: TypeAlias = Annotated[tuple[Count, ...], BeforeValidator(frozen_list)]
ImageSize: TypeAlias = Annotated[tuple[Count, Count], BeforeValidator(frozen_list)]
Text: TypeAlias = Annotated[str, AfterValidator(_writable)]
FileName: TypeAlias = Annotated[str, AfterValidator(_writable), AfterValidator(_not_empty)]
FileNames: TypeAlias = Annotated[tuple[FileName, ...], BeforeValidator(frozen_list)]
Names: TypeAlias = Annotated[
    tuple[Text, ...], BeforeValidator(frozen_list), AfterValidator(_each_once)
]
Role: TypeAlias = Annotated[RoleName, Field(title="a role")]
Roles: TypeAlias = Annotated[
    tuple[Role, ...], BeforeValidator(frozen_list), AfterValidator(_each_once)
]
OperatorName: TypeAlias = Annotated[str, AfterValidator(_known_operator)]
OptimizerName: TypeAlias = Annotated[str, AfterValidator(_known_optimizer)]
ScheduleName: TypeAlias = Annotated[str, AfterValidator(_known_schedule)]
Factor: TypeAlias = Annotated[float, Field(ge=1)]
Share: TypeAlias = Annotated[float, Field(gt=0, le=1)]
Factory: TypeAlias = Annotated[str, AfterValidator(_module_and_name)]
Concept: TypeAlias = Annotated[str, AfterValidator(_known_concept)]
DatasetName: TypeAlias = Annotated[str, AfterValidator(_known_dataset)]
Neighborhood: TypeAlias = Annotated[
    NeighborhoodName | tuple[tuple[int, int], ...], BeforeValidator(_name_or_offsets)
]
Options: TypeAlias = Annotated[dict[str, Any], BeforeValidator(plain_value)]
Channels: TypeAlias = Annotated[Literal[1, 3], BeforeValidator(_gray_or_color)]
Sharing: TypeAlias = Annotated[Literal["world", "cell"], Field(title="a scope")]
Activation: TypeAlias = Annotated[
    Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "identity"],
    Field(title="an activation"),
]
