"""Schedules: what is published, end points, horizons of one generation, and shapes."""

from __future__ import annotations

from math import cos, exp, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import ANY_HORIZON, SCHEDULES, Schedule
from operators.schedules import (
    cosine,
    cosine_decay,
    cubic,
    decrease,
    decrease_published,
    exponential,
    final_n,
    fixed,
    increase,
    one_shot,
    periodic,
    population,
    prune_after,
)

EVERY = pytest.mark.parametrize("name", SCHEDULES)
RISING = (
    "fixed",
    "increase",
    "exponential",
    "final_n",
    "population",
    "prune_after",
    "cosine",
    "cubic",
)
FALLING = ("fixed", "decrease", "decrease_published", "one_shot", "cosine_decay")
horizons, levels = st.integers(1, 500), st.floats(0, 1)


def course(schedule: Schedule, horizon: int) -> list[float]:
    return [schedule(generation) for generation in range(horizon)]


def test_the_registry_names_them() -> None:
    functions = [
        *(fixed, increase, decrease, decrease_published, exponential, final_n, population),
        *(prune_after, one_shot, periodic, cosine, cosine_decay, cubic),
    ]
    assert list(SCHEDULES.values()) == functions
    assert list(SCHEDULES) == [function.__name__ for function in functions]


@pytest.mark.parametrize(
    ("schedule", "events"),
    [
        (fixed(400, 0.5), 200.0),
        (increase(400, 0.5), 100.0),
        (decrease(400, 0.5), 100.0),
        (decrease_published(400, 0.5), 300.0),
        (decrease_published(400, 0.1), 380.0),
        (exponential(400, 0.5), 113.0),
        (final_n(400, 0.5), 50.0),
        (population(400, 0.5, divisor=3), 33.0),
        (population(400, 0.5), 100.0),
        (prune_after(400, 0.5), 0.5),
        (prune_after(400), 1.0),
    ],
)
def test_the_expected_number_of_events_is_as_published(schedule: Schedule, events: float) -> None:
    assert sum(course(schedule, 400)) == pytest.approx(events, abs=0.5 if events > 1 else 1e-12)


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (fixed(4, 0.3), [0.3, 0.3, 0.3, 0.3]),
        (increase(4, 0.3), [0.0, 0.1, 0.2, 0.3]),
        (decrease(4, 0.3), [0.3, 0.2, 0.1, 0.0]),
        (decrease_published(4, 0.3), [1.0, 0.9, 0.8, 0.7]),
        (
            exponential(4, 0.3, steepness=3.0),
            [0.0, 0.3 * (1 - exp(-1)), 0.3 * (1 - exp(-2)), 0.3 * (1 - exp(-3))],
        ),
        (final_n(5, 0.3, share=0.5), [0.0, 0.0, 0.3, 0.3, 0.3]),
        (final_n(4, 0.3, share=1.0), [0.3, 0.3, 0.3, 0.3]),
        (population(4, 0.9, divisor=3), [0.0, 0.1, 0.2, 0.3]),
        (prune_after(4, 0.3), [0.0, 0.0, 0.0, 0.3]),
        (one_shot(4, 0.3), [0.3, 0.0, 0.0, 0.0]),
        (periodic(7, 0.3, every=3), [0.0, 0.0, 0.3, 0.0, 0.0, 0.3, 0.0]),
        (periodic(3, 0.3, every=1), [0.3, 0.3, 0.3]),
        (periodic(3, 0.3, every=4), [0.0, 0.0, 0.0]),
        (cosine(4, 0.3), [0.0, 0.075, 0.225, 0.3]),
        (cosine_decay(4, 0.3), [0.3, 0.225, 0.075, 0.0]),
        (cubic(3, 0.8), [0.0, 0.7, 0.8]),
    ],
)
def test_courses_worked_out_by_hand(schedule: Schedule, values: list[float]) -> None:
    assert course(schedule, len(values)) == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "only"),
    [
        ("fixed", 0.6),
        ("increase", 0.6),
        ("decrease", 0.0),
        ("decrease_published", 0.4),
        ("exponential", 0.6 * (1 - exp(-2))),
        ("final_n", 0.6),
        ("population", 0.6),
        ("prune_after", 0.6),
        ("one_shot", 0.6),
        ("periodic", 0.0),
        ("cosine", 0.6),
        ("cosine_decay", 0.0),
        ("cubic", 0.6),
    ],
)
def test_one_generation_is_the_last_one(name: str, only: float) -> None:
    schedule = SCHEDULES[name](1, 0.6)
    assert (schedule(-1), schedule(0)) == pytest.approx((only, only))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("increase", 0.0, 1.0),
        ("decrease", 1.0, 0.0),
        ("decrease_published", 1.0, 0.0),
        ("population", 0.0, 1.0),
        ("cosine", 0.0, 1.0),
        ("cosine_decay", 1.0, 0.0),
        ("cubic", 0.0, 1.0),
        ("prune_after", 0.0, 1.0),
        ("final_n", 0.0, 1.0),
    ],
)
@given(horizon=st.integers(2, 500))
def test_end_points_are_exact(name: str, first: float, last: float, horizon: int) -> None:
    schedule = SCHEDULES[name](horizon, 1.0)
    assert (schedule(0), schedule(horizon - 1)) == (first, last)


