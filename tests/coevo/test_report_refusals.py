"""What a report cannot be written from is named, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from coevo.errors import CoevoError
from coevo.report import write_report
from tests.coevo.report_runs import InventedRun


def test_refuses_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(CoevoError) as error:
        write_report(tmp_path)
    expected = "holds no experiment.toml, so it is not a run; give the directory of a run"
    assert str(error.value) == f"{tmp_path}: {expected}"


@pytest.mark.parametrize(
    "name",
    ["experiment.toml", "environment.json", "result.json", "best/samples.safetensors"],
)
def test_names_the_damaged_file(name: str, tmp_path: Path) -> None:
    path = InventedRun().write(tmp_path) / name
    path.write_bytes(b"{\xff = ")
    with pytest.raises(CoevoError) as error:
        write_report(tmp_path)
    assert str(error.value).startswith(f"{path}: cannot be read (")
    assert str(error.value).endswith("); restore it or remove it")
    assert not (tmp_path / "report.html").exists()


def test_refuses_an_unknown_loss(tmp_path: Path) -> None:
    InventedRun().write(tmp_path)
    path = tmp_path / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"loss": "</script>"}))
    with pytest.raises(CoevoError) as error:
        write_report(tmp_path)
    expected = f"{tmp_path}: the loss '</script>' is not one of mse, l1, bce"
    assert str(error.value) == expected


def test_refuses_samples_that_do_not_belong_together(tmp_path: Path) -> None:
    path = InventedRun().write(tmp_path) / "best" / "samples.safetensors"
    samples = load_file(path)
    save_file(samples | {"outputs": samples["outputs"][:, :, :4].copy()}, path)
    with pytest.raises(CoevoError, match="do not belong together"):
        write_report(tmp_path)
