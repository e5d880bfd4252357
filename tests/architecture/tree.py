"""Which module of the packages imports which."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path

from tests.architecture.sources import PACKAGES, ROOT, Checker, Finding, place, python_files
from tests.architecture.syntax import imports


@cache
def modules() -> dict[str, ast.Module]:
    """The syntax tree of every module, by its dotted name."""
    files = python_files(*PACKAGES)
    return {module_of(path): ast.parse(path.read_text("utf-8")) for path in files}


def module_of(path: Path) -> str:
    """The dotted name of a module, given its file."""
    return place(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def file_of(module: str) -> Path:
    """The file of a module, given its dotted name."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def closure(module: str) -> dict[str, tuple[str, ...]]:
    """All of our modules that importing one of them loads, each with a way from it.

    What stands in functions or under ``if TYPE_CHECKING`` is not loaded; a package that is
    passed on the way (``coevo`` for ``coevo.engine``) is.
    """
    found: dict[str, tuple[str, ...]] = {module: (module,)}
    waiting = [module]
    while waiting:
        current = waiting.pop()
        for name in loaded_by(current):
            if name not in found:
                found[name] = (*found[current], name)
                waiting.append(name)
    return found


def loaded_by(module: str) -> set[str]:
    """Our modules that a module imports when it is itself imported."""
    top = ast.Module([n for n in modules()[module].body if not isinstance(n, _NOT_LOADED)], [])
    names = {use.name for use in imports(top)}
    parents = {name.rpartition(".")[0] for name in names}
    return {name for name in names | parents if name in modules()} - {module}


def third_party(allowed: Set[str]) -> Checker:
    """A checker for imports of anything but the standard library and some packages."""

    def check(source: str) -> Iterator[Finding]:
        for use in imports(ast.parse(source)):
            top = use.name.partition(".")[0]
            if top not in allowed and top not in sys.stdlib_module_names:
                yield use.line, use.name

    return check


_NOT_LOADED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.If)
