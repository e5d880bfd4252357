"""Layers that cannot be pruned are refused with the key as it is in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.coevo.pruning.own_pruning import custom, refusal, write_own
from tests.coevo.small_experiments import build


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_own(tmp_path)


def test_a_layer_that_is_not_there_is_refused_with_those_that_are(folder: Path) -> None:
    assert refusal(folder, {}, {"layers": ["1", "5"]}) == (
        "pruning[1].layers[1]: '5' is not a layer with weights to prune; there are "
        "encoder: '1', '3', decoder: '0', '2'"
    )


def test_a_role_without_a_layer_of_these_names_is_refused(folder: Path) -> None:
    assert refusal(folder, {"layers": ["1", "3"]}) == (
        "pruning[0].roles: the decoder has no layer to prune that layers names; remove 'decoder'"
    )
    assert refusal(folder, {"layers": ["0"], "roles": ["encoder"]}) == (
        "pruning[0].roles: the encoder has no layer to prune that layers names; remove 'encoder'"
    )


def test_outputs_of_the_decoder_are_no_units_to_prune(folder: Path) -> None:
    network = {"hidden": []}
    assert refusal(folder, {"structure": "unit"}, network=network) == (
        "pruning[0].roles: the decoder has no layer to prune; remove 'decoder'"
    )
    build(folder, pruning=[{"structure": "unit", "roles": ["encoder"]}], network=network)


def test_layers_that_are_used_more_than_once_are_refused(folder: Path) -> None:
    assert custom(folder, {"roles": ["encoder"]}) == (
        "pruning[0].layers: layer '2' of the encoder is used more than once, and cannot be pruned; "
        "name the layers to prune, from '1', '5'"
    )
    assert custom(folder, {"roles": ["decoder"]}) == (
        "pruning[0].layers: layer '0' of the decoder is used more than once, and cannot be pruned; "
        "name the layers to prune, from '3'"
    )
    assert custom(folder, {"roles": ["decoder"], "layers": ["3", "0"]}) == (
        "pruning[0].layers[1]: layer '0' of the decoder is used more than once, "
        "and cannot be pruned; remove it"
    )
    assert custom(folder, {"roles": ["encoder"], "layers": ["1", "5"]}) is None


def test_a_network_without_layers_is_refused(folder: Path) -> None:
    found = custom(folder, {"roles": ["encoder"]}, encoder="own_pruning:bare")
    assert found == "pruning[0].roles: the encoder has no layer to prune; remove 'encoder'"
