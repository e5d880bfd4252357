"""Time that a run has taken, over all its parts."""

from __future__ import annotations

import time

import pytest

from coevo.spent import Clock, Spent


def test_a_document_is_to_the_millisecond_and_comes_back() -> None:
    document = Spent(1.23456, 0.98765).document()
    assert document == {"seconds": 1.235, "cpu_seconds": 0.988}
    assert Spent.from_document(document) == Spent(1.235, 0.988)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, Spent()),
        ({"seconds": 3.5}, Spent(3.5, 0.0)),
        ({"seconds": 3, "cpu_seconds": 4, "other": "x"}, Spent(3.0, 4.0)),
    ],
)
def test_what_is_missing_in_a_document_is_nothing(
    document: dict[str, object], expected: Spent
) -> None:
    assert Spent.from_document(document) == expected


def test_a_clock_goes_on_from_what_was_spent_before() -> None:
    outer = time.perf_counter(), time.process_time()
    clock = Clock(Spent(100.0, 50.0))
    inner = time.perf_counter(), time.process_time()
    while time.process_time() - inner[1] < 0.05:
        pass
    time.sleep(0.05)
    least = time.perf_counter() - inner[0], time.process_time() - inner[1]
    found = clock.spent()
    most = time.perf_counter() - outer[0], time.process_time() - outer[1]
    assert least[0] <= found.seconds - 100.0 + 1e-9 <= most[0] + 2e-9
    assert least[1] <= found.cpu_seconds - 50.0 + 1e-9 <= most[1] + 2e-9
    assert found.seconds - 100.0 > found.cpu_seconds - 50.0 + 0.03, "sleep is no work"
    assert clock.spent().seconds >= found.seconds
