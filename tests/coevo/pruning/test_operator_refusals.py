"""Operators of the user's own are loaded, tried, and refused where they are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coevo.assemble import assemble
from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict
from operators import masking, scoring
from tests.coevo.pruning.own_pruning import refusal, write_own
from tests.coevo.small_experiments import build


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_own(tmp_path)


def test_operators_of_the_users_own_are_loaded(folder: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"operator": "own_pruning:first", "operator_options": {"spare": 1}},
        {"operator": "own_pruning:first", "scope": "tensor", "bias": True},
        {"operator": "own_pruning:steep", "operator_options": {"power": 2}, "scope": "pair"},
    ]
    pruner = build(folder, pruning=entries).engine.pruner
    assert pruner is not None
    names = [rule.operator.name for rule in pruner.rules]  # type: ignore[attr-defined]  # of both kinds
    assert names == ["first", "first", "steep"]
    assert pruner.rules[2].needs == {"gradients"}
    assert pruner.rules[2].operator.options == {"power": 2}  # type: ignore[attr-defined]  # of both kinds


OPERATOR_REFUSALS = [
    ("fails", "fails: AttributeError: 'Layer' object has no attribute 'no_such_thing'; mend it"),
    (
        "nothing",
        "makes 'None' of a layer with masks [2, 3, 4]; return bool masks of the same shape "
        "(coevo check-operator tells more)",
    ),
    (
        "numbers",
        "makes 'torch.float32 [2, 3, 4]' of a layer with masks [2, 3, 4]; return bool masks of "
        "the same shape (coevo check-operator tells more)",
    ),
    (
        "flat",
        "makes 'torch.bool [2, 12]' of a layer with masks [2, 3, 4]; return bool masks of the "
        "same shape (coevo check-operator tells more)",
    ),
    (
        "late",
        "makes a function of a layer with masks [2, 3, 4]; return bool masks of the same shape "
        "(coevo check-operator tells more)",
    ),
    ("other_error", "fails: ValueError: sparse: cannot do that; mend it"),
    ("no_option", "fails: RuntimeError: spare: 1; mend it"),
    ("two", "fails: TypeError: two() takes 1 positional argument but 2 were given; mend it"),
]


@pytest.mark.parametrize(("name", "message"), OPERATOR_REFUSALS)
def test_an_operator_that_is_none_is_refused(name: str, message: str, folder: Path) -> None:
    found = refusal(folder, {"operator": f"own_pruning:{name}"})
    assert found == f"pruning[0].operator: 'own_pruning:{name}' {message}"


def test_scores_of_another_shape_are_refused(folder: Path) -> None:
    found = refusal(folder, {"operator": "own_pruning:weights_for_units"})
    assert found.startswith("pruning[0].operator: 'own_pruning:weights_for_units' fails: ")
    assert found.endswith("; mend it")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "no_units",
            "fails: AttributeError: 'Layer' object has no attribute 'no_such_thing'; mend it",
        ),
        (
            "units_of_weights",
            "makes scores [2, 3, 4] of the 3 units of 2 cells; return one per unit, [2, 3]",
        ),
    ],
)
def test_scores_of_units_are_tried_where_units_are_asked_for(
    name: str, message: str, folder: Path
) -> None:
    entry = {"operator": f"own_pruning:{name}"}
    build(folder, pruning=[entry])
    found = refusal(folder, {**entry, "structure": "unit"})
    assert found == f"pruning[0].operator: 'own_pruning:{name}' {message}"


def test_what_an_operator_does_not_declare_is_not_there(folder: Path) -> None:
    entry = {"operator": "own_pruning:undeclared"}
    assert refusal(folder, entry) == (
        "pruning[0].operator: 'own_pruning:undeclared' fails: ValueError: layer.gradients: not "
        "computed; declare it, as in @scoring(needs=['gradients']); mend it"
    )


def test_options_that_an_operator_does_not_take_are_refused(folder: Path) -> None:
    for name, takes in (("first", "spare"), ("steep", "power")):
        entry = {"operator": f"own_pruning:{name}", "operator_options": {"x": 1}}
        assert refusal(folder, entry) == (
            f"pruning[0].operator_options: 'x' is not an option of {name}; it takes {takes}"
        )


def test_options_by_position_or_by_any_name_are_taken(folder: Path) -> None:
    entry = {"operator": "own_pruning:positional", "operator_options": {"power": 2.0}}
    pruner = build(folder, pruning=[entry]).engine.pruner
    assert pruner is not None
    assert pruner.rules[0].operator.options == {"power": 2.0}  # type: ignore[attr-defined]  # it scores
    build(folder, pruning=[{"operator": "own_pruning:takes_all"}])


def test_a_missing_option_is_refused(folder: Path) -> None:
    assert refusal(folder, {"operator": "own_pruning:needs_power"}) == (
        "pruning[0].operator_options: 'power' is missing, and needs_power needs it; give it a value"
    )


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("positional", {"power": -1}, "power: -1 is below 0; give a number >= 0"),
        ("takes_all", {"gain": 9}, "gain: 9 is too much; give less"),
        ("picky_units", {}, "power: 1 is not for units; give 2"),
    ],
)
def test_what_an_operator_says_against_an_option_stands_at_its_key(
    name: str, options: dict[str, Any], message: str, folder: Path
) -> None:
    units = {"structure": "unit"} if name == "picky_units" else {}
    entry = {"operator": f"own_pruning:{name}", "operator_options": options, **units}
    assert refusal(folder, entry) == f"pruning[0].operator_options.{message}"


NEED_NAMES = "outputs, input_rms, gradients, origins"
INVARIANCE_NAMES = "weight_scale, output_scale, output_shift, gradient_scale"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"needs": ["output"]}, f"'output' is none of {NEED_NAMES}; did you mean 'outputs'?"),
        ({"needs": ["xyz"]}, f"'xyz' is none of {NEED_NAMES}; use one of these"),
        ({"needs": "outputs"}, f"'outputs' is not a list; give one, of {NEED_NAMES}"),
        ({"needs": 3}, f"3 is not a list; give one, of {NEED_NAMES}"),
        (
            {"invariances": ["weight_scal"]},
            f"'weight_scal' is none of {INVARIANCE_NAMES}; did you mean 'weight_scale'?",
        ),
        ({"per": "units"}, "'units' is none of weight, unit; did you mean 'unit'?"),
        ({"per": None}, "None is none of weight, unit; use one of these"),
    ],
)
def test_misspelled_arguments_of_decorators_are_refused(keys: dict[str, Any], message: str) -> None:
    (argument,) = keys
    for decorator in (scoring,) if argument == "per" else (scoring, masking):
        with pytest.raises(ValueError, match=argument) as caught:
            decorator(**keys)
        assert str(caught.value) == f"{argument}: {message}"


def test_an_operator_that_cannot_be_loaded_is_refused(folder: Path) -> None:
    assert refusal(folder, {"operator": "own_pruning:no_such"}) == (
        "pruning[0].operator: 'own_pruning:no_such': module own_pruning has no 'no_such'"
    )
    assert refusal(folder, {"operator": "own_pruning:thing"}) == (
        "pruning[0].operator: 'own_pruning:thing' is a Thing; give a function"
    )


def test_code_that_is_not_trusted_is_not_run(folder: Path) -> None:
    document = {
        "task": {"dataset": "npz"},
        "data": {"file": str(folder / "data.npz")},
        "selection": {"evaluation_batch_size": 4},
        "optimizer": {"batch_size": 5},
    }
    for key, name in (("operator", "first"), ("schedule", "steps")):
        entry = {key: f"own_pruning:{name}"}
        experiment = experiment_from_dict({**document, "pruning": [entry]})
        with pytest.raises(CoevoError) as caught:
            assemble(experiment, "cpu", search=(folder,), trust=False)
        assert str(caught.value) == (
            f"pruning[0].{key}: 'own_pruning:{name}' is code of its own, which runs when it is "
            "imported; look at it, then say --trust (trust=True in Python)"
        )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"structure": "unit"},
            "structure: 'own_pruning:first' makes masks by itself, and does not know units; "
            "use 'weight', or an operator that scores",
        ),
        (
            {"scope": "unit"},
            "scope: 'own_pruning:first' makes masks by itself, so that weights cannot be ranked by "
            "'unit'; use 'layer' or 'tensor', or an operator that scores",
        ),
        (
            {"scope": "network"},
            "scope: 'own_pruning:first' makes masks by itself, so that weights cannot be ranked by "
            "'network'; use 'layer' or 'tensor', or an operator that scores",
        ),
        (
            {"scope": "pair"},
            "scope: 'own_pruning:first' makes masks by itself, so that weights cannot be ranked by "
            "'pair'; use 'layer' or 'tensor', or an operator that scores",
        ),
    ],
)
def test_ranking_needs_scores(keys: dict[str, Any], message: str, folder: Path) -> None:
    found = refusal(folder, {"operator": "own_pruning:first", **keys})
    assert found == f"pruning[0].{message}"
    build(folder, pruning=[{"operator": "own_pruning:steep", **keys}])


def test_operators_are_tried_in_the_type_of_the_weights(folder: Path) -> None:
    entry = {"operator": "own_pruning:single_precision"}
    assert build(folder, pruning=[entry]).engine.pruner is not None
    assert refusal(folder, entry, dtype="float64") == (
        "pruning[0].operator: 'own_pruning:single_precision' fails: RuntimeError: expected scalar "
        "type Double but found Float; mend it"
    )
