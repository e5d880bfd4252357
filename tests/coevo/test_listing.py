"""What can be listed is what can be named."""

from __future__ import annotations

import pytest

from coevo.catalog import DATASET_KEYS, OPERATOR_KEYS, SCHEDULE_KEYS
from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict, load_experiment
from coevo.listing import KINDS, listing


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_has_a_line_of_its_own(kind: str) -> None:
    found = listing(kind)
    assert found
    for name, text in found.items():
        assert name == name.strip() != ""
        assert text == " ".join(text.split()) != ""
        assert len(text) <= 100
    assert len(set(found.values())) == len(found)


def test_every_preset_can_be_loaded() -> None:
    for name, text in listing("presets").items():
        assert load_experiment(name).description == text


def test_names_are_those_of_the_schema() -> None:
    assert listing("datasets").keys() == DATASET_KEYS.keys()
    assert listing("operators").keys() == OPERATOR_KEYS.keys()
    assert listing("schedules").keys() == SCHEDULE_KEYS.keys()


@pytest.mark.parametrize(
    ("kind", "table", "key"),
    [
        ("networks", "network", "kind"),
        ("optimizers", "optimizer", "kind"),
        ("concepts", "selection", "concept"),
        ("neighborhoods", "grid", "neighborhood"),
    ],
)
def test_names_are_accepted_in_an_experiment_and_others_are_not(
    kind: str, table: str, key: str
) -> None:
    factories = {"encoder": "a:f", "decoder": "a:g"}
    for name in listing(kind):
        values = {key: name, **(factories if name == "custom" else {})}
        assert getattr(getattr(experiment_from_dict({table: values}), table), key) == name
    with pytest.raises(CoevoError):
        experiment_from_dict({table: {key: "no_such_name"}})


def test_another_kind_is_refused() -> None:
    with pytest.raises(CoevoError, match="list: 'preset' is not a list; use one of presets, "):
        listing("preset")
