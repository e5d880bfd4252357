"""Imports point down: coevo on grids and operators, these on nothing of ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT, python_files, report
from tests.architecture.syntax import imports
from tests.architecture.tree import closure, third_party

# Beside the standard library.
MAY_IMPORT = {
    "grids": {"grids", "torch", "numpy", "networkx"},
    "operators": {"operators", "torch", "numpy", "scipy", "networkx"},
}
# The laws of operators are for tests.
LAWS = ROOT / "operators" / "laws"
LAWS_MAY_IMPORT = {*MAY_IMPORT["operators"], "hypothesis", "pytest"}
# What the engine and all below it do not know: files, clocks, configuration, output.
UNKNOWN_TO_THE_ENGINE = {
    *("pathlib", "os", "io", "shutil", "tempfile", "json", "tomllib", "time", "datetime"),
    *("logging", "subprocess", "pydantic", "typer", "rich", "polars", "pyarrow", "safetensors"),
    *("coevo.experiment", "coevo.tables", "coevo.files", "coevo.records", "coevo.checkpoint"),
    *("coevo.run", "coevo.loop", "coevo.assemble", "coevo.datasets", "coevo.console", "coevo.cli"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml on the packages in a folder."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_are_kept() -> None:
    found = lint_imports(ROOT)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "1 kept, 0 broken" in found.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("grids", "import coevo"),
        ("operators", "from coevo.inside import value"),
        ("grids", "import operators"),
        ("operators", "import grids"),
    ],
)
def test_an_import_upwards_or_sideways_breaks_them(tmp_path: Path, module: str, line: str) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "coevo" / "inside.py").write_text("import grids\nvalue = 1\n")
    assert lint_imports(tmp_path).returncode == 0
    (tmp_path / module / "bad.py").write_text(f"{line}\n")
    found = lint_imports(tmp_path)
    assert found.returncode == 1
    assert "0 kept, 1 broken" in found.stdout


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_leaves_import_only_what_they_may(package: str) -> None:
    files = [path for path in python_files(package) if not path.is_relative_to(LAWS)]
    assert report(third_party(MAY_IMPORT[package]), files) == []


def test_laws_import_only_what_they_may() -> None:
    assert report(third_party(LAWS_MAY_IMPORT), python_files("operators/laws")) == []


def test_operators_and_commands_are_loaded_without_their_laws() -> None:
    for module in ("operators", "coevo.cli", "coevo.run", "coevo.operator_check"):
        laws = [name for name in closure(module) if name.startswith("operators.laws")]
        assert laws == [], module
    assert "operators.laws.judging" in closure("operators.laws")


def test_packages_import_neither_tests_nor_scripts() -> None:
    wrong = [
        finding
        for finding in report(third_party(set()), python_files(*PACKAGES))
        if finding.split(": ")[1].partition(".")[0] in ("tests", "scripts")
    ]
    assert wrong == []


def test_a_foreign_import_is_found() -> None:
    source = "import torch\nimport json\nfrom scipy import stats\nimport numpy.linalg as la\n"
    assert list(third_party({"torch"})(source)) == [
        (3, "scipy.stats"),
        (4, "numpy.linalg"),
    ]


def test_the_engine_knows_no_files_clocks_or_configuration() -> None:
    known = closure("coevo.engine")
    assert {"coevo.pairing", "coevo.optimizers.gradient", "operators.concepts"} <= set(known)
    wrong = {
        f"{' -> '.join(path)} imports {name}"
        for module, path in known.items()
        for name in _imported_by(module) & UNKNOWN_TO_THE_ENGINE
    }
    assert wrong == set()


def test_the_closure_follows_imports() -> None:
    assert "coevo.experiment" in closure("coevo.run")
    assert "pathlib" in _imported_by("coevo.run")
    assert closure("coevo.run")["coevo.engine"][0] == "coevo.run"


def _imported_by(module: str) -> set[str]:
    from tests.architecture.tree import modules

    names = {use.name for use in imports(modules()[module])}
    tops = {name.partition(".")[0] for name in names}
    return tops | names | {name.rpartition(".")[0] for name in names}
