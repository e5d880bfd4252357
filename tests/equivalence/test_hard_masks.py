"""What rules removed is exactly zero until a rule regrows it, wherever the network goes (C3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, product
from typing import Any

import pytest
import torch
from torch import Tensor

from coevo.population import Population
from coevo.state import GridState
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.entries import Entry
from tests.equivalence.test_generation import ALGORITHMS, MOMENTS, PAIRINGS
from tests.equivalence.test_pruned_weights import assert_pruned_are_zero

BASE = Case(pairing="independent", seeds=(5, 6), columns=3, steps=2, horizon=4)
SHRINKING = (
    Entry("uniform", probability=0.6, amount=0.2, bias=True),
    Entry("movement", sparsity=0.5, schedule="increase", scope="network", bias=True),
)
REGROWING = (
    Entry("uniform", sparsity=0.5, schedule="one_shot"),
    Entry("magnitude", amount=0.4, regrow="random"),
)
# Every algorithm with every pairing and every policy, replaced always and if better in turn.
EVERYTHING = [
    {"pairings": pairings, "moments": moments, "replacement": replacement, **algorithm}
    for (pairings, moments, algorithm), replacement in zip(
        product(PAIRINGS, MOMENTS, ALGORITHMS),
        cycle(("always", "if_better", "if_better", "always")),
    )
]


@dataclass(frozen=True)
class Step:
    """A population after a generation, and as it was in the cells that its networks are from."""

    role: str
    old: Population
    new: Population
    replaced: Tensor

    def masks(self) -> Iterator[tuple[str, Tensor, Tensor]]:
        """The name of every mask, what it was and what it is."""
        assert self.new.masks
        for name, mask in self.new.masks.items():
            yield name, self.old.masks[name], mask


def steps_of(case: Case, generations: int = 4) -> Iterator[tuple[GridState, list[Step]]]:
    """Every generation of a case, role by role."""
    engine = engine_of(case)
    before = engine.init()
    own = torch.arange(engine.grid.cells)
    first = own // case.columns * case.columns
    for after, measures in run(engine, generations):
        steps = []
        for role in ("encoder", "decoder"):
            source = torch.where(measures["replaced"], first + measures[f"{role}_from"], own)
            old, new = (getattr(state, f"{role}s") for state in (before, after))
            steps.append(Step(role, old.select(source), new, measures["replaced"]))
        yield after, steps
        before = after


@pytest.mark.parametrize("changes", EVERYTHING, ids=lambda c: "-".join(map(str, c.values())))
def test_removed_weights_stay_zero_and_masks_only_shrink(changes: dict[str, Any]) -> None:
    case = replace(BASE, seeds=(5,), pruning=SHRINKING, **changes)
    removed = 0
    for state, steps in steps_of(case, 3):
        assert_pruned_are_zero(state, moments=False)
        for step in steps:
            for name, old, new in step.masks():
                assert not (new & ~old).any(), f"{step.role} {name} grew"
                removed += int((old & ~new).sum())
    assert removed > 0


@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("algorithm", ["adam", "adamw"])
def test_removed_weights_stay_zero_in_the_fused_kernel(moments: str, algorithm: str) -> None:
    case = replace(BASE, moments=moments, algorithm=algorithm, weight_decay=0.1, pruning=SHRINKING)
    for state, _ in steps_of(replace(case, always_accepted=True)):
        assert_pruned_are_zero(state, moments=False)


@pytest.mark.parametrize("architecture", ["conv", "residual", "mlp relu"])
@pytest.mark.parametrize("structure", ["weight", "unit"])
def test_removed_weights_stay_zero_in_other_networks(architecture: str, structure: str) -> None:
    entries = (
        Entry("variance", amount=0.2, structure=structure),
        Entry("wanda", amount=0.2, structure=structure, scope="network"),
    )
    for state, steps in steps_of(replace(BASE, architecture=architecture, pruning=entries), 3):
        for step in steps:
            for name, old, new in step.masks():
                assert not (new & ~old).any()
                assert (step.new.weights[name][~new] == 0).all()
        assert not all(mask.all() for mask in state.encoders.masks.values())


@pytest.mark.parametrize("replacement", ["always", "if_better"])
def test_masks_and_counts_travel_with_their_networks(replacement: str) -> None:
    entry = Entry("magnitude", probability=0.5, amount=0.25)
    case = replace(BASE, replacement=replacement, learning_rate=0.05, pruning=(entry,))
    engine = engine_of(case)
    events = [measures["pruning_events"] for _, measures in run(engine, 4)]
    origins = set()
    for (_, steps), happened in zip(steps_of(case), events, strict=True):
        for step in steps:
            for _, old, new in step.masks():
                before, after = (mask.flatten(1).sum(1).tolist() for mask in (old, new))
                pairs = zip(before, happened.tolist(), strict=True)
                assert after == [kept - round(kept * 0.25) * event for kept, event in pairs]
                origins |= set(after)
    assert len(origins) > 5


def test_first_weights_travel_with_their_networks() -> None:
    entry = Entry("movement", probability=0.5, amount=0.2, bias=True)
    case = replace(BASE, pruning=(entry,))
    start = engine_of(case).init()
    for _, steps in steps_of(case):
        for step in steps:
            assert set(step.new.origins) == set(step.new.weights)
            for name, origin in step.new.origins.items():
                kept = step.new.masks[name]
                assert torch.equal(origin, step.old.origins[name].masked_fill(~kept, 0.0))
    # By now some networks stand in cells that others began in.
    moved = [
        not torch.equal(step.new.origins[name].where(mask, 0.0), weight.where(mask, 0.0))
        for step, population in zip(steps, (start.encoders, start.decoders), strict=True)
        for name, weight in population.weights.items()
        for mask in (step.new.masks[name],)
    ]
    assert all(moved)


@pytest.mark.parametrize(
    ("pairings", "moments"), [*zip((*PAIRINGS, *PAIRINGS[:2]), MOMENTS * 2, strict=True)]
)
@pytest.mark.parametrize("regrow", ["random", "gradient"])
def test_regrown_weights_begin_at_zero_and_then_move(
    pairings: str, moments: str, regrow: str
) -> None:
    grown = replace(REGROWING[1], regrow=regrow)
    case = replace(BASE, pairings=pairings, moments=moments, pruning=(REGROWING[0], grown))
    # One cell alone, so that every center has trained since the generation before.
    came_back: dict[tuple[str, str], Tensor] = {}
    moved = 0
    for number, (_, steps) in enumerate(steps_of(replace(case, columns=1, neighborhood=()))):
        for step in steps:
            for name, old, new in step.masks():
                weight, back = step.new.weights[name], new & ~old
                assert (weight[~new] == 0).all()
                assert (weight[back] == 0).all()
                if number > 0:
                    assert torch.equal(new.flatten(1).sum(1), old.flatten(1).sum(1))
                    stayed = came_back[step.role, name] & new & old
                    assert (weight[stayed] != 0).all()
                    moved += int(stayed.sum())
                came_back[step.role, name] = back
    assert moved > 20


@pytest.mark.parametrize("replacement", ["always", "if_better"])
def test_regrown_weights_have_no_origin_and_travel(replacement: str) -> None:
    watched = Entry("movement", sparsity=0.5, schedule="one_shot")
    case = replace(BASE, replacement=replacement, pruning=(watched, REGROWING[1]))
    back = 0
    for _, steps in steps_of(replace(case, learning_rate=0.05)):
        for step in steps:
            for name, old, new in step.masks():
                grown = new & ~old
                back += int(grown.sum())
                assert (step.new.origins[name][grown | ~new] == 0).all()
                assert (step.new.weights[name][~new] == 0).all()
                assert torch.equal(old.flatten(1).sum(1), new.flatten(1).sum(1)) or old.all()
    assert back > 0


@pytest.mark.parametrize("moments", MOMENTS)
def test_what_soft_masks_remove_is_zero_once_and_then_moves(moments: str) -> None:
    once = Entry(
        "magnitude", masks="soft", amount=0.5, schedule="one_shot", bias=True, scope="tensor"
    )
    case = replace(BASE, moments=moments, pruning=(once,))
    (first, _), (second, _) = run(engine_of(case), 2)
    for before, after in ((first.encoders, second.encoders), (first.decoders, second.decoders)):
        assert not before.masks
        for name, weight in before.weights.items():
            zeros = (weight == 0).flatten(1).sum(1)
            assert (zeros == round(weight[0].numel() / 2)).all(), name
            assert (after.weights[name] != 0).all()
