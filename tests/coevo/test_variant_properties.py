"""Laws of studies, over random ones."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from coevo.experiment import experiment_from_dict, load_experiment, to_toml
from coevo.sweep_keys import VALID_NAME
from coevo.sweep_table import SweepTable
from coevo.toml_text import toml_value, write_toml
from coevo.variants import Variant, variants
from tests.coevo.experiment_strategies import studies

OWN_KEYS = ("replicates", "zip", "variants", "exclude")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies") / "study.toml"


def expand(mapping: dict[str, Any]) -> tuple[Variant, ...]:
    return variants(experiment_from_dict(mapping))


def lengths(sweep: Mapping[str, Any]) -> list[int]:
    """The number of options of each axis, those of one key first."""
    axes = [values for key, values in sweep.items() if key not in OWN_KEYS]
    zipped = [table["name" if "name" in table else next(iter(table))] for table in tables(sweep)]
    return [len(values) for values in (*axes, *zipped)]


def tables(sweep: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sweep.get("zip", [])
    return found


def excludes(sweep: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    return any(one.items() <= settings.items() for one in sweep.get("exclude", ()))


def grouped(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the keys of a table one after the other."""
    first = {key.partition(".")[0]: None for key in keys}
    return {key: keys[key] for name in first for key in keys if key.partition(".")[0] == name}


def nested(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The same with a table in place of each dot."""
    result: dict[str, Any] = {}
    for key, value in keys.items():
        *above, last = key.split(".")
        table = result
        for part in above:
            table = table.setdefault(part, {})
        table[last] = value
    return result


@given(studies())
def test_variants_are_the_product_without_what_is_excluded_and_the_explicit_ones(
    mapping: dict[str, Any],
) -> None:
    sweep = mapping["sweep"]
    counts = lengths(sweep)
    explicit = len(sweep.get("variants", ()))
    left_out = 0
    for excluded in sweep.get("exclude", ()):  # one at most, of one value of an axis
        (key,) = excluded
        left_out = prod(counts) // len(sweep[key])
    found = expand(mapping)
    if not counts and not explicit:
        (base,) = found
        assert (base.name, base.settings, base.options) == ("base", {}, {})
        assert base.experiment == experiment_from_dict(mapping)
    else:
        assert len(found) == (prod(counts) if counts else 0) - left_out + explicit
        assert not any(excludes(sweep, one.settings) for one in found if one.options)


@given(studies())
def test_a_variant_is_the_experiment_with_its_settings_given_by_set(
    file: Path, mapping: dict[str, Any]
) -> None:
    sweep = mapping.pop("sweep")
    seeds = {"replicates": sweep.get("replicates", 1)}
    last = {key: value for key, value in mapping.items() if isinstance(value, dict)}
    if mapping.get("pruning"):
        last["pruning"] = mapping["pruning"]
    rest = {key: value for key, value in mapping.items() if key not in last}
    file.write_text(write_toml(rest | last | {"sweep": seeds}), "utf-8")
    for one in expand(mapping | {"sweep": sweep}):
        settings = sorted(one.settings.items(), key=lambda item: item[0].count("."))
        changes = [f"{key}={toml_value(value)}" for key, value in settings]
        assert one.experiment == load_experiment(file, changes)
        assert one.experiment.sweep == SweepTable(**seeds)


@given(studies())
def test_names_are_fit_for_folders_and_tell_variants_apart(mapping: dict[str, Any]) -> None:
    found = expand(mapping)
    assert all(VALID_NAME.fullmatch(one.name) for one in found)
    assert len({one.name.casefold() for one in found}) == len(found)
    assert len({one.experiment.model_dump_json() for one in found}) == len(found)


@given(studies())
def test_the_first_axis_is_the_slowest_and_explicit_variants_come_last(
    mapping: dict[str, Any],
) -> None:
    sweep = mapping["sweep"]
    axes = {key: values for key, values in sweep.items() if key not in OWN_KEYS}
    found = expand(mapping)
    product = [one for one in found if one.options]
    assert found[: len(product)] == tuple(product)
    places = [[axes[key].index(one.settings[key]) for key in axes] for one in product]
    assert places == sorted(places)
    explicit = found[len(product) :] if sweep.get("variants") else ()
    assert [one.name for one in explicit] == [one["name"] for one in sweep.get("variants", ())]


@given(studies())
def test_nested_tables_mean_the_same_as_dotted_keys(mapping: dict[str, Any]) -> None:
    sweep = mapping["sweep"]
    present = [key for key in OWN_KEYS[1:] if key in sweep]
    flat = grouped(sweep) | {key: list(map(grouped, sweep[key])) for key in present}
    tree = nested(sweep) | {key: list(map(nested, sweep[key])) for key in present}
    assert expand(mapping | {"sweep": tree}) == expand(mapping | {"sweep": flat})


@given(studies())
def test_a_study_written_and_read_has_the_same_variants(mapping: dict[str, Any]) -> None:
    experiment = experiment_from_dict(mapping)
    again = experiment_from_dict(tomllib.loads(to_toml(experiment)))
    assert again == experiment
    assert variants(again) == variants(experiment)
