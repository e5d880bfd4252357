"""Modules and functions stay small, say what they are, and silence no tool without a reason."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.shape import (
    BODY_LINES,
    MODULE_LINES,
    listed,
    long_bodies,
    long_module,
    public_imports,
    undescribed,
    unexplained,
)
from tests.architecture.sources import CODE, PACKAGES, place, python_files, report
from tests.architecture.tree import module_of

LONG = 250  # from here on a module is told of

MODULES = [
    path
    for path in python_files(*CODE)
    if not path.name.startswith("_") or path.name == "__init__.py"
]
# Benchmarks are run, not imported.
IMPORTED = [path for path in MODULES if path.parent.name != "benchmarks"]
# coevo/__init__.py imports each name when it is first used: see test_surface_of_coevo.
EAGER = [
    path
    for path in python_files(*PACKAGES)
    if path.name == "__init__.py" and place(path) != "coevo/__init__.py"
]
name_of = pytest.mark.parametrize("path", EAGER, ids=place)


def test_modules_are_short() -> None:
    lines = {place(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    for name, length in sorted(lines.items(), key=lambda item: -item[1]):
        if length > LONG:
            sys.stdout.write(f"{length} lines  {name}\n")  # pytest shows it with -rP
    assert report(long_module, python_files(*CODE)) == []


def test_bodies_are_short() -> None:
    assert report(long_bodies, python_files(*CODE)) == []


def test_modules_say_what_they_are_and_what_is_public() -> None:
    assert report(undescribed, MODULES) == []


def test_suppressions_have_a_code_and_a_reason() -> None:
    assert report(unexplained, python_files(*CODE, "tests")) == []


@name_of
def test_a_package_lists_its_whole_surface(path: Path) -> None:
    source = path.read_text("utf-8")
    names = listed(source)
    assert names is not None
    assert set(names) == public_imports(source)
    assert len(names) == len(set(names))


def test_surface_of_coevo() -> None:
    package = import_module("coevo")
    assert set(package.__all__) == set(package._HOMES) == public_imports(_source(package))


def test_a_public_name_of_coevo_is_never_a_module() -> None:
    # Importing coevo.x makes coevo.x that module, whatever was to be found under the name.
    package = import_module("coevo")
    for home in package._HOMES.values():
        import_module(f"coevo.{home}")
    modules = [n for n in package.__all__ if isinstance(getattr(package, n), ModuleType)]
    assert modules == []


@pytest.mark.parametrize("path", IMPORTED, ids=place)
def test_every_name_that_is_listed_is_there(path: Path) -> None:
    module = import_module(module_of(path))
    missing = [name for name in listed(_source(module)) or [] if not hasattr(module, name)]
    assert missing == []


def test_a_long_module_is_found() -> None:
    assert list(long_module("x = 1\n" * MODULE_LINES)) == []
    assert [line for line, _ in long_module("x = 1\n" * (MODULE_LINES + 1))] == [MODULE_LINES + 1]


def test_a_long_body_is_found() -> None:
    around = '    """A text\n    of two lines."""\n    # a comment\n\n'
    fits = "def f():\n" + around + "    x = 1\n" * BODY_LINES
    assert list(long_bodies(fits)) == []
    assert [line for line, _ in long_bodies(f"class C:\n    pass\n\n{fits}    x = 2\n")] == [4]
    call = "    x = f(\n" + "        1,\n" * BODY_LINES + "    )\n"
    assert list(long_bodies("def g():\n" + call))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1\n", ["no docstring", "no __all__"]),
        ('"""A."""\n', ["no __all__"]),
        ('"""A."""\n__all__ = sorted(["b"])\n', ["no __all__"]),
        ('"""A."""\n__all__ = ("b",)\n', ["no __all__"]),
        ('"""A."""\n__all__ = ["b"]\n', []),
        ("__all__ = []\n", ["no docstring"]),
    ],
)
def test_an_undescribed_module_is_found(source: str, found: list[str]) -> None:
    assert [what for _, what in undescribed(source)] == found


def test_a_surface_is_read() -> None:
    source = "from __future__ import annotations\nfrom grids.torus import Torus as T, other\n"
    assert public_imports(source + "import json\nfrom re import sub\n") == {"T", "other"}
    assert listed('__all__ = ["T"]') == ["T"]


@pytest.mark.parametrize(
    "comment",
    [
        "noqa",
        "noqa: FBT002",
        "noqa: FBT002 - ",
        "type: ignore",
        "type: ignore[arg-type]",
        "type: ignore  # because of that",
    ],
)
def test_an_unexplained_suppression_is_found(comment: str) -> None:
    assert [line for line, _ in unexplained(f"x = 1\ny = 2  # {comment}\n")] == [2]


@pytest.mark.parametrize(
    "line",
    [
        "y = 2  # noqa: FBT002 - a flag of the command line",
        "y = 2  # noqa: FBT002, A001 - two reasons",
        "y = 2  # type: ignore[arg-type]  # a text on purpose",
        "y = '# noqa'",
        "y = 2  # ignores the type",
    ],
)
def test_an_explained_suppression_is_let_through(line: str) -> None:
    assert list(unexplained(f"{line}\n")) == []


def _source(module: object) -> str:
    return Path(str(module.__file__)).read_text("utf-8")  # type: ignore[attr-defined]  # a module
