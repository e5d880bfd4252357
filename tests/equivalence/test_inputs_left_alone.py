"""A generation changes nothing that it was given."""

from __future__ import annotations

import pytest
import torch

from coevo.state import GridState
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.test_generation import MOMENTS, PAIRINGS
from tests.equivalence.test_pruned_weights import pruned


def copied(state: GridState) -> dict[tuple[str, str], torch.Tensor]:
    """Every tensor of a state, in memory of its own."""
    return {
        (shard, name): tensor.clone()
        for shard, tensors in state.shards().items()
        for name, tensor in tensors.items()
    }


@pytest.mark.parametrize("pairings", PAIRINGS)
@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("replacement", ["always", "if_better"])
@pytest.mark.parametrize("algorithm", ["adam", "sgd"])
def test_a_generation_leaves_its_state_and_rows_alone(
    pairings: str, moments: str, replacement: str, algorithm: str
) -> None:
    case = Case(
        pairings=pairings,
        moments=moments,
        replacement=replacement,
        algorithm=algorithm,
        momentum=0.9 if algorithm == "sgd" else 0.0,
        always_accepted=replacement == "always",
    )
    engine = engine_of(case)
    state = pruned(run(engine, 1)[0][0], "some weights")
    before, rows = copied(state), engine.training.inputs.clone()
    engine.advance(state)
    after = copied(state)
    assert before.keys() == after.keys()
    changed = [key for key in before if not torch.equal(before[key], after[key])]
    assert changed == []
    assert torch.equal(engine.training.inputs, rows)
