"""Entries of ``[[pruning]]`` in files and overrides: what is set, and where mistakes are."""

from __future__ import annotations

from pathlib import Path

import pytest

from coevo.experiment import Experiment, load_experiment
from coevo.pruning_keys import ENTRY_DEFAULTS
from tests.coevo.refusals import refused, refused_file

TWO_ENTRIES = """
generations = 20

[[pruning]]
operator = "magnitude"
sparsity = 0.9

[[pruning]]
begin = 5
"""


def test_entries_of_pruning_are_overridden_all_or_one(tmp_path: Path) -> None:
    file = tmp_path / "pruned.toml"
    file.write_text(TWO_ENTRIES, "utf-8")

    def operators(*overrides: str) -> list[str]:
        return [entry.operator for entry in load_experiment(file, overrides).pruning]

    assert operators() == ["magnitude", "uniform"]
    assert operators("pruning.operator=wanda") == ["wanda", "wanda"]
    assert operators("pruning.1.operator=wanda") == ["magnitude", "wanda"]
    assert operators("pruning.operator=wanda", "pruning.0.operator=saliency") == [
        "saliency",
        "wanda",
    ]
    assert load_experiment(file, ["pruning.1.amount=0.5"]).pruning[1].amount == 0.5
    assert load_experiment("digits", ["pruning.sparsity=0.5"]).pruning[0].sparsity == 0.5
    assert load_experiment(file, ["pruning=[]"]).pruning == ()


def test_mistakes_in_overrides_of_entries_say_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "pruned.toml"
    file.write_text(TWO_ENTRIES, "utf-8")
    assert refused_file(file, ["pruning.1.amount=2.0"]) == (
        "--set pruning[1].amount: 2.0 is too large; use a number > 0 and <= 1"
    )
    # Of all entries, the first has no use for it.
    assert refused_file(file, ["pruning.amount=0.5"]) == (
        "--set pruning[0].amount: 0.5 is only for events, without a sparsity, not 0.9; "
        "remove it or change sparsity"
    )
    assert refused_file(file, ["pruning.2.amount=0.5"]) == (
        "--set pruning.2.amount: there are 2 entries, counted from 0; "
        "give the number of one, or no number for all"
    )
    assert refused_file(file, ["generations=5"]) == (
        f"{file}: pruning[1].begin: 5 is not before the end of the run at 5; "
        "begin earlier or end later"
    )
    assert refused_file(file, ["pruning.0=3"]).startswith("--set pruning[0].0: unknown key; ")


@pytest.mark.parametrize("key", ENTRY_DEFAULTS)
def test_a_misspelled_key_of_an_entry_is_refused_with_the_right_one(key: str) -> None:
    message = refused({"pruning": [{f"{key}x": 1}]})
    assert message == f"pruning[0].{key}x: unknown key; did you mean '{key}'?"


def test_lone_surrogates_are_refused_in_entries_too() -> None:
    broken = "'\\ud800' is not Unicode; use text without lone surrogates"
    assert refused({"pruning": [{"layers": ["\ud800"]}]}) == f"pruning[0].layers[0]: {broken}"
    assert refused({"pruning": [{"operator": "\ud800"}]}).startswith("pruning[0].operator: ")


def test_rules_of_entries_hold_for_direct_construction_too() -> None:
    with pytest.raises(ValueError, match=r"pruning\[0\]\.remove: 'high' is only for operator"):
        Experiment(pruning=({"remove": "high"},))  # type: ignore[arg-type]  # wrong on purpose
