"""The engine computes what docs/generation.md says: choices together, against the loop."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.equivalence.agreement import assert_engine_agrees
from tests.equivalence.cases import Case

CHOICES = {
    "architecture": ("mlp", "mlp relu", "map", "residual", "nested"),
    "loss": ("mse", "l1", "bce"),
    "noise": (None, "gaussian", "uniform", "masking"),
    "concept": ("best", "mean", "worst", "rank_weighted"),
    "tournament": (1, 2, 3, 5),
    "pairing": ("together", "independent"),
    "evaluation_rows": (1, 6),
    "evaluation_batch_per": ("world", "cell"),
    "algorithm": ("sgd", "sign_sgd", "adam", "adamw"),
    "momentum": (0.0, 0.8),
    "weight_decay": (0.0, 0.05),
    "learning_rate": (0.003, 0.03),
    "walk": (0.0, 0.0005),
    "pairings": ("selected", "opponents", "opponents_trained", "all"),
    "moments": ("persist", "migrate", "reset"),
    "kept_rows": (10, 7, 2),
    "subset_per": ("world", "cell"),
    "order_per": ("world", "cell"),
    "batch_size": (1, 4, 11),
    "steps": (1, 2, 3),
    "replacement_rows": (None, 1, 3),
    "measure_every": (1, 2),
    "cells_per_chunk": (1, 2, 4, 1000),
}
PLACES = (
    {"rows": 1, "columns": 1, "radius": 1},
    {"rows": 1, "columns": 3, "radius": 1},
    {"rows": 2, "columns": 2, "neighborhood": "von_neumann"},
    {"rows": 2, "columns": 2, "neighborhood": "moore"},
    {"rows": 1, "columns": 4, "neighborhood": ((0, 1), (0, 2))},
)
REPLACEMENTS = (
    {"replacement": "always", "always_accepted": False},
    {"replacement": "always", "always_accepted": True},
    {"replacement": "if_better"},
)


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    chosen = {name: draw(st.sampled_from(values)) for name, values in CHOICES.items()}
    for together in (PLACES, REPLACEMENTS):
        chosen |= draw(st.sampled_from(together))
    seeds = draw(st.sampled_from(((0,), (7, 3))))
    return Case(seeds=seeds, noise_level=0.3, **chosen)  # type: ignore[arg-type]  # mixed values


@settings(max_examples=60)
@given(case=any_case())
def test_choices_together(case: Case) -> None:
    assert_engine_agrees(case)
