"""Times of pairings beside each other."""

from __future__ import annotations

import time

import pytest
import torch
from torch import Tensor, nn

from coevo import inference_time
from coevo.inference_time import microseconds_per_row


class Waiting(nn.Module):
    """Takes its time, and notes for whom."""

    def __init__(self, name: str, seconds: float, calls: list[tuple[str, int]]) -> None:
        super().__init__()
        self.name, self.seconds, self.calls = name, seconds, calls

    def forward(self, rows: Tensor) -> Tensor:
        self.calls.append((self.name, len(rows)))
        time.sleep(self.seconds)
        assert torch.get_num_threads() == 1
        assert not torch.is_grad_enabled()
        return rows


def test_pairings_take_turns_and_the_shortest_time_counts() -> None:
    calls: list[tuple[str, int]] = []
    slow, fast = Waiting("slow", 0.01, calls), Waiting("fast", 0.0, calls)
    torch.set_num_threads(2)
    found = microseconds_per_row(
        [(slow, nn.Identity()), (fast, nn.Identity())], torch.zeros(250, 3), seconds=0.0
    )
    assert torch.get_num_threads() == 2
    assert calls == [("slow", 100), ("fast", 100)] * 6  # once to warm up, and five rounds
    assert found[0] >= 0.01 * 1e6 / 100
    assert found[1] < found[0]


def test_it_goes_on_for_as_long_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 0.25
        return now[0]

    monkeypatch.setattr(inference_time.time, "perf_counter", clock)
    calls: list[tuple[str, int]] = []
    module = Waiting("one", 0.0, calls)
    found = microseconds_per_row([(module, nn.Identity())], torch.zeros(10, 3), seconds=7.5)
    # A call takes a quarter of a second by this clock, and a round at most three of them.
    assert 7.5 < now[0] < 9.0
    assert len(calls) > 7.5 / 0.75
    assert found == [0.25 * 1e6 / 10]