@EVERY
@given(horizon=horizons, level=levels)
def test_intensities_are_in_range_and_constant_outside(
    name: str, horizon: int, level: float
) -> None:
    schedule = SCHEDULES[name](horizon, level)
    values = course(schedule, horizon)
    assert all(0 <= value <= 1 for value in values)
    if name != "decrease_published":
        assert all(value <= level for value in values)
    assert schedule(-1) == schedule(-50) == values[0]
    # One shot is over after the first generation, however few there are.
    assert (
        schedule(horizon) == schedule(horizon + 50) == (values[-1] if name != "one_shot" else 0.0)
    )


@pytest.mark.parametrize("name", RISING)
@given(horizon=horizons, level=levels)
def test_some_only_rise(name: str, horizon: int, level: float) -> None:
    values = course(SCHEDULES[name](horizon, level), horizon)
    assert values == sorted(values)


@pytest.mark.parametrize("name", FALLING)
@given(horizon=horizons, level=levels)
def test_some_only_fall(name: str, horizon: int, level: float) -> None:
    values = course(SCHEDULES[name](horizon, level), horizon)
    assert values == sorted(values, reverse=True)


@given(horizon=horizons, level=levels)
def test_a_fall_is_a_rise_backwards(horizon: int, level: float) -> None:
    for rise, fall in ((increase, decrease), (cosine, cosine_decay)):
        if horizon > 1:
            backwards = course(fall(horizon, level), horizon)[::-1]
            assert course(rise(horizon, level), horizon) == pytest.approx(backwards, abs=1e-12)


@given(steps=st.integers(1, 40), frequency=st.integers(1, 20), final=levels)
def test_cubic_is_the_formula_of_zhu_and_gupta(steps: int, frequency: int, final: float) -> None:
    # s_t = s_f + (s_i - s_f) (1 - (t - t_0) / (n dt))^3, here with s_i = 0 and t_0 = 0, for t in
    # t_0, t_0 + dt, ..., t_0 + n dt.
    schedule = cubic(steps * frequency + 1, final)
    for number in range(steps + 1):
        t = number * frequency
        formula = final + (0.0 - final) * (1 - (t - 0) / (steps * frequency)) ** 3
        assert schedule(t) == pytest.approx(formula, abs=1e-12)


@given(horizon=st.integers(2, 300), alpha=levels)
def test_cosine_decay_is_the_formula_of_rigl(horizon: int, alpha: float) -> None:
    # f(t) = alpha / 2 (1 + cos(t pi / T_end))
    schedule, end = cosine_decay(horizon, alpha), horizon - 1
    for t in range(horizon):
        assert schedule(t) == pytest.approx(alpha / 2 * (1 + cos(t * pi / end)), abs=1e-12)


@pytest.mark.parametrize(("share", "generations"), [(0.25, 100), (0.5, 200), (0.1, 40), (1.0, 400)])
def test_final_n_is_on_in_its_share_of_the_generations(share: float, generations: int) -> None:
    values = course(final_n(400, 0.5, share=share), 400)
    assert values == [0.0] * (400 - generations) + [0.5] * generations


@given(horizon=horizons, every=st.integers(1, 50))
def test_periods_end_alike(horizon: int, every: int) -> None:
    values = course(periodic(horizon, every=every), horizon)
    assert values == [float(t % every == every - 1) for t in range(horizon)]


@EVERY
def test_schedules_that_are_the_same_for_all_horizons_are_known(name: str) -> None:
    known = [course(SCHEDULES[name](horizon, 0.5), 40) for horizon in (40, 41, 77, 400)]
    assert all(values == known[0] for values in known) == (name in ANY_HORIZON)


@pytest.mark.parametrize("name", sorted(ANY_HORIZON))
@given(one=horizons, other=horizons, level=levels)
def test_those_say_the_same_on_the_generations_that_both_have(
    name: str, one: int, other: int, level: float
) -> None:
    both = min(one, other)
    factory = SCHEDULES[name]
    assert course(factory(one, level), both) == course(factory(other, level), both)


@EVERY
@given(horizon=horizons, level=levels, data=st.data())
def test_a_schedule_depends_on_the_generation_alone(
    name: str, horizon: int, level: float, data: st.DataObject
) -> None:
    schedule = SCHEDULES[name](horizon, level)
    values = course(schedule, horizon)
    order = data.draw(st.lists(st.integers(0, horizon - 1), max_size=20))
    assert [schedule(t) for t in order] == [values[t] for t in order]
