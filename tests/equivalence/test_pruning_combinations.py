"""Pruning within a generation is what docs/pruning.md says: choices together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tests.equivalence.agreement import assert_engine_agrees
from tests.equivalence.cases import Case
from tests.equivalence.entries import BUILT_IN, OWN, Entry
from tests.equivalence.scene import NearTieError
from tests.equivalence.scores import MASKING

ENTRY: Mapping[str, tuple[Any, ...]] = {
    "operator": (*BUILT_IN, f"{OWN}:blend", f"{OWN}:drop_last"),
    "roles": (("encoder",), ("decoder",), ("encoder", "decoder")),
    "bias": (False, True),
    "structure": ("weight", "weight", "unit"),
    "scope": ("unit", "tensor", "layer", "network", "pair"),
    "masks": ("hard", "hard", "soft"),
    "schedule": ("fixed", "increase", "decrease", "exponential", "one_shot", "cubic"),
    "begin": (0, 1),
    "sparsity": (None, 0.3, 0.8),
    "probability": (1.0, 0.6),
    "amount": (0.1, 0.3, 0.8),
    "scales": ("probability", "amount"),
    "rows": (2, 5),
    "activations": ("now", "training"),
    "regrow": ("none", "none", "gradient", "random"),
}
OPTIONS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "variance": {"remove": ("low", "high")},
    "variance_probability": {"remove": ("low", "high")},
    "variance_sampled": {"remove": ("low", "high")},
    "conjunctive": {"threshold": (0.2, 0.9), "early_stop": (False, True)},
}
CASE: Mapping[str, tuple[Any, ...]] = {
    "architecture": ("mlp", "mlp", "mlp relu", "residual", "conv"),
    "loss": ("mse", "bce"),
    "noise": (None, "gaussian", "masking"),
    "pairing": ("together", "independent"),
    "algorithm": ("sgd", "adam", "adamw"),
    "moments": ("persist", "migrate", "reset"),
    "pairings": ("selected", "selected", "opponents", "opponents_trained", "all"),
    "replacement": ("always", "if_better"),
    "cells_per_chunk": (1, 2, 1000),
    "learning_rate": (0.003, 0.03),
}


@st.composite
def any_entry(draw: st.DrawFn) -> Entry:
    """An entry whose keys go together."""
    keys = {name: draw(st.sampled_from(values)) for name, values in ENTRY.items()}
    own = OPTIONS.get(keys["operator"], {})
    keys |= {name: draw(st.sampled_from(values)) for name, values in own.items()}
    if keys["operator"] in MASKING:
        keys |= {"structure": "weight", "scope": "layer" if keys["scope"] != "tensor" else "tensor"}
    if keys["operator"] in ("uniform", "magnitude", "saliency", "movement"):
        keys["activations"] = "now"
    if keys["structure"] == "unit":
        keys |= {"bias": False, "regrow": "none"}
        keys["scope"] = {"unit": "layer", "tensor": "layer"}.get(keys["scope"], keys["scope"])
    if keys["scope"] == "pair":
        keys["roles"] = ("encoder", "decoder")
    if keys["masks"] == "soft":
        keys["regrow"] = "none"
    if keys["sparsity"] is not None:
        keys |= {"probability": 1.0, "amount": 0.1, "scales": "probability", "regrow": "none"}
    return Entry(**keys)


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    chosen = {name: draw(st.sampled_from(values)) for name, values in CASE.items()}
    pruning = draw(st.lists(any_entry(), min_size=1, max_size=3).map(tuple))
    chosen["always_accepted"] = chosen["replacement"] == "always"
    seeds = draw(st.sampled_from(((0,), (7,))))
    return Case(seeds=seeds, columns=2, noise_level=0.3, steps=1, pruning=pruning, **chosen)


@settings(max_examples=40)
@given(case=any_case())
def test_entries_together(case: Case) -> None:
    try:
        assert_engine_agrees(case, generations=2)
    except NearTieError:
        reject()
