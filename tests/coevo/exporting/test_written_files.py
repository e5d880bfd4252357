"""What is written is compared as it is read back, with many rows and with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from coevo.compaction import Compacted
from coevo.errors import CoevoError
from coevo.exporting import ExportFormat, check, check_written, exported_pair

DESCRIBED = {"input_shape": [3], "target_shape": [3], "dtype": "float32", "output": "identity"}


def check_read(
    change: Callable[[Tensor], Tensor], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check a format that reads back the pairing with something done to its outputs."""
    pair = nn.Linear(3, 2), nn.Linear(2, 3)
    forward = nn.Sequential(*pair)
    names = ("one", "other")
    for name in names:
        (folder / name).touch()
    made = ExportFormat(
        names, lambda: None, lambda *_: None, lambda *_: lambda rows: change(forward(rows).detach())
    )
    monkeypatch.setattr(check, "FORMATS", {"made": made})
    rows = torch.linspace(0, 1, 30).view(10, 3)
    exported = exported_pair(Compacted(*pair, None), DESCRIBED, rows, compact=False)
    found = check_written("made", exported, pair, rows, folder)
    assert found["rows"] == 10
    assert found["after"]["bytes"] == 0


def test_what_is_read_as_it_was_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_read(lambda outputs: outputs, tmp_path, monkeypatch)


@pytest.mark.parametrize("count", [1, 10])
def test_any_number_of_rows_has_to_agree(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CoevoError, match=r"^--format made: what was written differs"):
        check_read(lambda o: o + 0.01 * (len(o) == count), tmp_path, monkeypatch)
