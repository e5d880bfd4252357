"""Plans compute every pairing that a center asks for, and none twice."""

from __future__ import annotations

import re
import time

import pytest
import torch
from hypothesis import given
from torch import Tensor

from grids import Grid, Offsets, PairingPlan, Torus, moore, own_plan, ring, shared_plan, von_neumann
from tests.grids.grid_strategies import grids

PARTS = ("encoder_batches", "sources", "batches", "slot")


def naive_shared(grid: Grid) -> PairingPlan:
    """The shared plan by its definition, with a loop over everything."""
    neighbors = grid.neighbors.tolist()
    partners = [
        sorted({a for row in neighbors if decoder in row for a in row})
        for decoder in range(grid.cells)
    ]
    met = len(partners[0])
    worlds = grid.world_of.tolist()
    slot = [[[d * met + partners[d].index(a) for d in row] for a in row] for row in neighbors]
    return PairingPlan(
        torch.tensor([[world] for world in worlds]),
        torch.tensor(partners),
        torch.tensor([[world] * met for world in worlds]),
        torch.tensor(slot),
    )


def naive_own(grid: Grid) -> PairingPlan:
    """The plan without sharing by its definition, with a loop over everything."""
    neighbors = grid.neighbors.tolist()
    k = len(neighbors[0])
    centers = [[c for c, row in enumerate(neighbors) if e in row] for e in range(grid.cells)]
    sources = [
        [a * k + centers[a].index(c) for c in centers[d] for a in neighbors[c]]
        for d in range(grid.cells)
    ]
    batches = [[c for c in centers[d] for _ in range(k)] for d in range(grid.cells)]
    slot = [
        [[d * k * k + centers[d].index(c) * k + i for d in row] for i in range(k)]
        for c, row in enumerate(neighbors)
    ]
    return PairingPlan(*map(torch.tensor, (centers, sources, batches, slot)))


def assert_same(one: PairingPlan, other: PairingPlan) -> None:
    for part in PARTS:
        torch.testing.assert_close(
            getattr(one, part), getattr(other, part), rtol=0, atol=0, msg=f"{part} differs"
        )


