"""What is asked often answers at once, and nothing is imported before it is needed."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import coevo
from tests.end_to_end.warm import ROOT

COMMAND = Path(sys.executable).with_name("coevo")
HEAVY = ("torch", "pydantic", "polars", "plotly", "pyarrow", "numpy", "sklearn", "PIL", "rich")
BESIDE_THE_ENGINE = (
    *("polars", "plotly", "pyarrow", "sklearn", "PIL", "typer", "rich", "pydantic"),
    *("coevo.run", "coevo.loop", "coevo.files", "coevo.experiment"),
)
HELP = """
import sys
from coevo.cli import main
try:
    main(["--help"])
except SystemExit as end:
    assert end.code == 0
"""


def imported(program: str) -> set[str]:
    """The modules that a program imports in an interpreter of its own."""
    names = "\nimport sys\nsys.stderr.write(' '.join(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", program + names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ended.stderr.split())


def test_help_takes_no_time(tmp_path: Path) -> None:
    seconds = []
    for _ in range(2):  # the first may compile what was just installed
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run(
            [COMMAND, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert "Usage: coevo [OPTIONS] COMMAND" in ended.stdout
    assert min(seconds) < 0.5
    assert list(tmp_path.iterdir()) == []


def test_help_imports_nothing_heavy() -> None:
    # rich draws the help itself
    assert imported(HELP).isdisjoint({*HEAVY, "coevo.run"} - {"rich"})


def test_the_package_imports_nothing_heavy() -> None:
    found = imported("import coevo")
    assert found.isdisjoint({*HEAVY, "typer"})
    assert {name for name in found if name.startswith("coevo")} == {"coevo"}


def test_the_engine_knows_of_no_files_and_no_configuration() -> None:
    assert imported("import coevo.engine").isdisjoint(BESIDE_THE_ENGINE)


def test_python_m_is_the_command(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "coevo", "list", "optimizers"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[0] == "optimizers"


def test_the_package_lists_its_surface() -> None:
    assert dir(coevo) == sorted(coevo.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        coevo.no_such_name  # noqa: B018 - the access is what is tested


@pytest.mark.parametrize("name", coevo.__all__)
def test_public_names_are_no_modules_whatever_is_imported(name: str) -> None:
    from coevo import assemble, listing, run  # modules have these names too

    assert not isinstance(getattr(coevo, name), ModuleType)
    assert callable(assemble)
    assert callable(listing)
    assert callable(run)
