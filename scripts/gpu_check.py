"""Runs the GPU tests and the grid benchmark on this machine's GPU, and keeps what came out."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

__all__ = ["absent_requirements", "gpu_test_files", "main", "outcomes", "result_file"]

_ROOT = Path(__file__).resolve().parents[1]
_NEEDED = ("torch", "numpy", "networkx", "pytest", "hypothesis")
# Together below ten minutes, with room for imports and set-up.
_TEST_SECONDS = 330
_BENCH_SECONDS = 210
_LAST = 4000  # characters of output that are kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks and write one JSON file.

    Args:
        arguments: of the command line; None for this process's own.

    Returns:
        The exit status, as scripts/gpu-check describes it.
    """
    parser = argparse.ArgumentParser(prog="scripts/gpu-check", description=__doc__)
    parser.add_argument("--out", type=Path, help="file to write")
    chosen = parser.parse_args(arguments)
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        return _fail(2, f"{sys.executable} lacks {', '.join(missing)}; install them there")
    import torch

    if not torch.cuda.is_available():
        text = f"torch {torch.__version__} sees no GPU; README.md, 'Use a GPU', says how it can"
        return _fail(3, text)
    device, now, absent = torch.cuda.get_device_name(), datetime.now(UTC), absent_requirements()
    if absent:
        _say(f"without {', '.join(absent)}, what needs them will fail")
    _say(f"{device}: tests")
    tests = _run_tests()
    _say(f"{device}: benchmark")
    benchmark = _run_benchmark()
    well = _is_well(tests, benchmark)
    document = {
        "date": now.isoformat(timespec="seconds"),
        "commit": _commit(),
        "passed": well,
        "absent": absent,
        "tests": tests,
        "benchmark": benchmark,
        "machine": _machine(device),
    }
    path = chosen.out or result_file(device, now)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    _say(f"{'all is well' if well else 'something FAILED'}: {path}")
    return 0 if well else 1


def result_file(device: str, now: datetime, *, folder: Path = _ROOT / "docs" / "gpu") -> Path:
    """Where the results of a device go: ``DEVICE-DATE.json``.

    Examples:
        >>> result_file("NVIDIA H200 (80GB)", datetime(2026, 1, 31), folder=Path("gpu")).name
        'nvidia-h200-80gb-2026-01-31.json'
    """
    name = re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-")
    return folder / f"{name}-{now:%Y-%m-%d}.json"


def absent_requirements(root: Path = _ROOT) -> list[str]:
    """What pyproject.toml requires at run time and this Python lacks."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in project["dependencies"]]
    return [name for name in names if not _is_installed(name)]


def gpu_test_files(root: Path = _ROOT) -> list[str]:
    """The test files with a test marked ``gpu``; others would only need more requirements."""
    return sorted(
        str(path.relative_to(root))
        for path in (root / "tests").rglob("test_*.py")
        if "mark.gpu" in path.read_text("utf-8")
    )


def outcomes(junit: str) -> dict[str, Any]:
    """Sum a JUnit report up.

    Args:
        junit: the XML text that ``pytest --junitxml`` writes.

    Returns:
        Numbers of tests ``passed`` and ``skipped``, and the names of those that ``failed``.
    """
    failed, skipped, passed = [], 0, 0
    for case in ElementTree.fromstring(junit).iter("testcase"):
        kinds = {part.tag for part in case}
        if kinds & {"failure", "error"}:
            failed.append(f"{case.get('classname')}::{case.get('name')}")
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return {"passed": passed, "skipped": skipped, "failed": failed}


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _run_tests() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["-m", "gpu", "--continue-on-collection-errors", f"--junitxml={report}"]
        found = _run(["-m", "pytest", *options, *gpu_test_files()], _TEST_SECONDS)
        junit = report.read_text("utf-8") if report.is_file() else "<testsuites/>"
    return {**outcomes(junit), **found}


def _run_benchmark() -> dict[str, Any]:
    command = ["-m", "scripts.bench", "grid", "--device", "cuda", "--json"]
    found = _run(command, _BENCH_SECONDS)
    if found["status"] == 0:
        found |= json.loads(found.pop("standard_output"))
    return found


def _run(command: list[str], seconds: float) -> dict[str, Any]:
    """Run Python on some arguments; a status of None says that it took too long."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        output, errors = process.communicate(timeout=seconds)
        status: int | None = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        status = None
    return {
        "status": status,
        "seconds": round(time.perf_counter() - began, 1),
        "standard_output": output[-_LAST:],
        "standard_error": errors[-_LAST:],
    }


def _is_well(tests: dict[str, Any], benchmark: dict[str, Any]) -> bool:
    return bool(tests["status"] == 0 and tests["passed"] > 0 and benchmark["status"] == 0)


def _machine(device: str) -> dict[str, Any]:
    import torch

    memory = torch.cuda.get_device_properties(0).total_memory
    return {
        "device": device,
        "device_memory_gib": round(memory / 2**30, 1),
        "cuda": torch.version.cuda,
        "torch": torch.__version__,
    }


def _commit() -> str | None:
    """The commit that is checked out, with ``-dirty`` where files differ; None without git."""
    try:
        found = subprocess.run(
            ["git", "-C", str(_ROOT), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None


def _say(text: str) -> None:
    print(f"gpu-check: {text}", file=sys.stderr, flush=True)


def _fail(status: int, text: str) -> int:
    _say(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
