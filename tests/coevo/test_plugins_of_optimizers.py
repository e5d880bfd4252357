"""Cell optimizers of other packages: tried before anything runs, and refused with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coevo.engine import evolve
from coevo.errors import CoevoError
from tests.coevo.installed import install
from tests.coevo.small_experiments import build, write_data

MODULE = """
from dataclasses import dataclass, replace

import torch

from coevo import CoevoError
from coevo.optimizers import Improved, OptimizerState

@dataclass(frozen=True)
class Shrink:
    '''Makes all weights smaller; faults can be asked for.'''

    rate: float = 0.1
    fault: str = ""

    def __post_init__(self):
        if self.rate < 0:
            raise CoevoError(f"rate: {self.rate} is below 0; give a number >= 0")

    def init(self, encoders, decoders):
        if self.fault == "init fails":
            raise RuntimeError("no memory")
        if self.fault == "init gives numbers":
            return 3.0
        return OptimizerState({"steps": torch.zeros(encoders.cells, dtype=torch.int64)})

    def step(self, problem):
        if self.fault == "step fails":
            raise RuntimeError("no memory")
        if self.fault == "step gives nothing":
            return None
        if self.fault == "changed weights":
            for weight in problem.encoders.weights.values():
                weight.mul_(0.5)
        encoders = problem.encoders.select(problem.source_encoders()).masked()
        decoders = problem.decoders.select(problem.source_decoders()).masked()
        if self.fault == "weights":
            return self.improved(problem, encoders.weights, decoders)
        if self.fault == "all cells":
            encoders = problem.encoders.select(torch.arange(4) % 2)
        if self.fault == "another type":
            encoders = self.changed(encoders, lambda weight: weight.double())
        if self.fault == "a name less":
            some = dict(list(decoders.weights.items())[1:])
            decoders = replace(decoders, weights=some)
        if self.fault == "gradients":
            encoders = self.changed(encoders, lambda weight: weight.clone().requires_grad_())
        if self.fault == "unmasked":
            encoders = self.changed(encoders, lambda weight: weight + 1)
        if self.fault == "own masks":
            masks = {name: torch.ones_like(mask) for name, mask in decoders.masks.items()}
            decoders = replace(decoders, masks=masks)
        if self.fault == "masks of the place":
            masks = {n: m.index_select(0, problem.cells) for n, m in problem.encoders.masks.items()}
            encoders = replace(encoders, masks=masks).masked()
        return self.improved(
            problem,
            self.changed(encoders, lambda weight: weight * (1 - self.rate)),
            self.changed(decoders, lambda weight: weight * (1 - self.rate)),
        )

    def changed(self, population, change):
        weights = {name: change(weight) for name, weight in population.weights.items()}
        return replace(population, weights=weights)

    def improved(self, problem, encoders, decoders):
        count = problem.state.cell["steps"].index_select(0, problem.cells) + problem.steps
        state = OptimizerState({"steps": count})
        loss = torch.stack([batch.inputs.flatten(1).mean(1) for batch in problem.batches]).mean(0)
        measures = {"train_loss": loss}
        if self.fault == "no state":
            state = OptimizerState()
        if self.fault == "state of one cell":
            state = OptimizerState({"steps": count[:1]})
        if self.fault == "state of all cells":
            state = OptimizerState({"steps": problem.state.cell["steps"] + problem.steps})
        if self.fault == "dictionary":
            state = {}
        if self.fault == "no loss":
            measures = {"loss": loss}
        if self.fault == "one loss":
            measures = {"train_loss": loss.mean()}
        if self.fault == "a column":
            measures["world"] = loss
        if self.fault == "a number":
            measures["rate"] = self.rate
        return Improved(encoders, decoders, state, measures)

def no_step(**options):
    return object()

def failing(*, seed):
    raise KeyError(seed)

