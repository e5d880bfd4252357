"""Training in one piece of memory gives what training tensor by tensor gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from coevo.optimizers import UpdateRule
from coevo.optimizers.flat import FlatLayout, Pieces
from coevo.optimizers.trainee import STEPS, Trainee, empty_moments
from coevo.population import Population
from coevo.random import Key, uniform
from tests.equivalence.cases import Case, engine_of, run
from tests.equivalence.entries import Entry
from tests.equivalence.test_generation import ALGORITHMS, MOMENTS

SHAPES = {"0.weight": (4, 3), "0.bias": (4,), "2.weight": (2, 4), "2.bias": (2,)}
CELLS, STEPS_TAKEN = 3, 4
RULES = (
    UpdateRule("sgd"),
    UpdateRule("sgd", momentum=0.9, weight_decay=0.05),
    UpdateRule("sign_sgd", weight_decay=0.05),
    UpdateRule("adam", weight_decay=0.05),
    UpdateRule("adamw", weight_decay=0.5),
)


def draw(purpose: str, shape: tuple[int, ...]) -> Tensor:
    """``[cells, *shape]`` in [-0.5, 0.5)."""
    key = Key.for_worlds(torch.arange(CELLS)).of(purpose)
    return uniform(key, shape, low=-0.5, high=0.5, dtype=torch.float64)


def networks(*, masked: bool) -> Population:
    masks = {}
    if masked:  # one of the biases has no mask
        masks = {name: draw(f"{name} mask", SHAPES[name]) < 0.1 for name in list(SHAPES)[:3]}
    return Population({name: draw(name, shape) for name, shape in SHAPES.items()}, {}, masks)


def trained(rule: UpdateRule, *, flat: bool, masked: bool, moments: str) -> dict[str, Tensor]:
    """Weights and moments after some steps with the same gradients."""
    population, kept = networks(masked=masked), None
    if moments != "reset":
        # Not zero under the masks, as when a network was pruned after its last step.
        kept = empty_moments(population, rule)
        for path in kept:
            if path != STEPS:
                kept[path] += draw(path, tuple(kept[path].shape[1:])).abs()
        kept[STEPS] += 5
    trainee = Trainee(
        population,
        rule,
        torch.tensor([0.1, 0.01, 0.3], dtype=torch.float64),
        kept,
        counts_agree=moments == "fused",
        flat=flat,
    )
    for step in range(STEPS_TAKEN):
        slopes = {name: draw(f"{name} {step}", shape) for name, shape in SHAPES.items()}
        if flat:
            for name, room in trainee.gradients().items():
                room.copy_(slopes[name])
            trainee.step()
        else:
            trainee.step(list(slopes.values()))
    found = {f"weights/{name}": w for name, w in trainee.finished().weights.items()}
    return {**found, **trainee.moments()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.algorithm}-{rule.momentum}")
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("moments", ["kept", "fused", "reset"])
def test_flat_and_separate_tensors_train_alike(
    rule: UpdateRule, masked: bool, moments: str
) -> None:
    one = trained(rule, flat=True, masked=masked, moments=moments)
    other = trained(rule, flat=False, masked=masked, moments=moments)
    # Vectorized kernels may round otherwise at the end of a tensor than in its middle.
    assert_close(one, other, rtol=1e-12, atol=1e-12)
    masks = networks(masked=masked).masks
    for path, tensor in one.items():
        name = path.partition("/")[2]
        if name in masks:
            assert (tensor[~masks[name]] == 0).all(), path
            assert (tensor[masks[name]] != 0).all(), path
    start = networks(masked=masked).masked().weights
    assert all(not torch.equal(one[f"weights/{name}"], w) for name, w in start.items())


@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: "-".join(map(str, a.values())))
def test_generations_do_not_depend_on_the_form(
    monkeypatch: pytest.MonkeyPatch, moments: str, algorithm: dict[str, Any]
) -> None:
    """Gradients by hand into one piece of memory, or by autograd into one tensor per weight."""
    pruning = (Entry("uniform", amount=0.2, bias=True), Entry("movement", amount=0.1))
    case = Case(
        architecture="mlp of images",
        moments=moments,
        always_accepted=True,
        pruning=pruning,
        **algorithm,
    )
    flat = run(engine_of(case))
    for module in ("gradient", "regimes"):
        monkeypatch.setattr(f"coevo.optimizers.{module}.is_dense", lambda problem: False)
    separate = run(engine_of(case))
    for (one, one_measures), (other, other_measures) in zip(flat, separate, strict=True):
        assert_close(one.shards(), other.shards(), rtol=1e-9, atol=1e-12)
        assert_close(one_measures, other_measures, rtol=1e-9, atol=1e-12)


def test_the_flat_form_is_used_for_dense_pairings(monkeypatch: pytest.MonkeyPatch) -> None:
    forms = []
    begin = Trainee.__init__

    def noted(self: Trainee, *arguments: Any, **options: Any) -> None:
        forms.append(options.get("flat", False))
        begin(self, *arguments, **options)

    monkeypatch.setattr(Trainee, "__init__", noted)
    dense = Case(architecture="mlp of images")
    for case in (dense, replace(dense, pairings="all"), replace(dense, architecture="residual")):
        run(engine_of(case), 1)
    assert forms == [True, True, False, False, False, False]


def test_pieces_share_their_memory() -> None:
    tensors = [torch.ones(2, 3), torch.full((2, 1), 2.0)]
    flat, separate = Pieces(tensors, FlatLayout(tensors)), Pieces(tensors, None)
    assert [len(flat.all), len(separate.all)] == [1, 2]
    flat.all[0].mul_(3.0)
    assert [set(view.flatten().tolist()) for view in flat.views] == [{3.0}, {6.0}]
    assert set(tensors[0].flatten().tolist()) == {1.0}
    separate.all[1].mul_(3.0)
    assert set(tensors[1].flatten().tolist()) == {6.0}
    assert [one.shape for one, _ in flat.beside(flat.empty())] == [torch.Size([8])]
    shapes = [(one.shape, other.shape) for one, other in flat.beside(separate)]
    assert shapes == [(torch.Size([2, 3]),) * 2, (torch.Size([2, 1]),) * 2]
