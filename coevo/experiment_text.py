"""Experiments as text: TOML with all keys that have a meaning, the defaults included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from coevo.dotted_keys import split_key
from coevo.pruning_keys import has_meaning, is_conditional_in_entry
from coevo.rules import Given, applies, is_conditional
from coevo.schema import DEFAULTS, Experiment
from coevo.sweep_table import SweepTable
from coevo.toml_text import write_toml
from coevo.variants import Variant, variants

__all__ = ["to_toml"]

_Path: TypeAlias = tuple[str, ...]


def to_toml(experiment: Experiment) -> str:
    """Write an experiment with all keys that have a meaning in it, the defaults included.

    Written down, a default is given, and kept. Of a study, it is therefore left out where a
    variant changes it by setting another key, and where it means something only beside some
    values of other keys, for which a variant that is added later may have others.

    Returns:
        TOML from which `load_experiment` makes an equal experiment, with equal variants.

    Raises:
        CoevoError: something in the sweep is wrong, as for `coevo.variants.variants`.

    Examples:
        >>> to_toml(Experiment()).splitlines()[:3]
        ['seed = 1', 'generations = 60', 'dtype = "float32"']
    """
    values = _meaningful(experiment)
    if experiment.sweep.is_study:
        others = [
            (_setting_paths(one), _meaningful(one.experiment)) for one in variants(experiment)
        ]
        given = _given(experiment)
        values = {
            path: value
            for path, value in values.items()
            if path in given
            or not (_is_conditional(path) or any(_changes(path, value, *other) for other in others))
        }
    document: dict[str, Any] = {name: getattr(experiment, name) for name in Experiment.model_fields}
    document |= {name: _under(values, (name,)) for name in DEFAULTS}
    document["sweep"] = _written_sweep(experiment.sweep)
    numbers = range(len(experiment.pruning))
    document["pruning"] = [_under(values, ("pruning", str(number))) for number in numbers]
    if not document["pruning"]:
        del document["pruning"]
    return write_toml(document)


def _meaningful(experiment: Experiment) -> dict[_Path, Any]:
    """The keys in tables and entries that have a value and a meaning."""
    tables = experiment.model_dump()
    given = Given(tables, DEFAULTS)
    found: dict[_Path, Any] = {
        (table, key): value
        for table in DEFAULTS
        for key, value in tables[table].items()
        if value is not None and applies(f"{table}.{key}", given)
    }
    for number, entry in enumerate(tables["pruning"]):
        for key, value in entry.items():
            if value is not None and has_meaning(key, entry.__getitem__):
                found["pruning", str(number), key] = value
    return found


def _given(experiment: Experiment) -> set[_Path]:
    """The keys in tables and entries that were given, and are no defaults."""
    tables = experiment.model_dump(exclude_unset=True)
    entries = enumerate(tables.get("pruning", ()))
    found: set[_Path] = {(table, key) for table in DEFAULTS for key in tables.get(table, ())}
    return found | {("pruning", str(number), key) for number, entry in entries for key in entry}


def _setting_paths(variant: Variant) -> list[_Path]:
    return [split_key(key) for key in variant.settings]


def _is_conditional(path: _Path) -> bool:
    if path[0] == "pruning":
        return is_conditional_in_entry(path[-1])
    return is_conditional(".".join(path))


def _changes(
    path: _Path, value: Any, settings: Sequence[_Path], values: Mapping[_Path, Any]
) -> bool:
    """Whether a default is another in a variant that does not set it."""
    if path in values and values[path] == value:
        return False
    return not any(_meet(setting, path) for setting in settings)


def _meet(setting: _Path, path: _Path) -> bool:
    """Whether a setting is about what a path leads to, a part of it, or what holds it."""
    if path[0] == "pruning" and len(setting) > 1 and not setting[1].isdecimal():
        path = (path[0], *path[2:])  # a key without a number is set in all entries
    shared = min(len(setting), len(path))
    return setting[:shared] == path[:shared]


def _under(values: Mapping[_Path, Any], above: _Path) -> dict[str, Any]:
    return {path[-1]: value for path, value in values.items() if path[:-1] == above}


def _written_sweep(sweep: SweepTable) -> dict[str, Any]:
    lists = {"zip": sweep.zip, "variants": sweep.variants, "exclude": sweep.exclude}
    written = {name: tables for name, tables in lists.items() if tables}
    return {"replicates": sweep.replicates, **sweep.values, **written}
