"""Laws of the random numbers: who draws decides, and nothing else does."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from coevo.errors import CoevoError
from coevo.keys import WORLD, Key
from coevo.random import bits, choice, integers, normal, permutation, torch_seed, uniform

Draw = Callable[..., Tensor]

# Each takes (key, shape, start=...): these may be drawn in pieces.
STREAMED: dict[str, Draw] = {
    "bits": bits,
    "uniform": uniform,
    "uniform_scaled": lambda key, shape, **more: uniform(key, shape, low=-3, high=0.1, **more),
    "uniform_double": lambda key, shape, **more: uniform(key, shape, dtype=torch.float64, **more),
    "normal": lambda key, shape, **more: normal(key, shape, mean=1.0, **more),
    "normal_double": lambda key, shape, **more: normal(key, shape, dtype=torch.float64, **more),
    "integers": lambda key, shape, **more: integers(key, shape, 10, low=-5, **more),
}
# Each takes (key, numbers).
DRAWN: dict[str, Draw] = {
    **{name: lambda key, n, draw=draw: draw(key, (n,)) for name, draw in STREAMED.items()},
    "permutation": permutation,
    "choice": lambda key, n: choice(key, n, (n + 1) // 2),
    "torch_seed": lambda key, n: torch.tensor(torch_seed(key)),
}
streamed = pytest.mark.parametrize("draw", STREAMED.values(), ids=STREAMED.keys())
drawn = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN.keys())


def grid(*seeds: int, cells: int = 4) -> Key:
    """The cells of some worlds, stacked."""
    return Key.for_cells(
        torch.tensor(seeds).repeat_interleave(cells), torch.arange(cells).repeat(len(seeds))
    )


keys = st.builds(
    lambda seeds, cells, generation, purpose: grid(*seeds, cells=cells).at(generation).of(purpose),
    st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
    st.text(max_size=4),
)


class TestCompany:
    @drawn
    @given(key=keys, data=st.data(), n=st.integers(1, 40))
    def test_a_cell_draws_the_same_in_any_company(
        self, draw: Draw, key: Key, data: st.DataObject, n: int
    ) -> None:
        ids = torch.tensor(
            data.draw(st.lists(st.integers(0, key.streams - 1), min_size=1, max_size=9))
        )
        assert torch.equal(draw(key.select(ids), n), draw(key, n)[ids])

    @drawn
    def test_a_world_draws_the_same_alone_and_in_a_stack(self, draw: Draw) -> None:
        alone = [draw(grid(seed).at(2).of("x"), 13) for seed in (5, 2**40, 6)]
        assert torch.equal(draw(grid(5, 2**40, 6).at(2).of("x"), 13), torch.cat(alone))

    @streamed
    def test_many_streams_draw_what_few_do(self, draw: Draw) -> None:
        key = grid(1, 2, cells=20_000)
        ids = torch.tensor([0, 19_999, 32_767, 32_768, 39_999])
        assert torch.equal(draw(key.select(ids), (3,)), draw(key, (3,))[ids])
        assert torch.equal(draw(key.select(slice(9, 12)), (3,)), draw(key, (3,))[9:12])

    @drawn
    def test_draws_leave_the_key_alone_and_repeat(self, draw: Draw) -> None:
        key = grid(3, 4)
        first = draw(key, 50)
        draw(key.of("else"), 50)
        torch.manual_seed(0)
        assert torch.equal(draw(key, 50), first)
        assert torch.equal(key.seeds, grid(3, 4).seeds)
        assert torch.equal(key.cells, grid(3, 4).cells)

    @pytest.mark.gpu
    @drawn
    def test_a_gpu_draws_the_same_bits(self, draw: Draw) -> None:
        key = grid(1, 2**62, cells=30).of("gpu")
        on_gpu = draw(key.to("cuda"), 30_001)
        assert on_gpu.is_cuda or draw is DRAWN["torch_seed"]
        assert torch.equal(on_gpu.cpu(), draw(key, 30_001))


class TestPieces:
    @streamed
    @given(key=keys, start=st.integers(0, 30), parts=st.lists(st.integers(0, 11), max_size=5))
    def test_pieces_make_the_whole(
        self, draw: Draw, key: Key, start: int, parts: list[int]
    ) -> None:
        whole = draw(key, (start + sum(parts),))
        bounds = itertools.pairwise(itertools.accumulate(parts, initial=start))
        pieces = [draw(key, (end - begin,), start=begin) for begin, end in bounds]
        assert torch.equal(torch.cat([draw(key, (start,)), *pieces], dim=1), whole)

    @streamed
    def test_pieces_make_the_whole_across_tiles(self, draw: Draw) -> None:
        key, cut, end = grid(1, cells=2), 131_071, 300_001
        pieces = draw(key, (cut,)), draw(key, (end - cut,), start=cut)
        assert torch.equal(torch.cat(pieces, dim=1), draw(key, (end,)))

    @streamed
    @given(
        key=keys, shape=st.lists(st.integers(0, 4), max_size=3), start=st.integers(0, 2**34 - 64)
    )
    def test_a_shape_is_filled_in_row_order(
        self, draw: Draw, key: Key, shape: list[int], start: int
    ) -> None:
        made = draw(key, shape, start=start)
        assert made.shape == (key.streams, *shape)
        assert made.is_contiguous()
        assert torch.equal(
            made.view(key.streams, math.prod(shape)), draw(key, (math.prod(shape),), start=start)
        )

    def test_no_streams_draw_nothing(self) -> None:
        nobody = grid(1).select(slice(0, 0))
        assert bits(nobody, (3,)).shape == (0, 3)
        assert permutation(nobody, 3).shape == (0, 3)
        assert torch_seed(nobody) == []
        none = torch.empty(0, dtype=torch.int64)
        assert Key.for_cells(none, none).streams == 0


class TestIndependence:
    @given(
        key=keys,
        seed=st.integers(0, 2**63 - 1),
        cell=st.integers(0, 2**32 - 2),
        generation=st.integers(0, 2**32 - 1),
    )
    def test_any_part_of_the_key_changes_the_numbers(
        self, key: Key, seed: int, cell: int, generation: int
    ) -> None:
        key = key.select(slice(0, 1))
        assume(seed != key.seeds.item() and cell != key.cells.item())
        assume(generation != key.generation)
        others = [
            Key(torch.tensor([seed]), key.cells, key.generation, key.purpose),
            Key(key.seeds, torch.tensor([cell]), key.generation, key.purpose),
            Key(key.seeds, torch.tensor([WORLD]), key.generation, key.purpose),
            key.at(generation),
            key.of("more"),
        ]
        seen = {tuple(bits(each, (4,))[0].tolist()) for each in [key, *others]}
        assert len(seen) == 6


INFINITE = "mean, standard_deviation: got inf, 1.0; give finite numbers, the second not negative"
NEGATIVE = "mean, standard_deviation: got 0.0, -1.0; give finite numbers, the second not negative"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bits(grid(1), (3,), start=2**34 - 2),
            "start: got 17179869182; give a whole number in [0, 17179869182)",
        ),
        (
            lambda: normal(grid(1), (3,), start=-1),
            "start: got -1; give a whole number in [0, 17179869182)",
        ),
        (
            lambda: uniform(grid(1), (3,), low=1, high=1),
            "low, high: got 1, 1; give finite numbers, low below high",
        ),
        (
            lambda: uniform(grid(1), (3,), high=math.nan),
            "low, high: got 0.0, nan; give finite numbers, low below high",
        ),
        (
            lambda: uniform(grid(1), (3,), low=0.1, high=math.nextafter(0.1, 1)),
            "low, high: got 0.1, 0.10000000000000002; torch.float32 has no number between",
        ),
        (
            lambda: uniform(grid(1), (3,), dtype=torch.float16),
            "dtype: got torch.float16; give torch.float32 or torch.float64",
        ),
        (
            lambda: normal(grid(1), (3,), dtype=torch.int64),
            "dtype: got torch.int64; give torch.float32 or torch.float64",
        ),
        (lambda: normal(grid(1), (3,), mean=math.inf), INFINITE),
        (lambda: normal(grid(1), (3,), standard_deviation=-1.0), NEGATIVE),
        (
            lambda: integers(grid(1), (3,), 5, low=5),
            "low, high: got 5, 5; give from 1 to 2^31 values, low first",
        ),
        (
            lambda: integers(grid(1), (3,), 2**31 + 1),
            "low, high: got 0, 2147483649; give from 1 to 2^31 values, low first",
        ),
        (
            lambda: permutation(grid(1), -1),
            "n: got -1; give a whole number in [0, 2147483649)",
        ),
        (lambda: choice(grid(1), 3, 4), "k: got 4; give a whole number in [0, 4)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(CoevoError, match=f"^{re.escape(message)}$"):
        call()
