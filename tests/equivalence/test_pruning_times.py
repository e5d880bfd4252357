"""When entries act is what docs/pruning.md says, for all schedules, windows and horizons."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coevo.experiment import experiment_from_dict
from coevo.pruning.timing import pruning_timing
from coevo.user_code import Sources
from operators import SCHEDULES, ReachSparsity, RemoveShare
from tests.equivalence.entries import OWN, ROOT, Entry
from tests.equivalence.times import happening

OPTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "exponential": {"steepness": st.sampled_from((0.5, 2.0, 7.0))},
    "final_n": {"share": st.sampled_from((0.1, 0.25, 1.0))},
    "periodic": {"every": st.integers(1, 4)},
    "population": {"divisor": st.sampled_from((None, 1, 4))},
    f"{OWN}:zigzag": {"schedule_options": st.sampled_from(({}, {"low": 0.0}))},
}


@st.composite
def timed(draw: st.DrawFn) -> tuple[Entry, int]:
    """An entry, and a horizon that it fits into."""
    horizon = draw(st.integers(1, 12))
    begin = draw(st.integers(0, horizon - 1))
    schedule = draw(st.sampled_from((*SCHEDULES, f"{OWN}:zigzag")))
    own = OPTIONS.get(schedule, {})
    keys = {name: draw(values) for name, values in own.items()}
    keys |= {"end": draw(st.one_of(st.none(), st.integers(begin + 1, horizon)))}
    if draw(st.booleans()):
        keys |= {"sparsity": draw(st.sampled_from((0.1, 0.9)))}
        keys |= {"masks": draw(st.sampled_from(("hard", "soft")))}
    else:
        keys |= {"scales": draw(st.sampled_from(("probability", "amount")))}
        keys |= {"probability": draw(st.sampled_from((0.0, 0.3, 1.0))), "amount": 0.2}
    return Entry(schedule=schedule, begin=begin, **keys), horizon


@settings(max_examples=200)
@given(given_entry=timed(), exact=st.booleans())
def test_times(given_entry: tuple[Entry, int], exact: bool) -> None:
    entry, horizon = given_entry
    document = {"generations": horizon, "pruning": [entry.table()]}
    table = experiment_from_dict(document).pruning[0]
    window = (horizon if entry.end is None else entry.end) - entry.begin
    if entry.schedule == "periodic" and entry.every > window:
        with pytest.raises(ValueError, match="longer than the window"):
            pruning_timing(table, "pruning[0]", horizon, 3, Sources((ROOT,)), exact=exact)
        return
    try:
        expected = [
            happening(entry, g, horizon=horizon, neighbors=3, exact=exact)
            for g in range(horizon + 2)
        ]
    except ZeroDivisionError:  # a target that never rises
        with pytest.raises(ValueError, match="no sparsity is reached"):
            pruning_timing(table, "pruning[0]", horizon, 3, Sources((ROOT,)), exact=exact)
        return
    timing = pruning_timing(table, "pruning[0]", horizon, 3, Sources((ROOT,)), exact=exact)
    for generation in range(horizon):
        found, wanted = timing.at(generation), expected[generation]
        assert (found is None) == (wanted is None), generation
        if found is None or wanted is None:
            continue
        probability, quota = found
        kind, number = wanted[1]
        assert probability == pytest.approx(wanted[0], abs=1e-12)
        assert isinstance(quota, RemoveShare if kind == "remove" else ReachSparsity)
        share = quota.share if isinstance(quota, RemoveShare) else quota.sparsity
        assert share == pytest.approx(number, abs=1e-12)
