"""The project's own files, and how findings in them are reported."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("coevo", "grids", "operators")
CODE = (*PACKAGES, "scripts")

Finding: TypeAlias = tuple[int, str]
"""What a checker finds in a text: a line number, and what stands there."""
Checker: TypeAlias = Callable[[str], Iterable[Finding]]


def python_files(*folders: str) -> list[Path]:
    """All Python files below some folders of the project, the newest ones included."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def place(path: Path) -> str:
    """A file's path in the project, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


def report(check: Checker, files: Iterable[Path]) -> list[str]:
    """Every finding in some files, as ``file:line: what``."""
    return [
        f"{place(path)}:{line}: {what}"
        for path in files
        for line, what in check(path.read_text("utf-8"))
    ]


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is or could be committed; outside a clone, all that is not hidden."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        listed = "\0".join(_names_on_disk())
    paths = {ROOT / name for name in listed.split("\0") if name}
    return tuple(sorted(path for path in paths if path.is_file()))


def text_files(*suffixes: str) -> list[Path]:
    """Project files whose names end in one of some suffixes; all texts without suffixes."""
    return [
        path for path in project_files() if path.name.endswith(suffixes or "") and _is_text(path)
    ]


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\0" not in file.read(8192)


def _names_on_disk() -> Iterator[str]:
    built = {"__pycache__", "build", "dist", "runs"}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in built and not name.endswith(".egg-info") and name[0] != "."
        ]
        yield from (str((Path(folder) / name).relative_to(ROOT)) for name in files)
