"""Time the engine's training step against a loop over modules with a fused Adam each.

All sides run in one process and alternate, so that a machine that slows down slows all. Each
cell has its own learning rate in the engine. Figures, medians over rounds:

- ``speedup_SHAPE``: over a loop that takes one step with every module, then the next step, as
  the engine does;
- ``speedup_cellwise_SHAPE``: over a loop that takes all steps of a generation with one module
  before it turns to the next, which keeps that module's weights and moments in the cache;
- ``matmul_share_SHAPE``: the engine's floating point operations per second as a share of what
  this machine's matrix product reaches on large matrices.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from coevo.architectures import mlp_decoder, mlp_encoder
from coevo.engine import Engine
from coevo.held_out import HeldOut
from coevo.networks import NetworkPair, build_stacked
from coevo.optimizers import GradientOptimizer
from coevo.pairing import Selected, Selection
from coevo.sizing import automatic_chunk
from coevo.stream import DataOrder, TrainingRows
from coevo.tasks import Task
from grids import Grid, Torus, ring
from operators import best

__all__ = ["figures"]

_ROUNDS = 7


@dataclass(frozen=True)
class Shape:
    """One of the shapes of the published experiments."""

    cells: int
    inputs: int
    hidden: tuple[int, ...]
    latent: int
    batch_size: int
    steps: int


SHAPES = {
    "paper_10": Shape(10, 1000, (30,), 10, 5, 100),
    "paper_100": Shape(100, 1000, (30,), 10, 5, 40),
    "mnist_25": Shape(25, 784, (), 100, 100, 10),
}


def figures(device: str = "cpu") -> dict[str, float]:
    """Measure all shapes on a device."""
    found: dict[str, float] = {}
    peak = _matmul_rate(device)
    for name, shape in SHAPES.items():
        sides = {
            "engine": _training_step(_engine(shape, device)),
            "loop": _loop(shape, device, cellwise=False),
            "cellwise_loop": _loop(shape, device, cellwise=True),
        }
        times = _alternate(sides, device)
        steps = shape.steps * shape.cells
        for side, seconds in times.items():
            found[f"{side}_ms_per_cell_step_{name}"] = 1e3 * statistics.median(seconds) / steps
        for side, prefix in (("loop", "speedup"), ("cellwise_loop", "speedup_cellwise")):
            ratios = [b / a for a, b in zip(times["engine"], times[side], strict=True)]
            found[f"{prefix}_{name}"] = statistics.median(ratios)
        rate = _operations(shape) * steps / statistics.median(times["engine"])
        found[f"matmul_share_{name}"] = rate / peak
    return found


def _engine(shape: Shape, device: str) -> Engine:
    options = {"hidden": shape.hidden}
    encoder = partial(mlp_encoder, (shape.inputs,), shape.latent, **options)
    decoder = partial(mlp_decoder, (shape.inputs,), shape.latent, **options)
    rows = _rows(shape, device)
    networks = NetworkPair(build_stacked(encoder), build_stacked(decoder))
    parameters = sum(w.numel() for b in (encoder, decoder) for w in b().parameters())
    return Engine(
        grid=Grid(Torus(1, shape.cells), ring(1), device=device),
        seeds=torch.tensor([1], device=device),
        networks=networks,
        task=Task(),
        training=TrainingRows(rows, rows),
        validation=HeldOut(rows[:10], rows[:10]),
        selection=Selection(best),
        optimizer=GradientOptimizer(walk=1e-5, always_accepted=True),
        order=DataOrder(len(rows), shape.batch_size, shape.steps, len(rows)),
        cells_per_chunk=automatic_chunk(shape.cells, parameters, torch.device(device)),
    )


def _training_step(engine: Engine) -> Callable[[], object]:
    """The engine's training of all cells for one generation, with nothing around it."""
    state = engine.init()
    own = torch.zeros_like(state.running, dtype=torch.int64)
    selected = Selected(own, own, own.float(), own.float().view(-1, 1, 1))
    return lambda: engine._improve(state, selected)


def _loop(shape: Shape, device: str, *, cellwise: bool) -> Callable[[], object]:
    """One module and one fused Adam per cell."""
    rows = _rows(shape, device)
    cells: list[tuple[nn.Module, torch.optim.Adam]] = []
    for _ in range(shape.cells):
        module = nn.Sequential(
            mlp_encoder((shape.inputs,), shape.latent, hidden=shape.hidden),
            mlp_decoder((shape.inputs,), shape.latent, hidden=shape.hidden),
        ).to(device)
        cells.append((module, torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)))
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1)).to(device)

    def train(module: nn.Module, optimizer: torch.optim.Adam, step: int) -> None:
        first = step * shape.batch_size % (len(rows) - shape.batch_size)
        batch = rows[order[first : first + shape.batch_size]]
        optimizer.zero_grad()
        functional.mse_loss(torch.sigmoid(module(batch)), batch).backward()
        optimizer.step()

    if cellwise:
        schedule = [(cell, step) for cell in cells for step in range(shape.steps)]
    else:
        schedule = [(cell, step) for step in range(shape.steps) for cell in cells]

    def run() -> None:
        for (module, optimizer), step in schedule:
            train(module, optimizer, step)

    return run


def _rows(shape: Shape, device: str) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2000, shape.inputs, generator=generator).to(device)


def _alternate(sides: dict[str, Callable[[], object]], device: str) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in sides}
    for round_number in range(_ROUNDS + 1):
        for name, run in sides.items():
            seconds = _seconds(run, device)
            if round_number > 0:  # the first warms caches and allocators up
                times[name].append(seconds)
    return times


def _seconds(run: Callable[[], object], device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    begin = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def _operations(shape: Shape) -> float:
    """Floating point operations of one step of one cell: forward, and twice that backward."""
    widths = [shape.inputs, *shape.hidden, shape.latent]
    products = 2 * sum(a * b for a, b in pairwise(widths))
    # The first layer needs no gradient with respect to its inputs.
    return 2.0 * shape.batch_size * (3 * products - widths[0] * widths[1])


def _matmul_rate(device: str) -> float:
    """Floating point operations per second of a large float32 matrix product."""
    size = 1024 if device == "cpu" else 8192
    generator = torch.Generator(device).manual_seed(0)
    left, right = torch.rand(2, size, size, device=device, generator=generator)
    times = [_seconds(lambda: left @ right, device) for _ in range(20)]
    return 2.0 * size**3 / statistics.median(times[5:])
