"""scripts/bench finds benchmarks by name and prints their figures with the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from scripts.bench import benchmarks, main

FAST = '''"""Count to three.

More about it.
"""
print("counting")

def figures(device):
    return {"counted": 3, "on_" + device: 0.5}
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fast.py").write_text(FAST)
    (tmp_path / "silent.py").write_text("x = 1\n")
    (tmp_path / "_shared.py").write_text('"""Not a benchmark."""\n')
    return tmp_path


def test_json_is_one_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fast", "--json"], folder=folder) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["bench"] == "fast"
    assert document["figures"] == {"counted": 3.0, "on_cpu": 0.5}
    assert set(document) == {"bench", "figures", "machine"}
    assert captured.err == "counting\n"


def test_the_machine_is_described(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["fast", "--json"], folder=folder)
    machine = json.loads(capsys.readouterr().out)["machine"]
    assert set(machine) == {
        *("processor", "cores", "memory_gib", "threads", "torch", "python", "load_average"),
        "device",
    }
    assert machine["device"] == "cpu"
    assert machine["torch"] == torch.__version__
    assert machine["memory_gib"] > 0
    assert len(machine["load_average"]) == 3


def test_a_table_for_readers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fast"], folder=folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "fast"
    assert lines[1].split() == ["counted", "3"]
    assert any(line.split()[:1] == ["processor"] for line in lines)


@pytest.mark.parametrize("arguments", [["slow"], ["../fast"], ["_shared"], []])
def test_an_unknown_name_lists_the_names(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments, folder=folder) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "  fast    Count to three." in captured.err.splitlines()
    assert "silent" in captured.err
    assert "Not a benchmark" not in captured.err


def test_hyphens_in_names_stand_for_underscores(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "very_fast.py").write_text(FAST)
    assert main(["very-fast", "--json"], folder=folder) == 0
    assert json.loads(capsys.readouterr().out)["bench"] == "very-fast"
    main(["slow"], folder=folder)
    assert "  very-fast  Count to three." in capsys.readouterr().err.splitlines()


def test_an_unknown_device_is_refused(folder: Path) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["fast", "--device", "tpu"], folder=folder)
    assert refused.value.code == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fast", "--device", "cuda"], folder=folder) == 2
    assert "torch sees no GPU" in capsys.readouterr().err


def test_a_figure_that_is_no_number_is_refused(folder: Path) -> None:
    (folder / "wrong.py").write_text("def figures(device):\n    return {'a': float('nan')}\n")
    with pytest.raises(ValueError, match="not JSON compliant"):
        main(["wrong", "--json"], folder=folder)


def test_the_projects_own_benchmarks_say_what_they_time() -> None:
    found = benchmarks()
    assert "grid" in found
    assert all(found.values())
