"""Every pruning operator keeps all laws, with each of its options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import settings

from operators import NEEDS, OPERATORS, Layer, masking, scoring
from operators.laws import OPERATOR_LAWS, check_operator

OPTIONS: Mapping[str, list[dict[str, Any]]] = {
    "uniform": [{}],
    "magnitude": [{}],
    "variance": [{"remove": "low"}, {"remove": "high"}],
    "variance_probability": [{"remove": "low"}, {"remove": "high"}],
    "variance_sampled": [{"remove": "low"}, {"remove": "high"}],
    "conjunctive": [
        {"threshold": 0.1, "early_stop": False},
        {"threshold": 0.1, "early_stop": True},
        {"threshold": 0.5, "early_stop": False},
        {"threshold": 1.0, "early_stop": True},
    ],
    "conjunctive_score": [{}],
    "wanda": [{}],
    "saliency": [{}],
    "movement": [{}],
}
VARIANTS = [(name, options) for name, several in OPTIONS.items() for options in several]
IDS = [", ".join([name, *(f"{k}={v}" for k, v in options.items())]) for name, options in VARIANTS]
EXAMPLES = max(200, settings().max_examples)


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=IDS)
def test_operators_keep_the_laws(name: str, options: dict[str, Any]) -> None:
    operator = OPERATORS[name].bound(options)
    verdicts = check_operator(operator, examples=EXAMPLES)
    wrong = [v for v in verdicts if v.outcome not in ("holds", "does not apply")]
    assert wrong == [], "\n".join(map(str, wrong))
    assert [verdict.law for verdict in verdicts] == [law.name for law in OPERATOR_LAWS]


def test_all_operators_and_options_are_tried() -> None:
    assert OPTIONS.keys() == OPERATORS.keys()
    for name, operator in OPERATORS.items():
        parameters = inspect.signature(operator.function).parameters.values()
        for parameter in (p.name for p in parameters if p.kind is p.KEYWORD_ONLY):
            assert len({options[parameter] for options in OPTIONS[name]}) > 1


@pytest.mark.parametrize("name", OPERATORS)
def test_only_what_is_not_claimed_does_not_apply(name: str) -> None:
    operator = OPERATORS[name]
    exempt = {verdict.law for verdict in check_operator(operator, examples=1) if verdict.message}
    claims = {
        "removes everything at amount 1": operator.exact,
        "scores units by the same laws": operator.of_units is not None,
        "ignores the scale of weights": "weight_scale" in operator.invariances,
        "ignores the scale of outputs": "output_scale" in operator.invariances,
        "ignores a shift of outputs": "output_shift" in operator.invariances,
        "ignores the scale of gradients": "gradient_scale" in operator.invariances,
    }
    assert exempt == {law for law, claimed in claims.items() if not claimed}


def test_laws_are_tried_on_as_many_examples_as_are_asked_for() -> None:
    seen: list[Layer] = []

    @scoring()
    def watched(layer: Layer) -> Any:
        seen.append(layer)
        return layer.weights.abs()

    check_operator(watched, examples=250)
    # Once for most laws together, once for each that compares, four times for repetition.
    assert len(seen) >= (1 + 1 + 4 + 2) * 250
    assert inspect.signature(check_operator).parameters["examples"].default == 200


def test_examples_are_the_same_every_time() -> None:
    def weights_seen() -> list[str]:
        seen: list[str] = []

        @scoring()
        def watched(layer: Layer) -> Any:
            seen.append(str(layer.weights))
            return layer.weights.abs()

        check_operator(watched, examples=20)
        return seen

    assert weights_seen() == weights_seen()


def test_operators_see_what_they_declare() -> None:
    seen: set[str] = set()

    def look(layer: Layer, quota: Any) -> Any:
        seen.update(name for name in NEEDS if getattr(layer, name) is not None)
        return OPERATORS["magnitude"](layer, quota)

    check_operator(masking(needs=["origins"])(look), examples=1)
    assert seen == {"origins"}
    check_operator(look, examples=1)
    assert seen == set(NEEDS), "a plain function declares nothing, and sees all"


def test_what_is_no_operator_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^int is not an operator; decorate a function with "):
        check_operator(3)
