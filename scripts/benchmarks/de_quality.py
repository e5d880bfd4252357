"""How low `minimize` gets on test functions of 30 genes, shifted and rotated.

Figures, medians over 15 seeds, in one call of 15 populations for each function:

- ``rastrigin_sr``, ``rosenbrock_s``, ``ackley_sr``, ``griewank_sr``: L-SHADE with 100 members at
  first, 30,000 evaluations. Each function has one shift, uniform in the middle 80 % of the box,
  and, but for Rosenbrock's, one rotation, for all seeds. The lowest value is 0.
- ``cec2017_f5``, ``f7``, ``f10``, ``f20``: jSO with its own sizes, 300,000 evaluations, above the
  lowest value. The functions are those of the package minionpy; without it there are none.

Quartiles go to standard error.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import torch
from torch import Tensor

from coevo.optimizers.differential_evolution import minimize
from coevo.random import Key, normal, uniform

__all__ = ["FUNCTIONS", "Shifted", "figures"]

GENES, SEEDS, EVALUATIONS, MEMBERS = 30, 15, 30_000, 100
CEC_EVALUATIONS, CEC_END = 300_000, 100.0
CEC_FUNCTIONS = (5, 7, 10, 20)
INSTANCE = 1  # the seed of shifts and rotations


def rastrigin(z: Tensor) -> Tensor:
    """``10 n + sum(z^2 - 10 cos(2 pi z))``, 0 at 0."""
    return 10.0 * z.shape[-1] + (z.square() - 10.0 * torch.cos(2.0 * math.pi * z)).sum(-1)


def rosenbrock(z: Tensor) -> Tensor:
    """``sum(100 (y' - y^2)^2 + (1 - y)^2)`` over neighbors y, y' of ``z + 1``, 0 at 0."""
    y = z + 1.0
    now, following = y[..., :-1], y[..., 1:]
    return (100.0 * (following - now.square()).square() + (1.0 - now).square()).sum(-1)


def ackley(z: Tensor) -> Tensor:
    """``20 (1 - exp(-0.2 root mean square)) + e - exp(mean cos(2 pi z))``, 0 at 0."""
    size = z.square().mean(-1).sqrt()
    waves = torch.cos(2.0 * math.pi * z).mean(-1)
    return -20.0 * torch.expm1(-0.2 * size) + math.e - waves.exp()


def griewank(z: Tensor) -> Tensor:
    """``1 + sum(z^2) / 4000 - product of cos(z_i / sqrt(i))``, 0 at 0."""
    places = torch.arange(1, z.shape[-1] + 1, dtype=z.dtype, device=z.device)
    return 1.0 + z.square().sum(-1) / 4000.0 - torch.cos(z / places.sqrt()).prod(-1)


class Function(NamedTuple):
    """A test function, its box, and whether it is rotated."""

    formula: Callable[[Tensor], Tensor]
    half_width: float
    rotated: bool


FUNCTIONS = {
    "rastrigin_sr": Function(rastrigin, 5.12, rotated=True),
    "rosenbrock_s": Function(rosenbrock, 30.0, rotated=False),
    "ackley_sr": Function(ackley, 32.0, rotated=True),
    "griewank_sr": Function(griewank, 600.0, rotated=True),
}


class Shifted:
    """The one instance of a test function: 0 at its shift, higher elsewhere.

    Attributes:
        shift: ``[genes]`` float64.
        rotation: ``[genes, genes]`` float64, orthogonal.
        bounds: ``[genes, 2]``.
    """

    def __init__(self, name: str, device: str = "cpu", genes: int = GENES) -> None:
        self._formula, width, rotated = FUNCTIONS[name]
        key = Key.for_worlds(torch.tensor([INSTANCE])).of("test function").of(name)
        low, high = -0.8 * width, 0.8 * width
        [shift] = uniform(key.of("shift"), (genes,), low=low, high=high, dtype=torch.float64)
        rotation = torch.eye(genes, dtype=torch.float64)
        if rotated:
            [drawn] = normal(key.of("rotation"), (genes, genes), dtype=torch.float64)
            q, r = torch.linalg.qr(drawn)
            rotation = q * r.diagonal().sign()  # all rotations are then equally likely
        self.shift, self.rotation = shift.to(device), rotation.to(device)
        self.bounds = [(-width, width)] * genes

    def __call__(self, x: Tensor) -> Tensor:
        """Losses ``[*]`` of genomes ``[*, genes]``."""
        return self._formula((x - self.shift) @ self.rotation)


def figures(device: str = "cpu") -> dict[str, float]:
    """Minimize all functions on a device."""
    found = {}
    budget: dict[str, Any] = {"evaluations": EVALUATIONS, "population_size": MEMBERS}
    for name in FUNCTIONS:
        function = Shifted(name, device)
        found[name] = _median(name, function, function.bounds, "l-shade", device, budget)
    suite, why = _cec2017()
    if suite is None:
        print(f"no figures cec2017_*: {why}; pip install minionpy", file=sys.stderr)
        return found
    for number in CEC_FUNCTIONS:
        above = _above_lowest(suite(number, GENES), 100.0 * number)
        name, bounds = f"cec2017_f{number}", [(-CEC_END, CEC_END)] * GENES
        budget = {"evaluations": CEC_EVALUATIONS}
        found[name] = _median(name, above, bounds, "jso", device, budget)
    return found


def _median(
    name: str,
    function: Callable[[Tensor], Tensor],
    bounds: list[tuple[float, float]],
    rules: str,
    device: str,
    budget: dict[str, Any],
) -> float:
    """The median over seeds; quartiles are printed."""
    options = {"populations": SEEDS, "seed": 1, "device": device, **budget}
    lowest = minimize(function, bounds, rules, **options).fun.sort().values
    share = torch.tensor([0.25, 0.5, 0.75], dtype=lowest.dtype, device=lowest.device)
    low, middle, high = map(float, torch.quantile(lowest, share))
    print(f"{name}: median {middle:.4g}, quartiles {low:.4g} and {high:.4g}", file=sys.stderr)
    return middle


def _cec2017() -> tuple[Callable[[int, int], Any] | None, str]:
    """The suite, or nothing and the reason."""
    try:
        return import_module("minionpy").CEC2017Functions, ""
    except ImportError as error:
        return None, str(error)


def _above_lowest(function: Any, lowest: float) -> Callable[[Tensor], Tensor]:
    """A function of rows of numbers as one of genomes, above its lowest value."""

    def above(x: Tensor) -> Tensor:
        values = function(x.flatten(0, -2).cpu().numpy())
        losses = torch.tensor(values, dtype=torch.float64, device=x.device)
        return losses.view(x.shape[:-1]) - lowest

    return above
