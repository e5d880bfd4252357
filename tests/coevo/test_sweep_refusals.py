"""What is said against wrong sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.errors import CoevoError
from coevo.experiment import Experiment, SweepTable, experiment_from_dict
from coevo.tables import GridTable
from coevo.variants import variants
from tests.coevo.experiment_strategies import toml_values
from tests.coevo.refusals import refused, refused_file

RULE = "use up to 100 letters, digits and any of _.=+-, a letter or digit first"
NAMED = "name the options, in a [[sweep.zip]] with name = ['...', ...]"
TABLES = (
    "'generations', 'dtype', 'grid', 'task', 'data', 'network', 'start', 'selection', 'optimizer', "
    "'de'"
)
ROWS = {"grid.rows": [1, 2]}
LONG = "a" * 60


def cut(text: str) -> str:
    """A long text as messages show it."""
    return f"{text!r}"[:57] + "..."


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (3, "sweep: 3 is not a table; write its keys under [sweep]"),
        ({3: [1]}, "sweep: 3 is not a key; write e.g. 'grid.rows'"),
        ({"a b": [1]}, "sweep: 'a b' is not a key; write e.g. 'grid.rows'"),
        ({"a": {"\ud800": [1]}}, r"sweep.a: '\ud800' is not a key; write e.g. 'grid.rows'"),
        ({"replicates": [1]}, "sweep.replicates: [1] is not a whole number; use a whole number from 1 to 10000"),
        ({"zip": 3}, "sweep.zip: 3 is not a list of tables; write each under [[sweep.zip]]"),
        (
            {"variants": {"name": "a"}},
            "sweep.variants: {name = 'a'} is one table; write [[sweep.variants]], with two brackets",
        ),
        (
            {"exclude": [True]},
            "sweep.exclude[0]: true is not a table; write its keys under [[sweep.exclude]]",
        ),
        ({**ROWS, "grid": {"rows": [3]}}, "sweep.grid.rows: [3] is a second value of 'grid.rows'; give one"),
        (
            {"pruning[1].amount": [0.5], "pruning[01].amount": [0.1]},
            "sweep.pruning[1].amount: [0.1] is a second value of 'pruning[1].amount'; give one",
        ),
        (
            {"grid.rows": [None]},
            "sweep.grid.rows[0]: None cannot be an option; use text, numbers, true or false, "
            "lists or tables",
        ),
    ],
)  # fmt: skip
def test_what_has_no_form_is_refused(sweep: object, message: str) -> None:
    assert refused({"sweep": sweep}) == message


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("grid.rowz", "grid.rowz: unknown key; did you mean 'rows'?"),
        ("gird.rows", "gird.rows: unknown key; did you mean 'grid'?"),
        ("batch_size", "batch_size: unknown key; did you mean 'optimizer.batch_size'?"),
        ("replicate", "replicate: unknown key; did you mean 'replicates'?"),
        ("exclud", "exclud: unknown key; did you mean 'exclude'?"),
        ("generations.x", "generations.x: unknown key; generations is not a table"),
        ("grid.rows.x", "grid.rows.x: unknown key; grid.rows is not a table"),
        ("pruning.rows.x", "pruning.rows.x: unknown key; pruning.rows is not a table"),
        ("pruning.oprator", "pruning.oprator: unknown key; did you mean 'operator'?"),
        ("pruning[01].oprator", "pruning[1].oprator: unknown key; did you mean 'operator'?"),
        ("grid.xyz", "grid.xyz: unknown key; [grid] takes 'rows', 'columns', 'neighborhood', 'radius'"),
        (
            "xyz",
            f"xyz: unknown key; the sweep takes {TABLES}, 'pruning', 'replicates', 'zip', "
            "'variants', 'exclude'",
        ),
        (
            "pruning[1]",
            "pruning[1]: is a whole entry; give one of its keys, or 'pruning' with whole lists",
        ),
        (
            "sweep.grid.rows",
            "sweep.grid.rows: a sweep holds no other; write the keys of the experiment here",
        ),
        (
            "seed",
            "seed: may not vary: variants have the same seeds, to be compared in pairs; "
            "give sweep.replicates",
        ),
        (
            "description",
            "description: may not vary: it is about the whole study; give variants names",
        ),
        (
            "engine.threads",
            "engine.threads: may not vary: it has no effect on results; set it once, under [engine]",
        ),
        (
            "checkpoint",
            "checkpoint: may not vary: it has no effect on results; set it once, under [checkpoint]",
        ),
        (
            "evaluation.every",
            "evaluation.every: may not vary: variants are measured alike, to be compared; "
            "set it once, under [evaluation]",
        ),
    ],
)  # fmt: skip
def test_keys_that_cannot_vary_are_refused(key: str, message: str) -> None:
    assert refused({"sweep": {key: [1, 2]}}) == f"sweep.{message}"
    if "sweep takes" not in message and key not in ("replicate", "exclud"):
        assert refused({"sweep": {"zip": [{key: [1, 2]}]}}) == f"sweep.zip[0].{message}"
        variant = {"name": "a", key: 1}
        assert refused({"sweep": {"variants": [variant]}}) == f"sweep.variants[0].{message}"


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({"grid.rows": 3}, "grid.rows: 3 is not a list; give the values of the axis as a list"),
        ({"grid.rows": []}, "grid.rows: [] has no values; give some or remove the axis"),
        ({"grid.rows": [1, 3, 1]}, "grid.rows[2]: 1 is given twice; give it once"),
        ({"optimizer.momentum": [0, 0.0]}, "optimizer.momentum[1]: 0.0 is given twice; give it once"),
        (
            {"grid.neighborhood": ["moore", [[0, 1]]]},
            f"grid.neighborhood: [[0, 1]] has no short name; {NAMED}",
        ),
        ({"task.dataset": [""]}, f"task.dataset: '' has no short name; {NAMED}"),
        (
            {"pruning": [[{"amount": 0.1}], [{"amount": 0.2}]]},
            f"pruning: [{{amount = 0.1}}] has a short name, 'uniform', that another has; {NAMED}",
        ),
        (
            {"zip": [{"grid.rows": [1, 1], "pruning": [[{}], [{"amount": 0.2}]]}]},
            "zip[0]: [1, [{}]] has a short name, 'rows=1+pruning=uniform', that another has; "
            f"{NAMED}",
        ),
    ],
)  # fmt: skip
def test_wrong_axes_are_refused(sweep: dict[str, Any], message: str) -> None:
    assert refused({"sweep": sweep}) == f"sweep.{message}"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "zip[0]: has no key that varies; give some, each with a list"),
        ({"name": ["a"]}, "zip[0]: has no key that varies; give some, each with a list"),
        ({"grid.rows": 1}, "zip[0].grid.rows: 1 is not a list; give the values of the axis as a list"),
        ({"grid.rows": []}, "zip[0].grid.rows: [] has no values; give some or remove the axis"),
        ({"grid.rowz": [1]}, "zip[0].grid.rowz: unknown key; did you mean 'rows'?"),
        ({"names": ["a"], **ROWS}, "zip[0].names: unknown key; did you mean 'name'?"),
        (
            {**ROWS, "grid.columns": [1]},
            "zip[0].grid.columns: 1 value, but 'grid.rows' has 2; give lists of equal length",
        ),
        (
            {"name": ["a"], **ROWS},
            "zip[0].grid.rows: 2 values, but 'name' has 1; give lists of equal length",
        ),
        (
            {"grid.rows": [1, 1, 1], "grid.columns": [1, 2, 1]},
            "zip[0]: options 0 and 2, counted from 0, are the same; remove one",
        ),
        ({"name": "a", **ROWS}, "zip[0].name: 'a' is not a list; give the values of the axis as a list"),
        ({"name": ["a", 3], **ROWS}, "zip[0].name[1]: 3 is not text; use text in quotes"),
        ({"name": ["a", "a"], **ROWS}, "zip[0].name[1]: 'a' is given twice; give it once"),
        ({"name": ["a", "-"], **ROWS}, f"zip[0].name[1]: '-' is not a name; {RULE}"),
        (
            {"name": ["a", "A"], **ROWS},
            "zip[0]: two options have the name 'a'; capitals do not count; rename one",
        ),
    ],
)  # fmt: skip
def test_wrong_zips_are_refused(table: dict[str, Any], message: str) -> None:
    assert refused({"sweep": {"zip": [table]}}) == f"sweep.{message}"


def test_a_key_varies_in_one_axis() -> None:
    text = "another axis has this key already; let it vary in one"
    assert refused({"sweep": {**ROWS, "zip": [ROWS]}}) == f"sweep.zip[0].grid.rows: {text}"
    zips = [{**ROWS, "name": ["a", "b"]}, {"task.loss": ["l1"], "name": ["c"]}, {"grid.rows": [3]}]
    assert refused({"sweep": {"zip": zips}}) == f"sweep.zip[2].grid.rows: {text}"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([{}], "variants[0].name: missing; give each variant a name"),
        ([{"name": 3}], "variants[0].name: 3 is not text; use text in quotes"),
        ([{"name": "a/b"}], f"variants[0].name: 'a/b' is not a name; {RULE}"),
        ([{"name": "a" * 101}], f"variants[0].name: {cut('a' * 101)} is not a name; {RULE}"),
        ([{"names": "a", "name": "b"}], "variants[0].names: unknown key; did you mean 'name'?"),
    ],
)
def test_wrong_variants_are_refused(tables: list[dict[str, Any]], message: str) -> None:
    assert refused({"sweep": {"variants": tables}}) == f"sweep.{message}"


@pytest.mark.parametrize(
    ("excluded", "message"),
    [
        ({}, "has no key; give the values of a combination to leave out"),
        ({"task.loss": "l1"}, "task.loss: no axis has this key; give keys of axes"),
        ({"grid.row": 1}, "grid.row: no axis has this key; did you mean 'grid.rows'?"),
        ({"grid.rows": 3}, "grid.rows: 3 is not a value of this axis; use 1 or 2"),
        ({"grid.rows": True}, "grid.rows: true is not a value of this axis; use 1 or 2"),
        (
            {"optimizer.algorithm": "adma"},
            "optimizer.algorithm: 'adma' is not a value of this axis; did you mean 'adam'?",
        ),
        (
            {"optimizer.algorithm": "adam", "optimizer.steps": 2},
            "matches no combination; give values that occur together",
        ),
    ],
)
def test_exclusions_of_what_is_not_there_are_refused(
    excluded: dict[str, Any], message: str
) -> None:
    zipped = {"optimizer.algorithm": ["adam", "sgd"], "optimizer.steps": [1, 2]}
    sweep = {**ROWS, "zip": [zipped], "exclude": [{"grid.rows": 1}, excluded]}
    mark = ": " if message.startswith(("has", "matches")) else "."
    assert refused({"sweep": sweep}) == f"sweep.exclude[1]{mark}{message}"


def test_exclusions_of_everything_and_of_nothing_are_refused() -> None:
    sweep = {**ROWS, "exclude": [{"grid.rows": 1}, {"grid.rows": 2}]}
    message = "sweep.exclude: leaves none of 2 combinations; exclude less, or remove the axes"
    assert refused({"sweep": sweep}) == message
    sweep["variants"] = [{"name": "a"}]
    assert refused({"sweep": sweep}) == message
    assert refused({"sweep": {"exclude": [{"grid.rows": 1}]}}) == (
        "sweep.exclude[0].grid.rows: no axis has this key; give keys of axes"
    )


def test_ten_thousand_variants_are_the_most() -> None:
    numbers = list(range(1, 102))
    axes = {"grid.rows": numbers, "grid.columns": numbers}
    message = "sweep: 10202 variants are too many; use 10000 at most"
    assert refused({"sweep": {**axes, "variants": [{"name": "a"}]}}) == message


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (
            {"variants": [{"name": "a"}, {"name": "a", "grid.rows": 1}]},
            "two variants have the name 'a'; rename one",
        ),
        (
            {"variants": [{"name": "a"}, {"name": "A", "grid.rows": 1}]},
            "variants 'a' and 'A' differ in capitals only; rename one",
        ),
        (
            {**ROWS, "variants": [{"name": "2", "grid.rows": 5}]},
            "two variants have the name '2'; rename one",
        ),
        (
            {
                "zip": [
                    {"name": [LONG, "b"], **ROWS},
                    {"name": [LONG, "c"], "task.loss": ["l1", "mse"]},
                ]
            },
            f"the name of variant {cut(LONG)} has 121 characters; "
            "name options shorter, in a [[sweep.zip]]",
        ),
        (
            {'network.options."é"': ["-"]},
            "'_=-' cannot be the name of a variant; name options, in a [[sweep.zip]]",
        ),
    ],
)
def test_wrong_names_are_refused(sweep: dict[str, Any], message: str) -> None:
    assert refused({"sweep": sweep}) == f"sweep: {message}"


def test_variants_that_are_the_same_experiment_are_refused() -> None:
    sweep: dict[str, Any] = {"variants": [{"name": "a"}, {"name": "b", "grid.rows": 3}]}
    message = "sweep: variants 'a' and 'b' are the same experiment; leave one out"
    assert refused({"sweep": sweep}) == message
    # Where nothing is pruned, the operator does not matter.
    sweep = {"pruning": [[], [{}]], "pruning.operator": ["uniform", "wanda"]}
    assert refused({"sweep": sweep}) == (
        "sweep: variants 'pruning=none-operator=uniform' and 'pruning=none-operator=wanda' are the "
        "same experiment; leave one out"
    )


def test_mistakes_of_variants_are_told_once_with_the_first_that_has_them() -> None:
    sweep = {
        "optimizer.learning_rate": [-1, 1e-3],
        "task.loss": ["mse", "mes", "l1"],
        "variants": [
            {"name": "v", "pruning[1].amount": 0.5},
            {"name": "w", "task.noise": "masking"},
        ],
    }
    assert refused({"sweep": sweep}).splitlines() == [
        "sweep variant 'learning_rate=-1-mse' and 2 others: optimizer.learning_rate: -1 is too "
        "small; use a number > 0",
        "sweep variant 'learning_rate=-1-mes' and 1 other: task.loss: 'mes' is not a loss; "
        "did you mean 'mse'?",
        "sweep variant 'v': pruning.1.amount: there are 1 entries, counted from 0; "
        "give the number of one, or no number for all",
        "sweep variant 'w': task.noise: 'masking' is only for task.kind = 'denoise', not "
        "'reconstruct'; remove it or change task.kind",
    ]


def test_ten_mistakes_are_told_and_the_others_counted() -> None:
    sweep = {"grid.rows": list(range(-11, 1))}
    lines = refused({"sweep": sweep}).splitlines()
    assert len(lines) == 11
    assert lines[0] == (
        "sweep variant 'rows=-11': grid.rows: -11 is too small; use a whole number from 1 to 10000"
    )
    assert lines[10] == "and 2 more problems"


def test_mistakes_of_a_sweep_are_told_beside_those_of_the_experiment() -> None:
    sweep = {"grid.rowz": [1], "task.loss": 3, "replicates": 0}
    assert refused({"grid": {"rows": 0}, "sweep": sweep}).splitlines() == [
        "grid.rows: 0 is too small; use a whole number from 1 to 10000",
        "sweep.replicates: 0 is too small; use a whole number from 1 to 10000",
        "sweep.grid.rowz: unknown key; did you mean 'rows'?",
        "sweep.task.loss: 3 is not a list; give the values of the axis as a list",
    ]
    fine = {"grid.rows": [0]}  # not looked at before the experiment itself is right
    assert len(refused({"grid": {"rows": 0}, "sweep": fine}).splitlines()) == 1


def test_a_file_is_named_before_each_mistake(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text('[sweep]\n"grid.rows" = [0]\n', "utf-8")
    assert refused_file(file) == (
        f"{file}: sweep variant '0': grid.rows: 0 is too small; use a whole number from 1 to 10000"
    )


def test_direct_construction_keeps_the_rules_and_expansion_finds_the_rest() -> None:
    with pytest.raises(ValueError, match=r"sweep\.grid\.rowz: unknown key"):
        Experiment(sweep=SweepTable(**{"grid.rowz": [1]}))
    experiment = Experiment(grid=GridTable(rows=2), sweep=SweepTable(**{"grid.rows": [0]}))
    with pytest.raises(CoevoError, match=r"^sweep variant '0': grid\.rows: 0 is too small; "):
        variants(experiment)


KEYS = st.sampled_from(
    ["grid.rows", "grid", "pruning", "pruning.operator", "name", "task.loss", "seed", "a b", "x"]
)
CONTENTS = toml_values | st.lists(st.dictionaries(KEYS, toml_values | st.lists(toml_values)))


@given(
    st.dictionaries(
        KEYS | st.sampled_from(["replicates", "zip", "variants", "exclude"]), CONTENTS, max_size=4
    )
)
def test_any_sweep_is_expanded_or_refused_in_our_words(sweep: dict[str, Any]) -> None:
    message = said_against(sweep)
    assert len(message.splitlines()) <= 11
    assert all(line.startswith(("sweep", "and ")) for line in message.splitlines())
    for foreign in ("pydantic", "Input should", "http", "valid dictionary", "Error"):
        assert foreign not in message


def said_against(sweep: dict[str, Any]) -> str:
    """What is said against a sweep; nothing where it has variants."""
    try:
        found = variants(experiment_from_dict({"sweep": sweep}))
    except CoevoError as error:
        return str(error)
    return "" if found else "no variants"


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({"zip": [{"axis": 3, **ROWS}]}, "sweep.zip[0].axis: 3 is not text; use text in quotes"),
        (
            {"zip": [{"axis": "grid size", **ROWS}]},
            f"sweep.zip[0].axis: 'grid size' is not a name; {RULE}",
        ),
        (
            {"zip": [{"axis": "a", **ROWS}, {"axis": "a", "grid.columns": [1, 2]}]},
            "sweep.zip[1].axis: 'a' is another axis too; give each axis a name of its own",
        ),
        (
            {**ROWS, "zip": [{"axis": "grid.rows", "grid.columns": [1, 2]}]},
            "sweep.zip[0].axis: 'grid.rows' is another axis too; give each axis a name of its own",
        ),
        ({"zip": [{"axis": "a"}]}, "sweep.zip[0]: has no key that varies; give some, each with a list"),
        (
            {"zip": [{"axis": "a", **ROWS}], "exclude": [{"axis": "a"}]},
            "sweep.exclude[0].axis: ",
        ),
    ],
)  # fmt: skip
def test_wrong_names_of_zips_are_refused(sweep: dict[str, Any], message: str) -> None:
    with pytest.raises(CoevoError) as refusal:
        experiment_from_dict({"sweep": sweep})
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)


def test_a_zip_can_have_a_name() -> None:
    sweep = {"zip": [{"axis": "size", "grid": {"rows": [1, 3], "columns": [1, 3]}}]}
    found = variants(experiment_from_dict({"sweep": sweep}))
    assert [list(one.options) for one in found] == [["size"], ["size"]]
    assert [one.experiment.grid.rows for one in found] == [1, 3]
