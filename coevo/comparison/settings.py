"""Settings of experiments as dotted keys: what differs between them, and how it is called."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from coevo.dotted_keys import dotted_key, split_key
from coevo.errors import CoevoError
from coevo.files import canonical_json
from coevo.problems import shown, suggestion

__all__ = [
    "NONE",
    "Settings",
    "data_settings",
    "differing",
    "family",
    "flat",
    "check_keys",
    "label",
    "named",
    "prunes",
    "same_run",
    "setting",
]

Settings: TypeAlias = Mapping[str, Any]
"""An experiment as tables of its TOML text."""

NONE = "none"
"""What stands for a key that has no value, such as the operator where nothing is pruned."""

# Without effect on what comes out, or not a setting of a variant.
_IDLE = ("seed", "description", "engine", "checkpoint", "evaluation", "sweep")
_AMOUNTS = re.compile(r"pruning\[\d+\]\.(sparsity|amount)")
_WHERE_DATA_LIE = "data.directory"


def flat(settings: Settings) -> dict[str, Any]:
    """All settings by their dotted keys.

    Examples:
        >>> flat({"seed": 1, "grid": {"rows": 3}, "pruning": [{"amount": 0.5}]})
        {'seed': 1, 'grid.rows': 3, 'pruning[0].amount': 0.5}
    """
    return dict(_leaves((), settings))


def setting(settings: Settings, key: str) -> Any:
    """The value of a dotted key; None where there is none. Of a list of tables, the first's.

    Examples:
        >>> setting({"pruning": [{"amount": 0.5}, {"amount": 0.1}]}, "pruning.amount")
        0.5
    """
    found: Any = settings
    for part in split_key(key):
        if isinstance(found, list) and not part.isdecimal():
            found = found[0] if found else None
        if isinstance(found, list):
            found = found[int(part)] if int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found


def label(settings: Settings, keys: Iterable[str]) -> str:
    """What runs with these values of some keys are called.

    Examples:
        >>> pruned = {"pruning": [{"operator": "wanda", "amount": 0.1}]}
        >>> label(pruned, ["pruning.operator", "pruning.amount"]), label({}, ["pruning.operator"])
        ('wanda, amount 0.1', 'none')
    """
    parts = [(key, setting(settings, key)) for key in keys]
    if all(value is None for _, value in parts):
        return NONE
    return ", ".join(named(key, value) for key, value in parts)


def named(key: str, value: object) -> str:
    """A value in words, with its key where it is not a text.

    Examples:
        >>> named("task.loss", "mse"), named("pruning.amount", 0.1)
        ('mse', 'amount 0.1')
    """
    if isinstance(value, str):
        return value
    return NONE if value is None else f"{split_key(key)[-1]} {shown(value)}"


def check_keys(experiments: Iterable[Settings], keys: Iterable[str]) -> None:
    """Make sure that runs can be told apart by some keys.

    Args:
        experiments: all that are compared.
        keys: dotted.

    Raises:
        CoevoError: a key is of no experiment, or is a whole table, or the seed.
    """
    from coevo.schema import DEFAULTS

    known = _possible(DEFAULTS)
    for experiment in experiments:
        known |= {re.sub(r"\[0\]", "", key) for key in flat(experiment)} | set(flat(experiment))
    for key in keys:
        if key == "seed":
            raise CoevoError("--by: 'seed' tells replicates apart, not variants; leave it out")
        if any(other.startswith((f"{key}.", f"{key}[")) for other in known - {key}):
            raise CoevoError(
                f"--by: {shown(key)} is a whole table; give a key of it, such as "
                f"{min(other for other in known if other.startswith(f'{key}.'))!r}"
            )
        if key not in known:
            close = suggestion(key, known)
            fix = f"did you mean {close!r}?" if close else "give a key of experiment.toml"
            raise CoevoError(f"--by: {shown(key)} is not a key of these experiments; {fix}")


def same_run(settings: Settings) -> str:
    """A text that is the same for experiments that give the same numbers."""
    return canonical_json({key: settings[key] for key in settings if key not in _IDLE})


def data_settings(settings: Settings, but: Collection[str] = ()) -> dict[str, Any]:
    """Which data an experiment is about, without the keys in ``but``."""
    data = {"task.dataset": setting(settings, "task.dataset")}
    data |= {f"data.{key}": value for key, value in settings.get("data", {}).items()}
    return {key: data[key] for key in data if key != _WHERE_DATA_LIE and key not in but}


def family(settings: Settings) -> dict[str, Any]:
    """What experiments have in common that differ in how much they prune only."""
    kept = {key: value for key, value in flat(settings).items() if not _AMOUNTS.fullmatch(key)}
    return {key: value for key, value in kept.items() if key.partition(".")[0] not in _IDLE}


def differing(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys that do not have the same value in all tables, in the order of the first ones.

    Examples:
        >>> differing([{"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}])
        ['b', 'c']
    """
    keys = dict.fromkeys(key for table in tables for key in table)
    return [key for key in keys if any(table.get(key) != tables[0].get(key) for table in tables)]


def prunes(settings: Settings) -> bool:
    """Whether anything is pruned."""
    return bool(settings.get("pruning"))


def _leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[str, Any]]:
    tables = isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value)
    if isinstance(value, Mapping) and (value or not path):
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    elif tables:
        for place, inner in enumerate(value):
            yield from _leaves((*path, str(place)), inner)
    else:
        yield dotted_key(path), value


def _possible(defaults: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """All keys that an experiment can have."""
    from coevo.pruning_keys import ENTRY_DEFAULTS

    tables = {**{name: defaults[name] for name in defaults if name not in _IDLE}}
    return {f"{table}.{key}" for table, keys in tables.items() for key in keys} | {
        f"pruning.{key}" for key in ENTRY_DEFAULTS
    }
