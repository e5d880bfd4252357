"""From keys to intensities: levels, windows, targets, and options of schedules."""

from __future__ import annotations

from math import exp
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coevo.errors import CoevoError
from coevo.pruning import Timing
from coevo.pruning.timing import pruning_timing
from coevo.pruning_table import PruningTable
from coevo.user_code import Sources
from operators import SCHEDULES, ReachSparsity

EVERY = pytest.mark.parametrize("schedule", SCHEDULES)
# Schedules that are at their largest in the first generation.
AT_ONCE = ("fixed", "one_shot", "decrease", "decrease_published", "cosine_decay")
# Schedules that are at 0 in the last generation, which is the only one where there is one.
FALLING = ("decrease", "decrease_published", "cosine_decay")


def timing(generations: int = 12, *, exact: bool = True, neighbors: int = 5, **keys: Any) -> Timing:
    entry = PruningTable(**keys)
    return pruning_timing(entry, "pruning[0]", generations, neighbors, Sources(), exact=exact)


def targets(found: Timing, generations: int) -> list[float | None]:
    """The sparsity that is reached for in each generation."""
    result: list[float | None] = []
    for generation in range(generations):
        act = found.at(generation)
        quota = act and act[1]
        result.append(quota.sparsity if isinstance(quota, ReachSparsity) else None)
    return result


def test_without_keys_every_generation_is_an_event_that_removes_a_tenth() -> None:
    found = timing(3)
    assert found == Timing((1.0, 1.0, 1.0), None, 1.0, 0.1, "probability", again=False)


def test_the_level_of_events_is_their_probability() -> None:
    found = timing(5, schedule="increase", probability=0.8, amount=0.2)
    assert found.intensities == pytest.approx((0.0, 0.2, 0.4, 0.6, 0.8))
    assert (found.amount, found.sparsity) == (0.2, None)


def test_where_the_amount_is_scaled_the_level_is_1() -> None:
    found = timing(3, schedule="increase", probability=0.8, amount=0.2, scales="amount")
    assert found.intensities == (0.0, 0.5, 1.0)
    assert (found.probability, found.amount, found.scales) == (0.8, 0.2, "amount")


@pytest.mark.parametrize(
    ("keys", "last"),
    [
        ({"schedule": "exponential", "steepness": 1.0}, 1 - exp(-1)),
        ({"schedule": "exponential"}, 1 - exp(-2)),
        ({"schedule": "final_n", "share": 0.5}, 1.0),
        ({"schedule": "periodic", "every": 12}, 1.0),
        ({"schedule": "periodic", "every": 5}, 0.0),
        ({"schedule": "population", "divisor": 2}, 0.5),
        ({"schedule": "population"}, 0.2),
    ],
)
def test_options_reach_the_schedule(keys: dict[str, Any], last: float) -> None:
    assert timing(12, **keys).intensities[-1] == pytest.approx(last)


def test_population_is_divided_by_the_size_of_the_neighborhood() -> None:
    assert timing(4, schedule="population", neighbors=3).intensities[-1] == pytest.approx(1 / 3)


@EVERY
def test_outside_of_its_window_nothing_happens(schedule: str) -> None:
    found = timing(20, schedule=schedule, probability=0.5, begin=4, end=16)
    inside = [SCHEDULES[schedule](12, 0.5, **_options(schedule))(t) for t in range(12)]
    assert found.intensities == (*[0.0] * 4, *inside)
    acts = [found.at(generation) for generation in range(25)]
    assert [act is not None for act in acts] == [
        *[False] * 4,
        *[value > 0 for value in inside],
        *[False] * 9,
    ]


def _options(schedule: str) -> dict[str, Any]:
    return {"divisor": 5} if schedule == "population" else {}


@EVERY
def test_without_an_end_the_window_is_the_rest_of_the_run(schedule: str) -> None:
    found = timing(20, schedule=schedule, begin=4)
    assert found == timing(20, schedule=schedule, begin=4, end=20)
    assert len(found.intensities) == 20


@EVERY
@given(
    sparsity=st.floats(0.01, 0.99),
    begin=st.integers(0, 5),
    length=st.integers(2, 15),
    rest=st.integers(0, 5),
)
def test_targets_end_at_their_sparsity_and_never_fall(
    schedule: str, sparsity: float, begin: int, length: int, rest: int
) -> None:
    generations, end = begin + length + rest, begin + length
    # A period has to end within the window.
    own = {"every": 2} if schedule == "periodic" else {}
    found = timing(generations, schedule=schedule, sparsity=sparsity, begin=begin, end=end, **own)
    assert len(found.intensities) == generations
    assert list(found.intensities) == sorted(found.intensities)
    assert found.intensities[:begin] == (0.0,) * begin
    assert set(found.intensities[end - 1 :]) == {1.0}
    reached = [target for target in targets(found, generations + 3) if target is not None]
    assert reached == sorted(set(reached))
    assert reached[-1] == sparsity


@pytest.mark.parametrize("schedule", AT_ONCE)
def test_targets_of_schedules_that_fall_are_reached_at_once(schedule: str) -> None:
    found = timing(10, schedule=schedule, sparsity=0.9, begin=3, end=8)
    assert targets(found, 10) == [None] * 3 + [0.9] + [None] * 6


@pytest.mark.parametrize("schedule", sorted(SCHEDULES.keys() - set(FALLING)))
def test_one_generation_is_enough_for_a_target(schedule: str) -> None:
    own = {"every": 1} if schedule == "periodic" else {}
    found = timing(10, schedule=schedule, sparsity=0.9, begin=4, end=5, **own)
    assert targets(found, 10) == [None] * 4 + [0.9] + [None] * 5


@pytest.mark.parametrize("schedule", FALLING)
def test_in_one_generation_what_falls_reaches_no_target(schedule: str) -> None:
    with pytest.raises(CoevoError) as caught:
        timing(10, schedule=schedule, sparsity=0.9, begin=4, end=5)
    assert str(caught.value) == (
        f"pruning[0].schedule: '{schedule}' ends at 0 in its window of 1 generation, so that no "
        "sparsity is reached; use a longer window or another schedule"
    )


def test_targets_follow_the_schedule() -> None:
    assert targets(timing(5, schedule="increase", sparsity=0.8), 5) == [
        None,
        pytest.approx(0.2),
        pytest.approx(0.4),
        pytest.approx(0.6),
        0.8,
    ]
    half = targets(timing(3, schedule="exponential", sparsity=0.8), 3)[1]
    assert half == pytest.approx(0.8 * (1 - exp(-1)) / (1 - exp(-2)))
    assert targets(timing(4, schedule="prune_after", sparsity=0.8), 4) == [None, None, None, 0.8]


def test_the_probability_does_not_scale_a_target() -> None:
    assert timing(4, schedule="cubic", sparsity=0.9).intensities[-1] == 1.0
    assert timing(4, schedule="cubic", sparsity=0.9).probability == 1.0


@pytest.mark.parametrize(
    ("masks", "exact", "again"),
    [("hard", True, False), ("hard", False, True), ("soft", True, True), ("soft", False, True)],
)
def test_a_target_that_may_be_missed_or_undone_is_tried_again(
    masks: str, exact: bool, again: bool
) -> None:
    found = timing(6, schedule="one_shot", sparsity=0.5, begin=1, end=4, masks=masks, exact=exact)
    assert found.again is again
    assert targets(found, 6) == [None, 0.5, *([0.5] * 4 if again else [None] * 4)]
