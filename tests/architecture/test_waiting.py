"""Where a generation is computed nothing waits for the device, and nothing loops over cells."""

from __future__ import annotations

import pytest

from tests.architecture.sources import report
from tests.architecture.tree import closure, file_of
from tests.architecture.waiting import cell_loops, device_waits

# Loaded by the engine, but done before the first generation, or with plain numbers only:
# tables of neighbors and pairings, the checks and seeds of keys, and the look at an architecture's
# layers. Operators that are called by themselves look at what they are given; the engine calls what
# is behind that look. Where events happen follows from keys alone, on the host.
NOT_IN_A_GENERATION = {
    *("coevo.random", "coevo.keys", "coevo.layers", "coevo.wiring"),
    *("coevo.pruning.events", "operators.removal"),
}
COMPUTING = ("coevo.engine", "coevo.optimizers.differential_evolution.cell_optimizer")
MODULES = sorted(
    name
    for name in set().union(*map(closure, COMPUTING))
    if name not in NOT_IN_A_GENERATION and not name.startswith("grids")
)
FILES = [file_of(name) for name in MODULES]


def test_nothing_waits_for_the_device() -> None:
    assert report(device_waits, FILES) == []


def test_nothing_loops_over_cells() -> None:
    assert report(cell_loops, FILES) == []


def test_all_parts_of_the_engine_are_looked_at() -> None:
    parts = {
        *("engine", "pairing", "stream", "cells", "population", "networks", "chain"),
        *("tasks", "held_out", "state", "optimizers.gradient", "optimizers.updates"),
        *(f"optimizers.differential_evolution.{part}" for part in ("cell_trials", "variation")),
    }
    assert {f"coevo.{name}" for name in parts} <= set(MODULES)
    operators = {"concepts", "tournament", "mutations", "success_memory", "crossover"}
    assert {f"operators.{name}" for name in operators} <= set(MODULES)


@pytest.mark.parametrize(
    "line",
    [
        "loss.item()",
        "losses.sum().tolist()",
        "x.cpu()",
        "x.detach().numpy()",
        "x.to('cpu')",
        "bool(x)",
        "bool(x.any())",
        "bool(x[0] > 0)",
        "float(x.mean())",
        "int(x[0])",
        "mask.nonzero()",
        "torch.nonzero(mask)",
        "x.masked_select(mask)",
        "torch.unique(x)",
        "torch.where(mask)",
        "torch.equal(x, y)",
        "torch.cuda.synchronize()",
        "if x.any(): pass",
        "while not x.isfinite().all(): pass",
        "y = 1 if ready and x.all(1) else 2",
        "assert x.isfinite().all()",
    ],
)
def test_waits_are_found(line: str) -> None:
    assert list(device_waits(f"import torch\n{line}\n"))


@pytest.mark.parametrize(
    "line",
    [
        "int(torch.Size(shape).numel())",
        "float('inf')",
        "int(place >= count)",
        "bool(module.hooks or module.other_hooks)",
        "x.to(device)",
        "x.to(torch.float64)",
        "torch.where(mask, x, y)",
        "y = x.isfinite().all(1)",
        "if x.dim() > 2 and x.is_floating_point(): pass",
        "if all(part is None for part in parts): pass",
        "x.bool().float().int()",
    ],
)
def test_what_does_not_wait_is_let_through(line: str) -> None:
    assert list(device_waits(f"import torch\n{line}\n")) == []


@pytest.mark.parametrize(
    "line",
    [
        "for i in range(cells): pass",
        "for i in range(self.grid.cells): pass",
        "for i in range(0, worlds): pass",
        "for i in range(len(cells)): pass",
        "for i in cells: pass",
        "for i, x in enumerate(problem.cells): pass",
        "for cell in found: pass",
        "for i, world in things: pass",
        "[weights[i] for i in range(n_cells)]",
        "{i: 1 for i in population.cells}",
    ],
)
def test_loops_over_cells_are_found(line: str) -> None:
    assert list(cell_loops(line))


@pytest.mark.parametrize(
    "line",
    [
        "for first in range(0, cells, size): pass",
        "for chunk in chunks(grid.cells, size): pass",
        "for step in range(steps): pass",
        "for name, weight in self.weights.items(): pass",
        "[part.cell for part in parts]",
    ],
)
def test_other_loops_are_let_through(line: str) -> None:
    assert list(cell_loops(line)) == []