def assert_lawful(plan: PairingPlan, neighbors: Tensor) -> None:
    """The equations of `PairingPlan`, for whatever plan."""
    s, m = plan.encoder_batches.shape[1], plan.sources.shape[1]
    encoders = neighbors[:, :, None].expand_as(plan.slot)
    decoders = neighbors[:, None, :].expand_as(plan.slot)
    assert torch.equal(plan.slot // m, decoders)
    assert torch.equal(plan.sources.flatten()[plan.slot] // s, encoders)
    assert torch.equal(plan.encoder_batches.flatten()[plan.sources], plan.batches)
    computed = [(d, code) for d, row in enumerate(plan.sources.tolist()) for code in row]
    assert len(set(computed)) == len(computed)
    codes = [(e, batch) for e, row in enumerate(plan.encoder_batches.tolist()) for batch in row]
    assert len(set(codes)) == len(codes)
    assert set(plan.slot.flatten().tolist()) == set(range(plan.sources.numel()))


@given(grids())
def test_shared_plan_is_lawful(grid: Grid) -> None:
    plan = shared_plan(grid.neighbors, grid.world_of)
    assert plan.encoder_batches.shape == (grid.cells, 1)
    assert_lawful(plan, grid.neighbors)


@given(grids())
def test_own_plan_is_lawful_and_judges_each_center_on_its_own_batch(grid: Grid) -> None:
    plan = own_plan(grid.neighbors)
    k = grid.neighbors.shape[1]
    assert plan.encoder_batches.shape == (grid.cells, k)
    assert plan.sources.shape == (grid.cells, k * k)
    assert_lawful(plan, grid.neighbors)
    centers = torch.arange(grid.cells)[:, None, None].expand_as(plan.slot)
    assert torch.equal(plan.batches.flatten()[plan.slot], centers)


@given(grids())
def test_shared_plan_is_the_naive_one(grid: Grid) -> None:
    assert_same(shared_plan(grid.neighbors, grid.world_of), naive_shared(grid))


@given(grids())
def test_own_plan_is_the_naive_one(grid: Grid) -> None:
    assert_same(own_plan(grid.neighbors), naive_own(grid))


@given(grids())
def test_a_world_is_planned_as_if_alone(grid: Grid) -> None:
    world, cells = grid.worlds - 1, grid.cells_per_world
    alone = Grid(grid.torus, grid.offsets)
    last = slice(world * cells, None)
    stacked, single = (
        shared_plan(grid.neighbors, grid.world_of),
        shared_plan(alone.neighbors, alone.world_of),
    )
    assert torch.equal(stacked.sources[last], single.sources + world * cells)
    assert torch.equal(stacked.slot[last], single.slot + world * single.sources.numel())
    stacked, single = own_plan(grid.neighbors), own_plan(alone.neighbors)
    assert torch.equal(stacked.batches[last], single.batches + world * cells)
    assert torch.equal(
        stacked.sources[last], single.sources + world * single.encoder_batches.numel()
    )


@pytest.mark.parametrize(
    ("seen", "distinct"),
    [(von_neumann(0), 1), (von_neumann(1), 13), (moore(1), 25), (ring(1), 5), (ring(2), 9)],
)
def test_known_counts_of_distinct_pairings(seen: Offsets, distinct: int) -> None:
    grid = Grid(Torus(7, 9), seen, worlds=2)
    assert shared_plan(grid.neighbors, grid.world_of).sources.shape == (grid.cells, distinct)
    assert own_plan(grid.neighbors).sources.shape == (grid.cells, len(seen) ** 2)


def test_a_plan_computes_what_the_centers_asked_for() -> None:
    grid = Grid(Torus(3, 4), von_neumann(1), worlds=2)
    generator = torch.Generator().manual_seed(1)
    encoders, decoders = torch.rand(2, grid.cells, generator=generator, dtype=torch.float64)
    batches = torch.rand(grid.cells, generator=generator, dtype=torch.float64)
    for plan, batch_of in (
        (shared_plan(grid.neighbors, grid.world_of), grid.world_of),
        (own_plan(grid.neighbors), torch.arange(grid.cells)),
    ):
        codes = encoders[:, None] * batches[plan.encoder_batches]
        decoded = codes.flatten()[plan.sources] ** decoders[:, None]
        losses = (decoded - batches[plan.batches]).flatten()[plan.slot]
        for center, row in enumerate(grid.neighbors.tolist()):
            batch = batches[batch_of[center]]
            direct = (encoders[row, None] * batch) ** decoders[None, row] - batch
            torch.testing.assert_close(losses[center], direct)


@pytest.mark.parametrize("grid", [Grid(Torus(10, 10), moore(2), worlds=60)])
def test_big_grids_are_planned_quickly(grid: Grid) -> None:
    neighbors, world_of = grid.neighbors, grid.world_of
    assert neighbors.shape == (6000, 25)
    start = time.process_time()
    shared_plan(neighbors, world_of)
    own_plan(neighbors)
    # A second for each; they take about 0.2 s together.
    assert time.process_time() - start < 2


UNEVEN = torch.tensor([[0, 1], [1, 0], [2, 0]])


@pytest.mark.parametrize(
    ("neighbors", "message"),
    [
        (torch.zeros(3, dtype=torch.int64), "got torch.int64 of shape [3], want int64 of shape"),
        (torch.zeros(3, 1), "got torch.float32 of shape [3, 1], want int64 of shape [cells, k]"),
        (torch.zeros(0, 2, dtype=torch.int64), "got torch.int64 of shape [0, 2], want int64"),
        (torch.tensor([[0, 2], [1, 0]]), "got cell ids from 0 to 2, want ids from 0 to 1"),
        (torch.tensor([[0, -1], [1, 0]]), "got cell ids from -1 to 1, want ids from 0 to 1"),
        (torch.tensor([[0, 0], [1, 1]]), "a row holds a cell twice, want each cell at most once"),
    ],
)
def test_wrong_tables_are_refused(neighbors: Tensor, message: str) -> None:
    pattern = f"^neighbors: {re.escape(message)}"
    with pytest.raises(ValueError, match=pattern):
        shared_plan(neighbors, torch.zeros(len(neighbors), dtype=torch.int64))
    with pytest.raises(ValueError, match=pattern):
        own_plan(neighbors)


def test_tables_that_differ_between_cells_are_refused() -> None:
    message = "neighbors: decoder 1 meets 2 encoders and decoder 0 meets 3, want the same number"
    with pytest.raises(ValueError, match=f"^{message}"):
        shared_plan(UNEVEN, torch.zeros(3, dtype=torch.int64))
    message = "neighbors: cell 0 belongs to 3 neighborhoods, want 2 for every cell"
    with pytest.raises(ValueError, match=f"^{message}"):
        own_plan(UNEVEN)


def test_worlds_that_do_not_fit_the_table_are_refused() -> None:
    grid = Grid(Torus(1, 3), ring(1), worlds=2)
    with pytest.raises(ValueError, match=r"^neighbors: cell 0 sees a cell of another world"):
        shared_plan(grid.neighbors, grid.cell_of)
    with pytest.raises(ValueError, match=r"^world_of: got torch\.int64 of shape \[3\], want int64"):
        shared_plan(grid.neighbors, grid.world_of[:3])


@pytest.mark.gpu
def test_plans_are_the_same_on_every_device() -> None:
    here = Grid(Torus(3, 4), von_neumann(1), worlds=2)
    there = Grid(Torus(3, 4), von_neumann(1), worlds=2, device="cuda")
    for one, other in (
        (shared_plan(here.neighbors, here.world_of), shared_plan(there.neighbors, there.world_of)),
        (own_plan(here.neighbors), own_plan(there.neighbors)),
    ):
        for part in PARTS:
            assert getattr(other, part).device.type == "cuda"
            assert torch.equal(getattr(one, part), getattr(other, part).cpu())
