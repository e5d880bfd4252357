"""Laws of experiment files, over random ones."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coevo.errors import CoevoError
from coevo.experiment import Experiment, experiment_from_dict, to_toml
from coevo.pruning_keys import ENTRY_DEFAULTS
from coevo.schema import DEFAULTS
from coevo.toml_text import write_toml
from coevo.variants import variants
from tests.coevo.experiment_strategies import (
    experiments,
    pruning_entries,
    scalars,
    texts,
    toml_values,
)

TABLES = list(DEFAULTS)
NAMES = [*Experiment.model_fields, *(key for keys in DEFAULTS.values() for key in keys)]
ENTRY_KEYS = list(ENTRY_DEFAULTS)


@given(experiments())
def test_a_valid_experiment_keeps_what_was_given(mapping: dict[str, Any]) -> None:
    experiment = experiment_from_dict(mapping)
    given_back = experiment.model_dump(mode="json", exclude_unset=True)
    assert experiment_from_dict(given_back) == experiment
    assert given_back == mapping


@given(experiments())
def test_an_experiment_written_and_read_is_the_same(mapping: dict[str, Any]) -> None:
    experiment = experiment_from_dict(mapping)
    written = to_toml(experiment)
    again = experiment_from_dict(tomllib.loads(written))
    assert again == experiment
    assert to_toml(again) == written


@given(experiments())
def test_a_written_experiment_lacks_only_keys_without_a_value_or_meaning(
    mapping: dict[str, Any],
) -> None:
    experiment = experiment_from_dict(mapping)
    written = tomllib.loads(to_toml(experiment))
    empty = set() if mapping.get("pruning") else {"pruning"}
    assert list(written) == [name for name in Experiment.model_fields if name not in empty]
    for table in TABLES:
        assert mapping.get(table, {}).keys() <= written[table].keys()
        if experiment.sweep.is_study:
            continue
        for key in DEFAULTS[table].keys() - written[table].keys():
            value = getattr(getattr(experiment, table), key)
            if value is not None and value != ():
                changed = {**mapping, table: {**mapping.get(table, {}), key: value}}
                assert "is only for" in _refusal(changed)


GROWTHS = [
    {"optimizer.algorithm": "sgd"},
    {"optimizer.algorithm": "adamw", "optimizer.betas": [0.5, 0.9]},
    {"optimizer.learning_rate_decay": 0.5},
    {"network.kind": "conv", "network.channels": [4], "task.dataset": "mnist"},
    {"task.kind": "reconstruct"},
    {"task.dataset": "binary_clustering"},
    {"selection.replacement": "if_better"},
    {"grid.neighborhood": [[0, 0], [0, 1]]},
    {"pruning.operator": "wanda"},
    {"pruning.operator": "uniform"},
    {"pruning.operator": "conjunctive"},
    {"pruning.schedule": "one_shot"},
    {"pruning.structure": "unit"},
    {"pruning": [{"operator": "magnitude", "sparsity": 0.5, "schedule": "cubic"}]},
    {"pruning": []},
]


@given(experiments(), pruning_entries(60) | st.none(), st.sampled_from(GROWTHS))
def test_a_written_study_can_grow_as_what_was_given_can(
    mapping: dict[str, Any], entry: dict[str, Any] | None, growth: dict[str, Any]
) -> None:
    given_study = {
        **{key: value for key, value in mapping.items() if key not in {"sweep", "pruning"}},
        "generations": 60,
        **({} if entry is None else {"pruning": [entry]}),
        "sweep": {"variants": [{"name": "first"}]},
    }
    if _refusal(given_study):
        return
    written = tomllib.loads(to_toml(experiment_from_dict(given_study)))
    for study in (given_study, written):
        study["sweep"] = {"variants": [{"name": "first"}, {"name": "second", **growth}]}
    assert bool(_refusal(written)) == bool(_refusal(given_study))
    if not _refusal(written):
        assert variants(experiment_from_dict(written)) == variants(
            experiment_from_dict(given_study)
        )


@given(pruning_entries(60))
def test_a_written_entry_lacks_only_keys_without_a_value_or_meaning(entry: dict[str, Any]) -> None:
    experiment = experiment_from_dict({"pruning": [entry]})
    (written,) = tomllib.loads(to_toml(experiment))["pruning"]
    assert entry.keys() <= written.keys()
    assert [key for key in ENTRY_KEYS if key in written] == list(written)
    for key in ENTRY_DEFAULTS.keys() - written.keys():
        value = getattr(experiment.pruning[0], key)
        if value is not None:
            message = _refusal({"pruning": [{**entry, key: value}]})
            assert message.startswith(f"pruning[0].{key}: ")
            assert "is only for" in message or "has no effect" in message
            assert len(message.splitlines()) == 1


@given(pruning_entries(60), st.sampled_from(ENTRY_KEYS))
def test_an_entry_with_a_value_that_no_key_takes_gives_its_line_first(
    entry: dict[str, Any], key: str
) -> None:
    message = _refusal({"pruning": [entry, {**entry, key: -1}]})
    assert message.startswith(f"pruning[1].{key}: -1 ")


@given(st.lists(st.dictionaries(st.sampled_from(ENTRY_KEYS), toml_values, max_size=6), max_size=3))
def test_entries_are_refused_in_our_words(entries: list[dict[str, Any]]) -> None:
    message = _refusal({"pruning": entries})
    for foreign in ("pydantic", "Input should", "http", "valid dictionary", "KeyError"):
        assert foreign not in message
    assert all(line.startswith(("pruning[", "and ")) for line in message.splitlines())


@given(
    st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=5),
        toml_values | st.dictionaries(st.sampled_from(NAMES), st.none() | toml_values, max_size=4),
        max_size=5,
    )
)
def test_whatever_is_refused_is_refused_in_our_words(mapping: dict[str, Any]) -> None:
    message = _refusal(mapping)
    for foreign in ("pydantic", "Input should", "http", "valid dictionary", "Field required"):
        assert foreign not in message
    assert len(message.splitlines()) <= 11


@given(experiments(), st.sampled_from(TABLES), st.data())
def test_a_value_that_no_key_takes_gives_one_line_that_starts_with_its_key(
    mapping: dict[str, Any], table: str, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(list(DEFAULTS[table])))
    wrong, written = data.draw(st.sampled_from([(-1, "-1"), (True, "true")]))
    message = _refusal({**mapping, table: {**mapping.get(table, {}), key: wrong}})
    assert message.startswith(f"{table}.{key}: {written} ")
    assert len(message.splitlines()) == 1


@given(st.dictionaries(texts, scalars | st.lists(toml_values)), st.dictionaries(texts, toml_values))
def test_written_toml_reads_back(plain: dict[str, Any], table: dict[str, Any]) -> None:
    document = {**plain, "table": table}
    assert tomllib.loads(write_toml(document)) == document


def _refusal(mapping: dict[str, Any]) -> str:
    try:
        experiment_from_dict(mapping)
    except CoevoError as error:
        return str(error)
    return ""
