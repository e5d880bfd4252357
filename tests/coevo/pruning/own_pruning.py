"""Operators, schedules and networks of a user's own, and what is said against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coevo.assemble import assemble
from coevo.errors import CoevoError
from coevo.experiment import experiment_from_dict
from tests.coevo.small_experiments import build, write_data

__all__ = ["custom", "refusal", "write_own"]

CODE = """
import torch
from torch import nn
from operators import masking, scoring

def first(layer, quota, *, spare=0):
    place = layer.masks.flatten(1).cumsum(1)
    return layer.masks & (place > quota.unsqueeze(1) - spare).view_as(layer.masks)

@scoring(needs=["gradients"])
def steep(layer, *, power=1.0):
    return layer.need("gradients").abs() ** power

@scoring()
def undeclared(layer):
    return layer.need("gradients")

@scoring(per="unit")
def weights_for_units(layer):
    return layer.weights

@scoring()
def positional(layer, power=1.0):
    if power < 0:
        raise ValueError(f"power: {power} is\\n  below 0; give a number >= 0")
    return layer.weights.abs() ** power

@scoring()
def needs_power(layer, *, power): return layer.weights.abs() ** power

@masking()
def takes_all(layer, quota, **options):
    if options:
        raise ValueError(f"gain: {options['gain']} is too much; give less")
    return layer.masks

def of_units(layer, *, power=1.0): raise ValueError("power: 1 is not for units; give 2")
@scoring(of_units=of_units)
def picky_units(layer, *, power=1.0): return layer.weights

def other_error(layer, quota, spare=0): raise ValueError("sparse: cannot\\n do that")
def no_option(layer, quota, spare=0): raise RuntimeError("spare: 1")
def late(layer, quota): return lambda: layer.masks
def fails(layer, quota): return layer.no_such_thing
def nothing(layer, quota): return None
def numbers(layer, quota): return layer.masks.float()
def flat(layer, quota): return layer.masks.flatten(1)
def two(layer): return layer.masks

@scoring(of_units=lambda layer: layer.no_such_thing)
def no_units(layer): return layer.weights
@scoring(of_units=lambda layer: layer.weights)
def units_of_weights(layer): return layer.weights

@scoring()
def single_precision(layer):
    drawn = layer.draws("mixing", (layer.weights.shape[2], layer.weights.shape[2]))
    return torch.bmm(layer.weights, drawn)

class Thing: pass
thing = Thing()

def steps(horizon, level, *, count=2):
    return lambda generation: level * (generation * count // horizon) / count
def needs_more(horizon, level, *, more): return lambda generation: level
def above(horizon, level): return lambda generation: level + generation
def below(horizon, level): return lambda generation: -0.25
def not_a_number(horizon, level): return lambda generation: float("nan")
def never(horizon, level): return lambda generation: 0.0
def picky(horizon, level, count=2):
    if count < 1:
        raise ValueError(f"count: {count} is too small; give 1 or more")
    return lambda generation: level / 0 if count == 7 else level
def talks(horizon, level): raise RuntimeError("one\\n\\n  two")
def no_schedule(horizon, level): return level
def breaks(horizon, level):
    def schedule(generation):
        if generation == 3:
            raise KeyError("three")
        return level
    return schedule

def encoder(shape, latent):
    layer = nn.Linear(8, 8)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), layer, nn.Tanh(), layer, nn.Linear(8, latent))

def decoder(shape, latent):
    one = nn.Linear(latent, latent)
    return nn.Sequential(one, nn.Tanh(), one, nn.Linear(latent, 16), nn.Unflatten(1, (1, 4, 4)))

class Scale(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(latent))
    def forward(self, inputs):
        return inputs.flatten(1)[:, :len(self.factor)] * self.factor

def bare(shape, latent): return Scale(latent)
"""
OWN = {"encoder": "own_pruning:encoder", "decoder": "own_pruning:decoder", "latent": 3}


def write_own(folder: Path) -> Path:
    """Write the module ``own_pruning`` and data beside it; gives the folder."""
    (folder / "own_pruning.py").write_text(CODE, "utf-8")
    return write_data(folder)


def refusal(folder: Path, *entries: dict[str, Any], **tables: Any) -> str:
    with pytest.raises(CoevoError) as caught:
        build(folder, pruning=list(entries), **tables)
    return str(caught.value)


def custom(folder: Path, entry: dict[str, Any], **network: Any) -> str | None:
    """What is said against an entry about networks of the user's own."""
    document = {
        "task": {"dataset": "npz"},
        "data": {"file": str(folder / "data.npz")},
        "network": {**OWN, **network},
        "selection": {"evaluation_batch_size": 4},
        "optimizer": {"batch_size": 5, "steps": 2},
        "pruning": [entry],
    }
    try:
        assemble(experiment_from_dict(document), "cpu", search=(folder,))
    except CoevoError as error:
        return str(error)
    return None
