"""What is written is compared as it is read back, with many rows and with one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from coevo.compaction import Compacted
from coevo.errors import CoevoError
from coevo.exporting import ExportFormat, check, check_written, exported_pair
from coevo.exporting.safetensors_files import read_weights, write_weights

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


class Crowded(nn.Linear):
    def forward(self, rows: Tensor) -> Tensor:
        if len(rows) == 1:
            raise RuntimeError("too few rows")
        return super().forward(rows)


class Locked(nn.Linear):
    """Cannot be copied; has a NaN, which is not what it is."""

    def __init__(self) -> None:
        super().__init__(3, 2)
        self.lock = threading.Lock()
        self.register_buffer("unknown", torch.tensor(float("nan")))


def written(encoder: nn.Module, folder: Path) -> dict[str, object]:
    """Write weights and check them."""
    pair, rows = (encoder, nn.Linear(2, 3)), torch.linspace(0, 1, 30).view(10, 3)
    exported = exported_pair(Compacted(*pair, None), DESCRIBED, rows, compact=False)
    write_weights(exported, folder)
    return check_written("safetensors", exported, pair, rows, folder)


def test_networks_that_take_no_single_row_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CoevoError) as caught:
        written(Crowded(3, 2), tmp_path)
    assert str(caught.value) == (
        "--format safetensors: the networks cannot be called as an export has to, with one row, "
        "with many and with zeros (RuntimeError: too few rows); change their modules"
    )


def test_what_cannot_be_copied_is_written(tmp_path: Path) -> None:
    assert written(Locked(), tmp_path)["largest_difference"] == pytest.approx(0, abs=1e-6)
    note = json.loads((tmp_path / "architecture.json").read_text("utf-8"))["encoder"]
    assert note.startswith("the encoder is no plain chain of layers")


@pytest.mark.parametrize(
    "change",
    [
        lambda own: own | {"bias": own["bias"].nextafter(torch.tensor(9.0))},
        lambda own: own | {"bias": own["bias"].view(torch.int32)},
        lambda own: own | {"weight": own["weight"].view(3, 2)},
        lambda own: {name: own[name] for name in ("weight", "unknown")},
        lambda own: own | {"more": own["bias"].clone()},
    ],
)
def test_weights_that_were_read_otherwise_are_refused(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], tmp_path: Path
) -> None:
    pair, rows = (Locked(), nn.Linear(2, 3)), torch.linspace(0, 1, 30).view(10, 3)
    exported = exported_pair(Compacted(*pair, None), DESCRIBED, rows, compact=False)
    write_weights(exported, tmp_path)
    assert read_weights(exported, tmp_path)[0] is pair[0]
    file = tmp_path / "encoder.safetensors"
    file.write_bytes(save(change(load(file.read_bytes()))))
    with pytest.raises(CoevoError, match="the weights of the encoder that were read are not"):
        read_weights(exported, tmp_path)
