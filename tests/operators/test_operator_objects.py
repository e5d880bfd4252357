"""Operators as values: their options, names, needs, and what is no operator."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor

from operators import (
    NEEDS,
    OPERATORS,
    Layer,
    MaskingOperator,
    Need,
    ScoringOperator,
    as_operator,
    masking,
    scoring,
)
from tests.operators.small_layers import gone, layer_of, streams

EVERY = pytest.mark.parametrize("name", OPERATORS)
OPTIONS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "magnitude": {},
    "variance": {"remove": "low"},
    "variance_probability": {"remove": "low"},
    "variance_sampled": {"remove": "low"},
    "conjunctive": {"threshold": 0.1, "early_stop": False},
    "conjunctive_score": {},
    "wanda": {},
    "saliency": {},
    "movement": {},
}
READ: dict[str, set[Need]] = {
    "uniform": set(),
    "magnitude": set(),
    "variance": {"outputs"},
    "variance_probability": {"outputs"},
    "variance_sampled": {"outputs"},
    "conjunctive": {"outputs"},
    "conjunctive_score": {"outputs"},
    "wanda": {"input_rms"},
    "saliency": {"gradients"},
    "movement": {"origins"},
}


def _everything() -> dict[str, Tensor]:
    return {
        "outputs": torch.linspace(-1, 1, 30).view(1, 5, 3, 2),
        "input_rms": torch.linspace(1, 2, 4).view(1, 1, 4),
        "gradients": torch.linspace(2, -1, 12).view(1, 3, 4),
        "origins": torch.linspace(0, 3, 12).view(1, 3, 4),
    }


def test_the_registry_names_them() -> None:
    assert list(OPERATORS) == list(OPTIONS)
    assert [operator.name for operator in OPERATORS.values()] == list(OPTIONS)
    sentences = [operator.description for operator in OPERATORS.values()]
    assert all(text.startswith(("Removes ", "Draws ")) for text in sentences)


def test_which_of_them_meet_their_quotas_exactly() -> None:
    inexact = {name for name, operator in OPERATORS.items() if not operator.exact}
    assert inexact == {"variance_probability", "conjunctive"}


@EVERY
def test_options_and_their_defaults(name: str) -> None:
    parameters = inspect.signature(OPERATORS[name].function).parameters.values()
    own = {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert own == OPTIONS[name]
    assert OPERATORS[name].options == {}


@EVERY
def test_an_operator_reads_what_it_declares_and_nothing_else(name: str) -> None:
    operator, quota = OPERATORS[name], torch.tensor([5])
    assert operator.needs == READ[name]
    weights = torch.linspace(-1, 2, 12).view(1, 3, 4)
    asked = {need: values for need, values in _everything().items() if need in operator.needs}
    only, all_of_it = layer_of(weights, **asked), layer_of(weights, **_everything())
    assert torch.equal(operator(only, quota), operator(all_of_it, quota))
    for need in sorted(operator.needs):
        less = {other: values for other, values in asked.items() if other != need}
        with pytest.raises(ValueError, match="layer") as caught:
            operator(layer_of(weights, **less), quota)
        assert str(caught.value) == (
            f"layer.{need}: not computed; declare it, as in @scoring(needs=['{need}'])"
        )


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("variance", "removes", "'removes' is not an option of variance; it takes remove"),
        ("uniform", "remove", "'remove' is not an option of uniform; it takes none"),
        (
            "conjunctive",
            "rows",
            "'rows' is not an option of conjunctive; it takes threshold, early_stop",
        ),
        ("magnitude", "layer", "'layer' is not an option of magnitude; it takes none"),
    ],
)
def test_options_out_of_place_are_refused(name: str, option: str, message: str) -> None:
    with pytest.raises(ValueError, match="is not an option") as caught:
        OPERATORS[name].bound({option: 1})
    assert str(caught.value) == message


def test_binding_makes_another_operator_and_later_options_win() -> None:
    conjunctive = OPERATORS["conjunctive"]
    one = conjunctive.bound({"threshold": 0.5, "early_stop": True})
    two = one.bound({"threshold": 0.2})
    assert conjunctive.options == {}
    assert one.options == {"threshold": 0.5, "early_stop": True}
    assert two.options == {"threshold": 0.2, "early_stop": True}
    assert two.needs == conjunctive.needs
    assert (two.per, two.exact, two.name) == ("unit", False, "conjunctive")


def test_a_masking_operator_is_its_function_with_options() -> None:
    @masking(needs=["outputs"], exact=False, invariances=["weight_scale"])
    def trimmed(layer: Layer, quota: Tensor, *, spare: int = 0) -> Tensor:
        """Removes from the front.

        But never the last.
        """
        del quota
        left = layer.masks.clone()
        left[..., : 2 - spare] = False
        return left

    assert isinstance(trimmed, MaskingOperator)
    assert (trimmed.name, trimmed.description) == ("trimmed", "Removes from the front.")
    assert (trimmed.needs, trimmed.exact) == (frozenset({"outputs"}), False)
    assert trimmed.invariances == frozenset({"weight_scale"})
    layer, quota = layer_of(torch.ones(1, 1, 4)), torch.tensor([2])
    assert gone(layer.masks, trimmed(layer, quota)) == [{(0, 0), (0, 1)}]
    assert gone(layer.masks, trimmed.bound({"spare": 1})(layer, quota)) == [{(0, 0)}]
    with pytest.raises(ValueError, match="is not an option") as caught:
        trimmed.bound({"spar": 1})
    assert str(caught.value) == "'spar' is not an option of trimmed; it takes spare"


def test_options_need_not_be_keyword_only() -> None:
    def masks(layer: Layer, quota: Tensor, spare: int = 0, *, more: int) -> Tensor:
        return layer.masks

    def scores(layer: Layer, power: float) -> Tensor:
        return layer.weights.abs() ** power

    def anything(layer: Layer, **options: float) -> Tensor:
        return layer.weights

    assert masking()(masks).bound({"spare": 1, "more": 2}).options == {"spare": 1, "more": 2}
    assert scoring()(scores).bound({"power": 2.0}).options == {"power": 2.0}
    assert scoring()(anything).bound({"x": 1.0}).options == {"x": 1.0}
    for operator, options, message in (
        (masking()(masks), {"more": 1, "quota": 1}, "'quota' is not an option of masks; it takes"),
        (masking()(masks), {"spare": 1}, "'more' is missing, and masks needs it; give it a value"),
        (scoring()(scores), {}, "'power' is missing, and scores needs it; give it a value"),
        (scoring()(scores), {"layer": 1}, "'layer' is not an option of scores; it takes power"),
    ):
        with pytest.raises(ValueError, match=message):
            operator.bound(options)


def test_scores_of_units_are_those_of_all_their_weights() -> None:
    @scoring(per="unit")
    def first_weights(layer: Layer) -> Tensor:
        return layer.weights[..., 0]

    layer = layer_of([[[3.0, 1.0], [2.0, 9.0]]], [[[True, True], [False, True]]])
    assert first_weights.scores(layer).tolist() == [[[3.0, 3.0], [2.0, 2.0]]]
    assert first_weights.unit_scores(layer).tolist() == [[3.0, 2.0]]
    assert OPERATORS["magnitude"].unit_scores(layer).tolist() == [[4.0, 9.0]]


def test_a_function_of_units_goes_before_the_sum() -> None:
    def of_units(layer: Layer, *, sign: int = 1) -> Tensor:
        return sign * layer.weights.amax(2)

    @scoring(of_units=of_units)
    def largest(layer: Layer, *, sign: int = 1) -> Tensor:
        return sign * layer.weights

    layer = layer_of([[[3.0, 1.0], [2.0, 9.0]]])
    assert largest.unit_scores(layer).tolist() == [[3.0, 9.0]]
    assert largest.bound({"sign": -1}).unit_scores(layer).tolist() == [[-3.0, -9.0]]


def test_a_function_counts_as_one_that_makes_masks_and_may_read_everything() -> None:
    def mine(layer: Layer, quota: Tensor) -> Tensor:
        return layer.masks

    found = as_operator(mine)
    assert isinstance(found, MaskingOperator)
    assert (found.function, found.needs, found.exact) == (mine, frozenset(NEEDS), True)
    for operator in (OPERATORS["wanda"], found):
        assert as_operator(operator) is operator
    with pytest.raises(ValueError, match="is not an operator") as caught:
        as_operator(3)
    assert str(caught.value) == (
        "int is not an operator; decorate a function with @scoring or @masking"
    )


def test_a_callable_without_a_name_goes_by_its_type() -> None:
    class Chooser:
        """Chooses."""

        def __call__(self, layer: Layer, quota: Tensor) -> Tensor:
            return layer.masks

    found = as_operator(Chooser())
    assert (found.name, found.description) == ("Chooser", "Chooses.")
    with pytest.raises(ValueError, match="is not an option") as caught:
        found.bound({"x": 1})
    assert str(caught.value) == "'x' is not an option of Chooser; it takes none"


def test_some_inputs_of_a_layer_are_a_layer() -> None:
    layer = layer_of(torch.linspace(-1, 2, 12).view(1, 3, 4), **_everything())
    part = layer.inputs(slice(1, 3))
    assert torch.equal(part.weights, layer.weights[..., 1:3])
    assert part.masks.shape == (1, 3, 2)
    for name in ("input_rms", "gradients", "origins"):
        assert torch.equal(part.need(name), layer.need(name)[..., 1:3])
    assert torch.equal(part.need("outputs"), layer.need("outputs"))
    assert part.draws is layer.draws
    bare = layer_of(torch.ones(1, 3, 4), draws=streams(0)).inputs(slice(-1, None))
    assert bare.weights.shape == (1, 3, 1)
    assert bare.input_rms is bare.gradients is bare.origins is None


def test_operators_that_score_are_such() -> None:
    assert all(isinstance(operator, ScoringOperator) for operator in OPERATORS.values())
