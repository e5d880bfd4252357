"""The small file that says where a run is between two checkpoints."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest

from coevo import progress_file
from coevo.loop import Progress
from coevo.progress_file import ProgressFile


def progress(generation: int, best_loss: float = 0.5) -> Progress:
    return Progress(Path(), generation, 60, best_loss, stopped_worlds=2)


def written(directory: Path) -> dict[str, Any]:
    found = json.loads((directory / "progress.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


class Clocks:
    """Time that passes when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "time", lambda: self.now + 1e9)


def test_it_is_there_while_generations_are_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clocks(monkeypatch)
    with ProgressFile(tmp_path, lambda: 12.3456) as shown:
        assert list(tmp_path.iterdir()) == []
        shown.tell(progress(11))
        began = {"generation": 11, "time": 1e9 + 1000}
        assert written(tmp_path) == {
            **began,
            "generations": 60,
            "best_loss": 0.5,
            "stopped_worlds": 2,
            "seconds": 12.346,
            "began": began,
        }
        clock.now += 1.5
        shown.tell(progress(13, math.nan))
        found = written(tmp_path)
        assert (found["generation"], found["best_loss"], found["began"]) == (13, None, began)
        assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]
    assert list(tmp_path.iterdir()) == []


def test_generations_that_follow_each_other_quickly_are_not_all_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clocks(monkeypatch)
    told = []
    with ProgressFile(tmp_path, lambda: 0.0) as shown:
        for generation in range(1, 101):
            shown.tell(progress(generation))
            told.append(written(tmp_path)["generation"])
            clock.now += 1 / 16
    # Sixteen generations a second: the first, and one in every second after it.
    assert sorted(set(told)) == [1, 17, 33, 49, 65, 81, 97]


def test_what_a_killed_process_left_is_removed_and_an_exception_leaves_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "progress.json").touch()
    (tmp_path / progress_file._TEMPORARY).touch()

    def fail() -> None:
        with ProgressFile(tmp_path, lambda: 0.0) as shown:
            assert list(tmp_path.iterdir()) == []
            shown.tell(progress(1))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with ProgressFile(missing, lambda: 0.0) as shown:
        shown.tell(progress(1))
    assert not missing.exists()
