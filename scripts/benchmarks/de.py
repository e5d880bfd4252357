"""Processor time of differential evolution beside its function, with one thread, on the CPU.

Figures:

- ``ns_per_gene``: nanoseconds per gene and generation outside the function (a sphere), for
  1,000,000 genes, 25 members and float32, by the rules of L-SHADE with a population that does not
  shrink; ``ns_per_gene_float64`` for that type; ``ns_per_gene_PRESET`` for presets, those that
  shrink over a budget of 43 generations of the first size, per gene of the trials made;
- ``scipy_speedup``: processor time per evaluation of SciPy's `differential_evolution` over that of
  ``ns_per_gene``'s rules at the same sizes, both with a function that reads one gene. SciPy
  updates in two ways, of which the faster one counts. It computes in float64 only:
  ``scipy_speedup_float64`` is with that type on both sides;
- ``batched_over_looped``: one call for 100 populations of 9 members with 10,000 genes over 100
  calls for one (SHADE, float32, 20 generations), with the same function.

All run in one process. Figures are medians over rounds, in which the sides take turns, and of
ratios where they are ratios; presets are measured once.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import optimize
from torch import Tensor

from coevo.optimizers.differential_evolution import PRESETS, Rules, minimize

__all__ = ["Clock", "figures"]

GENES, MEMBERS, ROUNDS = 1_000_000, 25, 3
GENERATIONS, SHRINKING_GENERATIONS = 8, 40
SKIPPED = 3  # generations, the first members and compilation among them
FEW_GENES, FEW_MEMBERS, POPULATIONS, FEW_GENERATIONS = 10_000, 9, 100, 20
CONSTANT = replace(PRESETS["l-shade"], reduces=False)
PUBLISHED = ("de", "sade", "shade", "l-shade", "jso", "sa-shade-tri-ensin")


@dataclass
class Clock:
    """A function that notes when it is called, and for how many genomes.

    Attributes:
        function: from genomes to losses.
        skipped: evaluations at first, which are not timed.
    """

    function: Callable[[Any], Any]
    skipped: int
    entered: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def __call__(self, genomes: Any) -> Any:
        """Losses of genomes ``[*, genes]``."""
        self.entered.append(time.process_time())
        losses = self.function(genomes)
        self.counts.append(int(np.prod(genomes.shape[:-1])))
        self.left.append(time.process_time())
        return losses

    def seconds_per_evaluation(self) -> float:
        """Processor time between calls, over the genomes that it led to."""
        first = int(np.searchsorted(np.cumsum(self.counts), self.skipped))
        outside = sum(self.entered[first + 1 :]) - sum(self.left[first:-1])
        return outside / sum(self.counts[first + 1 :])


def figures(device: str = "cpu") -> dict[str, float]:
    """Measure, on the CPU whatever the device."""
    del device
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = _genes() | _scipy() | _batched()
    finally:
        torch.set_num_threads(threads)
    first = ("ns_per_gene", "scipy_speedup", "batched_over_looped")
    return {name: found[name] for name in first} | found


def _genes() -> dict[str, float]:
    single, double = [], []
    for _ in range(ROUNDS):
        single.append(_ours(CONSTANT, torch.float32, _sphere))
        double.append(_ours(CONSTANT, torch.float64, _sphere))
    seconds = {"": statistics.median(single), "_float64": statistics.median(double)}
    for name in PUBLISHED:
        seconds["_" + name.replace("-", "_")] = _ours(PRESETS[name], torch.float32, _sphere)
    return {f"ns_per_gene{name}": 1e9 * spent / GENES for name, spent in seconds.items()}


def _scipy() -> dict[str, float]:
    single, double, theirs = [], [], []
    for _ in range(ROUNDS):
        single.append(_ours(CONSTANT, torch.float32, _first_gene))
        double.append(_ours(CONSTANT, torch.float64, _first_gene))
        theirs.append(min(_theirs("immediate"), _theirs("deferred")))
    sides = {"scipy_speedup": single, "scipy_speedup_float64": double}
    found = {
        name: statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
        for name, ours in sides.items()
    }
    return {**found, "scipy_ns_per_gene": 1e9 * statistics.median(theirs) / GENES}


def _ours(rules: Rules, dtype: torch.dtype, function: Callable[[Tensor], Tensor]) -> float:
    clock = Clock(function, skipped=SKIPPED * MEMBERS)
    generations = SKIPPED + (SHRINKING_GENERATIONS if rules.reduces else GENERATIONS)
    options: dict[str, Any] = {"population_size": MEMBERS, "evaluations": generations * MEMBERS}
    minimize(clock, _bounds(GENES), rules, dtype=dtype, **options)
    return clock.seconds_per_evaluation()


def _theirs(updating: str) -> float:
    def first_gene(x: NDArray[np.float64]) -> float:
        return float(x[0])

    clock = Clock(first_gene, skipped=SKIPPED * MEMBERS)
    own = np.random.Generator(np.random.Philox(1))
    optimize.differential_evolution(
        clock,
        optimize.Bounds(np.full(GENES, -5.0), np.full(GENES, 5.0)),
        init=own.uniform(-5.0, 5.0, (MEMBERS, GENES)),
        maxiter=SKIPPED - 1 + GENERATIONS,
        updating=updating,
        polish=False,
        tol=0.0,
        rng=own,
    )
    return clock.seconds_per_evaluation()


def _batched() -> dict[str, float]:
    options: dict[str, Any] = {
        "population_size": FEW_MEMBERS,
        "evaluations": FEW_MEMBERS * (1 + FEW_GENERATIONS),
        "dtype": torch.float32,
    }
    bounds, ratios = _bounds(FEW_GENES), []
    for number in range(ROUNDS + 1):
        begin = time.process_time()
        minimize(_first_gene, bounds, "shade", populations=POPULATIONS, **options)
        between = time.process_time()
        for seed in range(POPULATIONS):
            minimize(_first_gene, bounds, "shade", seed=seed, **options)
        if number > 0:  # the first compiles, and warms caches up
            ratios.append((between - begin) / (time.process_time() - between))
    return {"batched_over_looped": statistics.median(ratios)}


def _bounds(genes: int) -> Tensor:
    return torch.tensor([[-5.0, 5.0]]).expand(genes, 2)


def _sphere(x: Tensor) -> Tensor:
    return torch.einsum("...g,...g->...", x, x)


def _first_gene(x: Tensor) -> Tensor:
    return x[..., 0]
