"""scripts/demo, scripts/test and .ci/run call the right things, with what stands in for them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("set-up", "browser", "tests", "format", "lint", "types", "layers", "demo")

# Tells its own name and arguments, and fails where it is asked to.
STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*"
echo "threads ${OMP_NUM_THREADS-not set}, CI ${CI-not set}" >&2
[ "$(basename "$0") $1" != "$FAIL" ] || exit 7
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory with the real scripts, and stand-ins for set-up and the tools in .venv."""
    root = tmp_path / "checkout"
    for name in (".ci/run", "scripts/demo", "scripts/test", "scripts/bench"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / ".venv" / "bin").mkdir(parents=True)
    tools = [f".venv/bin/{name}" for name in ("python", "coevo", "ruff", "mypy", "lint-imports")]
    (root / "browsers").mkdir()
    for name in ("scripts/setup", "browsers/chromium", *tools):
        (root / name).write_text(STAND_IN)
        (root / name).chmod(0o755)
    return root


def call(
    checkout: Path, script: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(checkout / script), *arguments],
        cwd="/",
        # Where there is a browser, none is installed.
        env={"PATH": f"{checkout / 'browsers'}:/usr/bin:/bin", "FAIL": "", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_demo_never_overwrites_a_run(checkout: Path) -> None:
    runs = checkout.resolve() / "runs"
    for name in ("demo", "demo-2", "demo-3"):
        assert call(checkout, "scripts/demo").stdout.splitlines()[1:] == [
            f"coevo run demo --out {runs / name}"
        ]
        (runs / name).mkdir(parents=True)


def test_the_demo_passes_arguments_on(checkout: Path) -> None:
    out = checkout.resolve() / "runs" / "demo"
    found = call(checkout, "scripts/demo", "--set", "seed=2", "--out", "a b")
    assert found.stdout.splitlines()[1] == f"coevo run demo --out {out} --set seed=2 --out a b"


def test_the_last_of_two_out_options_counts(tmp_path: Path) -> None:
    from coevo.cli import app

    refused = tmp_path / "taken"
    refused.mkdir()
    (refused / "file").touch()
    with pytest.raises(Exception, match="taken"):
        app(["run", "demo", "--out", str(tmp_path / "free"), "--out", str(refused)])
    assert not (tmp_path / "free").exists()


def test_tests_run_on_two_processes_of_one_thread(checkout: Path) -> None:
    found = call(checkout, "scripts/test", "tests/grids", "-k", "a or b")
    assert found.stdout.splitlines()[1] == "python -m pytest -n 2 tests/grids -k a or b"
    assert found.stderr.splitlines()[1] == "threads 1, CI not set"


def test_a_benchmark_runs_with_another_python(checkout: Path) -> None:
    python = str(checkout / ".venv" / "bin" / "python")
    assert call(checkout, "scripts/bench", "grid").stdout.splitlines() == [
        "setup ",
        "python -m scripts.bench grid",
    ]
    found = call(checkout, "scripts/bench", "grid", PYTHON=python)
    assert found.stdout.splitlines() == ["python -m scripts.bench grid"]


def test_ci_names_its_steps(checkout: Path) -> None:
    found = call(checkout, ".ci/run")
    assert found.returncode == 0
    lines = found.stdout.splitlines()
    begun = [line for line in lines if line.startswith("==> ") and ": " in line]
    assert [line[4:].partition(":")[0] for line in begun] == list(STEPS)
    ended = [line for line in lines if " passed in " in line]
    assert [line.split()[1] for line in ended] == [*STEPS, "all"]
    assert "CI 1" in found.stderr


@pytest.mark.parametrize(
    ("step", "command"),
    [
        ("set-up", "setup "),
        ("tests", "python -m"),
        ("format", "ruff format"),
        ("lint", "ruff check"),
        ("types", "mypy "),
        ("layers", "lint-imports "),
        ("demo", "coevo run"),
    ],
)
def test_ci_stops_at_the_first_failure(checkout: Path, step: str, command: str) -> None:
    found = call(checkout, ".ci/run", FAIL=command)
    assert found.returncode == 7
    assert found.stdout.splitlines()[-1].startswith(f"==> {step} FAILED with exit status 7 after")
    begun = [line for line in found.stdout.splitlines() if line.startswith("==> ") and ": " in line]
    assert len(begun) == STEPS.index(step) + 1


def test_ci_leaves_nothing_behind(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    for fail in ("", "mypy "):
        call(checkout, ".ci/run", TMPDIR=str(tmp_path / "temporary"), FAIL=fail)
        assert list((tmp_path / "temporary").iterdir()) == []


def test_hooks_are_steps_of_ci() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    steps = dict(re.findall(r"^step (\S+) (.*?)(?: \"\$@\")?$", _ci(), re.MULTILINE))
    found = dict(re.findall(r"name: (\S+)\n +entry: (.+)", hooks))
    assert set(found) == {"format", "lint", "types", "layers", "tests"}
    assert found == {name: steps[name] for name in found}


def _ci() -> str:
    return (ROOT / ".ci" / "run").read_text("utf-8")