constant = 3
"""
NAMES = {"shrink": "Shrink", "no_step": "no_step", "failing": "failing", "constant": "constant"}
WHAT = "optimizer.kind: 'shrink' of own-optimizers"


@pytest.fixture
def data(packages: Path) -> Path:
    install(packages, "own-optimizers", {"optimizers": NAMES}, MODULE)
    return write_data(packages)


def refusal(data: Path, kind: str = "shrink", **options: Any) -> str:
    with pytest.raises(CoevoError) as caught:
        build(data, optimizer={"kind": kind, "options": options})
    return str(caught.value)


def test_it_trains_in_place_of_gradients(data: Path) -> None:
    changes: dict[str, Any] = {"kind": "shrink", "options": {"rate": 0.5}, "steps": 3}
    engine = build(data, optimizer=changes, selection={"tournament": 1}).engine
    start = engine.init()
    ((state, measures),) = evolve(engine, start, 1)
    for name, weight in state.encoders.weights.items():
        source = measures["encoder_from"]
        assert (weight == 0.5 * start.encoders.weights[name][source]).all()
    assert (state.optimizer.cell["steps"] == 3).all()
    assert "learning_rate" not in measures


@pytest.mark.parametrize("network", [{"hidden": [6]}, {"kind": "mlp", "hidden": [], "latent": 1}])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sound_one_is_accepted(data: Path, network: dict[str, Any], dtype: str) -> None:
    build(data, optimizer={"kind": "shrink"}, network=network, dtype=dtype)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("init fails", " fails in init: RuntimeError: no memory; mend it"),
        ("init gives numbers", ": init gives a float; return an OptimizerState"),
        ("step fails", " fails in step: RuntimeError: no memory; mend it"),
        ("step gives nothing", ": step gives a NoneType; return an Improved"),
        ("weights", ": the encoders are a dict; return a Population"),
        (
            "all cells",
            ": the encoder's weights/1.weight is torch.float32 [4, 6, 16], and should be "
            "torch.float32 [2, 6, 16]; return the selected networks, improved",
        ),
        (
            "another type",
            ": the encoder's weights/1.weight is torch.float64 [2, 6, 16], and should be "
            "torch.float32 [2, 6, 16]; return the selected networks, improved",
        ),
        (
            "a name less",
            ": the decoder's weights/0.weight is missing, and should be torch.float32 [2, 6, 3]; "
            "return the selected networks, improved",
        ),
        ("gradients", ": the encoder's 1.weight requires gradients; return it detached"),
        (
            "unmasked",
            ": the encoder's 1.weight is not zero where its mask is False; return it masked",
        ),
        (
            "own masks",
            ": the decoder's mask of 0.weight is not that of the selected one; keep it",
        ),
        (
            "masks of the place",
            ": the encoder's mask of 1.weight is not that of the selected one; keep it",
        ),
        (
            "no state",
            ": the cell's state steps is missing, and should be torch.int64 [2]; return the "
            "tensors that init makes, of the problem's cells only",
        ),
        (
            "state of one cell",
            ": the cell's state steps is torch.int64 [1], and should be torch.int64 [2]; return the "
            "tensors that init makes, of the problem's cells only",
        ),
        ("dictionary", ": the state is a dict; return an OptimizerState"),
        ("no loss", ": there is no measure 'train_loss'; add the mean loss of the steps"),
        (
            "one loss",
            ": the measure 'train_loss' is not one number per cell; return a tensor [cells]",
        ),
        (
            "state of all cells",
            ": the cell's state steps is torch.int64 [3], and should be torch.int64 [2]; return the "
            "tensors that init makes, of the problem's cells only",
        ),
        (
            "changed weights",
            ": step changes weights/1.weight of the encoders; clone it and change the clone",
        ),
        (
            "a column",
            ": the measure 'world' is the name of a column that runs record themselves; name it "
            "otherwise, as 'own_world'",
        ),
        ("a number", ": the measure 'rate' is not one number per cell; return a tensor [cells]"),
    ],
)
def test_what_is_wrong_with_its_results_is_said(fault: str, reason: str, data: Path) -> None:
    assert refusal(data, fault=fault) == f"{WHAT}{reason}"


def test_what_is_wrong_with_its_options_is_said(data: Path) -> None:
    assert refusal(data, rtae=0.5) == (
        "optimizer.options: 'rtae' is not an option of 'shrink' of own-optimizers; it takes rate, "
        "fault"
    )
    assert refusal(data, "failing") == (
        "optimizer.options: 'seed' is missing, and 'failing' of own-optimizers needs it; give it a "
        "value"
    )
    assert refusal(data, rate=-1) == (
        "optimizer.options: 'shrink' of own-optimizers: rate: -1 is below 0; give a number >= 0"
    )


def test_what_is_no_optimizer_is_said(data: Path) -> None:
    assert refusal(data, "constant") == (
        "optimizer.kind: 'constant' of own-optimizers is a int; register what makes an optimizer "
        "of its options"
    )
    assert refusal(data, "no_step", a=1) == (
        "optimizer.kind: 'no_step' of own-optimizers makes a object without init; a cell optimizer "
        "has init and step"
    )
    assert refusal(data, "failing", seed=1) == (
        "optimizer.kind: 'failing' of own-optimizers fails: KeyError: 1; mend it"
    )
