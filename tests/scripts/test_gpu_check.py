"""scripts/gpu-check refuses machines that it cannot check, and sums up what it ran."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from scripts import gpu_check
from scripts.gpu_check import absent_requirements, gpu_test_files, main, outcomes

ROOT = Path(__file__).resolve().parents[2]

SOME = """
import pytest
def test_well(): pass
@pytest.mark.parametrize("x", [1, 2])
def test_ill(x): assert x == 1
@pytest.mark.skip(reason="no")
def test_left_out(): pass
@pytest.fixture
def broken(): raise ValueError
def test_with_error(broken): pass
"""
PASSED = {"passed": 3, "skipped": 0, "failed": [], "status": 0, "seconds": 1.0}
TIMED = {"status": 0, "seconds": 2.0, "bench": "grid", "figures": {"speedup": 9.0}}


@pytest.fixture
def with_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which torch says that it sees a GPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU 9000")
    memory = SimpleNamespace(total_memory=80 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: memory)


def check(monkeypatch: pytest.MonkeyPatch, out: Path, tests: Any, benchmark: Any) -> Any:
    monkeypatch.setattr(gpu_check, "_run_tests", lambda: tests)
    monkeypatch.setattr(gpu_check, "_run_benchmark", lambda: benchmark)
    status = main(["--out", str(out)])
    return status, json.loads(out.read_text())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so() -> None:
    found = subprocess.run(
        [str(ROOT / "scripts" / "gpu-check")],
        env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 3
    assert "sees no GPU" in found.stderr
    assert found.stdout == ""


def test_missing_requirements_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_check, "_NEEDED", ("torch", "no_such_package"))
    assert main([]) == 2
    assert "lacks no_such_package" in capsys.readouterr().err


@pytest.mark.usefixtures("with_gpu")
def test_what_was_found_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    status, document = check(monkeypatch, tmp_path / "new" / "gpu.json", PASSED, TIMED)
    assert status == 0
    assert document["passed"] is True
    assert document["absent"] == []
    assert document["tests"] == PASSED
    assert document["benchmark"] == TIMED
    assert document["machine"]["device"] == "Some GPU 9000"
    assert document["machine"]["device_memory_gib"] == 80.0
    assert document["machine"]["torch"] == torch.__version__


@pytest.mark.usefixtures("with_gpu")
@pytest.mark.parametrize(
    ("tests", "benchmark"),
    [
        ({**PASSED, "status": 1, "failed": ["test_a"]}, TIMED),
        ({**PASSED, "status": None}, TIMED),
        ({**PASSED, "passed": 0, "skipped": 3}, TIMED),
        (PASSED, {**TIMED, "status": 1}),
        (PASSED, {**TIMED, "status": None}),
    ],
)
def test_whatever_goes_wrong_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tests: Any, benchmark: Any
) -> None:
    status, document = check(monkeypatch, tmp_path / "gpu.json", tests, benchmark)
    assert status == 1
    assert document["passed"] is False


def test_absent_requirements_are_named(tmp_path: Path) -> None:
    text = '[project]\ndependencies = ["torch>=2.6", "no-such_thing>=3", "pytest"]\n'
    (tmp_path / "pyproject.toml").write_text(text)
    assert absent_requirements(tmp_path) == ["no-such_thing"]
    assert absent_requirements() == []


def test_outcomes_are_read_from_what_pytest_writes(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SOME)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=a.xml"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    found = outcomes((tmp_path / "a.xml").read_text("utf-8"))
    assert found == {
        "passed": 2,
        "skipped": 1,
        "failed": ["test_some::test_ill[2]", "test_some::test_with_error"],
    }


def test_a_command_that_takes_too_long_is_stopped() -> None:
    found = gpu_check._run(["-c", "import time; print('begun', flush=True); time.sleep(60)"], 1.0)
    assert found["status"] is None
    assert found["seconds"] < 30


def test_test_files_with_a_gpu_mark_are_found() -> None:
    files = gpu_test_files(ROOT)
    assert "tests/golden/test_philox.py" in files
    assert "tests/grids/test_torus.py" not in files


def test_results_are_called_after_device_and_day(tmp_path: Path) -> None:
    found = gpu_check.result_file("NVIDIA H200 (80GB)", datetime(2026, 1, 31), folder=tmp_path)
    assert found == tmp_path / "nvidia-h200-80gb-2026-01-31.json"
