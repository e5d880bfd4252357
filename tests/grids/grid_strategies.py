"""Small tori, neighborhoods and grids, with the hard cases: one cell, one row, wrapped offsets."""

from __future__ import annotations

from hypothesis import strategies as st

from grids import NEIGHBORHOODS, Grid, Offsets, Torus, custom, offsets

radii = st.integers(0, 3)
tori = st.builds(Torus, rows=st.integers(1, 6), columns=st.integers(1, 6))
# Longer than any torus here is wide, so that offsets wrap onto each other and onto the center.
steps = st.tuples(st.integers(-7, 7), st.integers(-7, 7))
named_offsets = st.builds(offsets, st.sampled_from(sorted(NEIGHBORHOODS)), radii)
custom_offsets = st.builds(custom, st.lists(steps, unique=True, max_size=6))
any_offsets = st.one_of(named_offsets, custom_offsets)


def _with_opposites(steps: list[tuple[int, int]]) -> Offsets:
    pairs = [pair for row, column in steps for pair in ((row, column), (-row, -column))]
    return custom(list(dict.fromkeys(pairs)))


symmetric_offsets = st.one_of(
    named_offsets, st.builds(_with_opposites, st.lists(steps, unique=True, max_size=3))
)


@st.composite
def grids(draw: st.DrawFn, worlds: int = 3) -> Grid:
    return Grid(draw(tori), draw(any_offsets), worlds=draw(st.integers(1, worlds)))
